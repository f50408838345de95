"""Porting old task scripts: what is reported, what is refused with its place, and what is written where."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from eas_framework.porting import read_folder, uses_of
from eas_framework.porting.rewriting import rewritten
from eas_framework.porting.script import PortingError, read_script
from eas_framework.settings import use_configuration
from eas_framework.task_types import TaskTypeList

HEAD = "from plato_wp36 import task_database, task_execution\n\n\n@task_execution.eas_pipeline_task\n"
TASK = HEAD + "def task_handler(execution_attempt):\n    pass\n"
JUDGE = (
    HEAD + "def task_handler(execution_attempt):\n    task_db = task_database.TaskDatabaseConnection()\n"
    "    task_db.execution_attempt_update(attempt_id=1, all_products_passed_qc=True)\n"
)


@pytest.fixture
def scripts(bare_machine: Path) -> Path:
    """A folder with one task and its quality control."""
    folder = bare_machine / "my group"
    write(folder, "task_mine", TASK)
    write(folder, "task_mine", JUDGE, qc=True)
    return folder


def write(folder: Path, name: str, text: str, *, qc: bool = False) -> Path:
    path = folder / ("task_qc_implementations" if qc else "task_implementations") / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


@pytest.fixture
def refusals(scripts: Path) -> Callable[[], tuple[str, ...]]:
    """What is said of the folder, with paths below it."""

    def said() -> tuple[str, ...]:
        with pytest.raises(PortingError) as caught:
            read_folder(scripts)
        return tuple(message.replace(f"{scripts}/", "") for message in caught.value.messages)

    return said


# ------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("x = (1\n", 1, "no Python: '(' was never closed"),
        ("import os\nprint 'hello'\n", 2, "this is Python 2 (print 'hello')"),
        ("try:\n    pass\nexcept ValueError, error:\n    pass\n", 3, "this is Python 2 (except ValueError"),
        ("raise ValueError, 'x'\n", 1, "this is Python 2 (raise ValueError"),
        ("if 1 <> 2:\n    pass\n", 1, "this is Python 2 (if 1 <> 2:)"),
        ("x = 0777\n", 1, "this is Python 2 (x = 0777)"),
        ("def task_handler(attempt):\n    pass\n", 1, "no function has the decorator"),
        (TASK + TASK.replace("task_handler", "other"), 11, "other is a second function with"),
        (TASK + "\n\ntask_handler()\n", 9, "task_handler() runs on import"),
        ("# -*- coding: nonsense -*-\n", 1, "the text is not in the encoding that it names"),
        ("x = '\0'\n", 1, "no Python"),
    ],
)
def test_a_script_that_cannot_be_a_task_is_refused_with_its_place(scripts, refusals, text, line, what):
    write(scripts, "task_bad", text)
    (message,) = refusals()
    assert message.startswith(f"task_implementations/task_bad.py:{line}: {what}")


def test_all_that_stands_in_the_way_is_told_at_once(scripts, refusals):
    write(scripts, "task_bad", "x = (\n")
    write(scripts, "task_my-type", TASK)
    write(scripts, "task_lonely", JUDGE, qc=True)
    messages = refusals()
    assert len(messages) == 3
    assert any("'my-type' is no name of a module" in message for message in messages)
    assert any("quality control of 'lonely', which no script does" in message for message in messages)


def test_two_scripts_for_one_task_type_are_refused_but_not_one_linked_twice(scripts, refusals):
    worker = scripts / "eas_worker_x"
    (worker / "task_implementations").mkdir(parents=True)
    second = worker / "task_implementations" / "task_mine.py"
    second.symlink_to(scripts / "task_implementations" / "task_mine.py")
    assert [task.name for task in read_folder(scripts).tasks] == ["mine"]
    second.unlink()
    write(worker, "task_mine", TASK)
    (message,) = refusals()
    assert (
        "eas_worker_x/task_implementations/task_mine.py:1: a second script for 'mine'; the first is"
        in message
    )


def test_a_folder_without_scripts_says_what_is_missing(bare_machine, eas):
    (bare_machine / "empty").mkdir()
    eas("port", "empty", code=2)
    assert "empty: there is no folder task_implementations in it" in eas.err
    eas("port", "nowhere", code=2)
    assert "nowhere: cannot be read: No such file or directory" in eas.err


def test_base_tasks_are_left_out_unless_asked_for(scripts, eas):
    write(scripts, "task_null", "not read ( at all\n")
    assert read_folder(scripts).left_out == ("null",)
    eas("port", str(scripts), "--with-base-tasks", code=2)
    assert "task_null.py:1: no Python" in eas.err


@pytest.mark.parametrize(
    "name", ["1st", "my-group", "class", "json", "eas_framework", "plato_wp36", "Großes"]
)
def test_a_name_that_no_package_can_have_is_refused(scripts, eas, name):
    eas("port", str(scripts), "--name", name, code=2)
    assert f"--name {name}: " in eas.err


def test_a_task_type_to_leave_out_must_be_there(scripts, eas):
    eas("port", str(scripts), "--without", "min", code=2)
    assert "there is no script for the task type 'min'" in eas.err


# ------------------------------------------------------------- where it is written
def test_the_folder_of_the_scripts_and_what_exists_are_left_alone(scripts, eas):
    before = {path: path.read_bytes() for path in scripts.rglob("*.py")}
    for target in (scripts / "new", scripts, scripts.parent):
        eas("port", str(scripts), "--output", str(target), "--force", code=2)
        assert "the folder of the scripts" in eas.err
    (scripts.parent / "taken").mkdir()
    eas("port", str(scripts), "--output", "taken", code=2)
    assert "--output taken: exists" in eas.err
    eas("port", str(scripts), "--output", "taken", "--force", code=2)
    assert "was not made by `eas port`" in eas.err
    assert {path: path.read_bytes() for path in scripts.rglob("*") if path.is_file()} == before


def test_what_the_command_made_is_replaced_when_told(scripts, eas):
    eas("port", str(scripts))
    made = scripts.parent / "eas-my-group"
    (made / "stale.txt").touch()
    eas("port", str(scripts), code=2)
    eas("port", str(scripts), "--force")
    assert not (made / "stale.txt").exists()
    assert sorted(path.name for path in scripts.parent.iterdir() if path.name.startswith(".eas-my")) == []
    project = tomllib.loads((made / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["eas_framework"] == {"eas_my_group": "eas_my_group"}


def test_a_dry_run_reports_and_writes_nothing(scripts, eas):
    rows = eas.json("port", str(scripts), "--dry-run")
    assert {(row["kind"], row["what"]) for row in rows} == {
        ("call", "task_database.TaskDatabaseConnection"),
        ("call", "TaskDatabaseConnection.execution_attempt_update"),
        ("verdict", "unconditional"),
    }
    assert sorted(path.name for path in scripts.parent.iterdir()) == ["my group"]


def test_types_go_where_the_registry_or_the_folder_of_the_container_says(scripts, eas):
    write(scripts / "eas_worker_x", "task_other", TASK)
    write(scripts / "eas_worker_tls", "task_known", TASK)
    (scripts / "task_type_registry.xml").write_text(
        "<task_type_registry><containers><container><name>big</name><resourceRequirements><cpu>8</cpu>"
        "<memory_gb>32</memory_gb></resourceRequirements></container></containers><tasks><task>"
        "<name>mine</name><container>big</container></task></tasks></task_type_registry>"
    )
    eas("port", str(scripts))
    registry = scripts.parent / "eas-my-group" / "eas_my_group" / "task_type_registry.xml"
    (scripts.parent / "eas.yaml").write_text(f"task_type_registry: {registry}\n")
    use_configuration(None)
    types = TaskTypeList.read_from_xml()
    assert types.task_list["mine"] == {"big"}
    assert types.task_list["other"] == {"eas_worker_x"}
    assert types.task_list["known"] == {"eas_worker_tls"}
    assert types.worker_containers["big"] == {"cpu": 8.0, "gpu": 0.0, "memory_gb": 32.0}
    assert types.worker_containers["eas_worker_tls"]["cpu"] == 20.0  # as the framework's registry has it


def test_a_package_that_the_scripts_import_is_taken_along(scripts, eas):
    wrapper = scripts.parent / "src" / "my_wrapper"
    (wrapper / "inner").mkdir(parents=True)
    (wrapper / "__init__.py").write_text("from plato_wp36 import lightcurve\n")
    (wrapper / "inner" / "table.dat").write_bytes(b"\xff\x00")
    (scripts.parent / "alone.py").write_text("import plato_wp36.settings\n")
    write(scripts, "task_mine", f"import my_wrapper, alone\n{TASK}")
    eas("port", str(scripts), "--also", str(wrapper), "--also", "alone.py")
    made = scripts.parent / "eas-my-group"
    assert (made / "my_wrapper" / "__init__.py").read_text() == "from eas_framework import lightcurve\n"
    assert (made / "my_wrapper" / "inner" / "table.dat").read_bytes() == b"\xff\x00"
    assert (made / "alone" / "__init__.py").read_text() == "import eas_framework.settings\n"
    tool = tomllib.loads((made / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert tool["packages"]["find"]["include"] == ["eas_my_group*", "my_wrapper*", "alone*"]
    assert tool["package-data"]["my_wrapper"] == ["**/*"]


def test_what_cannot_be_taken_along_is_refused_all_at_once(scripts, eas):
    (scripts.parent / "plain").mkdir()
    (scripts.parent / "bad.py").write_text("\nx = (\n")
    (scripts.parent / "eas_my_group.py").touch()
    eas("port", str(scripts), "--also", "plain", "--also", "bad.py", "--also", "nowhere", code=2)
    assert "--also plain: is no package" in eas.err
    assert "bad.py:2: no Python" in eas.err
    assert "--also nowhere: there is no such folder" in eas.err
    eas("port", str(scripts), "--also", "eas_my_group.py", code=2)
    assert "--name eas_my_group: a package given by --also has this name" in eas.err


# ------------------------------------------------------------- rewriting
IMPORTS = {
    "import plato_wp36\n": "import eas_framework\n",
    "import plato_wp36.lightcurve\nplato_wp36.lightcurve.x\n": (
        "import eas_framework.lightcurve\neas_framework.lightcurve.x\n"
    ),
    "import plato_wp36.lightcurve as plato_wp36\nplato_wp36.x\n": (
        "import eas_framework.lightcurve as plato_wp36\nplato_wp36.x\n"
    ),
    "import os , plato_wp36 . settings as s  # plato_wp36\n": (
        "import os , eas_framework . settings as s  # plato_wp36\n"
    ),
    "from  plato_wp36.lightcurve import (  # of plato_wp36\n    Lightcurve)\n": (
        "from  eas_framework.lightcurve import (  # of plato_wp36\n    Lightcurve)\n"
    ),
    "ä = 'plato_wp36'; from plato_wp36 import settings; ö = settings\n": (
        "ä = 'plato_wp36'; from eas_framework import settings; ö = settings\n"
    ),
    "def f():\r\n\tfrom plato_wp36 import x\r\n\f\r\n": (
        "def f():\r\n\tfrom eas_framework import x\r\n\f\r\n"
    ),
    "import plato_wp36_other\nfrom .plato_wp36 import x\nplato_wp36 = 1\n": (
        "import plato_wp36_other\nfrom .plato_wp36 import x\nplato_wp36 = 1\n"
    ),
    "#!../../../python3\nimport beside\nfrom beside import x\nimport beside as b\n": (
        "#!/usr/bin/env python3\nfrom pkg import beside\n"
        "from pkg.beside import x\nfrom pkg import beside as b\n"
    ),
    "#!/usr/bin/python3\nimport besides\n": "#!/usr/bin/python3\nimport besides\n",
}


@pytest.mark.parametrize("old", IMPORTS)
def test_names_of_packages_are_exchanged_at_their_places_and_all_else_stays(tmp_path, old):
    path = tmp_path / "task_x.py"
    path.write_bytes(old.encode())
    new = rewritten(read_script(path), neighbours=["beside"], package="pkg")
    assert new == IMPORTS[old]
    ast.parse(new)


def test_a_script_stays_in_its_encoding(scripts, eas):
    text = f"# -*- coding: latin-1 -*-\n# Größe\n{TASK}".encode("latin-1")
    (scripts / "task_implementations" / "task_mine.py").write_bytes(text)
    eas("port", str(scripts), "--name", "eas_mine")
    new = (scripts.parent / "eas-mine" / "eas_mine" / "task_implementations" / "task_mine.py").read_bytes()
    assert new == text.replace(b"plato_wp36", b"eas_framework")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("import os, beside\n", "import the module beside this script in a line of its own"),
        ("from \\\n  plato_wp36 import x\n", "write from and the module's name in one line"),
    ],
)
def test_an_import_that_cannot_be_rewritten_is_refused_with_its_line(tmp_path, text, what):
    path = tmp_path / "task_x.py"
    path.write_text(f"\n{text}")
    with pytest.raises(PortingError, match=rf"task_x\.py:2: {what}"):
        rewritten(read_script(path), neighbours=["beside"], package="pkg")


# ------------------------------------------------------------- what needs a person's eye
ATTENTION = {
    "from plato_wp36 import task_queue": "has nothing of that name; did you mean 'task_queues'?",
    "from plato_wp36 import lightcurve\nlightcurve.Lightkurve()": "eas_framework has nothing of that name",
    "lc.to_file(directory='a', filename='b', execution_id=1)": "there is no parameter 'execution_id'",
    "from plato_wp36 import settings\nsettings.Settings().settings['dataPaht']": "did you mean 'dataPath'?",
    "s.settings['pythonPath']": "is the folder of the installed package",
    "db.parameterised_query('SELECT %s' % x)": "its text is put together",
    "db.parameterised_query('UPDATE eas_scheduling_attempt SET isRunning=1')": "computed from the state",
    "db.execution_attempt_update(attempt_id=1, is_running=True)": "is_running: requests",
    "db.execution_attempt_update(attempt_id=1, error_fail=True)": "error_fail: requests",
    "q.queue_fetch_and_acknowledge(queue_name='x')": "claims the attempt, with a lease",
    "s.schedule_jobs_based_on_criterion('1=1')": "takes 'waiting' and 'unfinished' only",
    "t.call_subprocess_and_log_output(arguments='ls -l')": "a single text is one program",
    "t.call_subprocess_and_catch_stdout(arguments=['ls'], shell=True)": "runs a shell",
    "db.create_database()": "unless force=True",
    "import os\nos.chdir('/')": "changes the folder of the whole worker process",
    "import sys\nsys.exit(1)": "raise an exception that says why",
    "x = 'plato_wp36.lightcurve'": "a text that names the old package",
    "from plato_wp36 import *": "name what is used",
    "from . import x": "the script becomes a module",
}


@pytest.mark.parametrize("text", ATTENTION)
def test_what_is_different_here_is_pointed_out_with_its_line(tmp_path, bare_machine, text):
    path = tmp_path / "task_x.py"
    path.write_text(text)
    found = [use for use in uses_of(read_script(path)) if use.kind == "attention"]
    assert any(ATTENTION[text] in use.note for use in found), found
    assert str(found[0]).startswith(f"{path}:{text.count(chr(10)) + 1}: ")


@pytest.mark.parametrize(
    "text",
    [
        "s.schedule_jobs_based_on_criterion(task_selection_criteria='x.isFinished AND  NOT x.errorFail')",
        "t.call_subprocess_and_log_output(arguments=['ls'], shell=False)",
        "db.execution_attempt_update(attempt_id=1, all_products_passed_qc=True, metadata={})",
        "from plato_wp36 import lightcurve as l\nl.LightcurveArbitraryRaster(times=t, fluxes=f)",
        "s.settings['lcPath'], s.installation_info['max_heartbeat_age']",
        "table.get('x'), list.append(1), text.format(a=1)",
    ],
)
def test_what_is_as_it_was_is_not_pointed_out(tmp_path, bare_machine, text):
    path = tmp_path / "task_x.py"
    path.write_text(text)
    assert [use for use in uses_of(read_script(path)) if use.kind == "attention"] == []


def test_attention_and_missing_packages_stand_in_the_project(scripts, eas):
    write(scripts, "task_mine", f"import no_such_package, yaml\nimport os\nos.chdir('/')\n{TASK}")
    eas("port", str(scripts))
    made = scripts.parent / "eas-my-group"
    assert "task_mine.py:3: os.chdir: changes the folder" in (made / "README.md").read_text()
    text = (made / "pyproject.toml").read_text()
    assert "# The scripts import no_such_package too: add what supplies them." in text
    assert any(item.lower() == "pyyaml" for item in tomllib.loads(text)["project"]["dependencies"])
