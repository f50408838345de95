"""Small jobs in which the task types run as they stand."""

from __future__ import annotations

from typing import Any

# a hot Jupiter around a Sun, twelve days sampled every ten minutes
HOT_JUPITER: dict[str, Any] = {
    "duration": 12,
    "orbital_period": 3.1,
    "semi_major_axis": 0.042,
    "noise": 0.002,
    "sampling_cadence": 600,
}


def synthesis(task: str = "synthesis_transit") -> dict[str, Any]:
    """A task that makes the light curve of a hot Jupiter."""
    return {"task": task, "name": "synthesis", "outputs": {"lightcurve": "star.lc"}, "specs": HOT_JUPITER}


def synthesis_job(task: str) -> dict[str, Any]:
    """A job of one synthesis."""
    return {"job_name": f"example_{task}", "task_list": [synthesis(task)]}


def search_job(task: str, **keys: Any) -> dict[str, Any]:
    """A job that makes a light curve and searches it; `keys` are more keys of the search."""
    search = {"task": task, "name": "search", "inputs": {"lightcurve": "star.lc"}, **keys}
    return {"job_name": f"example_{task}", "task_list": [synthesis(), search]}


def detrend_job(task: str) -> dict[str, Any]:
    """A job that makes a light curve and detrends it."""
    detrending = {
        "task": task,
        "name": "detrending",
        "inputs": {"lightcurve": "star.lc"},
        "outputs": {"lightcurve": "flat.lc"},
    }
    return {"job_name": f"example_{task}", "task_list": [synthesis(), detrending]}
