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


def synthesis(
    task: str = "synthesis_transit", *, name: str = "synthesis", output: str = "star.lc", **specs: Any
) -> dict[str, Any]:
    """A task that makes the light curve of a hot Jupiter; `specs` are settings in place of the usual ones."""
    return {"task": task, "name": name, "outputs": {"lightcurve": output}, "specs": HOT_JUPITER | specs}


def synthesis_job(task: str) -> dict[str, Any]:
    """A job of one synthesis."""
    return {"job_name": f"example_{task}", "task_list": [synthesis(task)]}


def psls_job(task: str) -> dict[str, Any]:
    """A job of one synthesis whose noise is that of the telescope."""
    specs = {name: value for name, value in HOT_JUPITER.items() if name != "noise"}
    made = {"task": task, "name": "synthesis", "outputs": {"lightcurve": "star.lc"}, "specs": specs}
    return {"job_name": f"example_{task}", "task_list": [made]}


def search_job(task: str, **keys: Any) -> dict[str, Any]:
    """A job that makes a light curve and searches it; `keys` are more keys of the search."""
    search = {"task": task, "name": "search", "inputs": {"lightcurve": "star.lc"}, **keys}
    return {"job_name": f"example_{task}", "task_list": [synthesis(), search]}


def curve_job(task: str, *, name: str, output: str, **keys: Any) -> dict[str, Any]:
    """A job that makes a light curve and another one of it; `keys` are more keys of the second task."""
    changing = {
        "task": task,
        "name": name,
        "inputs": {"lightcurve": "star.lc"},
        "outputs": {"lightcurve": output},
        **keys,
    }
    return {"job_name": f"example_{task}", "task_list": [synthesis(), changing]}


def survey_job(task: str) -> dict[str, Any]:
    """A job that searches one light-curve file."""
    survey = {"task": task, "name": "search", "path": "raw/star.csv", "detrending": {"window_days": 3.0}}
    return {"job_name": f"example_{task}", "task_list": [survey]}
