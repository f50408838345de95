"""Change one setting in a YAML file and leave the rest of the file, comments included, as it is."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eas_framework.errors import SettingsError
from eas_framework.settings.model import Key, find_key, get_key
from eas_framework.settings.sources import read_text, read_yaml

if TYPE_CHECKING:
    import yaml

# The end of a block of lines, with the comments that stand between it and the next setting.
_AFTER_VALUE = re.compile(r"(\n([ \t]*(#[^\n]*)?\n)*)?\Z")
_END_OF_DOCUMENT = "...\n"  # PyYAML puts it after a bare scalar


def write_setting(path: Path, name: str, value: str) -> Key:
    """Set `name` in the YAML file at `path` (made where missing); return what is known of the setting.

    A file that gets a password can afterwards be read by its owner only.

    Raises:
        SettingsError: An unknown setting, a value that it cannot have, or a file that is not a table.
    """
    key = get_key(name)
    read_yaml(path)  # refuses a broken file before it is touched
    line = _as_line(key, value, path)
    old = read_text(path) if path.is_file() else ""
    _replace(path, _edited(old, key, line), private=key.is_secret)
    return key


def _as_line(key: Key, value: str, path: Path) -> str:
    import yaml  # late: only this command writes YAML

    try:
        parsed = key.parse(value, path.parent)
    except ValueError as error:
        raise SettingsError(f"{key.name} {error}") from error
    shown = yaml.safe_dump(_as_yaml(parsed, value), default_flow_style=True, width=10_000, allow_unicode=True)
    return f"{key.name}: {shown.removesuffix(_END_OF_DOCUMENT).rstrip()}"


def _as_yaml(parsed: Any, written: str) -> Any:
    """What YAML shows: numbers and tables as they are, lists item by item, the rest as it was written."""
    if isinstance(parsed, tuple):
        return [str(item) for item in parsed]
    return parsed if isinstance(parsed, (bool, int, float, dict)) else written


def _edited(old: str, key: Key, line: str) -> str:
    spot = _find(old, key)
    if spot is None:
        gap = "" if not old or old.endswith("\n") else "\n"
        return f"{old}{gap}{line}\n"
    start, end = spot[0].start_mark.index, spot[1].end_mark.index
    kept = _AFTER_VALUE.search(old[start:end])
    return f"{old[:start]}{line}{kept.group() if kept else ''}{old[end:]}"


def _find(text: str, key: Key) -> tuple[yaml.Node, yaml.Node] | None:
    import yaml  # late: only this command writes YAML

    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for name, value in node.value if node is not None else ():
        if find_key(name.value) is key:
            return name, value
    return None


def _replace(path: Path, text: str, *, private: bool) -> None:
    """Write beside the file and rename, so that a crash leaves the old or the new file whole."""
    mode = 0o600 if private else (path.stat().st_mode & 0o777 if path.is_file() else 0o644)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(mode)
        fresh.replace(path)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise SettingsError(f"cannot write {path}: {error.strerror}") from error
