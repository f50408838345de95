"""Files shown in pages are the files themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from include_files import with_included_files

PAGE = "Before\n\n<!-- include: a.py -->\n```python\nold\n```\n\nAfter\n\n```python\nkept\n```\n"


def test_the_block_after_a_mark_becomes_the_file_and_nothing_else_changes(tmp_path: Path):
    (tmp_path / "a.py").write_text("x = 1\n\ny = 2\n")
    text = with_included_files(PAGE, root=tmp_path)
    assert text == PAGE.replace("old", "x = 1\n\ny = 2")
    assert with_included_files(text, root=tmp_path) == text


def test_a_mark_for_a_file_that_is_not_there_is_an_error(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        with_included_files(PAGE, root=tmp_path)
