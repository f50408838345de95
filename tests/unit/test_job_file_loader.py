"""JSON and YAML job files: values, positions, and mistakes explained with line and column."""

import json

import pytest

from eas_framework.errors import JobFileError
from eas_framework.job_file.document import MAX_BYTES, Position
from eas_framework.job_file.loader import read_document


def load(text, name="job.yaml"):
    data = text if isinstance(text, bytes) else text.encode()
    return read_document(name, data=data)


def message(text, name="job.yaml"):
    with pytest.raises(JobFileError) as caught:
        load(text, name)
    return str(caught.value)


# ------------------------------------------------------------- both formats
JSON_JOB = """{
  "job_name": "é", "task_list": [
    {"task": "null", "specs": {"t0": 1e-3, "n": -2, "on": true, "off": null}}
  ]
}"""
YAML_JOB = """job_name: é
task_list:
  - task: null
    specs: {t0: 1e-3, n: -2, on: true, off: null}
"""


def test_the_same_job_in_json_and_yaml_has_the_same_values():
    assert load(JSON_JOB, "job.json").value == load(YAML_JOB).value == json.loads(JSON_JOB)


def test_every_value_and_key_has_its_line_and_column():
    document = load(JSON_JOB, "job.json")
    assert document.position(("task_list", 0, "specs", "t0")) == Position(3, 38)
    assert document.position(("task_list", 0, "specs", "t0"), of_key=True) == Position(3, 32)
    assert document.position(("task_list",), of_key=True) == Position(2, 20)
    document = load(YAML_JOB)
    assert document.position(("task_list", 0, "specs", "t0")) == Position(4, 17)
    assert document.position(("task_list", 0, "specs", "t0"), of_key=True) == Position(4, 13)
    assert document.position(("task_list", 0, "specs", "missing")) == Position(4, 12)


def test_the_format_follows_the_suffix_else_the_first_character():
    assert load('{"a": 1}', "job.txt").value == {"a": 1}
    assert load("a: 1", "job").value == {"a": 1}
    assert "double quotes" in message("{a: 1}", "job.json")


def test_a_byte_order_mark_and_windows_line_ends_change_nothing():
    data = b"\xef\xbb\xbf" + JSON_JOB.replace("\n", "\r\n").encode()
    assert load(data, "job.json").position(("task_list", 0, "task")) == Position(3, 14)
    assert load(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n").position(("b",)) == Position(2, 4)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a": "\xe9"}', "job.json:1:8: the byte 0xe9 is not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "UTF-16"),
        (b'{"a":\n "x\x00"}', "job.json:2:4: the control character U+0000"),
        (b" " * (MAX_BYTES + 1), "larger than 16 MiB"),
        (b"", "job.json:1:1: the file is empty"),
    ],
)
def test_bytes_that_are_no_text_are_refused_with_their_place(data, expected):
    assert expected in message(data, "job.json")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(JobFileError, match=r"nothing\.yaml: the job file cannot be read"):
        read_document(tmp_path / "nothing.yaml")


def test_all_duplicate_keys_are_reported_at_once_with_the_line_of_the_first():
    both = message('{"a": 1,\n "a": 2,\n "b": {"c": 1, "c": 2}}', "job.json").splitlines()
    assert both == [
        "job.json:2:2: the key 'a' is given twice; first in line 1",
        "job.json:3:16: the key 'c' is given twice; first in line 3",
    ]
    assert "job.yaml:2:1: the key 'a' is given twice; first in line 1" in message("a: 1\na: 2\n")


def test_too_deep_and_too_many_values_are_refused():
    assert "nested more than 100 deep" in message("[" * 5000, "job.json")
    assert "nested more than 100 deep" in message("a: " + "[" * 5000)
    assert "more than 500000 values" in message(json.dumps([0] * 500_001), "job.json")


