"""The database backend of the page on backends, put together as it says, passes what it promises."""

import os
import re
import subprocess
import sys
import tomllib

import pytest
from source_code import ROOT

PAGE = ROOT / "docs" / "how-to" / "write-a-backend.md"
BLOCK = re.compile(r"^```(?:python|toml)\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SOME_TESTS = "appears or restored or closing_twice or transaction or claim"
PROGRAM = """
import sys
from importlib.metadata import EntryPoint
from eas_framework.plugins.manager import PluginManager
manager = PluginManager(entry_points=[EntryPoint(*sys.argv[1:], "eas_framework")], strict=True)
print(manager.database_backend("my_engine").engine_name)
"""


@pytest.fixture
def package(tmp_path):
    """The files that the page shows, under the names that it gives them."""
    for name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def run(folder, *words):
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_files_of_the_page_are_those_of_a_package(package):
    files = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    shown = {
        "tests/test_my_backend.py",
        "my_package/backend.py",
        "my_package/__init__.py",
        "pyproject.toml",
    }
    assert files == shown


def test_the_backend_of_the_page_keeps_the_contract(package):
    done = run(package, "-m", "pytest", "tests", "-q", "-p", "no:cacheprovider", "-k", SOME_TESTS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) passed", done.stdout).group(1)) >= 5


def test_the_entry_point_of_the_page_supplies_the_backend(package):
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ((name, module),) = project["entry-points"]["eas_framework"].items()
    done = run(package, "-c", PROGRAM, name, module)
    assert done.stdout == "my_engine\n", done.stderr
