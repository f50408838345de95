"""The four columns of a light curve, and what makes a column of flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from eas_framework.errors import LightcurveError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class SampleColumns:
    """The samples of a light curve, each column of shape (n,).

    Attributes:
        times: Days.
        fluxes: Any unit.
        flags: 0 good, anything else bad.
        uncertainties: Unit of the fluxes.
        flags_were_fluxes: The flag column repeated the fluxes, a fault of the prototype; `flags` are 0.
    """

    times: FloatArray
    fluxes: FloatArray
    flags: IntArray
    uncertainties: FloatArray
    flags_were_fluxes: bool = False

    def __len__(self) -> int:
        return len(self.times)


def as_flags(values: Any) -> IntArray:
    """Flags as integers, shape of `values` (booleans, whole numbers of any type).

    Raises:
        LightcurveError: A value is negative, not a whole number, or NaN.
    """
    given = np.asarray(values)
    if given.dtype.kind not in "biuf":
        raise LightcurveError(f"flags must be numbers (0 good, 1 bad), not {given.dtype}")
    with np.errstate(invalid="ignore"):
        flags = given.astype(np.int64)
    wrong = np.flatnonzero((flags != given) | (flags < 0))
    if wrong.size:
        index = int(wrong[0])
        raise LightcurveError(
            f"flags must be whole numbers (0 good, 1 bad); flag number {index} is {given.flat[index]!s}"
        )
    return flags


def read_only(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A view of the array through which it cannot be changed."""
    view = values.view()
    view.flags.writeable = False
    return view
