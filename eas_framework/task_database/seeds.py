"""Random seeds: one for each task, from the job's seed and the task's place in the job alone."""

from __future__ import annotations

import hashlib

_BITS = 63  # fits the signed 64-bit column of every database


def derived_seed(parent_seed: int, label: str) -> int:
    """The seed of a child, in [0, 2**63).

    Args:
        parent_seed: Seed of the task above.
        label: The child's place among its siblings, such as its name; equal labels give equal seeds.
    """
    digest = hashlib.sha256(f"{parent_seed}/{label}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - _BITS)


def root_seed(job_seed: int) -> int:
    """The seed of the root task of a job with that seed."""
    return derived_seed(job_seed, "job")
