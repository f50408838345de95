"""What a search for almost periodic transits has computed: the grid, the best sequence, the record of it."""

from __future__ import annotations

import io
import math
import tarfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.qats_grid import EvenSamples, IntArray
from eas_tasks_tda.result import TransitResult, nothing_found
from eas_tasks_tda.settings import SearchSettings
from eas_tasks_tda.spectrum import ResidueSpectrum


@dataclass(frozen=True, kw_only=True)
class Trace:
    """The statistic of every width and interval of spacings, and the best sequence.

    Attributes:
        samples: What was searched.
        widths: Samples of a transit, length w.
        spacings: Lowest and highest number of samples between transits, shape (n, 2).
        found: Statistic and number of transits, shape (w, n, 2).
        starts: First sample of each transit of the best sequence; empty where nothing rises above zero.
        width: Samples of its transits.
    """

    samples: EvenSamples
    widths: list[int]
    spacings: IntArray
    found: FloatArray
    starts: IntArray
    width: int

    @property
    def power(self) -> float:
        """The highest statistic."""
        return float(self.found[:, :, 0].max())

    @cached_property
    def mid_transits(self) -> FloatArray:
        """Times of the best sequence [d]; transits that fall into gaps are among them."""
        middles = self.starts.astype(np.float64) + self.width / 2
        return self.samples.start_days + middles * self.samples.cadence_days

    def spectrum(self, *, oversampling: int) -> ResidueSpectrum:
        """The drop of χ² by the best width at each interval of spacings, whose middle is the period."""
        total = float(np.sum(self.samples.missing**2))
        chi_squared = np.maximum(total - self.found[:, :, 0].max(axis=0) ** 2, 1e-12 * total)[::-1]
        periods = self.spacings[::-1].mean(axis=1) * self.samples.cadence_days
        return ResidueSpectrum.of(periods, chi_squared.min() / chi_squared, oversampling=oversampling)

    def result(self, curve: CleanCurve, *, settings: SearchSettings) -> TransitResult:
        """The common record; the period is the mean one, from the first to the last transit."""
        times = self.mid_transits
        if len(times) < 2:
            return nothing_found("no sequence of two transits makes the star fainter")
        nearest = _nearest(times, curve.times)
        inside = np.abs(curve.times - times[nearest]) < self.width * self.samples.cadence_days / 2
        weights = curve.sigmas**-2
        if not inside.any() or inside.all():
            return nothing_found("no sample lies in a transit of the best sequence")
        depth = float(np.average(1 - curve.fluxes[inside], weights=weights[inside]))
        snr = depth / math.sqrt(1 / weights[inside].sum() + 1 / weights[~inside].sum())
        if not snr > settings.snr_min:
            return nothing_found(f"the strongest signal has a signal-to-noise ratio of {snr:.3g}")
        spectrum = self.spectrum(oversampling=settings.oversampling)
        return TransitResult(
            period_days=float(times[-1] - times[0]) / (len(times) - 1),
            t0_days=float(times[0]),
            duration_hours=24 * self.width * self.samples.cadence_days,
            depth=depth,
            snr=snr,
            sde=float(spectrum.sde.max()),
            transit_count=len(np.unique(nearest[inside])),
            extras={
                "power": self.power,
                "period_span": len(times) - 1,
                "first_transit": float(times[0]),
                "last_transit": float(times[-1]),
            },
        ).with_spectrum(spectrum)

    def write(self, path: Path) -> None:
        """Write a gzipped archive with the grid (``grid.csv``) and the best sequence (``transits.csv``)."""
        low, high = (np.tile(column, len(self.widths)) for column in self.spacings.T)
        widths = np.repeat(self.widths, len(self.spacings))
        grid = np.column_stack([widths, low, high, *self.found.reshape(-1, 2).T])
        transits = np.column_stack([np.arange(len(self.starts)), self.starts, self.mid_transits])
        with tarfile.open(path, "w:gz") as archive:
            for name, header, table, form in (
                ("grid.csv", "width,shortest,longest,statistic,transits", grid, "%d,%d,%d,%.6f,%d"),
                ("transits.csv", "number,first_sample,mid_transit_days", transits, "%d,%d,%.6f"),
            ):
                text = io.StringIO()
                np.savetxt(text, table, fmt=form, header=header, comments="")
                content = text.getvalue().encode()
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))


def _nearest(times: FloatArray, wanted: FloatArray) -> NDArray[np.int64]:
    """Index of the time nearest to each of those wanted; `times` are in order."""
    return np.searchsorted((times[1:] + times[:-1]) / 2, wanted)
