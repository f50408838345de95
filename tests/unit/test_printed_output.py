"""What handlers print reaches their log, whoever printed it."""

import json
import subprocess
import sys

SCRIPT = """
import ctypes, json, os, subprocess, sys
from eas_framework.worker.printed import PrintedOutput
printed = PrintedOutput()
taken = [printed.take()]
print("from Python")
ctypes.CDLL(None).puts(b"from C")
subprocess.run(["echo", "from a child"])
print("an error", file=sys.stderr)
taken.append(printed.take())
taken.append(printed.take())
os.write(1, b"x" * 200_000 + b"end")
taken.append(printed.take())
os.write(1, b"y" * 1_000_000)
taken.append(printed.take())
print("after")
taken.append(printed.take())
with open(sys.argv[1], "w") as stream:
    json.dump(taken, stream)
"""


def printed(tmp_path, stdout):
    result = tmp_path / "taken.json"
    command = [sys.executable, "-c", SCRIPT, str(result)]
    subprocess.run(command, stdout=stdout, stderr=subprocess.STDOUT, check=True)
    return json.loads(result.read_text())


def test_all_that_is_printed_is_taken_once_and_long_output_is_cut(tmp_path):
    with (tmp_path / "output").open("w+b") as output:
        before, some, nothing_new, long, longer, after = printed(tmp_path, output)
        size = output.seek(0, 2)

    assert before == ""
    assert sorted(some.splitlines()) == ["an error", "from C", "from Python", "from a child"]
    assert nothing_new == ""
    assert long.startswith("(134467 bytes left out)")  # 200,003 - 65,536
    assert long.endswith("xend")
    assert len(longer) < 70_000
    assert after == "after"
    assert size < 1000  # the file was begun anew when it had grown large


def test_output_that_goes_to_a_pipe_is_left_alone(tmp_path):
    assert set(printed(tmp_path, subprocess.PIPE)) == {""}
