"""How the benchmarks tell their figures: one JSON object per line."""

from __future__ import annotations

import json
import os
import statistics
from typing import Any


def spread(values: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 4),
        "min": round(min(values), 4),
        "max": round(max(values), 4),
        "repeats": len(values),
    }


def report(name: str, **figures: Any) -> None:
    print(
        json.dumps({"benchmark": name, "load_average": round(os.getloadavg()[0], 2), **figures}), flush=True
    )
