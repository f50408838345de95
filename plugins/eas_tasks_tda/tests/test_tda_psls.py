"""Light curves by the program PSLS: what it is told, what is read of it, and what happens where it fails.

A stand-in plays the program where the matter is how it is called. The program itself is run where it is
installed (`psls` on the path, or as `PSLS_PROGRAM` names it) and `PSLS_DATA` names its data.
"""

import math
import stat
import sys
from pathlib import Path

import eas_tasks_tda
import numpy as np
import psutil
import pytest
import yaml
from eas_tasks_tda.psls_config import TEMPLATES, data_files, psls_settings, quarters
from eas_tasks_tda.psls_program import get_data_file, get_program, last_lines, run_psls
from eas_tasks_tda.psls_settings import PslsParameters, PslsSpecs
from eas_tasks_tda.psls_table import read_psls
from eas_tasks_tda.synthesis import model_flux, synthesise
from eas_tasks_tda.synthesis_psls import master_seed, simulate_star, synthesise_psls
from eas_tasks_tda.synthesis_settings import SOLAR_RADIUS, PlanetSpecs, TransitSpecs
from pydantic import ValidationError

from eas_framework.errors import TaskFailed
from eas_framework.testing import TaskTypeContract

pytest_plugins = ["eas_framework.testing.fixtures"]

PLANET = {"orbital_period": 2.5, "semi_major_axis": 0.036, "t0": 1.2}
SHORT = {**PLANET, "duration": 6.0, "sampling_cadence": 600.0}
(TASK_TYPE,) = (found for found in eas_tasks_tda.eas_task_types() if found.name == "synthesis_psls")

STAND_IN = """
import random, sys, yaml
from pathlib import Path
option, folder, given = sys.argv[1:]
assert option == "-o"
told = yaml.safe_load(Path(given).read_text())
cadence, noise = told["Instrument"]["Sampling"], random.Random(told["Observation"]["MasterSeed"])
rows = [
    f"{273.38 + cadence * i:12.2f} {noise.gauss(0, 100):.15e} {24 if i == 0 else 0}"
    for i in range(round(sum(told["Observation"]["QuarterDuration"]) * 86400 / cadence))
]
name = Path(folder) / f"{told['Star']['ID']:010d}"
name.with_suffix(".dat").write_text("\\n".join(["# Version =    2.00", "#", *rows]) + "\\n")
name.with_suffix(".txt").write_text("Version =    2.00\\n magnitude = 10,  white_noise = 4380,  steps = 1\\n")
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Puts a program in the place of PSLS, and empty files in that of its data."""
    for specs in (PslsSpecs(), PslsSpecs(enable_systematics=True)):
        for name in data_files(specs).values():
            path = tmp_path / "psls_data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    monkeypatch.setenv("PSLS_DATA", str(tmp_path / "psls_data"))

    def install(code):
        path = tmp_path / "stand-in for psls"  # with blanks, as folders have them
        path.write_text(f"#!{sys.executable}\n{code}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PSLS_PROGRAM", str(path))

    install(STAND_IN)
    return install


def told(*, samples=864, seed=7, data=None, **specs):
    return psls_settings(PslsSpecs(**SHORT | specs), samples=samples, master_seed=seed, data=data or {})


# ------------------------------------------------------------- what a job may say
def test_the_defaults_are_those_of_old_job_files():
    specs = PslsSpecs()
    assert (specs.mode, specs.duration, specs.t0, specs.sampling_cadence) == ("main_sequence", 730, 1, 25)
    assert (specs.number_camera_groups, specs.number_cameras_per_group) == (4, 6)
    switches = (
        specs.enable_transits,
        specs.enable_random_noise,
        specs.enable_systematics,
        specs.mask_updates,
    )
    assert switches == (True, True, False, False)
    assert (specs.u1, specs.u2) == (0.25, 0.75)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"mode": "white_dwarf"}, "mode"),
        ({"number_camera_groups": 5}, "number_camera_groups"),
        ({"nsr": -1}, "nsr"),
        ({"exposure_time": 26.0}, "longer than sampling_cadence"),
        ({"enable_systematics": True, "sampling_cadence": 60}, "not a multiple of 25 s"),
        ({"mission_phase": "MOL"}, "mission_phase"),
        ({"noise": 0.001}, "noise"),
    ],
)
def test_what_psls_cannot_do_is_refused_by_name(wrong, named):
    with pytest.raises(ValidationError, match=named):
        PslsParameters(specs=wrong)


