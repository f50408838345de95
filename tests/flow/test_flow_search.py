"""`eas search` and `eas demo` on made light curves."""

import csv
import json
import random
import re

import pytest

KEYS = [
    "file", "tda", "planet", "period_days", "period_uncertainty_days", "t0_days", "duration_hours", "depth",
    "snr", "snr_pink", "sde", "false_alarm_probability", "false_alarm_probability_pink", "transit_count",
    "alias_of", "aliases", "doubts", "outcome",
]  # fmt: skip


def curve_text(*, period=None, depth=0.01, seed=1, days=20, cadence=0.02, noise=3e-4):
    """A table of times [d] and fluxes: noise, a slow trend, and boxes of 0.1 d where a period is given."""
    chance = random.Random(seed)  # noqa: S311 - noise, not secrets
    lines = []
    for number in range(int(days / cadence)):
        time = number * cadence
        flux = 1 + 0.003 * (time / days - 0.5) ** 2 + chance.gauss(0, noise)
        if period is not None and (time - 0.7) % period < 0.1:
            flux -= depth
        lines.append(f"{time:.4f},{flux:.7f}\n")
    return "time,flux\n" + "".join(lines)


def search(workspace, *words, code=0):
    done = workspace.run("search", *words, "--tda", "bls_reference", "--format", "json", "-j", 2, code=code)
    return json.loads(done.stdout), done.stderr


def test_files_are_searched_wherever_they_lie_and_rows_fall_in_snr(workspace, tmp_path):
    paths = []
    for name, depth, period in (("weak", 0.002, 2.5), ("strong", 0.02, 3.7)):
        path = tmp_path / f"{name}.csv"
        path.write_text(curve_text(depth=depth, period=period))
        paths.append(path)
    rows, stderr = search(workspace, *paths)
    assert [list(row) for row in rows] == [KEYS, KEYS]
    assert [row["file"] for row in rows] == [str(paths[1]), str(paths[0])]
    assert [row["period_days"] for row in rows] == pytest.approx([3.7, 2.5], rel=1e-3)  # those injected
    assert rows[0]["depth"] == pytest.approx(0.02, rel=0.2)  # the model has rounded corners, the box none
    assert rows[0]["snr"] > rows[1]["snr"]
    assert {row["tda"] for row in rows} == {"bls_reference"}
    assert "stored" in stderr

    again, stderr = search(workspace, *paths)
    assert again == rows
    assert "nothing is repeated" in stderr


def two_planets():
    """Boxes of 0.1 d at periods of 3.7 d and 5.3 d in 40 d of noise."""
    chance = random.Random(5)  # noqa: S311 - noise, not secrets
    lines = []
    for number in range(2000):
        time = number * 0.02
        flux = 1 + chance.gauss(0, 3e-4)
        flux -= 0.004 * ((time - 0.7) % 3.7 < 0.1) + 0.002 * ((time - 1.9) % 5.3 < 0.1)
        lines.append(f"{time:.4f},{flux:.7f}\n")
    return "time,flux\n" + "".join(lines)


def test_several_planets_of_a_file_are_rows_until_nothing_stands_out(workspace):
    curve = workspace.write("two.csv", two_planets())
    done = workspace.run("search", curve, "--max-planets", 5, "--format", "json", timeout=300)
    rows = json.loads(done.stdout)
    assert [row["planet"] for row in rows] == [1, 2]
    assert [row["period_days"] for row in rows] == pytest.approx([3.7, 5.3], rel=1e-3)  # those injected
    assert {row["tda"] for row in rows} == {"ffa"}
    assert all(row["false_alarm_probability_pink"] < 0.01 for row in rows)
    assert [row["alias_of"] for row in rows] == [None, None]


def test_noise_is_one_row_that_says_how_likely_noise_does_as_well(workspace):
    curve = workspace.write("noise.csv", curve_text(seed=3))
    done = workspace.run("search", curve, "--max-planets", 3, "--format", "json", timeout=300)
    rows = json.loads(done.stdout)
    assert [row["planet"] for row in rows] == [1]
    assert rows[0]["false_alarm_probability"] > 0.01


