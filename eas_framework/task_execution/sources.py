"""Where handlers and metrics come from: the installed plugins, or a script that does one type of task."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from eas_framework.plugins.loading import PluginSource
from eas_framework.plugins.qc import QcMetric
from eas_framework.plugins.task import TaskType

if TYPE_CHECKING:
    from eas_framework.plugins.qc import QualityControl
    from eas_framework.plugins.task import Handler


class TaskSource(Protocol):
    """What a `TaskRunner` asks for."""

    def task_types(self) -> Mapping[str, TaskType]:
        """What can be done, by name."""

    def qc_metrics(self) -> Sequence[QcMetric]:
        """What is measured on finished attempts."""

    def task_type_source(self, name: str, /) -> PluginSource:
        """The package that supplies a type, and its version."""


class ScriptSource:
    """The installed plugins, except that one type of task is done by a script's function.

    What the plugin of that type declares stays; a type that no plugin knows may register what it likes.

    Args:
        plugins: The installed plugins.
        name: The type of task.
        handler: The script's function.
        quality_control: The script's own; None leaves that of the plugin, or the default.
    """

    def __init__(
        self, plugins: TaskSource, name: str, handler: Handler, quality_control: QualityControl | None = None
    ) -> None:
        self._plugins, self._name, self._handler = plugins, name, handler
        declared = plugins.task_types().get(name)
        installed = declared or TaskType(name=name, handler=handler, makes_undeclared_outputs=True)
        self._is_installed = declared is not None and _file_of(declared.handler) == _file_of(handler)
        self._task_type = replace(
            installed, handler=handler, quality_control=quality_control or installed.quality_control
        )

    def task_types(self) -> Mapping[str, TaskType]:
        """The installed types, with the script's."""
        return {**self._plugins.task_types(), self._name: self._task_type}

    def qc_metrics(self) -> Sequence[QcMetric]:
        """The installed metrics."""
        return self._plugins.qc_metrics()

    def task_type_source(self, name: str, /) -> PluginSource:
        """The plugin; for a script that is no part of it, the script and the start of its SHA-256."""
        if name != self._name or self._is_installed:
            return self._plugins.task_type_source(name)
        path = _file_of(self._handler)
        version = hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path and path.is_file() else "unknown"
        return PluginSource(plugin="script", package=path.name if path else "unknown", version=version)


def _file_of(function: Callable[..., Any]) -> Path | None:
    """The file in which a function, or the one that it wraps, is written."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return Path(code.co_filename).resolve() if code else None
