"""Everything a plugin author imports: the hook marker and the contracts."""

from eas_framework.plugins.database import DatabaseInterface, to_qmark
from eas_framework.plugins.hookspecs import hookimpl
from eas_framework.plugins.qc import QcMetric, QcVerdict
from eas_framework.plugins.queue import QueueHint, TaskQueue
from eas_framework.plugins.readers import LightcurveReader, ReadOptions
from eas_framework.plugins.task import FileSlot, Resources, TaskType

__all__ = [
    "DatabaseInterface",
    "FileSlot",
    "LightcurveReader",
    "QcMetric",
    "QcVerdict",
    "QueueHint",
    "ReadOptions",
    "Resources",
    "TaskQueue",
    "TaskType",
    "hookimpl",
    "to_qmark",
]
