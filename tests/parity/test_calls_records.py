"""Records, constants, expressions, settings, task types, temporary directories: called for real."""

import functools
import json
import math
import stat
from pathlib import Path

import pytest
from documented_api import calls

from eas_framework.constants import EASConstants
from eas_framework.errors import ExpressionError, RegistryError, SettingsError, UnknownTaskTypeError
from eas_framework.pipeline import open_workspace
from eas_framework.settings import Settings
from eas_framework.task_expression_evaluation import TaskExpressionEvaluation
from eas_framework.task_objects import (
    FileProduct,
    FileProductVersion,
    MetadataItem,
    Task,
    TaskExecutionAttempt,
)
from eas_framework.task_types import TaskTypeList
from eas_framework.temporary_directory import TemporaryDirectory

pytest_plugins = ["eas_framework.testing.fixtures"]
objects = functools.partial(calls, of="task_objects")


def through_json(record):
    """What the record's class makes of its own description, after that has been JSON text."""
    return type(record).from_dict(d=json.loads(json.dumps(record.as_dict())))


# ------------------------------------------------------------- records
@objects("MetadataItem", "MetadataItem.as_dict", "MetadataItem.from_dict")
def test_a_metadata_item_survives_json():
    item = MetadataItem(keyword="period", value=50.5, timestamp=12.0)
    assert item.as_dict() == {"keyword": "period", "value": 50.5, "timestamp": 12.0}
    assert through_json(item) == item
    assert MetadataItem("a", 1).timestamp > 1e9


@objects(*(f"FileProduct{part}" for part in ("", ".configure", ".as_dict", ".from_dict", ".set_metadata")))
def test_a_file_product_is_configured_and_survives_json():
    product = FileProduct(product_id=1, directory="w", metadata={"star": "a"})
    assert product.metadata["star"].value == "a"
    product.configure(
        generator_task=2,
        planned_time=3.0,
        filename="f",
        semantic_type="lc",
        mime_type="x/y",
        metadata={"n": 4},
    )
    assert (product.directory, product.filename, product.planned_time) == ("w", "f", 3.0)
    product.set_metadata(keyword="star", value=MetadataItem("other", "b"))
    assert (product.metadata["star"].keyword, product.metadata["star"].value) == ("star", "b")
    assert through_json(product) == product


@objects(
    *(f"FileProductVersion{part}" for part in ("", ".configure", ".as_dict", ".from_dict", ".set_metadata"))
)
def test_a_file_version_is_configured_and_survives_json():
    version = FileProductVersion(product_version_id=1, product_id=2, passed_qc=None)
    version.configure(
        generated_by_task_execution=3, repository_id="r", created_time=4.0, modified_time=5.0, file_md5="m",
        file_size=6, passed_qc=False, metadata={"n": 1},
    )  # fmt: skip
    assert (version.product_id, version.file_size, version.passed_qc) == (2, 6, False)
    version.set_metadata("n", 2)
    assert version.metadata["n"].value == 2
    assert through_json(version) == version


@objects(
    *(f"TaskExecutionAttempt{part}" for part in ("", ".configure", ".as_dict", ".from_dict", ".set_metadata"))
)
def test_an_attempt_is_configured_and_survives_json():
    attempt = TaskExecutionAttempt(attempt_id=1, task_id=2)
    bare = through_json(attempt)  # the prototype failed for an attempt without its task
    assert bare == attempt
    attempt.configure(
        queued_time=1.0, start_time=2.0, latest_heartbeat_time=3.0, end_time=4.0, all_products_passed_qc=True,
        error_fail=False, error_text="", run_time_wall_clock=5.0, run_time_cpu=6.0,
        run_time_cpu_inc_children=7.0, metadata={"a": 1}, task_object=Task(task_id=2),
        output_files={"lc": FileProductVersion(product_id=9)},
    )  # fmt: skip
    attempt.set_metadata("b", 2)
    assert {key: item.value for key, item in attempt.metadata.items()} == {"a": 1, "b": 2}
    assert (attempt.run_time_cpu_inc_children, attempt.output_files["lc"].product_id) == (7.0, 9)
    assert through_json(attempt) == attempt


