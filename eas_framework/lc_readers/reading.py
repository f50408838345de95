"""`read_lightcurve_file`: find the reader that knows a file, and read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eas_framework.errors import LightcurveFileError
from eas_framework.lc_readers import eas_forms, text_table
from eas_framework.lightcurve import LightcurveArbitraryRaster
from eas_framework.lightcurve_files import read_bytes
from eas_framework.plugins import LightcurveReader, ReadOptions

# Enough for the headers by which formats are known, and for some lines of text.
HEAD_BYTES = 16384

_HINTS = (
    (b"SIMPLE  =", "FITS", "install the package eas-astropy"),
    (b"# %ECSV", "ECSV", "install the package eas-astropy"),
    (b"<VOTABLE", "VOTable", "install the package eas-astropy"),
    (b"\x89HDF", "HDF5", "convert it to CSV, or install a plugin that reads it"),
    (b"PAR1", "Parquet", "convert it to CSV, or install a plugin that reads it"),
    (b"PK\x03\x04", "a zip archive (npz?)", "unpack it first"),
)


def core_readers() -> tuple[LightcurveReader, ...]:
    """The readers of the core in the order in which they are asked; the last one takes any table of text."""
    return (*eas_forms.READERS, text_table.READER)


def read_lightcurve_file(
    path: str | Path, options: ReadOptions | None = None, readers: Sequence[LightcurveReader] | None = None
) -> LightcurveArbitraryRaster:
    """The light curve in a file of any known format; its metadata tell what was used and what was assumed.

    The samples are in the order of time. Samples without a flux are kept and flagged; rows without a time are
    dropped; both are counted in the metadata. The metadata always hold `filename`, `file_format`, `time_unit`
    (d) with `time_unit_source`, `time_zero_source` (and `time_zero` where known), `uncertainties_source`, and
    the names of the columns used.

    Args:
        path: The file; its name does not matter.
        options: What the user says about it; None leaves all to the file.
        readers: Readers beside those of the core; None takes those of the installed plugins. Their `sniff`
            gets the first bytes unpacked, also of a gzipped file.

    Raises:
        LightcurveFileError: The file is missing, no reader knows it, or it is malformed; says what to do.
    """
    path = Path(path)
    if not path.is_file():
        raise LightcurveFileError(f"{path}: there is no such file")
    others = _plugin_readers() if readers is None else tuple(readers)
    reader = _find_reader(path, others)
    curve = reader.read(path, ReadOptions() if options is None else options)
    if not len(curve):
        raise LightcurveFileError(
            f"{path}: no sample is left ({reader.name}); is the cut-off time too early?"
        )
    return curve


def _plugin_readers() -> tuple[LightcurveReader, ...]:
    from eas_framework.plugins.manager import plugin_manager

    return tuple(plugin_manager().lightcurve_readers())


def _find_reader(path: Path, others: Sequence[LightcurveReader]) -> LightcurveReader:
    """The reader of the file: one of the exact forms of the core, one plugin, or the table of text."""
    head = read_bytes(path, size=HEAD_BYTES)
    if not head:
        raise LightcurveFileError(f"{path}: the file is empty")
    *exact, table = core_readers()
    for reader in exact:
        if reader.sniff(head, path):
            return reader
    claims = [reader for reader in others if reader.sniff(head, path)]
    if len(claims) > 1:
        names = ", ".join(reader.name for reader in claims)
        raise LightcurveFileError(
            f"{path}: several readers claim this file: {names}; disable all but one plugin"
        )
    if claims:
        return claims[0]
    if _foreign(head) is None and table.sniff(head, path):
        return table
    raise LightcurveFileError(_unknown_format(path, head, others))


def _foreign(head: bytes) -> tuple[str, str] | None:
    """Name and cure of a format that is known by its first bytes, but not read by the core."""
    for mark, name, cure in _HINTS:
        found_first = head.lstrip().startswith(mark)
        if found_first or (name == "VOTable" and head.lstrip().startswith(b"<?xml") and mark in head):
            return name, cure
    return None


def _unknown_format(path: Path, head: bytes, others: Sequence[LightcurveReader]) -> str:
    """What the file is not, and what could be done."""
    known = ", ".join(reader.name for reader in (*core_readers(), *others))
    foreign = _foreign(head)
    if foreign is not None:
        name, cure = foreign
        return f"{path}: this is {name}, which no installed reader knows: {cure} (known formats: {known})"
    return (
        f"{path}: no known format (known: {known}); FITS, ECSV and VOTable need the package eas-astropy; "
        "any table of text with a column of times and one of fluxes can be read"
    )
