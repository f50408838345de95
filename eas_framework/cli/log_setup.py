"""The one place where the command line decides how log records reach standard error."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

_FORMAT = "%(levelname)s %(name)s: %(message)s"
_LEVELS = (logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG)
FIELDS = "eas_fields"
"""The attribute of a record that holds further fields for `JsonFormatter`."""


class StandardErrorHandler(logging.Handler):
    """Writes to what ``sys.stderr`` is when the record comes, not when the handler was made."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; what goes wrong never reaches the code that logs."""
        try:
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time (UTC), level, logger, message, and the record's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)


_handler = StandardErrorHandler()
_handler.setFormatter(logging.Formatter(_FORMAT))


def log_to_standard_error(verbosity: int) -> None:
    """Show log records: errors only (-1), warnings too (0), information (1), everything (2 and more)."""
    root = logging.getLogger()
    if _handler not in root.handlers:
        root.addHandler(_handler)
    _handler.setFormatter(logging.Formatter(_FORMAT))
    root.setLevel(_LEVELS[max(0, min(verbosity + 1, len(_LEVELS) - 1))])
    logging.captureWarnings(capture=True)


def log_as_json(level: str) -> None:
    """From now on one JSON object per line; our own records at least from that level on."""
    _handler.setFormatter(JsonFormatter())
    ours = logging.getLogger("eas_framework")
    ours.setLevel(min(logging.getLogger().level, logging.getLevelNamesMapping()[level.upper()]))


def writes_json() -> bool:
    """Whether standard error is a stream of JSON objects, so that nothing else may be written to it."""
    return isinstance(_handler.formatter, JsonFormatter)
