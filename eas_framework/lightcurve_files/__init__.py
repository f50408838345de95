"""Arrays of a light curve to and from disk; no classes, no metadata.

Two forms. The *internal* one is an uncompressed structured ``.npy`` with times in days, read back bit by bit.
The *text* one, plain or gzipped, has a line ``time[s] flux flag uncertainty`` per sample.
"""

from __future__ import annotations

from pathlib import Path

from eas_framework.errors import LightcurveFileError
from eas_framework.lightcurve_files.binary import NPY_MAGIC, read_binary, write_binary
from eas_framework.lightcurve_files.columns import SampleColumns, as_flags, read_only
from eas_framework.lightcurve_files.compression import is_gzipped, read_bytes
from eas_framework.lightcurve_files.text import (
    FLAGS_WERE_FLUXES,
    decode,
    is_eas_text,
    is_number,
    parse_columns,
    parse_numbers,
    read_text,
    sample_lines,
    write_text,
)

__all__ = [
    "FLAGS_WERE_FLUXES",
    "NPY_MAGIC",
    "SampleColumns",
    "as_flags",
    "decode",
    "is_eas_text",
    "is_gzipped",
    "is_number",
    "parse_columns",
    "parse_numbers",
    "read_binary",
    "read_bytes",
    "read_columns",
    "read_only",
    "read_text",
    "sample_lines",
    "write_binary",
    "write_columns",
    "write_text",
]


def read_columns(
    path: Path | str, *, binary: bool | None = None, gzipped: bool | None = None, mmap: bool = False
) -> SampleColumns:
    """The samples of a light-curve file in either form.

    Args:
        path: The file.
        binary: What the file's metadata say about the form; None looks at the file.
        gzipped: What the file's metadata say about compression of a text; None looks at the file.
        mmap: Leave the samples of a binary file on disk; the arrays are then read-only.

    Raises:
        LightcurveFileError: The file is neither form, is damaged, or is not what its metadata say.
    """
    path = Path(path)
    with path.open("rb") as stream:
        head = stream.read(len(NPY_MAGIC))
    is_binary = head == NPY_MAGIC
    _check_claim(path, "binary", claimed=binary, found=is_binary)
    if is_binary:
        return read_binary(path, mmap=mmap)
    _check_claim(path, "gzipped", claimed=gzipped, found=is_gzipped(path))
    return read_text(path)


def _check_claim(path: Path, what: str, *, claimed: bool | None, found: bool) -> None:
    """Refuse a file that is not in the form that its metadata say."""
    if claimed is not None and bool(claimed) != found:
        raise LightcurveFileError(
            f"{path}: the metadata say {what} = {bool(claimed)}, the file's content says {what} = {found}; "
            f"correct the metadata item {what!r} or leave it out"
        )


def write_columns(path: Path | str, columns: SampleColumns, *, binary: bool, gzipped: bool) -> None:
    """Write the samples to exactly `path`; `gzipped` concerns the text form only."""
    if binary:
        write_binary(path, columns)
    else:
        write_text(path, columns, gzipped=gzipped)
