"""Test configurations of single tasks, in INI form, as the job that they stand for.

::

    [task]
    task = transit_search_bls_reference
    lc_duration = 240

    [inputs]
    lightcurve = curves/demo.gz

The section ``[task]`` holds the type and its keys, any other section is a table of that name. All values are
texts, with their case and percent signs; expressions are evaluated as in a job; what begins with ``[`` or
``{`` is JSON. Of each input the file and, where it is there, ``FILE.metadata.cfg`` (section ``[metadata]``)
are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eas_framework.errors import JobFileError
from eas_framework.job_file.document import Document, DocumentBuilder, KeyPath, Position
from eas_framework.job_file.ini_text import Entry, IniText, read_ini
from eas_framework.job_file.loader import decode, read_bytes
from eas_framework.job_file.model import Job
from eas_framework.job_file.reading import job_of_document
from eas_framework.job_file.scalars import plain_scalar

DEFAULTS = {
    "task": "null",
    "working_directory": "test_dir",
    "job_name": "test_job",
    "task_name": "untitled_test",
}
_TASK_PATH: KeyPath = ("task_list", 0)
_PATHS: Mapping[str, KeyPath] = {
    "job_name": ("job_name",),
    "working_directory": ("working_directory",),
    "task_name": (*_TASK_PATH, "name"),
}
METADATA_SUFFIX = ".metadata.cfg"


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """A file that the task needs: where it is, its name in the store, and its metadata."""

    path: Path
    filename: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StandaloneTask:
    """A configuration: the job with its one task, and the files that the store must hold before."""

    job: Job
    inputs: tuple[InputFile, ...]


def read_standalone(path: Path, *, input_folder: Path | None = None) -> StandaloneTask:
    """What a test configuration says.

    Args:
        path: The configuration.
        input_folder: Below which the inputs are; by default the folder of the configuration.

    Raises:
        JobFileError: All mistakes at once, each with file and line: no INI, an input that is missing, a table
            of metadata that cannot be read.
    """
    builder = DocumentBuilder(str(path))
    ini = read_ini(decode(read_bytes(path), str(path)), builder)
    value = _description(ini, builder)
    inputs = _Inputs(input_folder or path.parent, builder)
    table = value["task_list"][0].get("inputs", {})
    for entry in [entry for entry in ini.entries if entry.section == "inputs"]:
        table[entry.key] = inputs.add(entry)
    return StandaloneTask(
        job=job_of_document(path, _finished(builder, value)), inputs=tuple(inputs.files.values())
    )


def _finished(builder: DocumentBuilder, value: dict[str, Any]) -> Document:
    document = builder.finish(value)
    document.values.setdefault((), Position(1, 1))
    return document


# ------------------------------------------------------------- the task
def _description(ini: IniText, builder: DocumentBuilder) -> dict[str, Any]:
    """The job as nested tables, its places recorded."""
    task: dict[str, Any] = {"task": DEFAULTS["task"], "name": DEFAULTS["task_name"]}
    job = {key: DEFAULTS[key] for key in ("job_name", "working_directory")} | {"task_list": [task]}
    for section, position in ini.sections.items():
        if section != "task":
            task[section] = {}
            builder.place((*_TASK_PATH, section), position)
            builder.document.keys[(*_TASK_PATH, section)] = position
        else:
            builder.place(_TASK_PATH, position)
    for entry in ini.entries:
        path = _path(entry)
        if entry.section not in ini.sections:
            continue  # of a section that was refused
        if path in builder.document.keys:
            first = builder.document.keys[path].line
            builder.note(entry.key_position, f"{path[-1]!r} is given twice; first in line {first}")
            continue
        holder: Any = job
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = _value(entry, builder)
        builder.place(path, entry.position)
        builder.document.keys[path] = entry.key_position
    return job


def _path(entry: Entry) -> KeyPath:
    if entry.section != "task":
        return (*_TASK_PATH, entry.section, entry.key)
    return _PATHS.get(entry.key, (*_TASK_PATH, entry.key))


def _value(entry: Entry, builder: DocumentBuilder) -> Any:
    """The text, or the list or table that it writes as JSON."""
    if not entry.value.startswith(("[", "{")):
        return entry.value
    try:
        return json.loads(entry.value, parse_constant=_refuse_constant)
    except ValueError as error:
        sign = entry.value[0]
        builder.note(entry.position, f"{entry.key}: a value that begins with {sign} is JSON: {error}")
        return None


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON; inside a job write \"(float('{word.lower()}'))\"")


# ------------------------------------------------------------- its inputs
class _Inputs:
    """The input files by where they are; a file that is used twice is one."""

    def __init__(self, folder: Path, builder: DocumentBuilder) -> None:
        self._folder, self._builder = folder, builder
        self.files: dict[Path, InputFile] = {}

    def add(self, entry: Entry) -> str:
        """The name in the store of the file that an entry names."""
        path = (self._folder / entry.value).resolve() if entry.value else self._folder
        if not path.is_file():
            self._builder.note(
                entry.position,
                f"{entry.key}: there is no file {self._folder / entry.value}; inputs are looked for beside "
                "the configuration, or below the folder that --input-dir names",
            )
            return entry.value
        if path not in self.files:
            names = {file.filename for file in self.files.values()}
            filename = path.name if path.name not in names else f"{entry.key}_{path.name}"
            self.files[path] = InputFile(path=path, filename=filename, metadata=self._metadata(path))
        return self.files[path].filename

    def _metadata(self, path: Path) -> dict[str, Any]:
        """What stands beside the file; numbers are numbers."""
        place = path.with_name(path.name + METADATA_SUFFIX)
        if not place.is_file():
            return {}
        builder = DocumentBuilder(str(place))
        try:
            ini = read_ini(decode(read_bytes(place), str(place)), builder)
            for section, position in ini.sections.items():
                if section != "metadata":
                    builder.note(position, f"the section is [metadata], not [{section}]")
            found = dict(_metadata_items(ini, builder))
            builder.finish(found)
        except JobFileError as error:
            self._builder.adopt(error)
            return {}
        return found


def _metadata_items(ini: IniText, builder: DocumentBuilder) -> Iterator[tuple[str, Any]]:
    for entry in ini.entries:
        try:
            yield entry.key, plain_scalar(entry.value)
        except ValueError as error:
            builder.note(entry.position, f"{entry.key}: {error}")
