"""Which package supplies what people most often miss."""

from __future__ import annotations

_PACKAGES = {"sqlite3": "eas-sqlite", "mysql": "eas-mysql", "amqp": "eas-rabbitmq", "FITS": "eas-astropy"}
_TASK_PREFIXES = {
    "transit_search_": "eas-tasks-tda",
    "transit_survey": "eas-tasks-tda",
    "synthesis_": "eas-tasks-tda",
    "detrend_": "eas-tasks-tda",
}
# programs that some groups have and nobody may pass on, by the beginning of the task type's name
_NEVER_PUBLIC = {"transit_search_dst": "DST", "transit_search_exotrans": "EXOTRANS"}


def package_for(name: str) -> str | None:
    """The package known to supply a backend, a file format or a task type of that name."""
    if name in _PACKAGES:
        return _PACKAGES[name]
    return next((package for prefix, package in _TASK_PREFIXES.items() if name.startswith(prefix)), None)


def never_public(name: str) -> str | None:
    """What to do about a task type whose program was never published; None for all others."""
    program = next((program for start, program in _NEVER_PUBLIC.items() if name.startswith(start)), None)
    if program is None:
        return None
    return (
        f"{program} was never published and comes with no package; a group that has it registers a task type "
        f"of the name {name!r} in a plugin of its own (docs/tutorial/2-write-a-task-plugin.md)"
    )


def install_hint(name: str) -> str:
    """A sentence part such as ``; install the package eas-mysql``, empty where no package is known."""
    if private := never_public(name):
        return f"; {private}"
    package = package_for(name)
    return f"; install the package {package}" if package else ""
