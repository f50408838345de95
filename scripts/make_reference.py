"""Writes the reference pages that come from the code, and the files that other pages show.

With ``--check`` it only compares, and ends with 1 when a page is not current.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import yaml
from api_reference import DOCUMENTED, FOR_AUTHORS, index_page, module_page
from include_files import pages_with_includes, with_included_files
from source_code import ROOT

from eas_framework.cli.command_table import COMMANDS
from eas_framework.cli.main import cli
from eas_framework.constants import EASConstants
from eas_framework.expressions import vocabulary
from eas_framework.plugins import hookspecs
from eas_framework.plugins.manager import PluginManager
from eas_framework.plugins.task import TaskType
from eas_framework.settings import KEYS, Key
from eas_framework.task_types.describe import COLUMNS, describe

REFERENCE = ROOT / "docs" / "reference"
_NOTICE = "<!-- Made by scripts/make_reference.py; change the code, not this page. -->"
_WIDTH = 80


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    names = list(headings)
    lines = [names, ["---"] * len(names), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _page(title: str, *parts: str) -> str:
    return "\n\n".join([_NOTICE, f"# {title}", *(part for part in parts if part)]) + "\n"


# ------------------------------------------------------------------ settings
def settings_page() -> str:
    """Every setting with default and meaning."""
    rows = [
        (f"`{key.name}`", _default(key), f"`EAS_{key.name.upper()}`", _meaning(key)) for key in KEYS.values()
    ]
    return _page(
        "Settings",
        "Settings are flat. They come, the later over the earlier, from `/etc/eas/config.yaml`,\n"
        "`~/.config/eas/config.yaml`, the workspace's `eas.yaml`, the files that `conf_files` names,\n"
        "variables, and options of the command line. `eas config show --origin` prints each value and\n"
        "where it came from. An unknown key is an error. The variable `EAS_WORKSPACE` names the workspace.",
        table(("setting", "default", "variable", "meaning"), rows),
    )


def _default(key: Key) -> str:
    if key.is_secret or key.default in (None, "", (), {}, Path()):
        return ""
    return f"`{str(key.default).lower() if isinstance(key.default, bool) else key.default}`"


def _meaning(key: Key) -> str:
    return f"{key.summary} Old name: `{key.old_name}`." if key.old_name else key.summary


# ------------------------------------------------------------------ hooks
def hooks_page() -> str:
    """Every hook with its signature and the contract behind it."""
    hooks = [value for name, value in vars(hookspecs).items() if name.startswith("eas_")]
    return _page(
        "Hooks",
        "A plugin is a module with an entry point in the group `eas_framework` and functions of these\n"
        "names, marked with `eas_framework.plugins.hookimpl`. Each returns values; importing the module\n"
        "does nothing else.",
        *(f"## `{hook.__name__}`\n\n`{_signature(hook)}`\n\n{inspect.getdoc(hook)}" for hook in hooks),
        "## What hooks return",
        *_contracts(),
    )


def _signature(function: Callable[..., Any]) -> str:
    return f"{function.__name__}{inspect.signature(function)}".replace("'", "")


def _contracts() -> Iterator[str]:
    from eas_framework import plugins

    for name in plugins.__all__:
        value = getattr(plugins, name)
        if inspect.isclass(value):
            yield f"### `{name}`\n\n{_fenced(inspect.getdoc(value) or '')}"


def _fenced(text: str) -> str:
    return f"```text\n{text}\n```"


# ------------------------------------------------------------------ command line
def commands_page() -> str:
    """The help of every command."""
    # With the settings of the program: click remembers the help option that it shows first.
    context = click.Context(cli, info_name="eas", terminal_width=_WIDTH, **cli.context_settings)
    helps = [_help(cli, context, "eas")]
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if command is not None:
            helps.extend(_helps(command, context, f"eas {name}"))
    return _page(
        "Command line",
        "Exit codes: 0 all good; 1 something failed; 2 wrong usage or an invalid job; 3 the environment\n"
        "(settings, plugins, database, queue); 130 interrupted. Results go to standard output, everything\n"
        "else to standard error.",
        *helps,
    )


def _helps(command: click.Command, parent: click.Context, path: str) -> Iterator[str]:
    context = click.Context(command, parent=parent, info_name=path.split()[-1], terminal_width=_WIDTH)
    yield _help(command, context, path)
    if isinstance(command, click.Group):
        for name, inner in sorted(command.commands.items()):
            yield from _helps(inner, context, f"{path} {name}")


def _help(command: click.Command, context: click.Context, path: str) -> str:
    return f"## `{path}`\n\n{_fenced(command.get_help(context))}"


# ------------------------------------------------------------------ expressions
def expressions_page() -> str:
    """What expressions may use; the rules around them are written by hand in the text file beside."""
    return _page(
        "Words of expressions",
        "The rules stand in [expressions](expressions.md).",
        "## Names\n\n" + ", ".join(f"`{name}`" for name in vocabulary.NAMES),
        "## Constants\n\n"
        + table(
            ("name", "value"), [(f"`constants.{n}`", f"`{v!r}`") for n, v in vocabulary.CONSTANTS.items()]
        )
        + "\n\n"
        + _fenced(inspect.getdoc(EASConstants) or ""),
        "## Refused by name\n\n"
        + "\n".join(f"* {text}" for text in sorted(set(vocabulary.REFUSED.values()))),
    )


# ------------------------------------------------------------------ task types
def task_types_page() -> str:
    """Every task type of this repository's packages."""
    manager = PluginManager()
    types = manager.task_types()
    ours = [name for name in sorted(types) if manager.task_type_source(name).package in _OUR_PACKAGES]
    listed = table(
        ("task type", "package", "what it does"),
        [(f"[`{n}`](#{n})", f"`{manager.task_type_source(n).package}`", types[n].summary) for n in ours],
    )
    return _page("Task types", listed, *(_task_type(types[name]) for name in ours))


