"""The internal form: one structured array in an uncompressed ``.npy`` file, times in days."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eas_framework.errors import LightcurveError, LightcurveFileError
from eas_framework.lightcurve_files.columns import SampleColumns

NPY_MAGIC = b"\x93NUMPY"
SAMPLE = np.dtype([("time", "<f8"), ("flux", "<f8"), ("flag", "<i8"), ("uncertainty", "<f8")])


def write_binary(path: Path | str, columns: SampleColumns) -> None:
    """Write the samples to exactly `path` (no ending is added).

    Raises:
        LightcurveError: There are no samples.
    """
    if not len(columns):
        raise LightcurveError(f"{path}: a light curve without samples cannot be written")
    samples = np.empty(len(columns), dtype=SAMPLE)
    samples["time"] = columns.times
    samples["flux"] = columns.fluxes
    samples["flag"] = columns.flags
    samples["uncertainty"] = columns.uncertainties
    with Path(path).open("wb") as stream:
        np.save(stream, samples, allow_pickle=False)


def read_binary(path: Path | str, *, mmap: bool = False) -> SampleColumns:
    """The samples that `write_binary` wrote, bit by bit; with `mmap`, read-only views of the file.

    Raises:
        LightcurveFileError: The file is damaged, or an array of another layout.
    """
    try:
        samples = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise LightcurveFileError(f"{path}: not a readable numpy file: {error}") from error
    if samples.dtype != SAMPLE:
        raise LightcurveFileError(_foreign_layout(path, samples))
    take = np.asarray if mmap else np.ascontiguousarray
    return SampleColumns(
        times=take(samples["time"]),
        fluxes=take(samples["flux"]),
        flags=take(samples["flag"]),
        uncertainties=take(samples["uncertainty"]),
    )


def _foreign_layout(path: Path | str, samples: npt.NDArray[Any]) -> str:
    """Why an array is not a light curve of ours, and what to do."""
    if samples.ndim == 2 and 4 in samples.shape and samples.dtype.kind == "f":
        return (
            f"{path}: a plain array of shape {samples.shape}, as the prototype wrote binary light curves; "
            "its columns cannot be told apart safely: make the file again from its text form or its source"
        )
    return (
        f"{path}: an array of shape {samples.shape} and type {samples.dtype}; a light curve is "
        f"a structured array with the fields {', '.join(SAMPLE.names or ())}"
    )
