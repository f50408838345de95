"""Rows of tables and files of folders, streamed."""

import tracemalloc

import pytest

from eas_framework.errors import ExpressionError, JobFileError
from eas_framework.job_file.rows import iterate_files, iterate_table


@pytest.fixture
def table(tmp_path):
    def write(text, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def rows(path, **more):
    return list(iterate_table(path, **more))


def test_columns_get_the_narrowest_type_that_suits_all_cells(table):
    head = "name,tic,id,period,ok,note,big,e"
    path = table(f"{head}\nb, 12,007,1.5,true,,12345678901234567890,1e5\na,3,008,2,false,,1,2\n")
    (first_line, first), (_, second) = rows(path)
    assert first_line == 2
    assert list(first) == head.split(",")
    assert list(first.values()) == ["b", 12, "007", 1.5, True, None, "12345678901234567890", 1e5]
    assert list(second.values()) == ["a", 3, "008", 2.0, False, None, "1", 2.0]
    assert type(second["period"]) is float


def test_d18_names_that_look_like_numbers_with_zeros_stay_texts(table):
    assert [row["id"] for _, row in rows(table("id,n\n007,1\n012,2\n"))] == ["007", "012"]


def test_missing_numbers_and_truth_values_are_none_and_missing_texts_empty(table):
    path = table("a,b,c,d\n1,,true,x\n,2.5,,\n")
    assert [row for _, row in rows(path)] == [
        {"a": 1, "b": None, "c": True, "d": "x"},
        {"a": None, "b": 2.5, "c": None, "d": ""},
    ]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_sign_between_columns_is_found_in_the_header(table, sign):
    assert rows(table(f"# note\n\na{sign}b\n1{sign}'x'\n")) == [(4, {"a": 1, "b": "'x'"})]


def test_one_column_quotes_blank_lines_and_a_byte_order_mark(table):
    assert rows(table(b'\xef\xbb\xbfa,b\r\n"x, y",1\r\n\r\n"z ""q""",2\r\n')) == [
        (2, {"a": "x, y", "b": 1}),
        (4, {"a": 'z "q"', "b": 2}),
    ]
    assert [row["a"] for _, row in rows(table("a\nx\n\ny\n"))] == ["x", "y"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n1\n", r"t\.csv:3: 1 values, but there are 2 columns"),
        ("a,b\n1,2\n1,2,3\n", r"t\.csv:3: 3 values, but there are 2 columns"),
        ("a,a\n1,2\n", r"t\.csv:1: two columns have the name 'a'"),
        ("a,\n1,2\n", r"t\.csv:1: column 2 has no name"),
        ("# only comments\n", r"t\.csv:1: the table has no line of column names"),
        ("", r"t\.csv:1: the table has no line of column names"),
        (b"a,b\n1,2\n\xff,3\n", r"t\.csv:3: the byte 0xff is not UTF-8"),
        ("a\n1\n2\n3\n12.x\n", r"t\.csv:5: column 'a': '12\.x' is not a number, as most of the column are"),
        ('a,b\n1,"2\n', r"t\.csv:2: "),
        ("a" * 65 + ",b\n1,2\n", "longer than 64 characters"),
    ],
)
def test_a_bad_row_or_head_is_named_by_its_line(table, text, expected):
    with pytest.raises(JobFileError, match=expected):
        rows(table(text))


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(JobFileError, match=r"none\.csv: the table cannot be read"):
        rows(tmp_path / "none.csv")


ECSV = """# %ECSV 1.0
# ---
# datatype:
# - {name: name, datatype: string}
# - {name: period, unit: !astropy.units.Unit {unit: d}, datatype: float64}
# - {name: n, datatype: int64}
# - {name: ok, datatype: bool}
# meta: !!omap
# - {a: 1}
# schema: astropy-2.0
name period n ok
007 1 3 True
"b c" "" "" False
"""


