"""Files outside the store: size and times decide whether they are what was read, content in doubt."""

import hashlib
import os
import time

import pytest

from eas_framework.task_database.external_files import look_at, stamps_of

LONG_AGO = 10_000_000_000
CONTENT = b"0,1\n1,0.99\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def star(tmp_path):
    path = tmp_path / "star.csv"
    path.write_bytes(CONTENT)
    return path


def look(path, *, later_ns=0, **given):
    return look_at(path, now_ns=time.time_ns() + later_ns, **given)


def stamp(path):
    """That of a file which was read when its times were old."""
    return stamps_of([path.name], folder=path.parent, began_ns=time.time_ns() + LONG_AGO)[path.name]


def test_a_file_with_the_size_and_times_of_then_is_not_read_again(star):
    assert look(star, sha256="of something else", stamp=stamp(star)).state == "same"


def test_a_file_with_other_times_is_read_and_its_new_stamp_given_once_it_is_settled(star):
    before = stamp(star)
    os.utime(star, ns=(0, 0))
    soon = look(star, sha256=SHA256, stamp=before)
    assert (soon.state, soon.stamp) == (
        "same",
        None,
    )  # a change that follows at once might show no newer time
    later = look(star, later_ns=LONG_AGO, sha256=SHA256, stamp=before)
    assert (later.state, later.stamp) == ("same", stamp(star))


def test_a_change_that_keeps_size_and_time_of_content_is_noticed(star):
    before = stamp(star)
    kept = star.stat()
    other = star.with_name("other.csv")
    other.write_bytes(CONTENT.replace(b"0.99", b"0.98"))
    os.utime(other, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    other.replace(star)
    assert look(star, sha256=SHA256, stamp=before).state == "changed"


def test_another_size_is_a_change_without_reading(star):
    before = stamp(star)
    star.write_bytes(CONTENT + b"2,1\n")
    star.chmod(0)
    assert look(star, sha256=SHA256, stamp=before).state == "changed"


def test_a_file_that_was_too_new_to_trust_its_times_is_always_read(star):
    began = time.time_ns()
    assert stamps_of(["star.csv"], folder=star.parent, began_ns=began) == {"star.csv": ()}
    assert look(star, sha256=SHA256, stamp=()).state == "same"
    assert look(star, sha256="0" * 64, stamp=()).state == "changed"


@pytest.mark.parametrize("name", ["gone.csv", "star.csv/below.csv"])
def test_a_file_that_is_gone_is_missing(star, name):
    assert look(star.parent / name, sha256=SHA256).state == "missing"


def test_what_is_no_plain_file_cannot_be_read(star):
    assert look(star.parent, sha256=SHA256).state == "unreadable"


def test_names_that_are_no_files_get_no_stamp(star):
    names = ["star.csv", "catalogue at epoch 3", "bad\x00name", "."]
    assert list(stamps_of(names, folder=star.parent, began_ns=0)) == ["star.csv"]
