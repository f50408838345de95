"""Lets Python sleep under libfaketime 0.9.10, which refuses its sleeps to a moment of the monotonic clock."""

import threading
import time


def sleep(seconds: float) -> None:
    """Wait by other means of the system."""
    threading.Event().wait(seconds)


time.sleep = sleep
