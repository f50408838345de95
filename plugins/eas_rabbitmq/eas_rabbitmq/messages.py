"""What a message says: "attempt 123 may be ready". Whatever else comes over the broker is refused."""

from __future__ import annotations

import json

VERSION = 1
LONGEST_BYTES = 256
LARGEST_ID = 2**63 - 1


class ForeignMessage(ValueError):
    """A message that no part of the framework can have sent."""


def encode(attempt_id: int) -> bytes:
    """The message about an attempt."""
    return json.dumps({"version": VERSION, "attempt": attempt_id}).encode()


def decode(body: bytes) -> int:
    """The attempt that a message is about; raises `ForeignMessage` for anything else."""
    if len(body) > LONGEST_BYTES:
        raise ForeignMessage(f"it has {len(body)} bytes")
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ForeignMessage("it is not JSON") from error
    if not isinstance(message, dict) or message.get("version") != VERSION:
        raise ForeignMessage(f"it is not of version {VERSION}")
    attempt_id = message.get("attempt")
    if type(attempt_id) is not int or not 0 < attempt_id <= LARGEST_ID:
        raise ForeignMessage("it names no attempt")
    return attempt_id
