"""The registry of task types: which there are, where each may run, and which can run here."""

from eas_framework.task_types.model import TaskTypeList
from eas_framework.task_types.reconcile import reconcile, task_types_here

__all__ = ["TaskTypeList", "reconcile", "task_types_here"]