def test_a_changed_file_is_searched_again_and_the_others_are_taken_over(workspace):
    one = workspace.write("one.csv", curve_text(period=2.5))
    two = workspace.write("two.csv", curve_text(period=3.1))
    search(workspace, one, two)
    workspace.write("two.csv", curve_text(period=4.3))
    rows, stderr = search(workspace, one, two)
    assert "takes the place of job 1" in stderr
    assert {round(row["period_days"], 1) for row in rows} == {2.5, 4.3}
    assert workspace.query(
        "SELECT COUNT(*) FROM eas_scheduling_attempt a JOIN eas_task t ON t.taskId = a.taskId "
        "WHERE t.jobId = 2 AND a.state = 'passed' AND t.isExpanded = 0 "
        "AND a.queuedTime >= (SELECT createdTime FROM eas_job WHERE jobId = 2)"
    ) == [(3,)]


def halves(text, *, scale):
    """A table of times and fluxes cut in two, the second half in another unit."""
    rows = [line.split(",") for line in text.splitlines()[1:]]
    middle = len(rows) // 2
    tables = (rows[:middle], [(time, f"{scale * float(flux):.7f}") for time, flux in rows[middle:]])
    return ["time,flux\n" + "".join(f"{time},{flux}\n" for time, flux in table) for table in tables]


def test_files_of_one_star_are_searched_as_one_light_curve(workspace):
    first, second = halves(curve_text(period=11.3), scale=40)  # transits at 0.7 d and 12 d, one in each
    parts = [workspace.write("b.csv", first), workspace.write("a.csv", second)]
    words = ("--stitch", "--period-min", 10, "--period-max", 13, *reversed(parts))
    rows, _ = search(workspace, *words)
    assert [row["file"] for row in rows] == [f"{parts[1]} + {parts[0]}"]
    assert rows[0]["period_days"] == pytest.approx(11.3, abs=0.05)
    assert rows[0]["depth"] == pytest.approx(0.01, rel=0.2)
    again, stderr = search(workspace, *words)
    assert again == rows
    assert "nothing is repeated" in stderr


def test_files_that_overlap_are_not_stitched(workspace):
    parts = [workspace.write(f"{name}.csv", curve_text(seed=seed, days=4)) for seed, name in enumerate("ab")]
    rows, stderr = search(workspace, "--stitch", *parts, code=1)
    assert rows == []
    assert "000001_lightcurve.lc begins at 0.000000 d, before 000000_lightcurve.lc ends at" in stderr


def test_nothing_found_is_a_row_and_an_unreadable_file_is_an_error(workspace):
    few = workspace.write("few.csv", "time,flux\n" + "".join(f"{number}.5,1\n" for number in range(5)))
    good = workspace.write("good.csv", curve_text(period=2.5))
    broken = workspace.write("broken.csv", "this is no table of numbers\n")
    rows, stderr = search(workspace, few, good, broken, code=1)
    assert [row["file"] for row in rows] == [str(good), str(few)]
    assert rows[1]["period_days"] is None
    assert rows[1]["outcome"] == "UNDEFINED"
    assert "broken.csv" in stderr
    assert "failed: " in stderr


def test_targets_bring_their_stars_and_names(workspace):
    workspace.write("curves/one.csv", curve_text(period=2.5))
    workspace.write("curves/two.csv", curve_text(period=3.1))
    lines = ("file,name,r_star,m_star,teff", "one.csv,first,0.9,0.95,5600", "two.csv,second,1.1,1.05,6100")
    table = "\n".join(lines)
    workspace.write("curves/targets.csv", table)
    output = workspace.folder / "found.csv"
    done = workspace.run(
        "search", "--targets", "curves/targets.csv", "--tda", "bls_reference", "--format", "csv", "-o", output
    )
    assert done.stdout == ""
    rows = list(csv.DictReader(output.read_text().splitlines()))
    assert {row["name"]: float(row["teff"]) for row in rows} == {"first": 5600, "second": 6100}
    assert list(rows[0]) == [*KEYS, "name", "r_star", "m_star", "teff"]
    descriptions = workspace.query("SELECT evaluatedDescription FROM eas_scheduling_attempt")
    settings = [json.loads(text).get("search_settings") for (text,) in descriptions]
    assert {found["r_star"] for found in settings if found} == {0.9, 1.1}


