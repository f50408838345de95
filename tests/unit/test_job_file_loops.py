"""The turns of a for loop."""

import pytest

from eas_framework.errors import JobFileError
from eas_framework.job_file import LoopError, iterate_loop


def turns(tmp_path, **description):
    found = iterate_loop({"parameter": "x", **description}, metadata={}, input_folder=tmp_path)
    return [dict(turn.metadata) for turn in found]


def test_d20_values_none_and_lists_among_them_keep_their_types_and_are_counted_from_zero(tmp_path):
    assert turns(tmp_path, values=[1, "a", 2.5, [1, 2], None]) == [
        {"x": 1, "x_index": 0},
        {"x": "a", "x_index": 1},
        {"x": 2.5, "x_index": 2},
        {"x": [1, 2], "x_index": 3},
        {"x": None, "x_index": 4},
    ]


def test_a_linear_range_has_both_ends(tmp_path):
    found = [turn["x"] for turn in turns(tmp_path, linear_range=[1, 2, 5])]
    assert found == pytest.approx([1, 1.25, 1.5, 1.75, 2], rel=1e-15)
    assert found[-1] == 2.0
    assert [turn["x"] for turn in turns(tmp_path, linear_range=[3, 9, 1])] == [3.0]


def test_a_logarithmic_range_has_both_ends(tmp_path):
    found = [turn["x"] for turn in turns(tmp_path, log_range=[0.1, 10, 5])]
    assert found == pytest.approx([0.1, 10**-0.5, 1, 10**0.5, 10], rel=1e-14)  # powers of ten, by hand
    assert (found[0], found[-1]) == (0.1, 10.0)


def test_columns_of_a_table_are_loop_variables_and_rows_are_counted(tmp_path):
    (tmp_path / "t.csv").write_text("name,mag\na,9\nb,12\nc,10\n")
    found = turns(tmp_path, parameter=None, table="t.csv", where="(metadata['mag'] < 11)")
    assert found == [{"name": "a", "mag": 9, "row_index": 0}, {"name": "c", "mag": 10, "row_index": 1}]


def test_files_give_their_path_below_the_folder_and_their_stem(tmp_path):
    (tmp_path / "lc").mkdir()
    (tmp_path / "lc" / "star 1.fits.gz").touch()
    assert turns(tmp_path, files="lc/*.gz") == [{"x": "lc/star 1.fits.gz", "x_stem": "star 1", "x_index": 0}]


@pytest.mark.parametrize(
    ("description", "key", "expected"),
    [
        ({}, "task", "none of them is given"),
        ({"values": [1], "log_range": [1, 2, 3]}, "log_range", "values and log_range are given together"),
        ({"values": "abc"}, "values", "a list is needed"),
        ({"values": [1], "parameter": None}, "parameter", "is missing"),
        ({"values": [1], "parameter": "a b"}, "parameter", "'a b' is not a name"),
        ({"values": [1], "parameter": "a" * 59}, "parameter", "58 characters"),
        ({"values": [1], "where": "(1)"}, "where", "a row filter needs a table"),
        ({"linear_range": [1, 2]}, "linear_range", r"\[start, end, number of values\]"),
        ({"linear_range": [1, 2, 0]}, "linear_range", "whole number from 1, not 0"),
        ({"linear_range": [1, 2, 2.5]}, "linear_range", "whole number from 1, not 2.5"),
        ({"linear_range": [1, "b", 2]}, "linear_range", "'b' is not a finite number"),
        ({"linear_range": [1, float("inf"), 2]}, "linear_range", "not a finite number"),
        ({"linear_range": [1, 2, 10**7]}, "linear_range", "10,000,000 values are more than"),
        ({"log_range": [0, 2, 3]}, "log_range", "both ends must be above 0, not 0 and 2"),
        ({"log_range": [1, -2, 3]}, "log_range", "both ends must be above 0"),
        ({"table": 3}, "table", "name of a CSV or ECSV file is needed"),
        ({"files": 3}, "files", "a pattern such as"),
    ],
)
def test_a_wrong_definition_names_the_key(tmp_path, description, key, expected):
    with pytest.raises(LoopError, match=expected) as caught:
        turns(tmp_path, **description)
    assert caught.value.key == key


def test_a_column_may_not_have_the_name_of_the_counter(tmp_path):
    (tmp_path / "t.csv").write_text("x_index\n1\n")
    with pytest.raises(JobFileError, match="which counts the rows"):
        turns(tmp_path, table="t.csv")
