"""Every error that the framework raises on purpose.

All are `EasError`. Several keep an old built-in as a second base, so that ``except ValueError`` in task code
written for the prototype still catches them. Only `eas_framework.cli.main` turns them into exit codes:
usage and invalid jobs (`UsageError`, `JobFileError`, `ExpressionError`, `UnknownTaskTypeError`) into 2, the
environment (`SettingsError`, `PluginError`, `DatabaseError`, `QueueError`) into 3, everything else into 1.
"""


class EasError(Exception):
    """Base of all errors of the framework; its text says what, where, and what to do."""


class UsageError(EasError, ValueError):
    """A command or call that cannot be carried out as it was asked."""


class SettingsError(EasError, ValueError):
    """A setting that is unknown, malformed or missing."""


class RegistryError(SettingsError, AssertionError):
    """A task-type registry that is malformed; names file and line (the prototype raised AssertionError)."""


class JobFileError(EasError, ValueError):
    """One or several mistakes in a job file; `messages` has one line for each."""

    def __init__(self, *messages: str) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


class ExpressionError(EasError, ValueError):
    """An expression of a task description that is not allowed or cannot be evaluated."""


class PluginError(EasError):
    """A plugin that is missing, broken, duplicate or incompatible."""


class UnknownBackendError(PluginError, ValueError):
    """No installed plugin supplies the database or queue backend that was asked for."""


class UnknownTaskTypeError(EasError, ValueError, AssertionError):
    """A task type that neither the registry nor a plugin knows (the prototype raised AssertionError)."""


class NotFoundError(EasError, LookupError):
    """An id or name that the database does not hold."""


class DatabaseError(EasError):
    """The task database refused a statement or is not in the expected state."""


class DatabaseExistsError(DatabaseError):
    """A database that was to be made has tables already; nothing was changed."""


class DatabaseConnectionError(DatabaseError, ConnectionError):
    """The task database cannot be reached."""


class CommitUnknownError(DatabaseConnectionError):
    """The connection broke during COMMIT: ask whether the transaction is stored before repeating it."""


class IntegrityError(DatabaseError, ValueError):
    """A statement would break a uniqueness or foreign-key rule of the task database."""


class LeaseLostError(DatabaseError):
    """The attempt's claim no longer holds: another worker took the task over, or it was cancelled."""


class StateError(DatabaseError, ValueError):
    """A move between states that is not allowed."""


class QueueError(EasError):
    """The task queue refused an operation."""


class QueueConnectionError(QueueError, ConnectionError):
    """The queue's server cannot be reached; names host and port."""


class FileStoreError(EasError, OSError):
    """A file of the store that cannot be written, is missing, or differs from its checksum."""


class TaskFailed(EasError):
    """A task that cannot be done; raised by handlers, never retried."""


class LightcurveError(EasError, ValueError):
    """A light curve that is malformed or unfit for the operation."""


class LightcurveFileError(LightcurveError):
    """A light-curve file that cannot be read; names the file and, where there is one, the line."""
