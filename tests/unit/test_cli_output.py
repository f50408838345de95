"""Rows come out whole and machine-readable in each format."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from eas_framework.cli import output

ROWS = [
    {"task": "a", "state": "passed", "period_days": 3.25, "depth": float("nan")},
    {"task": "b, \"c\"\nd", "state": "blocked", "period_days": None, "parameters": {"size": [1, 2]}},
]  # fmt: skip


def test_json_is_a_list_of_objects_with_every_column_and_null_for_nan(capsys):
    output.write(ROWS, "json")
    read = json.loads(capsys.readouterr().out)
    assert [row["period_days"] for row in read] == [3.25, None]
    assert read[0]["depth"] is None
    assert read[0]["parameters"] is None
    assert read[1]["parameters"] == {"size": [1, 2]}
    assert list(read[0]) == ["task", "state", "period_days", "depth", "parameters"]


def test_d66_csv_is_read_back_by_a_csv_reader_value_by_value(capsys):
    output.write(ROWS, "csv")
    read = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["task"] for row in read] == ["a", 'b, "c"\nd']
    assert [row["period_days"] for row in read] == ["3.25", ""]
    assert read[1]["parameters"] == '{"size": [1, 2]}'


def test_without_rows_json_is_an_empty_list_and_csv_the_header(capsys):
    output.write([], "json", columns=["a"])
    assert json.loads(capsys.readouterr().out) == []
    output.write([], "csv", columns=["a", "b"])
    assert capsys.readouterr().out == "a,b\n"


def test_given_columns_choose_and_order_in_every_format(capsys):
    for format_ in output.FORMATS:
        output.write(ROWS, format_, columns=["state", "task"])
    said = capsys.readouterr().out
    assert "period" not in said
    assert said.startswith("state")
    assert "state,task" in said


def test_d35_a_column_of_numbers_texts_and_nothing_is_a_table_all_the_same(capsys):
    output.write([{"x": 1.5}, {"x": "many"}, {"x": None}, {}], "table")
    assert capsys.readouterr().out.splitlines() == ["x", "1.5", "many", "-", "-"]


def test_a_table_that_is_not_for_a_terminal_cuts_nothing_and_has_no_colour(capsys):
    long = "state_" + "x" * 200
    output.write([{"n": 1, "state": long}, {"n": 20, "state": "passed"}], "table", title="Tasks")
    said = capsys.readouterr().out
    assert said.splitlines() == ["Tasks", " n  state", f" 1  {long}", "20  passed"]
    assert "\x1b" not in said


@pytest.mark.parametrize("color", [True, None])
def test_a_table_for_a_terminal_of_80_columns_shows_states_whole(color: bool | None):
    @click.command()
    def command() -> None:
        text = "a long explanation " * 8
        rows = [{"task": n, "state": state, "why": text} for n, state in enumerate(["cancelled", "passed"])]
        output.write(rows, "table")

    done = CliRunner(env={"COLUMNS": "80"}).invoke(command, color=True, obj=None, standalone_mode=False)
    assert done.exception is None
    assert "cancelled" in done.output


def test_colour_is_used_only_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)

    @click.command()
    @click.pass_context
    def command(ctx: click.Context) -> None:
        ctx.color = True
        rows = [{"state": "failed", "why": "a long explanation " * 8}]
        output.write(rows, "table", title="Tasks")

    said = CliRunner().invoke(command, color=True).output
    assert "\x1b[" in said
    assert "failed" in said
    plain = click.unstyle(said)
    assert max(map(len, plain.splitlines())) <= 80
    assert plain.split()[0] == "Tasks"
    assert plain.count("explanation") == 8


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64("inf"), None),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([1.0, np.nan]), [1.0, None]),
        ((1, "a"), [1, "a"]),
        ({"a": float("-inf"), 2: Path("x/y")}, {"a": None, "2": "x/y"}),
    ],
)
def test_any_value_becomes_what_json_can_hold(value: object, expected: object):
    assert output.as_json(value) == expected


def test_booleans_and_floats_read_well_in_a_table(capsys):
    output.write([{"ok": True, "period": 1 / 3, "error": "two\nlines"}], "table")
    assert capsys.readouterr().out.splitlines()[1].split() == ["yes", "0.3333333", "two", "⏎", "lines"]


def test_shared_options_give_their_arguments():
    @click.command(epilog=output.examples("eas status"))
    @output.format_option
    @output.job_option
    def command(format: str, job: str | None) -> None:
        click.echo(f"{format} {job}")

    runner = CliRunner()
    assert runner.invoke(command, ["--format", "csv", "--job", "grid"]).output == "csv grid\n"
    assert runner.invoke(command, []).output == "table None\n"
    assert runner.invoke(command, ["--format", "xml"]).exit_code == 2
    assert runner.invoke(command, ["--help"]).output.endswith("Examples:\n    eas status\n")
