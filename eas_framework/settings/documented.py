"""`Settings`: the documented names, as two read-only tables over the process's `Configuration`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import eas_framework
from eas_framework.errors import SettingsError
from eas_framework.settings.loading import configuration, load_configuration
from eas_framework.settings.model import KEYS, Configuration


class Settings:
    """The settings under the names of the documented API; new code takes values, not this.

    Attributes:
        settings: softwareVersion, pythonPath, dataPath, inDataPath, localDataPath, lcPath, debug.
        installation_info: Every setting by its name, and `max_heartbeat_age`. Passwords are `Secret`; their
            `reveal()` gives the text.
    """

    settings: Mapping[str, Any]
    installation_info: Mapping[str, Any]

    def __init__(self) -> None:
        config = configuration()
        self.settings = MappingProxyType(_folders(config))
        self.installation_info = MappingProxyType(_installation(config))

    def fetch_environment_settings(self, root_path: Path | str) -> dict[str, Any]:
        """The folders of the workspace `root_path`, as in `settings`.

        Raises:
            SettingsError: There is no such folder, or it has no file store.
        """
        folders = _folders(load_configuration(workspace=Path(root_path)))
        if not Path(folders["dataPath"]).is_dir():
            raise SettingsError(f"no file store at {folders['dataPath']}; make one with: eas db init")
        return folders

    @staticmethod
    def fetch_local_settings(root_path: Path | str) -> dict[str, Any]:
        """The settings that hold in the workspace `root_path`, as in `installation_info`."""
        return _installation(load_configuration(workspace=Path(root_path)))


def _folders(config: Configuration) -> dict[str, Any]:
    return {
        "softwareVersion": eas_framework.__version__,
        "pythonPath": str(Path(eas_framework.__file__).parent),
        "dataPath": str(config.data_path),
        "inDataPath": str(config.in_data_path),
        "localDataPath": str(config.local_data_path),
        "lcPath": str(config.lc_path),
        "debug": config.debug,
    }


def _installation(config: Configuration) -> dict[str, Any]:
    table = {name: getattr(config, name) for name in KEYS}
    table["max_heartbeat_age"] = config.lease_seconds
    return table
