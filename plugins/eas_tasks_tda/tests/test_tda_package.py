"""What the package gives to the framework."""

import subprocess
import sys
from pathlib import Path

import eas_tasks_tda
import numpy as np
import pytest
import wotan
from eas_tasks_tda import detrending, metrics, survey, tls
from transitleastsquares import transitleastsquares

from eas_framework.plugins import QcMetric, TaskType
from eas_framework.task_objects import TaskExecutionAttempt

TYPES = {task_type.name: task_type for task_type in eas_tasks_tda.eas_task_types()}
SEARCHES = sorted(name for name in TYPES if name.startswith("transit_"))


def test_the_task_types_are_offered():
    assert set(TYPES) == {
        "synthesis_transit",
        "synthesis_batman",
        "synthesis_noise",
        "synthesis_psls",
        "clip_lightcurve",
        "detrend_wotan",
        "inject_transit",
        "stitch_lightcurves",
        "transit_search_bls",
        "transit_search_bls_kovacs",
        "transit_search_bls_reference",
        "transit_search_ffa",
        "transit_search_qats",
        "transit_search_tls",
        "transit_survey",
    }
    assert all(isinstance(task_type, TaskType) for task_type in TYPES.values())


@pytest.mark.parametrize("name", TYPES)
def test_a_task_type_describes_itself_and_accepts_its_own_example(name):
    task_type = TYPES[name]
    assert task_type.summary.endswith(".")
    assert task_type.parameters is not None
    descriptor = task_type.example["task_list"][-1]
    assert descriptor["task"] == name
    common = {"task", "name", "inputs", "outputs"}
    task_type.parameters.model_validate({k: v for k, v in descriptor.items() if k not in common})
    for key, slots in (("inputs", task_type.inputs), ("outputs", task_type.outputs)):
        named = set(descriptor.get(key, {}))
        assert slots is None or {slot.name for slot in slots if slot.required} <= named
        assert slots is None or named <= {slot.name for slot in slots}  # None takes any names


@pytest.mark.parametrize("name", SEARCHES)
def test_every_search_offers_the_common_files(name):
    optional = {slot.name for slot in TYPES[name].outputs if not slot.required}
    assert {"record", "table", "periodogram"} <= optional


@pytest.mark.parametrize("name", TYPES)
def test_every_parameter_says_what_it_is(name):
    def fields(model):
        for field_name, field in model.model_fields.items():
            yield field_name, field.description
            if hasattr(field.annotation, "model_fields"):
                yield from fields(field.annotation)

    assert [field for field, description in fields(TYPES[name].parameters) if not description] == []


def test_only_syntheses_draw_random_numbers():
    assert {name for name in TYPES if TYPES[name].uses_seed} == {
        name for name in TYPES if name.startswith("synthesis_")
    }


def test_listing_the_task_types_loads_no_numerical_library():
    program = (
        "import sys, eas_tasks_tda; eas_tasks_tda.eas_task_types(); eas_tasks_tda.eas_qc_metrics();"
        "print([m for m in ('numba', 'scipy', 'astropy', 'wotan', 'transitleastsquares', 'batman')"
        " if m in sys.modules])"
    )
    path = [str(Path(eas_tasks_tda.__file__).parents[1]), *sys.path]
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}; {program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"


def test_warming_up_compiles_what_a_task_would_compile_and_can_be_repeated():
    for _ in range(2):
        detrending.warm_up()
        tls.warm_up()
    assert wotan.slider.running_segment.signatures
    assert callable(transitleastsquares)
    assert TYPES["detrend_wotan"].warm_up is detrending.warm_up
    assert TYPES["transit_search_tls"].warm_up is tls.warm_up
    assert TYPES["transit_survey"].warm_up is survey.warm_up


def measured(**metadata):
    attempt = TaskExecutionAttempt()
    for keyword, value in metadata.items():
        attempt.set_metadata(keyword, value)
    found = {}
    for metric in eas_tasks_tda.eas_qc_metrics():
        assert isinstance(metric, QcMetric)
        found |= metric.measure(attempt)
    return found


def test_the_metrics_measure_period_and_epoch_against_the_truth():
    found = measured(
        period=10.1, target_period=10.0, t0=21.2, target_t0=1.0, duration_hours=4.8, outcome="PASS"
    )
    assert found["period_error"] == pytest.approx(0.01)
    assert found["epoch_error_durations"] == pytest.approx(1.0)  # 0.2 d after a transit of 0.2 d


def test_an_epoch_before_the_transit_counts_negative():
    found = measured(target_period=10.0, t0=10.9, target_t0=1.0, duration_hours=4.8)
    assert found["epoch_error_durations"] == pytest.approx(-0.5)


@pytest.mark.parametrize(
    "metadata",
    [{}, {"period": 3.0}, {"period": 3.0, "target_period": 0.0}, {"target_period": 3.0, "t0": 1.0}],
)
def test_d55_without_truth_or_detection_a_metric_adds_nothing(metadata):
    assert measured(**metadata) == {}


def test_the_metrics_serve_every_search_of_the_package():
    assert sorted(metrics.SEARCHES) == SEARCHES


def test_an_unknown_seed_or_setting_of_a_synthesis_is_refused_before_it_runs():
    with pytest.raises(ValueError, match="orbital_perod"):
        TYPES["synthesis_transit"].parameters.model_validate({"specs": {"orbital_perod": 3}})


def test_the_noise_does_not_touch_the_global_random_state():
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    from eas_tasks_tda.synthesis import synthesise
    from eas_tasks_tda.synthesis_settings import TransitSpecs

    synthesise(TransitSpecs(duration=2, noise=1e-3, sampling_cadence=600), seed=1)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
