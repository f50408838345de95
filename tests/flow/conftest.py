"""The real program in a workspace of its own, on SQLite."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("eas-run")
PATIENCE_SECONDS = 120.0
DATABASE = Path(".eas/local/sqlite3_eas.db")


@dataclass(frozen=True)
class Workspace:
    """A folder in which `eas-run` is called, and its database."""

    folder: Path
    environment: dict

    def run(self, *words, code=0, timeout=120):
        """The finished program; fails with all that it said when its exit code is another one (None: any)."""
        done = subprocess.run(
            [PROGRAM, *map(str, words)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert code is None or done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *words, stderr=subprocess.PIPE):
        """The program while it runs, in a process group of its own."""
        return subprocess.Popen(
            [PROGRAM, *map(str, words)],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )

    def write(self, name, content):
        """A job file (from a description) or any other (from a text); its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
        return path

    def query(self, sql, *values):
        """Rows of the database; none while there is no database."""
        path = self.folder / DATABASE
        if not path.exists():
            return []
        connection = sqlite3.connect(path, timeout=30)
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):  # it is being made
                return []
            raise
        finally:
            connection.close()

    def execute(self, sql, *values):
        connection = sqlite3.connect(self.folder / DATABASE, timeout=30)
        with connection:
            connection.execute(sql, values)
        connection.close()

    def wait_for(self, sql, *values):
        """The rows of a query as soon as there are any."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            rows = self.query(sql, *values)
            if rows:
                return rows
            time.sleep(0.02)
        raise AssertionError(f"nothing came of {sql} {values}")

    def states(self):
        """State of each task that has a name."""
        return dict(self.query("SELECT taskName, state FROM eas_task WHERE taskName != '' ORDER BY taskId"))

    def attempts(self, state="passed"):
        """How many attempts at tasks with a name are in the state, by the task's name."""
        return dict(
            self.query(
                "SELECT t.taskName, COUNT(*) FROM eas_scheduling_attempt a "
                "JOIN eas_task t ON t.taskId = a.taskId "
                "WHERE a.state = ? AND t.taskName != '' GROUP BY t.taskName",
                state,
            )
        )

    def stored_files(self):
        """SHA-256 of the newest version of each file, by folder and name."""
        return {
            (directory, name): sha256
            for directory, name, sha256 in self.query(
                "SELECT p.directoryName, p.filename, v.fileSHA256 FROM eas_product_version v "
                "JOIN eas_product p ON p.productId = v.productId WHERE v.passedQc = 1 "
                "ORDER BY v.productVersionId"
            )
        }


def clean_environment(folder):
    """Variables of a user without any settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EAS_")}
    return {**kept, "XDG_CONFIG_HOME": str(folder / "config"), "NO_COLOR": "1"}


@pytest.fixture
def new_workspace(tmp_path):
    """Makes workspaces."""

    def make(name="work"):
        folder = tmp_path / name
        folder.mkdir()
        return Workspace(folder=folder, environment=clean_environment(tmp_path))

    return make


@pytest.fixture
def workspace(new_workspace):
    return new_workspace()


@pytest.fixture
def examples():
    return Path(__file__).parents[2] / "examples" / "jobs"
