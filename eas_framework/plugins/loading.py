"""From an entry point to a plugin in memory: one at a time, so that a broken one spoils nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import Any, Literal

import pluggy

import eas_framework
from eas_framework.plugins import hookspecs
from eas_framework.plugins.checks import HOOKS, hook_name_faults

log = logging.getLogger(__name__)

FRAMEWORK = "eas-framework"
Status = Literal["ok", "faulty", "failed", "incompatible", "duplicate", "disabled"]


@dataclass(frozen=True, kw_only=True, order=True)
class PluginSource:
    """Where something comes from: the plugin's name, its package, and the package's version."""

    plugin: str
    package: str
    version: str

    def __str__(self) -> str:
        return f"plugin {self.plugin} ({self.package} {self.version})"


@dataclass(kw_only=True)
class LoadedPlugin:
    """What became of one entry point: its functions by hook, what they gave, and the faults found on the way.

    A hook is called when its values are first asked for, so that a command which needs the database backend
    alone does not import every task type.
    """

    source: PluginSource
    status: Status = "ok"
    functions: dict[str, list[Callable[[], Any]]] = field(default_factory=dict)
    values: dict[str, list[tuple[str, Any]]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def refuse(self, status: Status, reason: str) -> LoadedPlugin:
        """Take nothing from this plugin, and remember why."""
        self.status, self.functions, self.values = status, {}, {}
        self.faults.append(reason)
        return self

    def offers(self, hook: str) -> list[tuple[str, Any]]:
        """The sound values that the plugin supplies through a hook, by name."""
        if hook not in self.values:
            self.values[hook] = []
            known = len(self.faults)
            for function in self.functions.get(hook, ()):
                _collect(self, hook, function)
            for fault in self.faults[known:]:
                self.status = "faulty"
                log.warning("%s: %s", self.source, fault)
        return self.values[hook]

    def complete(self) -> Mapping[str, list[tuple[str, Any]]]:
        """What it supplies through all hooks."""
        return {hook: self.offers(hook) for hook in {**self.functions, **self.values}}


def installed_entry_points() -> list[EntryPoint]:
    """Entry points of the group ``eas_framework`` of all installed packages."""
    return list(entry_points(group=hookspecs.PROJECT))


def load_plugins(found: Iterable[EntryPoint], *, disabled: Collection[str] = ()) -> list[LoadedPlugin]:
    """The plugins in a settled order, the framework's own first; broken ones are explained, not raised."""
    loaded: list[LoadedPlugin] = []
    taken: dict[str, PluginSource] = {}
    for point in sorted(found, key=_order):
        plugin = LoadedPlugin(source=_source(point))
        source = plugin.source
        if source.plugin in disabled or source.package in disabled:
            plugin.status = "disabled"
        elif source.plugin in taken:
            plugin.refuse("duplicate", f"the name {source.plugin} is taken by {taken[source.plugin]}")
        else:
            taken[source.plugin] = source
            _load(plugin, point)
        loaded.append(plugin)
    return loaded


def _source(point: EntryPoint) -> PluginSource:
    package = point.dist
    if package is None:
        return PluginSource(plugin=point.name, package=point.module, version="of unknown version")
    return PluginSource(plugin=point.name, package=package.name, version=package.version)


def _order(point: EntryPoint) -> tuple[bool, PluginSource]:
    source = _source(point)
    return source.package != FRAMEWORK, source


def _load(plugin: LoadedPlugin, point: EntryPoint) -> None:
    excluded = _excluding_requirement(point.dist)
    if excluded:
        needed = f"requires {excluded}, and {FRAMEWORK} {eas_framework.__version__} is installed"
        plugin.refuse("incompatible", f"{needed}; install a version of {plugin.source.package} made for it")
        return
    try:
        implementation = point.load()
        plugin.functions = _register(implementation)
    except (Exception, SystemExit) as error:  # a foreign import may do anything
        plugin.refuse("failed", f"{type(error).__name__}: {error}")
        return
    plugin.faults += hook_name_faults(implementation)
    if plugin.faults:
        plugin.status = "faulty"


def _excluding_requirement(package: Distribution | None) -> str | None:
    """The requirement on the framework that its running version does not meet."""
    from packaging.requirements import InvalidRequirement, Requirement  # late: only plugins are asked

    for text in (package.requires or ()) if package else ():
        try:
            needed = Requirement(text)
        except InvalidRequirement:
            continue  # of another package, or the installer would have refused it
        if needed.name.replace("_", "-").lower() != FRAMEWORK or (
            needed.marker and not needed.marker.evaluate()
        ):
            continue
        if not needed.specifier.contains(eas_framework.__version__, prereleases=True):
            return text
    return None


def _register(implementation: Any) -> dict[str, list[Callable[[], Any]]]:
    """The plugin's functions by hook; pluggy compares their arguments with the specification."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(implementation)
    return {name: [found.function for found in getattr(manager.hook, name).get_hookimpls()] for name in HOOKS}


def _collect(plugin: LoadedPlugin, name: str, function: Callable[[], Any]) -> None:
    """Call one hook of the plugin and keep the values that are sound, each name once."""
    kept = plugin.values[name]
    try:
        for key, value in HOOKS[name].pairs(function()):
            faults = list(_value_faults(name, key, value, kept))
            plugin.faults += [f"{name}: {HOOKS[name].noun} {key!r}{fault}" for fault in faults]
            if not faults:
                kept.append((key, value))
    except Exception as error:  # a foreign function may raise anything
        plugin.faults.append(f"{name}: {type(error).__name__}: {error}")


def _value_faults(name: str, key: str, value: Any, kept: list[tuple[str, Any]]) -> Iterator[str]:
    for fault in HOOKS[name].check(key, value):
        yield f": {fault}"
    if any(key == other for other, _ in kept):
        yield " is given twice"