def test_the_job_can_be_shown_saved_and_run(workspace):
    curve = workspace.write("star.csv", curve_text(period=2.5))
    words = ("search", curve, "--tda", "bls_reference", "--detrend", "none", "--period-max", 5)
    shown = workspace.run(*words, "--show-job").stdout
    assert not (workspace.folder / ".eas").exists()
    tasks = json.loads(shown)["task_list"][0]["task_list"]
    assert [task["task"] for task in tasks] == ["read_lightcurve", "transit_search_bls_reference"]
    workspace.run("run", workspace.write("saved.json", shown))
    assert "nothing is repeated" in workspace.run(*words).stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("star.csv", "--tda", "tsl"), "did you mean 'tls'"),
        (("star.csv", "--tda", "exotrans"), "EXOTRANS was never published"),
        (("star.csv", "--max-planets", "0"), "max-planets"),
        (("star.csv", "--detrend", "bi"), "method"),
        (("star.csv", "--window", "-1"), "window_days"),
        (("star.csv", "--period-min", "5", "--period-max", "2"), "period_max"),
        (("absent.csv",), "absent.csv"),
        ((), "--targets"),
        (("star.csv", "--stitch", "--targets", "star.csv"), "--stitch: name the files of the one star"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_stored(workspace, words, message):
    workspace.write("star.csv", curve_text(period=2.5))
    done = workspace.run("search", *words, code=2)
    assert message in done.stderr
    assert not (workspace.folder / ".eas").exists()


def test_a_job_may_not_read_a_file_outside_of_the_folder_without_its_checksum(workspace, tmp_path):
    (tmp_path / "outside.csv").write_text(curve_text())
    for path in ("../outside.csv", str(tmp_path / "outside.csv")):
        reading = {"task": "read_lightcurve", "path": path, "outputs": {"lightcurve": "a.lc"}}
        job = workspace.write("job.json", {"job_name": path.replace("/", "_"), "task_list": [reading]})
        assert "must be within the folder" in workspace.run("run", job, code=1).stdout


# ---------------------------------------------------------------- the demonstration
def test_the_demo_ends_with_the_periods_and_leaves_nothing_behind(workspace):
    last = workspace.run("demo", "-j", 2).stdout.splitlines()[-1]
    match = re.fullmatch(r"injected (\S+) d, found (\S+) d, difference (\S+) %", last)
    assert match is not None, last
    injected, found, difference = map(float, match.groups())
    assert found == pytest.approx(injected, rel=1e-3)  # the limit that the demo sets itself
    assert difference == pytest.approx(100 * abs(found - injected) / injected, abs=1e-3)
    assert list(workspace.folder.iterdir()) == []


def test_the_demo_runs_in_the_workspace_that_is_named(workspace):
    workspace.run("demo", "--workspace", "here")
    assert (workspace.folder / "here" / ".eas").is_dir()
    assert "nothing is repeated" in workspace.run("demo", "--workspace", "here").stderr


def test_the_demo_is_the_example(examples):
    from importlib.resources import files

    shipped = (files("eas_framework.cli") / "demo_job.yaml").read_bytes()
    assert shipped == (examples / "hot_jupiter.yaml").read_bytes()


def test_the_recovered_share_of_injected_planets_is_told_for_each_cell_of_a_grid(workspace):
    curve = "'star_{size}.lc'.format(**metadata)"
    specs = {
        "duration": 12,
        "sampling_cadence": 1800,
        "orbital_period": "(metadata['period'])",
        "semi_major_axis": 0.042,
        "planet_radius": "(metadata['size'])",
        "noise": 0.002,
    }
    chain = [
        {"task": "synthesis_transit", "outputs": {"lightcurve": curve}, "specs": specs},
        {"task": "transit_search_bls_reference", "name": "search", "inputs": {"lightcurve": curve}},
    ]
    sizes = {"task": "execution_for_loop", "parameter": "size", "values": [0.02, 1.1], "task_list": chain}
    periods = {"task": "execution_for_loop", "parameter": "period", "values": [3.1], "task_list": [sizes]}
    workspace.run("run", workspace.write("grid.json", {"task_list": [periods]}), "-j", 2)

    words = ("completeness", "grid", "--by", "period,size")
    told = workspace.run(*words, "--threshold", 10, "--format", "json", "--map", "map.svg")
    cells = json.loads(told.stdout)
    assert [(cell["period"], cell["size"], cell["recovered"]) for cell in cells] == [
        (3.1, 0.02, 0),
        (3.1, 1.1, 1),
    ]
    assert (workspace.folder / "map.svg").read_text().count(">1/1<") == 1
    assert "snr >= 10" in told.stderr
    few = workspace.run(*words, code=2).stderr
    assert "0 light curves without a planet are too few" in few
    wrong = workspace.run("completeness", "grid", "--by", "perid,size", code=2).stderr
    assert "did you mean 'period'" in wrong
    wrong = workspace.run(*words, "--threshold", 1, "--map", "map.png", code=2).stderr
    assert "a map is written as .svg" in wrong