# ------------------------------------------------------------- what PSLS is told
def test_without_gaps_and_transits_every_part_follows_the_master_seed():
    settings = told(seed=99)
    assert settings["Observation"]["MasterSeed"] == 99
    assert settings["Observation"]["Gaps"]["Enable"] == 0
    assert settings["Transit"]["Enable"] == 0

    def seeds(table):
        for key, value in table.items():
            yield from seeds(value) if isinstance(value, dict) else [value] if key == "Seed" else []

    assert set(seeds(settings)) == {-1}  # PSLS: negative where the master seed controls it


def test_the_noise_is_that_of_the_magnitude_or_of_the_nsr_or_of_the_tables_of_systematics():
    kinds = [
        told(**specs)["Instrument"]["RandomNoise"]["Type"]
        for specs in ({}, {"nsr": 73}, {"enable_systematics": True}, {"enable_systematics": True, "nsr": 73})
    ]
    assert kinds == ["PLATO_SCALING", "User", "PLATO_SIMU", "User"]
    assert told(nsr=50)["Instrument"]["RandomNoise"]["NSR"] == 50
    assert told(enable_random_noise=False)["Instrument"]["RandomNoise"]["Enable"] == 0


def test_cameras_and_exposure_are_those_asked_for():
    instrument = told(number_camera_groups=2, number_cameras_per_group=5)["Instrument"]
    assert (instrument["GroupID"], instrument["NCamera"]) == ([1, 2], 5)
    assert instrument["IntegrationTime"] == pytest.approx(528)  # 22/25 of 600 s
    assert told(exposure_time=300)["Instrument"]["IntegrationTime"] == 300


@pytest.mark.parametrize(
    ("specs", "name"),
    [
        ({}, "PLATO_systematics_BOL_FixedMask_V2.npy"),
        ({"mask_updates": True}, "PLATO_systematics_BOL_V2.npy"),
        ({"mission_phase": "EOL"}, "PLATO_systematics_EOL_FixedMask_V2.npy"),
        ({"mission_phase": "EOL", "mask_updates": True}, "PLATO_systematics_EOL_V2.npy"),
    ],
)
def test_the_table_of_systematics_is_that_of_phase_and_masks(specs, name):
    assert data_files(PslsSpecs(enable_systematics=True, **specs))["systematics"] == f"systematics/{name}"


def test_the_giant_needs_no_file_and_the_main_sequence_its_model():
    assert data_files(PslsSpecs(mode="red_giant")) == {}
    giant = told(mode="red_giant")
    assert (giant["Star"]["ModelType"], giant["Star"]["ES"], giant["Star"]["Mag"]) == ("UP", "rg", 12.5)
    assert giant["Oscillations"]["numax"] == pytest.approx(181.8, abs=0.1)
    sun = told(data={"model": Path("/data/models/0012069449.gsm")}, magnitude=11)
    assert (sun["Star"]["ModelType"], sun["Star"]["ModelDir"]) == ("single", "/data/models")
    assert (sun["Star"]["ModelName"], sun["Star"]["Mag"], sun["Activity"]["Sigma"]) == ("0012069449", 11, 40)


@pytest.mark.parametrize("samples", [1, 9, 144, 145, 288, 289, 290, 291, 4321])
@pytest.mark.parametrize("cadence", [25.0, 600.0, 1765.5, 86_400.0])
def test_quarters_have_a_few_whole_samples_and_an_even_number_in_all(samples, cadence):
    specs = PslsSpecs(sampling_cadence=cadence, quarter_days=1)
    counts = np.array(quarters(specs, samples=samples)) * 86_400 / cadence
    np.testing.assert_allclose(counts, counts.round(), atol=1.1e-4)
    assert counts.sum() > counts.sum().round()  # PSLS rounds down
    assert counts.min() >= 4
    assert counts.sum().round() % 2 == 0
    assert samples < counts.sum().round() <= max(samples, 10) + 6


def test_the_master_seed_fits_psls_and_differs_with_the_seed():
    seeds = [master_seed(seed) for seed in (0, 1, 2**32, 2**63 - 1)]
    assert len(set(seeds)) == 4
    assert all(0 <= seed < 2**32 for seed in seeds)


