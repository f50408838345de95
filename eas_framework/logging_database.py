"""Log records into the task database, in batches; a failing write never fails the task."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from typing import Any

from eas_framework.errors import EasError
from eas_framework.settings import configuration
from eas_framework.task_database import TaskDatabaseConnection

BATCH_SIZE = 100
MAX_DELAY_SECONDS = 1.0


class EasLoggingHandler(logging.StreamHandler):  # type: ignore[type-arg] # the documented base, generic only in stubs
    """Stores log records with the attempt they belong to: time, numeric level, text with arguments merged.

    Records are gathered and written together: when a hundred are waiting, when `flush` is called, and on
    closing. Text longer than the setting ``max_log_message_length`` is cut. A record with an exception
    keeps its traceback. What cannot be written stays waiting for the next flush and is reported once on
    standard error.
    """

    def __init__(self) -> None:
        super().__init__()
        self.current_task_attempt_id: int | None = None
        self._waiting: list[dict[str, Any]] = []
        self._oldest = 0.0
        self._has_said = False
        self._database: TaskDatabaseConnection | None = None
        self._writing = threading.RLock()
        self._max_length = configuration().max_log_message_length

    def set_task_attempt_id(self, attempt_id: int | None = None) -> None:
        """Attach the records that follow to an attempt; None detaches."""
        self.current_task_attempt_id = attempt_id

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record; it is written with the next batch."""
        try:
            row = {
                "attempt_id": self.current_task_attempt_id,
                "timestamp": record.created,
                "severity": record.levelno,
                "message": self._cut(self.format(record)),
            }
        except Exception:  # a record that cannot be formatted must not fail the task
            self.handleError(record)
            return
        with self._writing:
            if not self._waiting:
                self._oldest = time.monotonic()
            self._waiting.append(row)
            if len(self._waiting) >= BATCH_SIZE:
                self.flush()

    def take(self) -> list[dict[str, Any]]:
        """The waiting records, for a caller that writes them in a transaction of its own."""
        with self._writing:
            taken, self._waiting = self._waiting, []
        return taken

    def flush_old(self) -> None:
        """Write what has waited for more than a second."""
        if self._waiting and time.monotonic() - self._oldest > MAX_DELAY_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write all waiting records now."""
        with self._writing:
            rows = self.take()
            if not rows:
                return
            try:
                self._connection().queries.run_many("log_insert", rows)
                self._has_said = False
            except EasError as error:
                self._waiting = rows[-10 * BATCH_SIZE :] + self._waiting
                self._say(error)

    def close(self) -> None:
        """Write what is waiting and close the connection."""
        self.flush()
        with self._writing:
            if self._database is not None:
                self._database.close_db()
                self._database = None
        super().close()

    def _connection(self) -> TaskDatabaseConnection:
        if self._database is None:
            self._database = TaskDatabaseConnection()
        return self._database

    def _cut(self, text: str) -> str:
        text = storable_text(text)
        return text if len(text) <= self._max_length else text[: self._max_length - 5] + "..."

    def _say(self, error: EasError) -> None:
        """Report the first of several failed writes where a person may see it, without logging it again."""
        if self._has_said:
            return
        self._has_said = True
        with suppress(OSError, ValueError):  # the stream may be closed, and that must not fail the task
            self.stream.write(f"log records could not be stored and wait: {error}\n")


def storable_text(text: str) -> str:
    """The text with what is no Unicode, such as bytes of a strange file name, written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()
