"""A worker: one supervisor and its executors."""

from eas_framework.worker.supervisor import Supervisor, WorkerFailed

__all__ = ["Supervisor", "WorkerFailed"]
