"""Transit searches, synthesis and detrending of light curves, as tasks of eas-framework."""

from eas_framework.plugins import QcMetric, TaskType, hookimpl

__version__ = "1.0.0.dev0"


@hookimpl
def eas_task_types() -> list[TaskType]:
    """The task types of this package."""
    from eas_tasks_tda import (
        bls,
        bls_kovacs,
        bls_reference,
        clip_lightcurve,
        detrend_wotan,
        ffa,
        inject_transit,
        qats,
        stitch_lightcurves,
        survey,
        synthesis_batman,
        synthesis_noise,
        synthesis_psls,
        synthesis_transit,
        tls,
    )

    modules = (
        synthesis_transit,
        synthesis_batman,
        synthesis_noise,
        synthesis_psls,
        inject_transit,
        stitch_lightcurves,
        clip_lightcurve,
        detrend_wotan,
        ffa,
        bls,
        bls_kovacs,
        bls_reference,
        qats,
        tls,
        survey,
    )
    return [module.TASK_TYPE for module in modules]


@hookimpl
def eas_qc_metrics() -> list[QcMetric]:
    """The metrics on what its searches find."""
    from eas_tasks_tda import metrics

    return list(metrics.METRICS)
