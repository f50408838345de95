"""Task `synthesis_psls`: a star seen by PLATO, as the program PSLS simulates it, and a planet.

Pulsation, granulation, activity, noise and systematics are PSLS's; the transits are those of
`synthesis_transit`. PSLS is a separate program under the GPL; see `psls_program`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eas_framework import task_io
from eas_framework.plugins import Resources, TaskType
from eas_framework.task_database.file_store import file_digests
from eas_framework.temporary_directory import TemporaryDirectory
from eas_tasks_tda import examples
from eas_tasks_tda.elliptic import FloatArray
from eas_tasks_tda.prepare import neighbour_scatter
from eas_tasks_tda.psls_config import data_files, magnitude, psls_settings
from eas_tasks_tda.psls_program import get_data_file, run_psls
from eas_tasks_tda.psls_settings import PslsParameters, PslsSpecs
from eas_tasks_tda.psls_table import PslsCurve, read_psls
from eas_tasks_tda.synthesis import (
    SECONDS_PER_DAY,
    SyntheticCurve,
    model_flux,
    noise_per_sample,
    transit_figures,
)
from eas_tasks_tda.synthesis_transit import CURVE_OUT, TRANSIT_FIGURES, write_synthetic

if TYPE_CHECKING:
    from eas_framework.task_objects import TaskExecutionAttempt

TIME_LIMIT_SECONDS = 4 * 3600.0  # two years at 25 s take some minutes


def handler(attempt: TaskExecutionAttempt) -> None:
    """Write the light curve of PSLS with transits.

    Raises:
        TaskFailed: PSLS or its data are not installed, it failed, or wrote something else than a light curve.
    """
    specs = task_io.task_parameters(attempt, PslsParameters).specs
    write_synthetic(attempt, synthesise_psls(specs, seed=task_io.task_seed(attempt)))


def synthesise_psls(specs: PslsSpecs, *, seed: int) -> SyntheticCurve:
    """A light curve as `specs` say; equal `seed` (``specs.seed`` wins), equal light curve."""
    seed = seed if specs.seed is None else specs.seed
    samples = math.ceil(specs.duration * SECONDS_PER_DAY / specs.sampling_cadence)
    times: FloatArray = np.arange(samples, dtype=np.float64) * (specs.sampling_cadence / SECONDS_PER_DAY)
    model = model_flux(specs, times) if specs.enable_transits else np.ones(samples)
    star = simulate_star(specs, samples=samples, master_seed=master_seed(seed))
    noise = _noise(star, specs)
    known = specs.model_dump(exclude_none=True) | {
        "seed": seed,
        "master_seed": master_seed(seed),
        "magnitude": magnitude(specs),
        "noise_per_sample": noise,
        "psls_version": star.version,
    }
    return SyntheticCurve(
        times=times,
        fluxes=star.fluxes * model,
        uncertainties=np.full(samples, noise),
        metadata=known | transit_figures(model, noise=_noise_for_mes(specs, noise)),
    )


def simulate_star(specs: PslsSpecs, *, samples: int, master_seed: int) -> PslsCurve:
    """The star without transits, by a run of PSLS in a folder of its own."""
    data = {name: get_data_file(path) for name, path in data_files(specs).items()}
    settings = psls_settings(specs, samples=samples, master_seed=master_seed, data=data)
    with TemporaryDirectory() as folder:
        run_psls(settings, Path(folder.tmp_dir))
        return read_psls(Path(folder.tmp_dir), samples=samples, cadence_seconds=specs.sampling_cadence)


def master_seed(seed: int) -> int:
    """The seed of PSLS, in [0, 2**32), from that of a task."""
    return int(np.random.SeedSequence(seed).generate_state(1)[0])


def _noise(star: PslsCurve, specs: PslsSpecs) -> float:
    """Noise of a sample: what PSLS tells, else the scatter of neighbours (with some of the star in it)."""
    if star.camera_noise is None:
        return neighbour_scatter(star.fluxes)
    return star.camera_noise / math.sqrt(specs.cameras * specs.sampling_cadence)


def _noise_for_mes(specs: PslsSpecs, noise: float) -> float:
    """Noise of a sample that the figure mes refers to."""
    if specs.mes_assume_noise is None:
        return noise
    return noise_per_sample(specs.mes_assume_noise, cadence_seconds=specs.sampling_cadence)


def external_inputs(attempt: TaskExecutionAttempt) -> Mapping[str, str]:
    """SHA-256 of the files of PSLS's data that the run reads, by name."""
    specs = task_io.task_parameters(attempt, PslsParameters).specs
    return {name: file_digests(get_data_file(name))[1] for name in data_files(specs).values()}


METADATA: Mapping[str, Any] = {
    **{name: field.description or "" for name, field in PslsSpecs.model_fields.items()},
    "master_seed": "The seed given to PSLS, made from seed.",
    "noise_per_sample": "White noise of a sample, relative to the flux; the scatter of neighbouring samples "
    "where PSLS does not tell it.",
    "psls_version": "Version of PSLS.",
    **TRANSIT_FIGURES,
}

TASK_TYPE = TaskType(
    name="synthesis_psls",
    handler=handler,
    resources=Resources(cpu=1, memory_gb=8),
    parameters=PslsParameters,
    inputs=(),
    outputs=CURVE_OUT,
    metadata=METADATA,
    external_inputs=external_inputs,
    uses_seed=True,
    time_limit_s=TIME_LIMIT_SECONDS,
    packages=("numpy", "psls"),
    summary="Make a light curve of PLATO with the program PSLS (optional, GPL), and transits in it.",
    example=examples.psls_job("synthesis_psls"),
)
