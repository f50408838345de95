"""What parameter models of the base tasks share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class NoKeys(BaseModel):
    """Keys of a task type that has none; base of those that have: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid")
