"""Where settings come from: YAML files, `key: value` files, and environment variables."""

from __future__ import annotations

import difflib
import re
import shlex
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eas_framework.errors import SettingsError
from eas_framework.settings.model import KEYS, find_key

if TYPE_CHECKING:
    import yaml

PREFIX = "EAS_"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SLIP = 0.85  # other programs use EAS_ too: only what is nearly a setting's name is a mistake
# A comment begins at the start of a line or after a blank: the password a#b:c is kept whole.
_COMMENT = re.compile(r"(^|\s)#.*")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One setting as a source gives it: the raw value, where it stands, where relative paths start."""

    name: str
    raw: Any
    origin: str
    base: Path


def read_yaml(path: Path) -> list[Entry]:
    """The settings of a YAML file; empty when there is no such file.

    Scalars stay the text that was written: what they mean is decided by the setting, not by how they look.

    Raises:
        SettingsError: Unreadable, not a table, or a value without text; names file and line. Also a file with
            a password that others than its owner may read.
    """
    if not path.is_file():
        return []
    node = _compose(path)
    if node is None:
        return []
    if not isinstance(node.value, list) or node.tag != "tag:yaml.org,2002:map":
        raise SettingsError(
            f"{path}:{_line(node)}: must be a table of settings, such as `db_engine: sqlite3`"
        )
    entries = [
        Entry(
            name=str(key.value), raw=_plain(path, key, value), origin=f"{path}:{_line(key)}", base=path.parent
        )
        for key, value in node.value
    ]
    _refuse_open_passwords(path, entries)
    return entries


def _compose(path: Path) -> yaml.Node | None:
    import yaml  # late: most processes read no YAML

    try:
        node: yaml.Node | None = yaml.compose(read_text(path), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsError(f"{path}:{line}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise SettingsError(f"{path}: not YAML: {error}") from error
    return node


def read_text(path: Path) -> str:
    """The text of a settings file, or `SettingsError` naming it."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _plain(path: Path, key: yaml.Node, node: yaml.Node) -> str | list[str] | dict[str, str]:
    """Text, a list of texts, or a table of texts."""
    if node.tag.endswith(":null"):
        raise SettingsError(f"{path}:{_line(key)}: {key.value} has no value; give one or remove the line")
    if isinstance(node.value, str):
        return node.value
    is_table = node.tag.endswith(":map")
    items = [item for pair in node.value for item in pair] if is_table else node.value
    if not all(isinstance(item.value, str) for item in items):
        raise SettingsError(f"{path}:{_line(key)}: {key.value} is nested too deep: settings are flat")
    return {k.value: v.value for k, v in node.value} if is_table else [item.value for item in items]


def read_conf(path: Path) -> list[Entry]:
    """The settings of a file of `key: value` lines; ``#`` at the start or after a blank begins a comment.

    Raises:
        SettingsError: Unreadable, or a line without a colon; names file and line. Also a file with a password
            that others than its owner may read.
    """
    entries = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        content = _COMMENT.sub("", line).strip()
        if not content:
            continue
        name, colon, value = content.partition(":")
        if not colon:
            raise SettingsError(f"{path}:{number}: expected `key: value`, found a line without a colon")
        entries.append(
            Entry(name=name.strip(), raw=value.strip(), origin=f"{path}:{number}", base=path.parent)
        )
    _refuse_open_passwords(path, entries)
    return entries


def _refuse_open_passwords(path: Path, entries: Iterable[Entry]) -> None:
    found = [entry.name for entry in entries if (key := find_key(entry.name)) and key.is_secret and entry.raw]
    if found:
        _require_private(path, ", ".join(found))


def _require_private(path: Path, what: str) -> None:
    """Refuse a file with a password that others than its owner may read or write."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        raise SettingsError(
            f"{path} holds {what} and has mode {mode:04o}, so that others may read or change it; "
            f"run: chmod 600 {shlex.quote(str(path))}"
        )


def conf_paths(patterns: Iterable[Path]) -> Iterator[Path]:
    """The files that the patterns name, each pattern's in the order of their names.

    Raises:
        SettingsError: A pattern names no file.
    """
    for pattern in patterns:
        found = sorted(path for path in pattern.parent.glob(pattern.name) if path.is_file())
        if not found:
            raise SettingsError(f"conf_files: no such file: {pattern}")
        yield from found


def read_environment(environment: Mapping[str, str]) -> list[Entry]:
    """The settings in ``EAS_*`` variables, and in the files that ``EAS_*_FILE`` variables name.

    Raises:
        SettingsError: A variable that is almost a setting's, one given in both ways, or an unreadable file.
    """
    entries = [entry for variable in sorted(environment) if (entry := _from_variable(variable, environment))]
    given = [entry.name for entry in entries]
    for name in given:
        if given.count(name) > 1:
            variable = PREFIX + name.upper()
            raise SettingsError(f"both {variable} and {variable}_FILE are set; keep one")
    return entries


def _from_variable(variable: str, environment: Mapping[str, str]) -> Entry | None:
    if not variable.startswith(PREFIX):
        return None
    name = variable.removeprefix(PREFIX).lower()
    if find_key(name):
        return Entry(name=name, raw=environment[variable], origin=variable, base=Path())
    if find_key(name.removesuffix("_file")):
        return _from_file(variable, name.removesuffix("_file"), Path(environment[variable]))
    near = difflib.get_close_matches(name, KEYS, n=1, cutoff=_SLIP)
    if near:
        raise SettingsError(f"unknown variable {variable}; did you mean {PREFIX}{near[0].upper()}?")
    return None


def _from_file(variable: str, name: str, path: Path) -> Entry:
    content = read_text(path).rstrip("\r\n")
    if (key := find_key(name)) and key.is_secret:
        _require_private(path, name)
    return Entry(name=name, raw=content, origin=f"{variable} ({path})", base=path.parent)