@objects(*(f"Task{part}" for part in ("", ".configure", ".as_dict", ".from_dict", ".set_metadata")))
def test_a_task_is_configured_and_survives_json():
    task = Task(task_id=1, execution_attempts_passed=[TaskExecutionAttempt(attempt_id=5)])
    assert list(task.execution_attempts_passed) == [5]
    task.configure(
        parent_id=2, created_time=3.0, task_type="null", job_name="j", task_name="t", working_directory="w",
        input_files={"lc": FileProduct(product_id=4)}, output_files={"lc": FileProduct(product_id=5)},
        input_metadata={"other": {"x": MetadataItem("x", 1)}},
        execution_attempts_passed=[TaskExecutionAttempt(attempt_id=6)],
        execution_attempts_incomplete=[TaskExecutionAttempt(attempt_id=7)], metadata={"a": 1},
    )  # fmt: skip
    task.set_metadata("a", 2)
    assert sorted(task.execution_attempts_passed) == [5, 6]
    assert list(task.execution_attempts_incomplete) == [7]
    assert (task.metadata["a"].value, task.input_metadata["other"]["x"].value) == (2, 1)
    assert through_json(task) == task


# ------------------------------------------------------------- constants and expressions
@calls("EASConstants", of="constants")
def test_the_constants_have_their_documented_values():
    constants = EASConstants()
    assert (constants.day, constants.month, constants.year) == (1, 28, 365.25)  # days
    assert (constants.sun_radius, constants.earth_radius) == (695500e3, 6371e3)  # metres
    assert (constants.jupiter_radius, constants.phy_AU) == (71492e3, 149597870700)  # metres
    assert constants.Rearth == pytest.approx(constants.earth_radius / constants.jupiter_radius, rel=1e-6)
    assert constants.plato_noise == 0.000315


expressions = functools.partial(calls, of="task_expression_evaluation")


@expressions("TaskExpressionEvaluation", "TaskExpressionEvaluation.evaluate_expression")
def test_only_a_text_that_begins_as_an_expression_is_evaluated():
    evaluation = TaskExpressionEvaluation(
        metadata={"size": MetadataItem("size", 3), "i": 0},
        requested_metadata={"search": {"period": MetadataItem("period", 12.5)}},
    )
    evaluate = evaluation.evaluate_expression
    assert evaluate(expression="(metadata['size'] * constants.month)") == 84
    assert evaluate("'lc_{i}.gz'.format(**metadata)") == "lc_0.gz"
    assert evaluate("(requested_metadata['search']['period'])") == 12.5
    assert (evaluate("  plain text "), evaluate(7), evaluate(None)) == ("plain text", 7, None)
    with pytest.raises(ExpressionError):
        evaluate("(__import__('os').getpid())")


@expressions("TaskExpressionEvaluation.evaluate_in_structure")
def test_a_structure_is_evaluated_except_for_what_belongs_to_later():
    written = {
        "'{a}'.format(**metadata)": [1, ("(metadata['a'] + 'b')", "c")],
        "task_list": ["(later)"],
        "repeat_criterion": "(later)",
        "else_task_list": ["(later)"],
    }
    evaluated = TaskExpressionEvaluation({"a": "x"}, {}).evaluate_in_structure(structure=written)
    assert evaluated == {"x": [1, ["xb", "c"]], **{key: written[key] for key in list(written)[1:]}}


# ------------------------------------------------------------- temporary directories
@calls("TemporaryDirectory", "TemporaryDirectory.clean_up", of="temporary_directory")
def test_a_temporary_directory_is_private_and_goes_away():
    with TemporaryDirectory() as one:
        two = TemporaryDirectory()
        assert one.tmp_dir != two.tmp_dir
        assert stat.S_IMODE(Path(one.tmp_dir).stat().st_mode) == 0o700
        Path(two.tmp_dir, "file").write_text("x")
        two.clean_up()
        two.clean_up()
        assert not Path(two.tmp_dir).exists()
    assert not Path(one.tmp_dir).exists()


