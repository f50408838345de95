"""Settings: flat, typed, each with its origin; weaker sources give way to stronger ones."""

from eas_framework.settings.documented import Settings
from eas_framework.settings.edit import write_setting
from eas_framework.settings.loading import (
    configuration,
    load_configuration,
    settings_files,
    use_configuration,
    user_file,
)
from eas_framework.settings.model import KEYS, Configuration, Key, find_key, get_key
from eas_framework.settings.tls import tls_context
from eas_framework.settings.values import Secret
from eas_framework.settings.workspace import SETTINGS_FILE, ensure_workspace, find_workspace

__all__ = [
    "KEYS",
    "SETTINGS_FILE",
    "Configuration",
    "Key",
    "Secret",
    "Settings",
    "configuration",
    "ensure_workspace",
    "find_key",
    "find_workspace",
    "get_key",
    "load_configuration",
    "settings_files",
    "tls_context",
    "use_configuration",
    "user_file",
    "write_setting",
]
