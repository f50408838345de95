"""Any light-curve file, recognised by its content.

The core reads its own forms (text, gzip, npy), the Light Curve Stitching Group's files, and tables of text.
Plugins supply further `LightcurveReader` values through the hook ``eas_lightcurve_readers``. They use
`RawColumns` and `lightcurve_from_columns`, so that every reader treats units, masks and gaps alike.
"""

from eas_framework.lc_readers.columns import ColumnChoice, ColumnNames, choose_columns
from eas_framework.lc_readers.raw_columns import (
    GENERIC_MASKS,
    RawColumns,
    lightcurve_from_columns,
    quality_flags,
)
from eas_framework.lc_readers.reading import core_readers, read_lightcurve_file
from eas_framework.lc_readers.times import time_system_of_column

__all__ = [
    "GENERIC_MASKS",
    "ColumnChoice",
    "ColumnNames",
    "RawColumns",
    "choose_columns",
    "core_readers",
    "lightcurve_from_columns",
    "quality_flags",
    "read_lightcurve_file",
    "time_system_of_column",
]
