"""The command line as a whole: order of words, exit codes, one-line errors, a quick and complete help."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from eas_framework import errors
from eas_framework.cli import main as command_line
from eas_framework.cli.arguments import arrange
from eas_framework.cli.command_table import COMMANDS, GROUPS

PROGRAM = "from eas_framework.cli.main import main_run; main_run()"


def run_python(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch):
    """Let the command ``status`` raise what the test gives."""

    def make(error: BaseException) -> None:
        @click.command()
        def command() -> None:
            raise error

        monkeypatch.setattr(command_line.cli, "get_command", lambda ctx, name: command)

    return make


@pytest.mark.parametrize(
    ("words", "arranged"),
    [
        ("job.json", "run job.json"),
        ("job.yaml -j 2", "run job.yaml -j 2"),
        ("-j 2 job.yml", "run -j 2 job.yml"),
        ("run job.json", "run job.json"),
        ("status --format json", "status --format json"),
        ("status --workspace D", "--workspace D status"),
        ("job.json --workspace=D -j 2", "--workspace=D run job.json -j 2"),
        ("-v --workspace D job.json --debug", "-v --workspace D --debug run job.json"),
        ("logs -v", "logs -v"),
        ("run -- --workspace", "run -- --workspace"),
        ("--help", "--help"),
        ("--nonsense", "--nonsense"),
        ("stauts", "stauts"),
        ("", ""),
    ],
)
def test_words_are_put_in_order_and_a_job_file_means_run(words: str, arranged: str):
    assert arrange(words.split()) == arranged.split()


def test_an_existing_file_without_a_telling_suffix_means_run(tmp_path: Path):
    job = tmp_path / "job"
    job.touch()
    assert arrange([str(job)]) == ["run", str(job)]


def test_a_command_wins_over_a_file_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("status").touch()
    assert arrange(["status"]) == ["status"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError("x"), 2),
        (errors.JobFileError("x"), 2),
        (errors.ExpressionError("x"), 2),
        (errors.UnknownTaskTypeError("x"), 2),
        (errors.SettingsError("x"), 3),
        (errors.UnknownBackendError("x"), 3),
        (errors.LeaseLostError("x"), 3),
        (errors.QueueConnectionError("x"), 3),
        (errors.TaskFailed("x"), 1),
        (errors.NotFoundError("x"), 1),
    ],
)
def test_each_kind_of_error_has_its_exit_code_and_one_line(
    raising, capsys, error: errors.EasError, code: int
):
    raising(error)
    assert command_line.execute(["status"], program="eas") == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        str(error) if isinstance(error, errors.JobFileError) else f"error: {error}"
    ]


def test_all_mistakes_of_a_job_file_are_shown_and_begin_with_their_place(raising, capsys):
    raising(errors.JobFileError("job.yaml:3:1: one", "job.yaml:9:4: two"))
    assert command_line.execute(["status"], program="eas") == 2
    assert capsys.readouterr().err == "job.yaml:3:1: one\njob.yaml:9:4: two\n"


def test_an_error_that_is_not_ours_is_a_bug_with_its_traceback(raising, capsys):
    raising(RuntimeError("unforeseen"))
    assert command_line.execute(["status"], program="eas") == 1
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "RuntimeError: unforeseen" in said
    assert "please report it" in said


def test_debug_shows_where_an_error_of_ours_arose(raising, capsys, reset_configuration):
    raising(errors.TaskFailed("x"))
    command_line.execute(["status", "--debug"], program="eas")
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_ends_with_130(raising, capsys):
    raising(KeyboardInterrupt())
    assert command_line.execute(["status"], program="eas") == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_command_returns_its_exit_code(monkeypatch: pytest.MonkeyPatch):
    @click.command()
    def command() -> int:
        return 1

    monkeypatch.setattr(command_line.cli, "get_command", lambda ctx, name: command)
    assert command_line.execute(["status"], program="eas") == 1


def test_an_unknown_command_names_the_nearest_ones(capsys):
    assert command_line.execute(["stauts"], program="eas") == 2
    said = capsys.readouterr().err
    assert "'stauts'" in said
    assert "did you mean 'status'?" in said


def test_an_unknown_option_names_the_nearest_one(capsys):
    assert command_line.execute(["--workspcae", "x", "status"], program="eas") == 2
    assert "--workspace" in capsys.readouterr().err


def test_help_lists_every_command_on_one_screen_and_ends_with_examples(capsys):
    assert command_line.execute(["--help"], program="eas-run") == 0
    lines = capsys.readouterr().out.splitlines()
    listed = {line.split()[0] for line in lines if line.startswith("  ")}
    assert set(COMMANDS) <= listed
    assert all(f"{group}:" in lines for group in GROUPS)
    assert "Examples:" in lines[-6:]
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 80


def test_help_imports_no_command_and_no_heavy_library():
    code = (
        "import sys\nfrom eas_framework.cli.main import execute\nexecute(['--help'], program='eas-run')\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    measured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=measured, capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert not loaded & {
        "numpy",
        "pydantic",
        "lxml",
        "yaml",
        "rich",
        "psutil",
        "pluggy",
        "sqlite3",
        "astropy",
    }
    commands = {f"eas_framework.cli.{name}" for name in COMMANDS}
    assert not loaded & commands


def test_both_programs_offer_the_commands_under_their_own_name():
    for name, code in (("eas-run", PROGRAM), ("eas", PROGRAM.replace("main_run", "main"))):
        done = run_python(code, "--help")
        assert done.returncode == 0
        assert done.stdout.startswith(f"Usage: {name} ")


def test_version_names_the_distribution(capsys):
    assert command_line.execute(["--version"], program="eas") == 0
    assert capsys.readouterr().out.startswith("eas-framework 1.")


def test_a_reader_who_leaves_early_causes_no_traceback():
    code = (
        "import sys, click\nfrom eas_framework.cli import main\n"
        "command = click.Command('status', callback=lambda: print('x' * 100))\n"
        "main.cli.get_command = lambda ctx, name: command\n"
        "sys.stdin.read()\n"
        "sys.exit(main.execute(['status'], program='eas'))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    process.stdin.close()
    assert process.wait(timeout=60) == 1
    with process.stderr as said:
        assert said.read() == b""


def test_the_workspace_option_decides_where_settings_are_read(raising, tmp_path: Path, reset_configuration):
    from eas_framework.settings import configuration

    raising(errors.TaskFailed("x"))
    command_line.execute(["status", "--workspace", str(tmp_path)], program="eas")
    assert configuration().workspace == tmp_path


@pytest.fixture
def reset_configuration():
    from eas_framework.settings import use_configuration

    yield
    use_configuration(None)


@pytest.mark.parametrize(
    ("words", "environment", "color"),
    [
        ([], {}, None),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"TERM": "dumb"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {}, False),
    ],
)
def test_colour_follows_the_option_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, words: list[str], environment: dict[str, str], color: bool | None
):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    seen = []

    @click.command()
    @click.pass_context
    def command(ctx: click.Context) -> None:
        seen.append(ctx.color)

    monkeypatch.setattr(command_line.cli, "get_command", lambda ctx, name: command)
    command_line.execute([*words, "status"], program="eas")
    assert seen == [color]


@pytest.mark.parametrize(
    ("words", "shown"),
    [([], "W"), (["-v"], "IW"), (["-vv"], "DIW"), (["-q"], ""), (["-v", "-v"], "DIW")],
)
def test_verbosity_decides_which_log_records_reach_standard_error(monkeypatch, capsys, words, shown):
    @click.command()
    def command() -> None:
        import logging

        log = logging.getLogger("sample")
        log.debug("D")
        log.info("I %d", 5)
        log.warning("W")

    monkeypatch.setattr(command_line.cli, "get_command", lambda ctx, name: command)
    command_line.execute([*words, "status"], program="eas")
    said = capsys.readouterr()
    assert said.out == ""
    levels = [line[0] for line in said.err.splitlines() if " sample: " in line]
    assert levels == list(shown)
