"""`TemporaryDirectory`: a private working directory that goes away by itself."""

from __future__ import annotations

import tempfile
from types import TracebackType
from typing import Self


class TemporaryDirectory:
    """A fresh directory that only its owner can enter; its path is `tmp_dir`.

    Name and permissions come from `tempfile`: no two are the same, and none can be prepared by somebody else.
    It is removed at the end of the with-block, by `clean_up`, or when the object is forgotten.
    """

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="eas_", ignore_cleanup_errors=True)
        self.tmp_dir: str = self._directory.name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clean_up()

    def __del__(self) -> None:
        # __init__ may have failed, on a full disk for one
        if hasattr(self, "_directory"):
            self.clean_up()

    def clean_up(self) -> None:
        """Remove the directory and all in it; harmless twice."""
        self._directory.cleanup()
