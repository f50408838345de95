"""What the documentation says holds: links, expressions, commands, floors, generated pages, quoted files."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import make_reference
import pytest
from source_code import ROOT

from eas_framework.cli.command_table import COMMANDS
from eas_framework.cli.main import execute
from eas_framework.plugins import TaskType
from eas_framework.settings import use_configuration
from eas_framework.task_expression_evaluation import TaskExpressionEvaluation

PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("plugins/*/*.md"),
        *ROOT.glob("examples/**/*.md"),
    ]
)
IDS = [str(path.relative_to(ROOT)) for path in PAGES]


def blocks(text: str, language: str) -> Iterator[str]:
    """The fenced blocks of a language."""
    return (
        found.group(1)
        for found in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    )


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_link_inside_the_repository_leads_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_command_that_is_named_exists(page: Path):
    text = page.read_text(encoding="utf-8")
    words = re.findall(r"(?:`|\$ )eas(?:-run)? ([a-z]+)(?![\w./])", text)
    assert set(words) <= set(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_python_block_is_python(page: Path):
    for block in blocks(page.read_text(encoding="utf-8"), "python"):
        ast.parse(block)


def documented_jobs() -> list[object]:
    """Every YAML block of the documentation that is a whole job."""
    return [
        pytest.param(block, id=f"{page.stem}-{number}")
        for page in PAGES
        for number, block in enumerate(blocks(page.read_text(encoding="utf-8"), "yaml"))
        if block.startswith("job_name:")
    ]


@pytest.mark.parametrize("job", documented_jobs())
def test_a_documented_job_is_valid(job: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "job.yaml").write_text(job, encoding="utf-8")
    code = execute(["validate", str(tmp_path / "job.yaml"), "--workspace", str(tmp_path)], program="eas")
    use_configuration(None)
    assert code == 0, capsys.readouterr().err


def test_the_plugin_in_the_readme_is_one():
    (block,) = blocks((ROOT / "README.md").read_text(encoding="utf-8"), "python")
    assert len([line for line in block.splitlines() if line.strip()]) <= 12
    namespace: dict[str, Any] = {}
    exec(compile(block, "README.md", "exec"), namespace)  # noqa: S102 - our own page, which must work when copied
    (task_type,) = namespace["eas_task_types"]()
    assert isinstance(task_type, TaskType)


def test_pages_that_come_from_the_code_or_show_files_are_current():
    assert make_reference.stale_pages() == [], "run .venv/bin/python scripts/make_reference.py"


def documented_expressions() -> list[tuple[str, object]]:
    text = (ROOT / "docs" / "reference" / "expressions.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(['(].*)` \| `(.*)` \|$", text, re.MULTILINE)
    return [(expression, ast.literal_eval(value)) for expression, value in rows]


@pytest.mark.parametrize(("expression", "value"), documented_expressions())
def test_a_documented_expression_has_its_documented_value(expression: str, value: object):
    evaluation = TaskExpressionEvaluation(
        {"period": 10.0, "size": 0.5, "size_index": 3, "lc": "a"},
        {"search": {"outcome": "PASS", "period_days": 9.99}},
        seed=0,
    )
    got = evaluation.evaluate_expression(expression)
    # the page shows six significant digits
    assert got == (pytest.approx(value, rel=1e-5) if isinstance(value, float) else value)
    assert type(got) is type(value)


def test_the_page_of_expressions_has_examples():
    assert len(documented_expressions()) > 10


def test_the_architecture_page_names_every_module_of_the_floors_in_their_order():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(c for c in settings["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    layers = [set(layer.replace("|", " ").split()) for layer in contract["layers"]]
    text = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    floors = text.partition("## The floors")[2].partition("\n## ")[0]
    rows = [
        set(re.findall(r"`(\w+)`", row.split("|")[2])) for row in floors.splitlines() if row.startswith("| ")
    ][1:]
    flattened = [name for layer in layers for name in sorted(layer)]
    documented = [name for row in rows for name in sorted(row, key=flattened.index)]
    assert documented == flattened