_OUR_PACKAGES = {"eas-framework", "eas-tasks-tda"}
_SECTIONS = {
    "parameter": "Parameters",
    "input": "Inputs",
    "output": "Outputs",
    "metadata": "Metadata it records",
}


def _task_type(kind: TaskType) -> str:
    rows = describe(kind, resources=kind.resources)
    sections = [
        _section(title, [row for row in rows if row["section"] == name]) for name, title in _SECTIONS.items()
    ]
    return "\n\n".join([f"## {kind.name}", kind.summary, *filter(None, sections), _example(kind.example)])


def _section(title: str, rows: list[dict[str, Any]]) -> str:
    used = [name for name in COLUMNS if name != "section" and any(row[name] is not None for row in rows)]
    cells = [[_cell(name, row[name]) for name in used] for row in rows]
    return f"**{title}**\n\n{table(used, cells)}" if rows else ""


def _cell(column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"`{value}`" if column in {"name", "default"} else str(value)


def _example(example: Mapping[str, Any] | None) -> str:
    if example is None:
        return ""
    text = yaml.safe_dump(dict(example), sort_keys=False, allow_unicode=True)
    return f"**Example**\n\n```yaml\n{text}```"


# ------------------------------------------------------------------ all
def _api_page(name: str) -> Callable[[], str]:
    return lambda: f"{_NOTICE}\n\n{module_page(name)}\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "hooks.md": hooks_page,
    "command-line.md": commands_page,
    "expression-words.md": expressions_page,
    "task-types.md": task_types_page,
    "api.md": lambda: f"{_NOTICE}\n\n{index_page()}\n",
    **{f"api/{name}.md": _api_page(name) for name in (*DOCUMENTED, *FOR_AUTHORS)},
}


def wanted_pages() -> dict[Path, str]:
    """What each page that depends on the code or on other files must hold."""
    made = {REFERENCE / name: make() for name, make in PAGES.items()}
    shown = {page: with_included_files(_read(page)) for page in pages_with_includes()}
    return made | shown


def stale_pages() -> list[str]:
    """The pages that differ from what they must hold."""
    wanted = wanted_pages()
    return [str(path.relative_to(ROOT)) for path, text in wanted.items() if _read(path) != text]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def main(words: list[str]) -> int:
    """Write the pages, or with ``--check`` name those that are not current."""
    stale = stale_pages()
    print("\n".join(stale))
    if words == ["--check"]:
        return int(bool(stale))
    for path, text in wanted_pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