# ------------------------------------------------------------- settings
@calls("Settings", of="settings")
def test_the_settings_are_there_under_their_documented_names(workspace):
    settings = Settings()
    assert settings.settings["dataPath"] == str(workspace / ".eas" / "store")
    assert settings.settings["lcPath"] == settings.settings["inDataPath"] == str(workspace)
    assert {"softwareVersion", "pythonPath", "localDataPath", "debug"} <= settings.settings.keys()
    assert settings.installation_info["db_engine"] == "sqlite3"
    assert settings.installation_info["max_heartbeat_age"] > 0


@calls("Settings.fetch_environment_settings", "Settings.fetch_local_settings", of="settings")
def test_the_settings_of_another_workspace_are_read(workspace, tmp_path):
    other = tmp_path / "other"
    (other / ".eas" / "local").mkdir(parents=True)
    (other / "eas.yaml").write_text("max_log_message_length: 77\n")
    with pytest.raises(SettingsError, match="no file store"):
        Settings().fetch_environment_settings(root_path=other)
    (other / ".eas" / "store").mkdir()
    assert Settings().fetch_environment_settings(other)["dataPath"] == str(other / ".eas" / "store")
    assert Settings.fetch_local_settings(root_path=other)["max_log_message_length"] == 77


# ------------------------------------------------------------- task types
REGISTRY = """<task_type_registry>
<containers>
  <container><name>small</name>
    <resourceRequirements><cpu>1</cpu><gpu>0</gpu><memory_gb>8</memory_gb></resourceRequirements></container>
  <container><name>large</name>
    <resourceRequirements><cpu>20</cpu><gpu>2</gpu><memory_gb>16</memory_gb></resourceRequirements></container>
</containers>
<tasks>
  <task><name>null</name><container>all</container></task>
  <task><name>search</name><container>large</container></task>
</tasks>
</task_type_registry>"""
types = functools.partial(calls, of="task_types")


@types(
    "TaskTypeList",
    "TaskTypeList.read_from_xml",
    "TaskTypeList.task_type_names",
    "TaskTypeList.worker_container_names",
)
def test_a_registry_file_is_read_with_numbers_as_numbers(tmp_path):
    path = tmp_path / "registry.xml"
    path.write_text(REGISTRY)
    registry = TaskTypeList.read_from_xml(input_xml_filename=str(path))
    assert registry.worker_containers["large"] == {"cpu": 20, "gpu": 2, "memory_gb": 16}
    assert sorted(registry.task_type_names()) == ["null", "search"]
    assert sorted(registry.worker_container_names()) == ["large", "small"]
    assert registry.task_list == {"null": {"small", "large"}, "search": {"large"}}
    path.write_text(REGISTRY.replace("<container>large<", "<container>none<"))
    with pytest.raises(RegistryError):
        TaskTypeList.read_from_xml(path)
    assert TaskTypeList().task_list == {}


@types("TaskTypeList.containers_for_task", "TaskTypeList.tasks_for_container")
def test_all_stands_for_every_container_in_both_directions(tmp_path):
    path = tmp_path / "registry.xml"
    path.write_text(REGISTRY)
    registry = TaskTypeList.read_from_xml(path)
    assert set(registry.containers_for_task(task_type_name="null")) == {"small", "large"}
    assert set(registry.tasks_for_container(container_name="small")) == {"null"}
    assert set(registry.tasks_for_container("large")) == {"null", "search"}
    with pytest.raises(UnknownTaskTypeError):
        registry.containers_for_task("serch")


@types("TaskTypeList.read_from_xml")
def test_without_a_file_the_installation_s_registry_is_read(workspace):
    database, _ = open_workspace()
    with database:
        assert set(TaskTypeList.read_from_xml().task_type_names()) <= set(
            database.task_type_list_from_db().task_type_names()
        )
    assert not math.isnan(TaskTypeList.read_from_xml().worker_containers["eas_worker_tls"]["cpu"])
