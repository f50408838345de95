"""Which files `read_lightcurve` may read."""

import hashlib

import pytest

from eas_framework.errors import TaskFailed
from eas_framework.tasks.read_lightcurve import ReadKeys, checked_path


@pytest.fixture
def folder(tmp_path):
    inside = tmp_path / "inputs"
    inside.mkdir()
    (inside / "star.csv").write_text("0,1\n")
    (tmp_path / "outside.csv").write_text("0,2\n")
    return inside


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_file_of_the_input_folder_needs_no_checksum(folder):
    assert checked_path(ReadKeys(path="star.csv"), folder=folder) == folder / "star.csv"


@pytest.mark.parametrize("path", ["../outside.csv", "/etc/hostname", "link.csv"])
def test_a_file_elsewhere_is_refused_without_its_checksum(folder, path):
    (folder / "link.csv").symlink_to(folder.parent / "outside.csv")
    with pytest.raises(TaskFailed, match="must be within the folder"):
        checked_path(ReadKeys(path=path), folder=folder)


def test_who_knows_the_checksum_may_read_the_file_anywhere(folder):
    outside = folder.parent / "outside.csv"
    keys = ReadKeys(path=str(outside), sha256=sha256("0,2\n"))
    assert checked_path(keys, folder=folder) == outside


def test_a_file_that_has_changed_is_refused(folder):
    keys = ReadKeys(path="star.csv", sha256=sha256("0,1.5\n"))
    with pytest.raises(TaskFailed, match="has changed since the job was made"):
        checked_path(keys, folder=folder)


def test_a_file_that_is_gone_is_named(folder):
    with pytest.raises(TaskFailed, match=r"gone\.csv: there is no such file"):
        checked_path(ReadKeys(path="gone.csv", sha256=sha256("")), folder=folder)


def test_a_checksum_that_is_none_is_refused():
    with pytest.raises(ValueError, match="sha256"):
        ReadKeys(path="star.csv", sha256="abc")