# ------------------------------------------------------------- what is read
def written(folder, rows, *, version="2.00", report="white_noise = 4380, x = 1"):
    head = [f"# Version =    {version}", "#", "# Time [s], Flux variation [ppm], Flag"]
    (folder / "0012069449.dat").write_text("\n".join([*head, *rows]) + "\n")
    (folder / "0012069449.txt").write_text(report)
    return folder


def rows(count, *, step=600.0):
    return [f"{273.38 + step * i:.2f} {-100.0 * i:.15e} 24" for i in range(count)]


def test_fluxes_are_relative_and_surplus_samples_are_left_out(tmp_path):
    curve = read_psls(written(tmp_path, rows(4)), samples=3, cadence_seconds=600)
    assert curve.fluxes == pytest.approx([1, 1 - 1e-4, 1 - 2e-4])
    assert curve.camera_noise == pytest.approx(4.38e-3)
    assert curve.version == "2.00"


@pytest.mark.parametrize("report", ["white_noise = -60, x = 1", "nothing of it", "white_noise = -, x"])
def test_a_noise_that_psls_does_not_tell_is_unknown(tmp_path, report):
    assert (
        read_psls(written(tmp_path, rows(3), report=report), samples=3, cadence_seconds=600).camera_noise
        is None
    )


@pytest.mark.parametrize(
    ("table", "version", "said"),
    [
        ([], "2.00", "wrote an empty table"),
        (rows(2), "2.00", "only 2 of 3 samples"),
        (rows(3, step=599.65), "2.00", r"not 600 s apart after 273\.38 s"),
        ([*rows(2), "1473.38 nan 0"], "2.00", "no numbers"),
        ([*rows(2), "1473.38 what 0"], "2.00", "cannot be read"),
        (rows(3), "1.80", r"PSLS 1\.80; synthesis_psls works with PSLS 2"),
    ],
)
def test_a_table_that_is_no_light_curve_is_an_error(tmp_path, table, version, said):
    with pytest.raises(TaskFailed, match=said):
        read_psls(written(tmp_path, table, version=version), samples=3, cadence_seconds=600)


def test_no_table_at_all_is_an_error(tmp_path):
    with pytest.raises(TaskFailed, match=r"wrote 0 files \*\.dat"):
        read_psls(tmp_path, samples=3, cadence_seconds=600)


# ------------------------------------------------------------- the program and its data
def test_without_psls_the_task_says_how_to_get_it(monkeypatch):
    monkeypatch.setenv("PSLS_PROGRAM", "/nowhere/psls")
    with pytest.raises(TaskFailed, match=r"(?s)pip install 'eas-tasks-tda\[psls\]'.*PSLS_PROGRAM"):
        get_program()


def test_without_its_data_the_task_says_where_they_come_from(monkeypatch, tmp_path):
    monkeypatch.delenv("PSLS_DATA", raising=False)
    with pytest.raises(TaskFailed, match=r"(?s)pip download .* psls==2\.0.*PSLS_DATA"):
        get_data_file("models/0012069449.gsm")
    monkeypatch.setenv("PSLS_DATA", str(tmp_path))
    with pytest.raises(TaskFailed, match=r"0012069449\.gsm: there is no such file"):
        get_data_file("models/0012069449.gsm")


def test_a_job_without_psls_fails_once_and_says_why(stand_in, run_task, monkeypatch):
    monkeypatch.setenv("PSLS_PROGRAM", "/nowhere/psls")
    outcome = run_task(TASK_TYPE.example)
    assert outcome.failed
    (text,) = outcome.errors
    assert "'/nowhere/psls', which is not installed" in text


def test_a_failing_program_shows_its_last_lines(stand_in, tmp_path):
    stand_in("import sys; print('begun', flush=True); sys.exit('sls.SLSError: of this and that')")
    with pytest.raises(TaskFailed, match=r"(?s)PSLS .* failed.*begun\n.*SLSError: of this and that"):
        run_psls({}, tmp_path)


def test_only_the_end_is_shown_of_what_is_long():
    assert last_lines(b"\n".join(b"%d\n ^^~~^^" % i for i in range(30))).split() == [
        str(i) for i in range(18, 30)
    ]
    assert last_lines(b"\xff\n") == "\\xff"
    assert last_lines(b"") == "(nothing)"


