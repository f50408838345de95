"""The settings of PSLS 2 for a light curve without transits.

PSLS's own transits are not asked for: they always cross the middle of the star, whose radius is that of the
pulsation model, and ``OrbitalAngle`` is the place on the orbit where the planet begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from eas_tasks_tda.psls_settings import PslsSpecs
from eas_tasks_tda.synthesis import SECONDS_PER_DAY

INTEGRATING = 22.0 / 25.0  # part of the cadence in which PLATO's cameras collect light
GROUP_SHIFT_SECONDS = 6.25  # between the exposures of PLATO's groups of cameras
FEWEST_SAMPLES = 10  # PSLS needs a few
FEWEST_IN_QUARTER = 4  # PSLS 2.0 fails with quarters of one sample
ROUNDING_SAMPLES = 1e-4  # more than rounding takes from the longest light curve
_BY_MASTER_SEED = -1


@dataclass(frozen=True, kw_only=True)
class StarTemplate:
    """A star of PSLS: its parameters, and the frequencies [µHz] and periods [s] of its pulsation.

    `model` is a file of the folder ``models``; without one PSLS takes its universal pattern for the
    frequencies, and leaves activity out.
    """

    identity: int
    magnitude: float
    teff: float
    log_g: float
    status: Literal["ms", "rg"]
    model: str = ""
    numax: float = -1.0
    large_separation: float = -1.0
    period_spacing: float = -1.0
    coupling: float = 0.0


TEMPLATES: Mapping[str, StarTemplate] = {
    # KIC 12069449 (16 Cyg B)
    "main_sequence": StarTemplate(
        identity=12069449, magnitude=10.0, teff=5750.0, log_g=4.353, status="ms", model="0012069449"
    ),
    # KIC 9882316
    "red_giant": StarTemplate(
        identity=9882316,
        magnitude=12.5,
        teff=5400.0,
        log_g=3.934,  # as old job files had it; the universal pattern takes none
        status="rg",
        numax=181.77,
        large_separation=13.709,
        period_spacing=80.31,
        coupling=0.156,
    ),
}


def magnitude(specs: PslsSpecs) -> float:
    """V magnitude of the star."""
    return TEMPLATES[specs.mode].magnitude if specs.magnitude is None else specs.magnitude


def data_files(specs: PslsSpecs) -> dict[str, str]:
    """The files of PSLS's source archive that a run reads, by what they hold: ``model``, ``systematics``."""
    found, template = {}, TEMPLATES[specs.mode]
    if template.model:
        found["model"] = f"models/{template.model}.gsm"
    if specs.enable_systematics:
        masks = "" if specs.mask_updates else "FixedMask_"
        found["systematics"] = f"systematics/PLATO_systematics_{specs.mission_phase}_{masks}V2.npy"
    return found


def psls_settings(
    specs: PslsSpecs, *, samples: int, master_seed: int, data: Mapping[str, Path]
) -> dict[str, Any]:
    """What PSLS is to read, as a table.

    Args:
        specs: Star and observation.
        samples: How many are wanted; PSLS makes a few more.
        master_seed: In [0, 2**32).
        data: Where the files of `data_files` are.
    """
    return {
        "Observation": {
            "QuarterDuration": quarters(specs, samples=samples),
            "MasterSeed": master_seed,
            "Gaps": _no_gaps(),
        },
        "Instrument": _instrument(specs, table=str(data.get("systematics", "none"))),
        "Star": _star(specs, folder=str(data["model"].parent) if "model" in data else "none"),
        "Oscillations": _oscillations(TEMPLATES[specs.mode]),
        "Activity": _activity(is_on=bool(TEMPLATES[specs.mode].model)),
        "Granulation": {"Enable": 1, "Type": 1, "Seed": _BY_MASTER_SEED},
        "Transit": _no_transit(),
        "External": {"Enable": 0, "FilePath": "none"},
    }


