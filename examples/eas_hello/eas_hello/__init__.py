"""A plugin of eas-framework: the task type `flux_statistics` and the metric `red_noise`."""

from eas_framework.plugins import QcMetric, TaskType, hookimpl


@hookimpl
def eas_task_types() -> list[TaskType]:
    """The task types of this package."""
    from eas_hello.flux_statistics import TASK_TYPE  # late: listing plugins needs no numpy

    return [TASK_TYPE]


@hookimpl
def eas_qc_metrics() -> list[QcMetric]:
    """The quality-control metrics of this package."""
    from eas_hello.red_noise import METRIC

    return [METRIC]