# ------------------------------------------------------------- the light curve
def test_a_light_curve_has_the_stars_fluxes_times_the_transits(stand_in):
    specs = PslsSpecs(**SHORT, nsr=73)
    made, quiet = synthesise_psls(specs, seed=3), synthesise(TransitSpecs(**SHORT, u1=0.25, u2=0.75), seed=3)
    np.testing.assert_array_equal(made.times, quiet.times)
    star = simulate_star(specs, samples=864, master_seed=master_seed(3)).fluxes
    np.testing.assert_array_equal(made.fluxes, star * quiet.fluxes)
    noise = 73e-6 / math.sqrt(24 * 600 / 3600)  # an hour's mean of one camera
    assert made.metadata["noise_per_sample"] == pytest.approx(noise)
    assert made.uncertainties == pytest.approx(np.full(864, noise))
    for name in ("integrated_transit_power", "pixels_in_transit", "pixels_out_of_transit"):
        assert made.metadata[name] == quiet.metadata[name]
    power, samples = made.metadata["integrated_transit_power"], made.metadata["pixels_in_transit"]
    assert made.metadata["mes"] == pytest.approx(power / noise / math.sqrt(samples))


def test_without_transits_there_are_none(stand_in):
    made = synthesise_psls(PslsSpecs(**SHORT, enable_transits=False), seed=3)
    assert (made.metadata["pixels_in_transit"], made.metadata["mes"]) == (0, 0)
    assert made.fluxes.mean() == pytest.approx(1, abs=2e-5)  # the stand-in's noise is 100 ppm: 3.4 ppm of 864


def test_the_mes_may_assume_another_noise(stand_in):
    assumed = synthesise_psls(PslsSpecs(**SHORT, mes_assume_noise=3.15e-4), seed=3).metadata
    own = synthesise_psls(PslsSpecs(**SHORT), seed=3).metadata
    noises = 3.15e-4 * math.sqrt(25 / 600), own["noise_per_sample"]
    assert assumed["mes"] * noises[0] == pytest.approx(own["mes"] * noises[1])


def test_a_noise_that_psls_does_not_tell_is_the_scatter_of_neighbours(stand_in):
    stand_in(STAND_IN.replace("white_noise = 4380", "white_noise = -60"))
    made = synthesise_psls(PslsSpecs(**SHORT, enable_systematics=True), seed=3)
    assert made.metadata["noise_per_sample"] == pytest.approx(1e-4, rel=0.15)  # of the stand-in: 100 ppm


def test_d60_equal_seeds_give_equal_stars_and_others_do_not(stand_in):
    specs = PslsSpecs(**SHORT)
    first, second, third = (synthesise_psls(specs, seed=seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first.fluxes, second.fluxes)
    assert not np.array_equal(first.fluxes, third.fluxes)
    own = synthesise_psls(PslsSpecs(**SHORT, seed=7), seed=8)
    assert (own.metadata["seed"], own.metadata["master_seed"]) == (7, master_seed(7))
    np.testing.assert_array_equal(first.fluxes, own.fluxes)


@pytest.mark.slow
def test_a_task_over_its_time_takes_psls_with_it(stand_in, run_task, tmp_path):
    mark = tmp_path / "process"
    stand_in(f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    task = TASK_TYPE.example["task_list"][0]
    # long enough for the stand-in to begin on a machine with much else to do
    outcome = run_task({**task, "time_limit_s": 12, "max_attempts": 1})
    assert outcome.failed
    assert any("more than its limit of 12 s" in text for text in outcome.errors), outcome.errors
    assert not is_alive(int(mark.read_text()))


def is_alive(process_id):
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Contract(TaskTypeContract):
    __test__ = False
    optional_metadata = frozenset({"nsr", "impact_parameter", "exposure_time", "mes_assume_noise"})

    @pytest.fixture
    def task_type(self):
        return TASK_TYPE


class TestWithAStandIn(Contract):
    __test__ = True

    @pytest.fixture
    def files(self, workspace, stand_in):
        """The program."""


# ------------------------------------------------------------- the program itself
@pytest.fixture
def psls():
    try:
        get_program()
        for name in data_files(PslsSpecs(enable_systematics=True)).values():
            get_data_file(name)
    except TaskFailed:
        pytest.skip("PSLS (GPL) is an optional extra; PSLS_PROGRAM and PSLS_DATA say where it is")


@pytest.mark.usefixtures("psls")
class TestWithPsls(Contract):
    __test__ = True


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "expected"),
    # photons alone, V = 10: 64 ppm; V = 12.5: 247 ppm; the stars add some of their own
    [("main_sequence", (60e-6, 110e-6)), ("red_giant", (250e-6, 1000e-6))],
)
def test_psls_gives_stars_and_equal_ones_for_equal_seeds(psls, mode, expected):
    specs = PslsSpecs(**SHORT, mode=mode)
    first, second, third = (simulate_star(specs, samples=864, master_seed=seed).fluxes for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, third)
    assert expected[0] < first.std() < expected[1]


