"""The program PSLS: where it and its data are, and a run of it.

PSLS (Samadi et al. 2019, A&A 624, A117) is a program under the GPL. It is run as a program, from wherever the
user has installed it, and never imported.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eas_framework.errors import TaskFailed
from eas_framework.task_execution import call_subprocess_and_catch_stdout

PROGRAM_VARIABLE = "PSLS_PROGRAM"
DATA_VARIABLE = "PSLS_DATA"
_WITH_ERRORS = "import os, sys; os.dup2(1, 2); os.execv(sys.argv[1], sys.argv[1:])"  # both in one stream
SHOWN_LINES = 12  # the end of what a failed run printed
_ARCHIVE = "its source archive (pip download --no-deps --no-binary :all: psls==2.0)"


def get_program() -> str:
    """The path of PSLS: what `PSLS_PROGRAM` names, or ``psls`` on the path or beside this Python.

    Raises:
        TaskFailed: There is none; says how to get it.
    """
    name = os.environ.get(PROGRAM_VARIABLE) or "psls"
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        raise TaskFailed(
            f"synthesis_psls needs the program {name!r}, which is not installed: pip install "
            "'eas-tasks-tda[psls]' (GPL), or install psls==2.0 in an environment of its own and let the "
            f"variable {PROGRAM_VARIABLE} name its program psls"
        )
    return found


def get_data_file(name: str) -> Path:
    """A file of PSLS's data, which pip does not install, in the folder that `PSLS_DATA` names.

    Raises:
        TaskFailed: The variable is not set, or there is no such file.
    """
    folder = os.environ.get(DATA_VARIABLE)
    if not folder:
        raise TaskFailed(
            f"synthesis_psls needs {name} of PSLS, which pip does not install: unpack {_ARCHIVE} and let the "
            f"variable {DATA_VARIABLE} name the folder that holds models/ and systematics/"
        )
    path = Path(folder).expanduser().absolute() / name
    if not path.is_file():
        raise TaskFailed(
            f"{path}: there is no such file; the variable {DATA_VARIABLE} must name the folder that holds "
            f"models/ and systematics/ of PSLS, as unpacked from {_ARCHIVE}"
        )
    return path


def run_psls(settings: Mapping[str, Any], folder: Path) -> None:
    """Let PSLS write its files to `folder`, which is empty before.

    Raises:
        TaskFailed: PSLS is not installed, or it failed; shows the last lines that it printed.
    """
    import yaml  # late: only this task needs it

    program, given = get_program(), folder / "settings.yaml"
    given.write_text(yaml.safe_dump(dict(settings), sort_keys=False), encoding="utf-8")
    command = [sys.executable, "-c", _WITH_ERRORS, program, "-o", str(folder), str(given)]
    is_good, printed = call_subprocess_and_catch_stdout(command)
    if not is_good:
        raise TaskFailed(f"PSLS ({program}) failed; the last that it printed:\n{last_lines(printed)}")


def last_lines(printed: bytes) -> str:
    """The end of what a program printed, without empty lines and those that only underline."""
    lines = [line for line in printed.decode("utf-8", "backslashreplace").splitlines() if line.strip(" \t^~")]
    return "\n".join(lines[-SHOWN_LINES:]) or "(nothing)"