def quarters(specs: PslsSpecs, *, samples: int) -> list[float]:
    """Lengths [d] of the quarters, of whole samples and an even number in all.

    PSLS makes even numbers of samples, and changes the cadence to fit them into other lengths; a length
    that rounding has left below a whole number is another length.
    """
    wanted = max(samples + 1, FEWEST_SAMPLES)
    longest = max(FEWEST_IN_QUARTER, round(specs.quarter_days * SECONDS_PER_DAY / specs.sampling_cadence))
    whole, rest = divmod(wanted, longest)
    if whole and rest:
        rest = max(rest, FEWEST_IN_QUARTER)
    counts = [longest] * whole + ([rest] if rest else [])
    extra = sum(counts) % 2 + ROUNDING_SAMPLES
    samples_in = [*counts[:-1], counts[-1] + extra]
    return [count * specs.sampling_cadence / SECONDS_PER_DAY for count in samples_in]


def _no_gaps() -> dict[str, Any]:
    nothing = (
        "InterQuarterGapDuration",
        "RandomGapDuration",
        "RandomGapTimeFraction",
        "RandomGapStep",
        "PeriodicGapCadence",
        "PeriodicGapDuration",
        "PeriodicGapJitter",
        "PeriodicGapStep",
    )
    return {"Enable": 0, "Seed": _BY_MASTER_SEED} | dict.fromkeys(nothing, 0.0)


def _instrument(specs: PslsSpecs, *, table: str) -> dict[str, Any]:
    kind = "PLATO_SIMU" if specs.enable_systematics else "PLATO_SCALING"
    return {
        "Sampling": specs.sampling_cadence,
        "IntegrationTime": specs.exposure_time or specs.sampling_cadence * INTEGRATING,
        "GroupID": list(range(1, specs.number_camera_groups + 1)),
        "NCamera": specs.number_cameras_per_group,
        "TimeShift": GROUP_SHIFT_SECONDS,
        "RandomNoise": {
            "Enable": int(specs.enable_random_noise),
            "Type": kind if specs.nsr is None else "User",
            "NSR": 0.0 if specs.nsr is None else specs.nsr,
        },
        "Systematics": {
            "Enable": int(specs.enable_systematics),
            "Table": table,
            "Version": 2,
            "DriftLevel": specs.drift_level,
            "Seed": _BY_MASTER_SEED,
        },
    }


def _star(specs: PslsSpecs, *, folder: str) -> dict[str, Any]:
    template = TEMPLATES[specs.mode]
    return {
        "Mag": magnitude(specs),
        "ID": template.identity,
        "ModelType": "single" if template.model else "UP",
        "ModelDir": folder,
        "ModelName": template.model,
        "ES": template.status,
        "Teff": template.teff,
        "Logg": template.log_g,
        "SurfaceRotationPeriod": 0.0,
        "CoreRotationFreq": 0.0,
        "Inclination": 0.0,
    }


def _oscillations(template: StarTemplate) -> dict[str, Any]:
    return {
        "Enable": 1,
        "numax": template.numax,
        "delta_nu": template.large_separation,
        "DPI": template.period_spacing,
        "q": template.coupling,
        "SurfaceEffects": int(bool(template.model)),
        "Seed": _BY_MASTER_SEED,
    }


def _activity(*, is_on: bool) -> dict[str, Any]:
    off = {"Enable": 0, "Seed": _BY_MASTER_SEED}
    return {
        "Enable": int(is_on),
        "Sigma": 40.0,
        "Tau": 0.2,
        "Seed": _BY_MASTER_SEED,
        "Spot": off,
        "Flare": off,
    }


def _no_transit() -> dict[str, Any]:
    return {
        "Enable": 0,
        "PlanetRadius": 1.0,
        "OrbitalPeriod": 10.0,
        "PlanetSemiMajorAxis": 1.0,
        "OrbitalAngle": 0.0,
        "LimbDarkeningCoefficients": [0.25, 0.75],
    }
