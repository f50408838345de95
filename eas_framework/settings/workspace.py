"""The workspace: the folder that holds ``eas.yaml`` or ``.eas/``, looked for upwards as git does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from eas_framework.errors import SettingsError

if TYPE_CHECKING:
    from eas_framework.settings.model import Configuration

SETTINGS_FILE = "eas.yaml"
STATE_FOLDER = ".eas"


def find_workspace(start: Path) -> Path | None:
    """The nearest folder, from `start` upwards, that is a workspace."""
    folder = start.absolute()
    for candidate in (folder, *folder.parents):
        if (candidate / SETTINGS_FILE).is_file() or (candidate / STATE_FOLDER).is_dir():
            return candidate
    return None


def ensure_workspace(config: Configuration) -> str | None:
    """Make the workspace's folders where they are missing.

    Returns:
        One line to show when the workspace is new, None when it stood already.

    Raises:
        SettingsError: A folder cannot be made.
    """
    state = config.workspace / STATE_FOLDER
    is_new = not state.is_dir()
    try:
        state.mkdir(parents=True, exist_ok=True)
        config.data_path.mkdir(parents=True, exist_ok=True)
        config.local_data_path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if is_new:
            (state / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"cannot make the workspace {state}: {error.strerror} ({error.filename}); "
            "choose another folder with --workspace DIR"
        ) from error
    return f"made the workspace {state}: its database and file store are kept there" if is_new else None
