"""`LightcurveResampler`: a light curve on another raster."""

from __future__ import annotations

import numpy.typing as npt

from eas_framework.errors import LightcurveError
from eas_framework.lightcurve import Lightcurve, LightcurveArbitraryRaster
from eas_framework.lightcurve.merging import check_same_time_system
from eas_framework.resampling import check_times, resample


class LightcurveResampler:
    """Puts one light curve onto other rasters, conserving flux; see `eas_framework.resampling` for the rules.

    Args:
        input_lc: At least two samples at increasing times.

    Raises:
        LightcurveError: Not a light curve, too short, or its times do not increase.
    """

    def __init__(self, input_lc: Lightcurve) -> None:
        if not isinstance(input_lc, Lightcurve):
            raise LightcurveError(f"only a light curve can be resampled, not a {type(input_lc).__name__}")
        check_times(input_lc.get_times(), "times of the light curve")
        self.input_lc = input_lc

    def onto_raster(
        self, output_raster: npt.ArrayLike, resample_flags: bool = True
    ) -> LightcurveArbitraryRaster:
        """The curve at the times of a raster.

        Args:
            output_raster: Days, shape (m,), increasing, m ≥ 2.
            resample_flags: False clears all flags, which is faster; samples outside the input stay NaN.

        Returns:
            Mean fluxes with propagated uncertainties; NaN and flagged outside the input; metadata copied.

        Raises:
            LightcurveError: The raster is too short or does not increase.
        """
        curve = self.input_lc
        result = resample(
            output_raster,
            curve.get_times(),
            curve.fluxes,
            uncertainties=curve.uncertainties,
            flags=curve.flags if resample_flags else None,
        )
        flags = result.flags if resample_flags else None
        return LightcurveArbitraryRaster(
            check_times(output_raster, "output_raster").copy(),
            result.fluxes,
            result.uncertainties,
            flags,
            curve.metadata,
        )

    def match_to_other_lightcurve(
        self, other: Lightcurve, resample_flags: bool = True
    ) -> LightcurveArbitraryRaster:
        """The curve at the times of another one, as `onto_raster` gives it.

        Raises:
            LightcurveError: The two curves' metadata name different time systems.
        """
        check_same_time_system(self.input_lc.metadata, other.metadata)
        return self.onto_raster(other.get_times(), resample_flags=resample_flags)
