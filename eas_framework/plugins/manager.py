"""`PluginManager`: finds the installed plugins, holds what they supply, and explains what is missing."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint
from typing import Any

from eas_framework.errors import PluginError, UnknownBackendError, UnknownTaskTypeError
from eas_framework.plugins.advice import install_hint, never_public
from eas_framework.plugins.checks import HOOKS
from eas_framework.plugins.database import DatabaseInterface
from eas_framework.plugins.loading import LoadedPlugin, PluginSource, installed_entry_points, load_plugins
from eas_framework.plugins.qc import QcMetric
from eas_framework.plugins.queue import TaskQueue
from eas_framework.plugins.readers import LightcurveReader
from eas_framework.plugins.task import TaskType
from eas_framework.settings import Configuration, configuration
from eas_framework.suggestions import nearest

__all__ = ["PluginManager", "PluginSource", "plugin_manager"]

log = logging.getLogger(__name__)
_Offers = dict[str, list[tuple[PluginSource, Any]]]


class PluginManager:
    """What the installed plugins supply.

    A plugin that cannot be imported, is made for another version, or gives something unfit is left out and
    remembered; in strict mode the first use of the manager raises all that was remembered.
    """

    def __init__(
        self,
        *,
        entry_points: Iterable[EntryPoint] | None = None,
        disabled: Collection[str] = (),
        strict: bool = False,
        task_type_sources: Mapping[str, str] | None = None,
    ) -> None:
        found = installed_entry_points() if entry_points is None else entry_points
        self.plugins: list[LoadedPlugin] = load_plugins(found, disabled=disabled)
        self._strict = strict
        self._task_type_sources = task_type_sources or {}

    # ------------------------------------------------------------- what is supplied
    def database_backend(self, name: str) -> type[DatabaseInterface]:
        """The class of the database backend; `UnknownBackendError` without one."""
        backend: type[DatabaseInterface] = self._backend("eas_database_backends", name)
        return backend

    def queue_backend(self, name: str) -> type[TaskQueue]:
        """The class of the queue backend; `UnknownBackendError` without one."""
        backend: type[TaskQueue] = self._backend("eas_queue_backends", name)
        return backend

    def database_backend_names(self) -> list[str]:
        """The names of the installed database backends."""
        return sorted(self._offers("eas_database_backends"))

    def queue_backend_names(self) -> list[str]:
        """The names of the installed queue backends."""
        return sorted(self._offers("eas_queue_backends"))

    def task_types(self) -> dict[str, TaskType]:
        """The installed task types by name.

        Raises:
            PluginError: Two plugins supply one type and `task_type_sources` does not say which is meant.
        """
        return {name: task_type for name, (_, task_type) in self._task_types.items()}

    def task_type_source(self, name: str) -> PluginSource:
        """The plugin that supplies the task type; `UnknownTaskTypeError` when none does."""
        if name not in self._task_types:
            raise UnknownTaskTypeError(self.missing_task_type_text(name))
        return self._task_types[name][0]

    def qc_metrics(self) -> list[QcMetric]:
        """The metrics of quality control, each name once."""
        return self._first_of_each("eas_qc_metrics")

    def lightcurve_readers(self) -> list[LightcurveReader]:
        """The readers of light-curve files, each name once."""
        return self._first_of_each("eas_lightcurve_readers")

    # ------------------------------------------------------------- what went wrong
    def faults(self) -> list[str]:
        """Every fault, each naming plugin, package and version; all hooks are called to find them."""
        for plugin in self.plugins:
            plugin.complete()
        found = [f"{plugin.source}: {fault}" for plugin in self.plugins for fault in plugin.faults]
        return found + list(self._rivalries())

    def missing_task_type_text(self, name: str) -> str:
        """What to say of a task type that no plugin supplies: near names, what to install, what failed."""
        near = None if never_public(name) else nearest(name, self._offers("eas_task_types"))
        hint = f"; did you mean {near!r}?" if near else install_hint(name)
        return "\n".join([f"no installed plugin supplies the task type {name!r}{hint}", *self._failures()])

    def report(self) -> list[dict[str, str]]:
        """One row for each plugin: plugin, package, version, status, what it supplies, problems."""
        for plugin in self.plugins:
            plugin.complete()
        return [
            {
                "plugin": plugin.source.plugin,
                "package": plugin.source.package,
                "version": plugin.source.version,
                "status": plugin.status,
                "supplies": "; ".join(_supplied(plugin)),
                "problem": "; ".join(plugin.faults),
            }
            for plugin in self.plugins
        ]

    # ------------------------------------------------------------- how it is found
    def _offers(self, hook: str) -> _Offers:
        """Everything supplied through a hook, by name, with where it comes from."""
        offers: _Offers = {}
        for plugin in self.plugins:
            for name, value in plugin.offers(hook):
                offers.setdefault(name, []).append((plugin.source, value))
        return offers

    def _require_sound(self) -> None:
        if self._strict and (faults := self.faults()):
            raise PluginError("\n".join(["plugins have faults, and strict_plugins is set:", *faults]))

    def _backend(self, hook: str, name: str) -> Any:
        self._require_sound()
        offers = self._offers(hook)
        if name not in offers:
            installed = ", ".join(sorted(offers)) or "none"
            head = f"no {HOOKS[hook].noun} {name!r}; installed: {installed}{install_hint(name)}"
            raise UnknownBackendError("\n".join([head, *self._failures()]))
        if len(offers[name]) > 1:
            raise PluginError(
                f"{HOOKS[hook].noun} {_rivals(name, offers[name])}; disable one in disabled_plugins"
            )
        return offers[name][0][1]

    def _failures(self) -> list[str]:
        refused = [
            plugin for plugin in self.plugins if plugin.status in ("failed", "incompatible", "duplicate")
        ]
        disabled = [f"  disabled: {plugin.source}" for plugin in self.plugins if plugin.status == "disabled"]
        return [f"  failed to load: {plugin.source}: {plugin.faults[-1]}" for plugin in refused] + disabled

    @cached_property
    def _task_types(self) -> dict[str, tuple[PluginSource, TaskType]]:
        self._require_sound()
        return {name: self._chosen(name, offers) for name, offers in self._offers("eas_task_types").items()}

    def _chosen(self, name: str, offers: list[tuple[PluginSource, Any]]) -> tuple[PluginSource, TaskType]:
        wanted = self._task_type_sources.get(name)
        if wanted is not None:
            offers_wanted = [offer for offer in offers if wanted in (offer[0].plugin, offer[0].package)]
            if not offers_wanted:
                known = ", ".join(offer[0].plugin for offer in offers)
                raise PluginError(
                    f"task_type_sources: plugin {wanted!r} does not supply the task type {name!r}; "
                    f"it comes from: {known}"
                )
            return offers_wanted[0]
        if len(offers) > 1:
            choice = f"task_type_sources: {{{name}: {offers[0][0].plugin}}}"
            raise PluginError(
                f"task type {_rivals(name, offers)}; say which one is meant, such as `{choice}` in eas.yaml"
            )
        return offers[0]

    def _first_of_each(self, hook: str) -> list[Any]:
        self._require_sound()
        return [offers[0][1] for offers in self._offers(hook).values()]

    def _rivalries(self) -> Iterator[str]:
        for hook, kind in HOOKS.items():
            for name, offers in self._offers(hook).items():
                if len(offers) > 1 and name not in self._task_type_sources:
                    yield f"{kind.noun} {_rivals(name, offers)}"


def _rivals(name: str, offers: list[tuple[PluginSource, Any]]) -> str:
    return f"{name!r} is supplied by {' and by '.join(str(source) for source, _ in offers)}"


def _supplied(plugin: LoadedPlugin) -> Iterator[str]:
    for hook, values in plugin.complete().items():
        if values:
            plural = "s" if len(values) > 1 else ""
            yield f"{HOOKS[hook].noun}{plural} {', '.join(name for name, _ in values)}"


_managers: list[tuple[Configuration, PluginManager]] = []


def plugin_manager() -> PluginManager:
    """The manager of this process, made on first use and again when the process's configuration changes."""
    config = configuration()
    if not _managers or _managers[0][0] is not config:
        manager = PluginManager(
            disabled=config.disabled_plugins,
            strict=config.strict_plugins,
            task_type_sources=config.task_type_sources,
        )
        for plugin in manager.plugins:
            for fault in plugin.faults:
                log.warning("%s: %s", plugin.source, fault)
        _managers[:] = [(config, manager)]
    return _managers[0][1]
