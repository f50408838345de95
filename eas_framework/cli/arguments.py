"""Puts the words of a command line in the order that the parser expects."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from eas_framework.cli.command_table import COMMANDS

JOB_SUFFIXES = (".json", ".yaml", ".yml")
_ANYWHERE_WITH_VALUE = {"--workspace", "--color"}
_ANYWHERE = {"--debug", *_ANYWHERE_WITH_VALUE}
_BEFORE_COMMAND = {"-v", "-vv", "--verbose", "-q", "--quiet", "-h", "--help", "--version"}


def arrange(words: Sequence[str]) -> list[str]:
    """The words with global options in front, and with ``run`` where a job file stands in a command's place.

    ``eas-run -j 2 job.yaml --workspace D`` becomes ``--workspace D run -j 2 job.yaml``.
    """
    front, rest = _split(words)
    return [*front, *(["run"] if _means_run(rest) else []), *rest]


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    front: list[str] = []
    rest: list[str] = []
    remaining = iter(words)
    for word in remaining:
        if word == "--":
            return front, [*rest, word, *remaining]
        if word.partition("=")[0] in _ANYWHERE:
            front += [word, *islice(remaining, int(word in _ANYWHERE_WITH_VALUE))]
        elif word in _BEFORE_COMMAND and not rest:
            front.append(word)
        else:
            rest.append(word)
    return front, rest


def _means_run(words: Sequence[str]) -> bool:
    if not words or words[0] in COMMANDS:
        return False
    if words[0].startswith("-"):
        return any(map(_is_job_file, words))
    return _is_job_file(words[0])


def _is_job_file(word: str) -> bool:
    return word.endswith(JOB_SUFFIXES) or Path(word).is_file()
