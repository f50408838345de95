"""The settings of a supervisor, as its other processes are told them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from eas_framework.settings import Configuration, load_configuration, use_configuration
from eas_framework.worker.messages import Message


def settings_order(config: Configuration) -> dict[str, Any]:
    """The workspace, and those settings that stand in no file: part of a first message."""
    given = [name for name in config.origins if config.origin(name) == "argument" and name != "workspace"]
    return {
        "workspace": str(config.workspace),
        "overrides": {name: _as_text(getattr(config, name)) for name in given},
    }


def follow_settings(order: Message) -> None:
    """Use the settings of a first message in this process."""
    use_configuration(
        load_configuration(workspace=Path(order["workspace"]), overrides=order.get("overrides"))
    )


def _as_text(value: Any) -> Any:
    """A setting as it may be given again."""
    reveal = getattr(value, "reveal", None)
    if reveal is not None:
        return reveal()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return list(value) if isinstance(value, tuple) else value
