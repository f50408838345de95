"""Puts the sources together, the later over the earlier, and holds the process's `Configuration`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from eas_framework.errors import SettingsError
from eas_framework.settings.model import Configuration, get_key
from eas_framework.settings.sources import Entry, conf_paths, read_conf, read_environment, read_yaml
from eas_framework.settings.workspace import SETTINGS_FILE, find_workspace

SYSTEM_FILE = Path("/etc/eas/config.yaml")
_current: list[Configuration] = []


def configuration() -> Configuration:
    """The settings of this process, loaded on first use."""
    if not _current:
        _current.append(load_configuration())
    return _current[0]


def use_configuration(config: Configuration | None) -> None:
    """Make `config` the settings of this process; None forgets them, so that the next use loads them anew."""
    _current[:] = [] if config is None else [config]


def load_configuration(
    *, workspace: Path | None = None, overrides: Mapping[str, Any] | None = None
) -> Configuration:
    """The settings that hold in a workspace.

    From weak to strong: defaults, ``/etc/eas/config.yaml``, ``~/.config/eas/config.yaml``, what the pipeline
    itself saved in ``local_settings*.conf``, the workspace's ``eas.yaml``, the files named by ``conf_files``,
    ``EAS_*`` variables, `overrides`.

    Args:
        workspace: Folder to use; otherwise ``EAS_WORKSPACE``, else the nearest workspace upwards, else the
            current folder.
        overrides: Values by the name of the setting, as text or as they are; None is not given.

    Raises:
        SettingsError: All mistakes at once, one line each, with file and line.
    """
    folder, found_by = _workspace(workspace)
    problems: list[str] = []
    below = _parse([*read_yaml(SYSTEM_FILE), *read_yaml(user_file())], problems)
    own = _parse(read_yaml(folder / SETTINGS_FILE), problems)
    environment = _parse(read_environment(os.environ), problems)
    above = {**environment, **_parse(_from_arguments(overrides or {}), problems)}
    outline = _build(folder, found_by, {**below, **own, **above})
    saved = _parse(_saved_entries(outline.local_data_path), problems)
    named = _parse(_named_entries(outline.conf_files), problems)
    if problems:
        raise SettingsError("\n".join(problems))
    return _build(folder, found_by, {**below, **saved, **own, **named, **above})


def settings_files() -> list[tuple[Path, str]]:
    """The files that settings are read from, from weak to strong, and for whom each is."""
    config = configuration()
    return [
        (SYSTEM_FILE, "this machine"),
        (user_file(), "this user"),
        *((path, "this host") for path in _saved_files(config.local_data_path)),
        (config.workspace / SETTINGS_FILE, "this workspace"),
        *((path, "conf_files") for path in conf_paths(config.conf_files)),
    ]


def user_file() -> Path:
    """The user's own settings file; ``XDG_CONFIG_HOME`` moves it."""
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(home).expanduser() / "eas" / "config.yaml"


def _workspace(given: Path | None) -> tuple[Path, str]:
    """The workspace, and what it was found by."""
    named = os.environ.get("EAS_WORKSPACE")
    if given is None and not named:
        found = find_workspace(Path())
        return (found, "looked for upwards") if found else (Path().absolute(), "current folder")
    folder = (given or Path(named or "")).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"the workspace {folder} is not a folder")
    return folder, "argument" if given else "EAS_WORKSPACE"


def _saved_entries(folder: Path) -> list[Entry]:
    return [entry for path in _saved_files(folder) for entry in read_conf(path)]


def _saved_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("local_settings*.conf"))


def _named_entries(patterns: Iterable[Path]) -> list[Entry]:
    entries = [entry for path in conf_paths(patterns) for entry in read_conf(path)]
    for entry in entries:
        if entry.name == "conf_files":
            raise SettingsError(
                f"{entry.origin}: conf_files cannot be set in such a file; name it in {SETTINGS_FILE}"
            )
    return entries


def _from_arguments(overrides: Mapping[str, Any]) -> list[Entry]:
    return [
        Entry(name=name, raw=raw, origin="argument", base=Path())
        for name, raw in overrides.items()
        if raw is not None
    ]


_Given = dict[str, tuple[Any, str]]


def _parse(entries: Iterable[Entry], problems: list[str]) -> _Given:
    """Values and origins by the name of the setting, later ones winning; mistakes are added to `problems`."""
    given: _Given = {}
    for entry in entries:
        try:
            name, value = _resolve(entry, given)
        except SettingsError as error:
            problems.append(f"{entry.origin}: {error}")
        else:
            given[name] = (value, entry.origin)
    return given


def _resolve(entry: Entry, given: _Given) -> tuple[str, Any]:
    key = get_key(entry.name)
    if key.name in given and _same_file(given[key.name][1], entry.origin):
        raise SettingsError(f"{key.name} is set twice, first at {given[key.name][1]}")
    try:
        return key.name, key.parse(entry.raw, entry.base)
    except ValueError as error:
        raise SettingsError(f"{entry.name} {error}") from error


def _same_file(one: str, other: str) -> bool:
    return one.rpartition(":")[0] == other.rpartition(":")[0]


def _build(folder: Path, found_by: str, given: _Given) -> Configuration:
    values = {name: value for name, (value, _) in given.items()}
    origins = {"workspace": found_by, **{name: origin for name, (_, origin) in given.items()}}
    return Configuration(workspace=folder, origins=origins, **values)