# ------------------------------------------------------------- JSON
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": [1, 2,],\n "b": 3}', "1:12: remove this comma: a ] follows"),
        ('{"a": 1,\n}', "1:8: remove this comma: a } follows"),
        ('{"a": 1\n "b": 2}', "2:2: a comma is missing before this"),
        ('{"a" 1}', "1:6: a : is missing after 'a'"),
        ("{'a': 1}", "1:2: texts stand in double quotes"),
        ("{a: 1}", '1:2: write "a": keys stand in double quotes'),
        ('{"a": True}', "1:7: write true instead of True"),
        ('{"a": NaN}', "1:7: NaN is not a number of JSON"),
        ('{"a": -Infinity}', "1:7: -Infinity is not a number of JSON"),
        ('{"a": 012}', "1:7: 012 is not a number of JSON: no leading zero"),
        ('{"a": +1}', "1:7: +1 is not a number"),
        ('{"a": .5}', "1:7: .5 is not a number"),
        ('{"a": 1e999}', "1:7: a number must be finite"),
        ('{"a": 99999999999999999999}', "1:7: the integer has more than 63 bits"),
        ('{"a": hello}', "1:7: hello is not a value; texts stand in double quotes"),
        ('{"a": "x\ny"}', "1:9: a text may not contain a line break"),
        ('{"a": "x', '1:7: the closing " of this text is missing'),
        (r'{"a": "\q"}', r"1:8: invalid \escape"),
        (r'{"a": "\ud800"}', "1:7: half of a surrogate pair"),
        ('{"a": [1, {"b": 2}', "1:19: the file ends, but the [ of line 1, column 7 is not closed"),
        ('{"a": 1} x', "1:10: text after the end of the job"),
        ('{// x\n"a": 1}', "1:2: JSON has no comments"),
        ('{"a": # x\n1}', "1:7: JSON has no comments"),
        ('{"a": 1 # x\n}', "1:9: JSON has no comments"),
        ('{"a": }', "1:7: '}' is not a value"),
        ('{"a": 1;}', "1:8: expected a comma or the closing bracket, not ';'"),
        ('{,"a": 1}', "1:2: remove this comma"),
        ('{[1]: 1}', "1:2: a key in double quotes is expected here"),
    ],
)  # fmt: skip
def test_a_mistake_in_json_is_explained_at_its_place(text, expected):
    assert f"job.json:{expected}" in message(text, "job.json")


def test_d31_the_trailing_comma_of_the_documented_example_is_found_with_its_place():
    text = '{\n  "task_list": [\n    {"task": "null"},\n    {"task": "null",}\n  ]\n}'
    assert message(text, "chain.json") == "chain.json:4:20: remove this comma: a } follows"


# ------------------------------------------------------------- YAML
def test_yaml_values_follow_the_core_schema():
    text = "\n".join(
        [
            "a: 1e-3",
            "b: on",
            "c: no",
            "d: 1:30",
            "e: 2024-01-01",
            "f: 1_000",
            "g: .5",
            "h: ~",
            "i: '12'",
            "j: 0x1F",
            "k: 0o17",
            "l: -0",
            "m: True",
            "n: 5.",
            "task: null",
            "name: null",
        ]
    )
    assert load(text).value == {
        "a": 1e-3,
        "b": "on",
        "c": "no",
        "d": "1:30",
        "e": "2024-01-01",
        "f": "1_000",
        "g": 0.5,
        "h": None,
        "i": "12",
        "j": 31,
        "k": 15,
        "l": 0,
        "m": True,
        "n": 5.0,
        "task": "null",
        "name": None,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 012", "1:4: 012 may mean 12 or a name with zeros: drop them or quote it"),
        ("a: .nan", "1:4: a number must be finite"),
        ("a: 99999999999999999999999", "1:4: the integer has more than 63 bits"),
        ("a:\n\tb: 1", "2:1: YAML cannot be indented with tabs; use blanks"),
        ("a: b: c", "1:5: mapping values are not allowed in this context (quote a text that contains ': ')"),
        ("a: 'x_{y}'.format(**metadata)", "an expression that begins with a quote stands in double quotes"),
        ("a: @b", "1:4: found character that cannot start any token (quote a text"),
        ("a: !!python/object/apply:os.system ['id']", "1:4: the tag tag:yaml.org,2002:python/object/apply:"),
        ("a: ! 3", "1:4: the tag ! is not allowed"),
        ("a: !expr 1", "1:4: the tag !expr is not allowed"),
        ("a: !!map {b: 1}", "1:4: the tag tag:yaml.org,2002:map is not allowed"),
        ("? [1]\n: 2", "1:3: a key must be a text"),
        ("x: &x {a: 1}\ny:\n  <<: *x", "3:3: merge keys (<<) are not available"),
        ("a: 1\n---\nb: 2", "2:1: a second document begins here"),
        ("a: *x", "1:4: the alias *x needs an anchor &x before it"),
        ("a: &x [1, *x]", "1:11: *x refers to a value that contains it"),
        ("", "1:1: the file is empty"),
        ("a: [1, 2", "did not find expected"),
    ],
)  # fmt: skip
def test_a_trap_or_mistake_in_yaml_is_explained_at_its_place(text, expected):
    found = message(text)
    assert found.startswith("job.yaml:")
    assert expected in found


def test_an_alias_is_a_copy_with_the_position_of_its_anchor():
    document = load("x: &x {a: [1]}\ny: *x\n")
    assert document.value == {"x": {"a": [1]}, "y": {"a": [1]}}
    assert document.value["x"] is not document.value["y"]
    assert document.position(("y", "a", 0)) == Position(1, 12)


def test_an_alias_bomb_is_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "more than 500000 values" in message("\n".join(lines))
    many = "a: &a 1\nb: [" + ", ".join(["*a"] * 1001) + "]"
    assert "more than 1000 aliases" in message(many)
