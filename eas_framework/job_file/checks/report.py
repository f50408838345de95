"""What the checks of one job have found."""

from __future__ import annotations

from eas_framework.job_file.document import Document, KeyPath, Problem, Severity


class Report:
    """Collects problems; of each topic at each place only the first, so that a loop does not repeat it."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._problems: dict[tuple[Severity, KeyPath, str], Problem] = {}

    def error(self, path: KeyPath, text: str, *, topic: str | None = None, of_key: bool = False) -> None:
        """A mistake at the value of `path`, or at its key; without a topic each text is one."""
        self._add("error", path, text, topic, of_key)

    def warning(self, path: KeyPath, text: str, *, topic: str | None = None, of_key: bool = False) -> None:
        """Something that the author should look at."""
        self._add("warning", path, text, topic, of_key)

    def _add(self, severity: Severity, path: KeyPath, text: str, topic: str | None, of_key: bool) -> None:
        problem = self._document.problem(path, text, severity=severity, of_key=of_key)
        self._problems.setdefault((severity, path, topic or text), problem)

    def line(self, path: KeyPath) -> int:
        """The line where the value stands, for messages about another one."""
        return self._document.position(path).line

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems in the order of the file."""
        return tuple(sorted(self._problems.values(), key=lambda problem: problem.position))
