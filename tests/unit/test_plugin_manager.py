"""Plugins: found among packages on disk; a broken one spoils nothing, every fault names its package."""

import os
import subprocess
import sys
from importlib.metadata import DistributionFinder, MetadataPathFinder
from pathlib import Path
from textwrap import dedent

import pytest

import eas_framework
from eas_framework.errors import PluginError, UnknownBackendError, UnknownTaskTypeError
from eas_framework.plugins import DatabaseInterface, FileSlot, LightcurveReader, QcMetric, Resources, TaskType
from eas_framework.plugins.checks import HOOKS
from eas_framework.plugins.manager import PluginManager, plugin_manager
from eas_framework.settings import Configuration, use_configuration

TASK = """
    from eas_framework.plugins import TaskType, hookimpl

    @hookimpl
    def eas_task_types():
        return [TaskType(name={name!r}, handler=print)]
"""


class Site:
    """A folder of installed packages, each with its metadata, as an installer leaves them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, package, source, *, plugin=None, version="1.2.0", requires=()):
        module = f"made_{package.replace('-', '_')}"  # never the name of a package that is really installed
        plugin = plugin or package.removeprefix("eas-")
        (self.folder / f"{module}.py").write_text(dedent(source))
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir()
        needed = "".join(f"Requires-Dist: {item}\n" for item in requires)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n{needed}"
        )
        (info / "entry_points.txt").write_text(f"[eas_framework]\n{plugin} = {module}\n")
        return self

    def entry_points(self):
        context = DistributionFinder.Context(path=[str(self.folder)])
        return [
            point for found in MetadataPathFinder.find_distributions(context) for point in found.entry_points
        ]

    def manager(self, **options):
        return PluginManager(entry_points=self.entry_points(), **options)


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield Site(folder)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


def row(manager, plugin):
    return next(row for row in manager.report() if row["plugin"] == plugin)


# ---------------------------------------------------------------- a good plugin
def test_a_plugin_is_found_by_its_entry_point_and_says_where_it_comes_from(site):
    manager = site.install("eas-good", TASK.format(name="good")).manager(strict=True)
    assert manager.task_types()["good"].handler is print
    source = manager.task_type_source("good")
    assert (source.plugin, source.package, source.version) == ("good", "eas-good", "1.2.0")
    assert str(source) == "plugin good (eas-good 1.2.0)"
    assert manager.report() == [
        {
            "plugin": "good",
            "package": "eas-good",
            "version": "1.2.0",
            "status": "ok",
            "supplies": "task type good",
            "problem": "",
        }
    ]


def test_a_hook_may_be_a_generator(site):
    source = """
        from eas_framework.plugins import TaskType, hookimpl

        @hookimpl
        def eas_task_types():
            yield TaskType(name="one", handler=print)
            yield TaskType(name="two", handler=print)
    """
    assert list(site.install("eas-pair", source).manager(strict=True).task_types()) == ["one", "two"]


def test_metrics_and_readers_come_through_their_hooks(site):
    source = """
        from eas_framework.plugins import LightcurveReader, QcMetric, hookimpl

        @hookimpl
        def eas_qc_metrics():
            return [QcMetric(name="scatter", task_types=frozenset({"null"}), measure=dict)]

        @hookimpl
        def eas_lightcurve_readers():
            return [LightcurveReader(name="raw", sniff=bool, read=open)]
    """
    manager = site.install("eas-more", source).manager(strict=True)
    assert [metric.name for metric in manager.qc_metrics()] == ["scatter"]
    assert [reader.name for reader in manager.lightcurve_readers()] == ["raw"]
    assert row(manager, "more")["supplies"] == "QC metric scatter; light-curve reader raw"


# ---------------------------------------------------------------- isolation
@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_driver", "ModuleNotFoundError: No module named 'no_such_driver'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_explained_and_the_others_work(site, source, reason):
    site.install("eas-mysql", source).install("eas-good", TASK.format(name="good"))
    manager = site.manager()
    assert list(manager.task_types()) == ["good"]
    assert row(manager, "mysql")["status"] == "failed"
    with pytest.raises(UnknownBackendError) as caught:
        manager.database_backend("mysql")
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("no database backend 'mysql'; installed: none")
    assert lines[1].startswith(f"  failed to load: plugin mysql (eas-mysql 1.2.0): {reason}")


def test_a_hook_that_raises_is_a_fault_of_its_plugin_only(site):
    broken = """
        from eas_framework.plugins import hookimpl

        @hookimpl
        def eas_task_types():
            raise RuntimeError("no licence")
    """
    site.install("eas-broken", broken).install("eas-good", TASK.format(name="good"))
    manager = site.manager()
    assert list(manager.task_types()) == ["good"]
    assert manager.faults() == ["plugin broken (eas-broken 1.2.0): eas_task_types: RuntimeError: no licence"]


def test_a_hook_with_an_argument_that_the_hook_does_not_have_is_refused(site):
    source = """
        from eas_framework.plugins import hookimpl

        @hookimpl
        def eas_task_types(database):
            return []
    """
    assert "database" in row(site.install("eas-odd", source).manager(), "odd")["problem"]


def test_a_missing_backend_names_what_to_install(site):
    with pytest.raises(UnknownBackendError, match=r"installed: none; install the package eas-sqlite"):
        site.manager().database_backend("sqlite3")
    with pytest.raises(ValueError, match=r"no queue backend 'amqp'.*install the package eas-rabbitmq"):
        site.manager().queue_backend("amqp")
    with pytest.raises(UnknownTaskTypeError, match="install the package eas-tasks-tda"):
        site.manager().task_type_source("transit_search_tls")


def test_a_slip_in_a_task_type_is_answered_with_the_nearest_name(site):
    manager = site.install("eas-good", TASK.format(name="smooth_flux")).manager()
    with pytest.raises(UnknownTaskTypeError, match="'smoth_flux'; did you mean 'smooth_flux'"):
        manager.task_type_source("smoth_flux")


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("transit_search_dst_v26", "DST"),
        ("transit_search_dst_v29", "DST"),
        ("transit_search_exotrans", "EXOTRANS"),
    ],
)
def test_d61_a_search_that_was_never_public_says_so_and_how_to_plug_it_in(site, name, program):
    manager = site.install("eas-near", TASK.format(name=f"{name}0")).manager()  # a name that is very near
    with pytest.raises(UnknownTaskTypeError, match=f"{program} was never published.*in a plugin of its own"):
        manager.task_type_source(name)


# ---------------------------------------------------------------- hooks by name
def test_a_misspelt_hook_is_named_with_the_right_one(site):
    source = TASK.format(name="good").replace("eas_task_types", "eas_task_type")
    manager = site.install("eas-slip", source).manager()
    reason = "eas_task_type is no hook of the framework; did you mean 'eas_task_types'?"
    assert manager.faults() == [f"plugin slip (eas-slip 1.2.0): {reason}"]
    assert row(manager, "slip")["status"] == "faulty"


def test_a_forgotten_marker_is_noticed(site):
    source = TASK.format(name="good").replace("@hookimpl", "")
    assert (
        "eas_task_types is not marked with @hookimpl"
        in site.install("eas-bare", source).manager().faults()[0]
    )


# ---------------------------------------------------------------- values
def _metric(**changes):
    return QcMetric(**{"name": "m", "task_types": frozenset({"null"}), "measure": dict, **changes})


def _task(**changes):
    return TaskType(**{"name": "t", "handler": print, **changes})


@pytest.mark.parametrize(
    ("hook", "value", "fault"),
    [
        ("eas_task_types", "null", "is not a TaskType"),
        ("eas_task_types", _task(name="not a name"), "is not an identifier"),
        ("eas_task_types", _task(name="x" * 65), "is not an identifier"),
        ("eas_task_types", _task(handler=None), "cannot be called"),
        ("eas_task_types", _task(quality_control=1), "cannot be called"),
        ("eas_task_types", _task(container=""), "one container's name"),
        ("eas_task_types", _task(container="all"), "one container's name"),
        ("eas_task_types", _task(resources={"cpu": 1}), "must be Resources"),
        ("eas_task_types", _task(resources=Resources(cpu=0)), "cpu and memory_gb above 0"),
        ("eas_task_types", _task(resources=Resources(memory_gb=float("nan"))), "must be numbers"),
        ("eas_task_types", _task(max_attempts=0), "max_attempts"),
        ("eas_task_types", _task(time_limit_s=-1), "time_limit_s"),
        ("eas_task_types", _task(parameters=dict), "pydantic model"),
        ("eas_task_types", _task(inputs=["lightcurve"]), "tuple of FileSlot"),
        ("eas_task_types", _task(outputs=(FileSlot(name="a"), FileSlot(name="a"))), "one file twice"),
        ("eas_task_types", _task(retry_on=(print,)), "exception classes"),
        ("eas_qc_metrics", {"m": 1}, "is not a QcMetric"),
        ("eas_qc_metrics", _metric(name="a b"), "is not an identifier"),
        ("eas_qc_metrics", _metric(task_types="null"), "frozenset of names"),
        ("eas_qc_metrics", _metric(measure=1), "cannot be called"),
        ("eas_lightcurve_readers", 7, "is not a LightcurveReader"),
        ("eas_lightcurve_readers", LightcurveReader(name="", sniff=bool, read=open), "is not text"),
        ("eas_lightcurve_readers", LightcurveReader(name="r", sniff=1, read=open), "must be functions"),
        ("eas_database_backends", dict, "is not a subclass of DatabaseInterface"),
        ("eas_database_backends", DatabaseInterface, "lacks begin, close, commit"),
        ("eas_queue_backends", object(), "is not a subclass of TaskQueue"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_apart(hook, value, fault):
    assert any(fault in found for found in HOOKS[hook].check("m", value))


def test_a_sound_value_has_no_fault():
    assert list(HOOKS["eas_task_types"].check("t", _task(inputs=(FileSlot(name="a"),), max_attempts=1))) == []


def test_a_value_that_cannot_even_be_checked_is_a_fault_and_no_crash(site):
    source = TASK.format(name="odd").replace("handler=print", "handler=print, retry_on=7")
    assert "TypeError" in site.install("eas-odd", source).manager().faults()[0]


def test_an_unfit_value_is_left_out_and_the_rest_of_the_plugin_kept(site):
    source = """
        from eas_framework.plugins import TaskType, hookimpl

        @hookimpl
        def eas_task_types():
            good = TaskType(name="good", handler=print)
            return [good, TaskType(name="bad", handler=None), good]

        @hookimpl
        def eas_database_backends():
            return ["mysql"]

        @hookimpl
        def eas_qc_metrics():
            return "scatter"
    """
    manager = site.install("eas-half", source, version="2.1").manager()
    assert list(manager.task_types()) == ["good"]
    faults = manager.faults()
    assert all(fault.startswith("plugin half (eas-half 2.1): ") for fault in faults)
    for expected in (
        "task type 'bad': its handler None",
        "task type 'good' is given twice",
        "must return a mapping of names to classes",
        "must return a list of QC metrics",
    ):
        assert any(expected in fault for fault in faults)


# ---------------------------------------------------------------- two that want the same
def test_a_second_plugin_of_one_name_is_not_loaded_and_both_are_named(site):
    site.install("eas-a", TASK.format(name="from_a"), plugin="same")
    manager = site.install("eas-b", TASK.format(name="from_b"), plugin="same").manager()
    assert list(manager.task_types()) == ["from_a"]
    assert manager.faults() == [
        "plugin same (eas-b 1.2.0): the name same is taken by plugin same (eas-a 1.2.0)"
    ]


def test_a_task_type_of_two_plugins_is_an_error_that_names_both(site):
    site.install("eas-a", TASK.format(name="shared")).install("eas-b", TASK.format(name="shared"))
    with pytest.raises(PluginError) as caught:
        site.manager().task_types()
    assert "'shared' is supplied by plugin a (eas-a 1.2.0) and by plugin b (eas-b 1.2.0)" in str(caught.value)
    assert "task_type_sources" in str(caught.value)


@pytest.mark.parametrize("wanted", ["b", "eas-b"])
def test_the_operator_says_which_plugin_supplies_a_task_type(site, wanted):
    site.install("eas-a", TASK.format(name="shared")).install("eas-b", TASK.format(name="shared"))
    manager = site.manager(task_type_sources={"shared": wanted}, strict=True)
    assert manager.task_type_source("shared").plugin == "b"
    assert manager.faults() == []


def test_a_source_that_does_not_supply_the_task_type_is_an_error(site):
    manager = site.install("eas-a", TASK.format(name="shared")).manager(task_type_sources={"shared": "c"})
    with pytest.raises(
        PluginError, match="plugin 'c' does not supply the task type 'shared'; it comes from: a"
    ):
        manager.task_types()


def test_a_backend_of_two_plugins_is_an_error_only_for_those_who_ask_for_it(site):
    source = """
        from eas_framework.plugins import TaskQueue, hookimpl

        class Queue(TaskQueue):
            close = queue_declare = queue_publish = queue_length = queue_fetch_list = print
            queue_fetch_and_acknowledge = fetch_hint = acknowledge = queue_purge = print

        @hookimpl
        def eas_queue_backends():
            return {"twice": Queue, NAME: Queue}
    """
    site.install("eas-a", source.replace("NAME", "'a'")).install("eas-b", source.replace("NAME", "'b'"))
    manager = site.manager()
    assert manager.queue_backend_names() == ["a", "b", "twice"]
    assert manager.queue_backend("a").__name__ == "Queue"
    with pytest.raises(PluginError, match=r"'twice' is supplied by plugin a .* and by plugin b"):
        manager.queue_backend("twice")


# ---------------------------------------------------------------- versions
@pytest.mark.parametrize(
    ("running", "requirement", "is_loaded"),
    [
        ("1.0.0.dev0", "eas-framework>=1.0.0.dev0,<2", True),
        ("1.4.2", "eas-framework>=1.0.0.dev0,<2", True),
        ("2.0.0", "eas-framework>=1.0.0.dev0,<2", False),
        ("2.0.0.dev0", "eas-framework>=1.0.0.dev0,<2", False),
        ("1.0.0.dev0", "eas_framework>=2", False),
        ("1.0.0.dev0", "eas-framework~=1.0", False),
        ("1.0.0.dev0", "eas-framework[testing]>=3; extra == 'test'", True),
        ("1.0.0.dev0", "numpy>=99", True),
        ("1.0.0.dev0", "eas-framework", True),
    ],
)
def test_a_plugin_made_for_another_version_is_reported_and_not_loaded(
    site, monkeypatch, running, requirement, is_loaded
):
    monkeypatch.setattr(eas_framework, "__version__", running)
    mark = site.folder / "imported"
    source = f"open({str(mark)!r}, 'w').close()\n" + dedent(TASK.format(name="picky"))
    manager = site.install("eas-picky", source, requires=[requirement]).manager()
    assert mark.exists() is is_loaded
    assert ("picky" in manager.task_types()) is is_loaded
    if not is_loaded:
        assert row(manager, "picky")["status"] == "incompatible"
        assert requirement in row(manager, "picky")["problem"]
        assert f"eas-framework {running} is installed" in row(manager, "picky")["problem"]


# ---------------------------------------------------------------- the operator's say
@pytest.mark.parametrize("name", ["good", "eas-good"])
def test_a_blocked_plugin_is_not_imported_and_still_listed(site, name):
    manager = site.install("eas-good", TASK.format(name="good")).manager(disabled=(name,), strict=True)
    assert manager.task_types() == {}
    assert row(manager, "good")["status"] == "disabled"
    assert "made_eas_good" not in sys.modules
    with pytest.raises(UnknownTaskTypeError, match=r"disabled: plugin good \(eas-good 1\.2\.0\)"):
        manager.task_type_source("good")


def test_strict_mode_turns_a_remembered_fault_into_an_error_but_still_reports(site):
    site.install("eas-broken", "1 / 0").install("eas-good", TASK.format(name="good"))
    manager = site.manager(strict=True)
    for use in (manager.task_types, manager.qc_metrics, manager.lightcurve_readers):
        with pytest.raises(PluginError, match=r"plugin broken \(eas-broken 1\.2\.0\): ZeroDivisionError"):
            use()
    assert row(manager, "broken")["status"] == "failed"


# ---------------------------------------------------------------- the manager of the process
def test_the_process_has_one_manager_for_one_configuration(bare_machine):
    first = plugin_manager()
    assert plugin_manager() is first
    use_configuration(Configuration(workspace=bare_machine, disabled_plugins=("anything",)))
    assert plugin_manager() is not first


def test_variables_block_plugins_and_set_strict_mode(site, bare_machine):
    site.install("eas-broken", "1 / 0").install("eas-good", TASK.format(name="good_task_of_the_test"))
    code = """
        from eas_framework.plugins.manager import plugin_manager
        print("good_task_of_the_test" in plugin_manager().task_types())
    """
    path = os.pathsep.join([str(site.folder), str(Path(eas_framework.__file__).parent.parent)])

    def outcome(**variables):
        environment = {**os.environ, "PYTHONPATH": path, **variables}
        command = [sys.executable, "-c", dedent(code)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        return done.stdout.strip(), done.stderr

    assert outcome()[0] == "True"
    assert outcome(EAS_DISABLED_PLUGINS="good")[0] == "False"
    assert "ZeroDivisionError" in outcome(EAS_STRICT_PLUGINS="1")[1]
    assert "ZeroDivisionError" not in outcome(EAS_STRICT_PLUGINS="1", EAS_DISABLED_PLUGINS="broken")[1]


# ---------------------------------------------------------------- only what is asked for
def test_a_hook_is_called_when_its_values_are_first_asked_for_and_once(site):
    source = """
        from eas_framework.plugins import TaskType, hookimpl

        CALLS = []

        @hookimpl
        def eas_task_types():
            CALLS.append("task types")
            return [TaskType(name="counted", handler=print)]
    """
    manager = site.install("eas-counted", source).manager()
    module = sys.modules["made_eas_counted"]
    with pytest.raises(UnknownBackendError):
        manager.database_backend("sqlite3")
    assert module.CALLS == []
    assert set(manager.task_types()) == {"counted"}
    assert manager.report()
    assert manager.faults() == []
    assert module.CALLS == ["task types"]


def test_finding_the_database_backend_imports_no_task_type(monkeypatch):
    monkeypatch.delenv("EAS_STRICT_PLUGINS", raising=False)  # which looks at every plugin
    code = (
        "import sys; from eas_framework.plugins.manager import plugin_manager; "
        "plugin_manager().database_backend('sqlite3'); "
        "sys.exit(any(name in sys.modules for name in ('pydantic', 'numpy', 'eas_framework.tasks.null')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