def test_the_types_of_an_ecsv_header_are_kept(table):
    assert rows(table(ECSV, "t.ecsv")) == [
        (12, {"name": "007", "period": 1.0, "n": 3, "ok": True}),
        (13, {"name": "b c", "period": None, "n": None, "ok": False}),
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("007 1 3", "007 1 3.5"), r"t\.ecsv:12: column 'n': '3\.5' is not a whole number"),
        (("007 1 3", "007 x 3"), r"t\.ecsv:12: column 'period': 'x' is not a number"),
        (("3 True", "3 maybe"), r"t\.ecsv:12: column 'ok': 'maybe' is neither True nor False"),
        (("name: n,", "name: m,"), "does not declare the column 'n'"),
        (("int64}", "complex128}"), "has the type 'complex128', which a loop cannot use"),
        (("int64}", "string, subtype: json}"), "holds arrays or objects"),
        (("# meta", "# delimiter: '\t'\n# meta"), "blank or a comma"),
        (("# datatype:", "# datatype: ]"), "the ECSV header cannot be read"),
    ],
)
def test_an_ecsv_file_that_does_not_keep_its_header_is_refused(table, change, expected):
    with pytest.raises(JobFileError, match=expected):
        rows(table(ECSV.replace(*change), "t.ecsv"))


# ------------------------------------------------------------- row filter
def test_a_filter_selects_rows_and_keeps_their_lines(table):
    path = table("name,mag\na,9\nb,12\nc,10\n")
    assert rows(path, where="(metadata['mag'] < 11)") == [
        (2, {"name": "a", "mag": 9}),
        (4, {"name": "c", "mag": 10}),
    ]
    assert len(rows(path, where="(metadata['mag'] < metadata['limit'])", metadata={"limit": 10})) == 1


def test_a_filter_that_fails_on_a_row_names_the_line(table):
    with pytest.raises(JobFileError, match=r"t\.csv:3: where: expression .* column 2"):
        rows(table("name,mag\na,9\nb,\n"), where="(metadata['mag'] < 11)")


def test_a_filter_that_is_no_expression_or_uses_what_rows_do_not_have_is_refused(table):
    path = table("a\n1\n")
    with pytest.raises(JobFileError, match="is no expression"):
        rows(path, where="a < 3")
    with pytest.raises(JobFileError, match="cannot use random"):
        rows(path, where="(random.random() < 0.5)")
    with pytest.raises(ExpressionError):
        rows(path, where="(a <)")


def test_a_long_table_is_read_in_constant_memory(table):
    path = table("name,mag,period\n" + "".join(f"star_{i},{i % 9},{i}.5\n" for i in range(40_000)))
    tracemalloc.start()
    count = sum(1 for _ in iterate_table(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 40_000
    assert peak < 1_000_000  # the file itself has 0.8 MB; its rows as dicts would take 15 MB


# ------------------------------------------------------------- files
def test_files_come_sorted_and_without_folders(tmp_path):
    for name in ("b/2.fits", "a/1.fits", "a/x.txt", "3.fits"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.fits").mkdir()
    found = [path.relative_to(tmp_path).as_posix() for path in iterate_files("**/*.fits", tmp_path)]
    assert found == ["3.fits", "a/1.fits", "b/2.fits"]


@pytest.mark.parametrize("pattern", ["../*.fits", "/etc/*", "a/../../*", "", "~/x", "a\x00b"])
def test_d44_a_pattern_may_not_leave_the_input_folder(tmp_path, pattern):
    with pytest.raises(JobFileError, match="must be a pattern of files below"):
        list(iterate_files(pattern, tmp_path))


def test_d44_a_link_out_of_the_input_folder_is_refused(tmp_path):
    outside = tmp_path / "outside.fits"
    outside.touch()
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "a.fits").symlink_to(outside)
    with pytest.raises(JobFileError, match=r"a\.fits is a link that leaves"):
        list(iterate_files("*.fits", inside))


def test_a_missing_input_folder_is_named(tmp_path):
    with pytest.raises(JobFileError, match="there is no folder"):
        list(iterate_files("*.fits", tmp_path / "none"))
