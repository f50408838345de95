"""A temporary directory is private, unique, and goes away."""

import gc
import stat
from pathlib import Path

import pytest

from eas_framework.temporary_directory import TemporaryDirectory


def test_the_directory_exists_in_the_block_and_not_after_it():
    with TemporaryDirectory() as directory:
        path = Path(directory.tmp_dir)
        (path / "sub").mkdir()
        (path / "sub" / "file").write_text("x")
        assert path.is_dir()
    assert not path.exists()


def test_d45_two_directories_made_at_once_differ_and_nobody_else_may_enter():
    several = [TemporaryDirectory() for _ in range(20)]
    assert len({directory.tmp_dir for directory in several}) == 20
    assert all(stat.S_IMODE(Path(item.tmp_dir).stat().st_mode) == 0o700 for item in several)


def test_d45_the_name_cannot_be_guessed_from_the_last_one():
    first, second = (Path(TemporaryDirectory().tmp_dir).name.removeprefix("eas_") for _ in range(2))
    assert len(first) >= 8
    assert first != second


def test_cleaning_up_twice_and_then_leaving_the_block_is_harmless():
    with TemporaryDirectory() as directory:
        directory.clean_up()
        directory.clean_up()
    assert not Path(directory.tmp_dir).exists()


def test_a_forgotten_directory_is_removed():
    path = Path(TemporaryDirectory().tmp_dir)
    gc.collect()
    assert not path.exists()


def test_the_directory_is_removed_when_the_block_fails():
    directory = TemporaryDirectory()
    with pytest.raises(ZeroDivisionError), directory:
        _ = 1 / 0
    assert not Path(directory.tmp_dir).exists()