def test_the_white_noise_of_psls_is_what_its_report_says(psls):
    star = simulate_star(PslsSpecs(**SHORT, nsr=2000), samples=864, master_seed=1)
    noise = star.camera_noise / math.sqrt(24 * 600)
    assert noise == pytest.approx(2000e-6 / math.sqrt(24 / 6), rel=1e-3)
    assert star.fluxes.std() == pytest.approx(noise, rel=0.1)  # 864 samples: 1 sigma of the estimate 2.4 %


@pytest.mark.parametrize("phase", ["BOL", "EOL"])
@pytest.mark.parametrize("updates", [False, True])
def test_systematics_make_the_star_drift(psls, phase, updates):
    specs = PslsSpecs(
        duration=40, sampling_cadence=3600, enable_systematics=True, mission_phase=phase, mask_updates=updates
    )
    star = simulate_star(specs, samples=960, master_seed=3)
    assert star.camera_noise is None
    daily = star.fluxes.reshape(40, 24).mean(axis=1)
    assert np.ptp(daily) > 5 * 26.2e-6 / math.sqrt(24)  # more than the photons scatter


@pytest.mark.parametrize(("samples", "cadence"), [(1, 600.0), (145, 600.0), (1001, 25.0), (777, 33.3)])
def test_psls_writes_the_samples_that_its_quarters_ask_for(psls, samples, cadence):
    specs = PslsSpecs(sampling_cadence=cadence, quarter_days=1, mode="main_sequence")
    assert len(simulate_star(specs, samples=samples, master_seed=1).fluxes) == samples


def test_our_transits_are_those_of_psls_where_it_can_make_them(psls, tmp_path):
    specs = PslsSpecs(**SHORT, mode="main_sequence", enable_random_noise=False)
    data = {"model": get_data_file("models/0012069449.gsm")}
    settings = psls_settings(specs, samples=864, master_seed=1, data=data)
    for part in ("Oscillations", "Activity", "Granulation"):
        settings[part]["Enable"] = 0
    phase = (
        90 - 360 * specs.t0 / specs.orbital_period
    )  # PSLS counts the orbit from a quarter before the transit
    settings["Transit"] |= {
        "Enable": 1,
        "PlanetRadius": specs.planet_radius,
        "OrbitalPeriod": specs.orbital_period,
        "PlanetSemiMajorAxis": specs.semi_major_axis,
        "OrbitalAngle": phase,
    }
    run_psls(settings, tmp_path)
    (table,) = tmp_path.glob("*.dat")
    times, ppm = np.loadtxt(table, usecols=(0, 1)).T
    star = 1.1162 * SOLAR_RADIUS  # that PSLS reports for its model
    own = model_flux(PlanetSpecs(**PLANET, star_radius=star, u1=0.25, u2=0.75), times / 86_400)
    theirs = 1 + 1e-6 * ppm
    depths = [1 - flux.min() for flux in (own, theirs)]
    assert depths[0] == pytest.approx(
        depths[1], rel=0.002
    )  # their Jupiter and Sun differ in the fourth digit
    np.testing.assert_array_equal(own < 1, theirs < 1)
    # half of the groups see the ingress up to 9.4 s earlier or later
    np.testing.assert_allclose(own, theirs, atol=0.005 * depths[0])


def test_the_templates_are_the_modes():
    assert set(TEMPLATES) == set(PslsSpecs.model_fields["mode"].annotation.__args__)


def test_the_settings_are_written_so_that_numbers_stay_numbers():
    text = yaml.safe_dump(told(sampling_cadence=600.0, nsr=1e-7))
    assert yaml.safe_load(text) == told(sampling_cadence=600.0, nsr=1e-7)
