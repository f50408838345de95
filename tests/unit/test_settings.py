"""Settings: sources and their order, types, mistakes, passwords, the workspace."""

import json
import os
import pickle
import stat
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from eas_framework.errors import SettingsError
from eas_framework.settings import (
    KEYS,
    Configuration,
    Secret,
    Settings,
    configuration,
    ensure_workspace,
    find_workspace,
    load_configuration,
    use_configuration,
    write_setting,
)

PASSWORD = "S3CR3T-a#b:c"  # noqa: S105 - looked for in whatever is printed


@pytest.fixture(autouse=True)
def machine(bare_machine):
    return bare_machine


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# ---------------------------------------------------------------- defaults and the workspace
def test_without_any_file_the_defaults_hold_and_nothing_is_written(machine):
    config = load_configuration()
    assert (config.workspace, config.db_engine, config.queue_implementation) == (machine, "sqlite3", "sql")
    assert config.data_path == machine / ".eas" / "store"
    assert config.local_data_path == machine / ".eas" / "local"
    assert config.in_data_path == config.lc_path == machine
    assert config.origin("db_engine") == "default"
    assert list(machine.iterdir()) == []


def test_light_curves_are_looked_for_where_the_input_data_are_unless_said_otherwise(machine):
    assert load_configuration(overrides={"in_data_path": "curves"}).lc_path == machine / "curves"


@pytest.mark.parametrize("mark", ["eas.yaml", ".eas/sqlite3_eas.db"])
def test_the_workspace_is_found_from_a_folder_below_it(machine, monkeypatch, mark):
    write(machine / mark, "")
    below = machine / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert load_configuration().workspace == machine


def test_the_nearest_workspace_wins(machine):
    write(machine / "eas.yaml", "")
    write(machine / "inner" / "eas.yaml", "")
    assert find_workspace(machine / "inner") == machine / "inner"


def test_a_variable_chooses_the_workspace_and_an_argument_stands_above_it(machine, monkeypatch):
    monkeypatch.setenv("EAS_WORKSPACE", str(machine / "one"))
    assert load_configuration().workspace == machine / "one"
    assert load_configuration(workspace=Path("two")).workspace == machine / "two"


def test_a_workspace_that_is_a_file_is_refused(machine):
    with pytest.raises(SettingsError, match="is not a folder"):
        load_configuration(workspace=write(machine / "file", ""))


def test_making_the_workspace_is_said_once_and_keeps_local_files_private():
    config = load_configuration()
    line = ensure_workspace(config)
    assert str(config.workspace / ".eas") in line
    assert "\n" not in line
    assert ensure_workspace(config) is None
    assert stat.S_IMODE(config.local_data_path.stat().st_mode) == 0o700
    assert config.data_path.is_dir()


def test_a_workspace_that_cannot_be_made_says_where_and_what_to_do(machine):
    write(machine / ".eas", "in the way")
    with pytest.raises(SettingsError, match=r"cannot make the workspace .*--workspace"):
        ensure_workspace(load_configuration())


# ---------------------------------------------------------------- order and origins
def test_each_source_gives_way_to_the_next_and_the_origin_is_known(machine, monkeypatch):
    tmp_path = machine.parent
    system = write(tmp_path / "etc" / "config.yaml", "db_host: system\n")
    user = write(tmp_path / "config" / "eas" / "config.yaml", "# mine\ndb_host: user\n")
    saved = machine / ".eas" / "local" / "local_settings_sql.conf"
    own = machine / "eas.yaml"
    named = machine / "old.conf"

    def now() -> tuple[str, str]:
        config = load_configuration()
        return config.db_host, config.origin("db_host")

    assert now() == ("user", f"{user}:2")
    user.unlink()
    assert now() == ("system", f"{system}:1")
    write(saved, "db_host: saved\n")
    assert now() == ("saved", f"{saved}:1")
    write(own, "db_host: own\n")
    assert now() == ("own", f"{own}:1")
    write(named, "db_host: named\n")
    write(own, "db_host: own\nconf_files: [old.conf]\n")
    assert now() == ("named", f"{named}:1")
    monkeypatch.setenv("EAS_DB_HOST", "variable")
    assert now() == ("variable", "EAS_DB_HOST")
    config = load_configuration(overrides={"db_host": "argument", "db_user": None})
    assert (config.db_host, config.origin("db_host")) == ("argument", "argument")
    assert config.origin("db_user") == "default"


def test_relative_paths_start_at_the_file_that_names_them(machine, monkeypatch):
    write(machine / "eas.yaml", "data_path: store\nin_data_path: ~/curves\n")
    monkeypatch.setenv("HOME", "/home/somebody")
    below = machine / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    monkeypatch.setenv("EAS_TASK_TYPE_REGISTRY", "mine.xml")
    config = load_configuration()
    assert config.data_path == machine / "store"
    assert config.in_data_path == Path("/home/somebody/curves")
    assert config.task_type_registry == below / "mine.xml"


def test_the_process_keeps_one_configuration_until_told_otherwise(machine):
    first = configuration()
    assert configuration() is first
    other = Configuration(workspace=machine / "other")
    use_configuration(other)
    assert configuration() is other
    use_configuration(None)
    assert configuration() is not other


def test_a_configuration_survives_the_way_to_another_process():
    config = load_configuration(overrides={"db_password": PASSWORD, "task_type_sources": "null=mine"})
    copy = pickle.loads(pickle.dumps(config))  # noqa: S301 - what multiprocessing does
    assert copy == config
    assert copy.db_password.reveal() == PASSWORD
    assert copy.origins == config.origins


# ---------------------------------------------------------------- types
def test_yaml_values_are_typed_by_their_setting_and_not_by_their_look(machine):
    text = "db_password: 0123\ndb_user: yes\ndb_port: '3307'\ndebug: 'on'\nlease_seconds: 1e1\n"
    write(machine / "eas.yaml", text).chmod(0o600)
    config = load_configuration()
    assert config.db_password.reveal() == "0123"  # YAML 1.1 would read the octal number 83
    assert config.db_user == "yes"
    assert (config.db_port, config.debug, config.lease_seconds) == (3307, True, 10.0)


def test_lists_and_tables_can_be_written_in_yaml_and_in_variables(machine, monkeypatch):
    write(machine / "eas.yaml", "disabled_plugins: [a, b]\ntask_type_sources:\n  'null': mine\n")
    config = load_configuration()
    assert config.disabled_plugins == ("a", "b")
    assert config.task_type_sources == {"null": "mine"}
    monkeypatch.setenv("EAS_DISABLED_PLUGINS", "c, d,")
    monkeypatch.setenv("EAS_STRICT_PLUGINS", "1")
    monkeypatch.setenv("EAS_TASK_TYPE_SOURCES", "null=x,error=y")
    config = load_configuration()
    assert config.disabled_plugins == ("c", "d")
    assert config.strict_plugins is True
    assert config.task_type_sources == {"null": "x", "error": "y"}


def test_the_old_name_of_the_lease_is_accepted(machine):
    write(machine / "eas.yaml", "max_heartbeat_age: 300\n")
    assert load_configuration().lease_seconds == 300.0


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("db_port", "many"),
        ("db_port", "0"),
        ("db_port", "65536"),
        ("db_port", "33.5"),
        ("db_port", "inf"),
        ("lease_seconds", "0"),
        ("lease_seconds", "nan"),
        ("grace_seconds", "-1"),
        ("debug", "perhaps"),
        ("log_level", "loud"),
        ("data_path", ""),
        ("task_type_sources", "null"),
        ("debug", ""),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_with_file_and_line(machine, name, raw):
    write(machine / "eas.yaml", f"# first\n{name}: '{raw}'\n")
    with pytest.raises(SettingsError, match=rf"eas\.yaml:2: {name} must"):
        load_configuration()
    with pytest.raises(SettingsError, match=f"argument: {name} must"):
        load_configuration(overrides={name: raw})


# ---------------------------------------------------------------- mistakes in files
def test_an_unknown_setting_is_refused_with_file_line_and_the_nearest_name(machine):
    write(machine / "eas.yaml", "db_engine: sqlite3\n\ndb_pasword: x\n")
    with pytest.raises(
        SettingsError, match=r"eas\.yaml:3: unknown setting 'db_pasword'; did you mean 'db_password'"
    ):
        load_configuration()


def test_all_mistakes_of_all_sources_are_told_at_once(machine):
    write(machine.parent / "config" / "eas" / "config.yaml", "debug: perhaps\n")
    write(machine / "eas.yaml", "db_port: x\nnonsense: 1\n")
    with pytest.raises(SettingsError) as caught:
        load_configuration(overrides={"lease_seconds": -1})
    assert len(str(caught.value).splitlines()) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("db_host: a\ndb_host: b\n", r":2: db_host is set twice, first at .*:1"),
        ("lease_seconds: 1\nmax_heartbeat_age: 2\n", r":2: lease_seconds is set twice"),
        ("db_host: a\ndb_user:\n", r":2: db_user has no value"),
        ("- db_host\n", r":1: must be a table"),
        ("just words\n", r":1: must be a table"),
        ("db_host: [a\n", r":2: not YAML"),
        ("db_host: !!python/object/apply:os.system [ls]\n", r":1: db_host must be text"),
        ("task_type_sources: {a: {b: c}}\n", r":1: task_type_sources is nested too deep"),
        ("disabled_plugins: &a [*a]\n", r":1: disabled_plugins is nested too deep"),
        ("workspace: /elsewhere\n", r":1: unknown setting 'workspace'"),
        ("[" * 5000, "not YAML"),
    ],
)
def test_a_malformed_settings_file_is_refused_with_file_and_line(machine, text, message):
    write(machine / "eas.yaml", text)
    with pytest.raises(SettingsError, match=rf"eas\.yaml.*{message}"):
        load_configuration()


def test_a_settings_file_that_is_not_text_is_refused(machine):
    (machine / "eas.yaml").write_bytes(b"db_host: \xff\xfe\n")
    with pytest.raises(SettingsError, match=r"eas\.yaml: not UTF-8 text"):
        load_configuration()


def test_an_empty_settings_file_changes_nothing(machine):
    write(machine / "eas.yaml", "# nothing yet\n")
    assert load_configuration() == Configuration(workspace=machine)


# ---------------------------------------------------------------- variables
def test_a_variable_with_a_slip_is_refused_and_a_foreign_one_ignored(monkeypatch):
    monkeypatch.setenv("EAS_BUILD_PROFILE", "of another program")
    load_configuration()
    monkeypatch.setenv("EAS_DB_PASWORD", "x")
    with pytest.raises(SettingsError, match="unknown variable EAS_DB_PASWORD; did you mean EAS_DB_PASSWORD"):
        load_configuration()


def test_a_password_can_come_from_a_file_named_by_a_variable(machine, monkeypatch):
    secret = write(machine / "secret", PASSWORD + "\n")
    secret.chmod(0o600)
    monkeypatch.setenv("EAS_DB_PASSWORD_FILE", str(secret))
    config = load_configuration()
    assert config.db_password.reveal() == PASSWORD
    assert config.origin("db_password") == f"EAS_DB_PASSWORD_FILE ({secret})"
    monkeypatch.setenv("EAS_DB_PASSWORD", "another")
    with pytest.raises(SettingsError, match="both EAS_DB_PASSWORD and EAS_DB_PASSWORD_FILE are set"):
        load_configuration()


def test_a_missing_password_file_is_an_error_that_names_it(monkeypatch):
    monkeypatch.setenv("EAS_DB_PASSWORD_FILE", "/nowhere/secret")
    with pytest.raises(SettingsError, match="/nowhere/secret: cannot be read"):
        load_configuration()


# ---------------------------------------------------------------- the prototype's files: item D40
def test_d40_a_password_with_hash_and_colon_in_a_conf_file_is_kept_whole(machine):
    text = "# old\ndb_password: a#b:c   # trailing\nmq_password: 12345\ndb_port: 3306.0\n"
    write(machine / "old.conf", text).chmod(0o600)
    config = load_configuration(overrides={"conf_files": "old.conf"})
    assert config.db_password.reveal() == "a#b:c"
    assert config.mq_password.reveal() == "12345"
    assert config.db_port == 3306


def test_d40_a_line_without_a_colon_is_refused_with_its_number(machine):
    write(machine / "old.conf", "debug: 0\nnonsense\n")
    with pytest.raises(SettingsError, match=r"old\.conf:2: .*without a colon"):
        load_configuration(overrides={"conf_files": "old.conf"})


def test_d40_files_of_a_pattern_are_read_in_the_order_of_their_names(machine):
    for name in ("local_settings_b.conf", "local_settings_c.conf", "local_settings_a.conf"):
        write(machine / name, f"db_host: {name}\n")
    config = load_configuration(overrides={"conf_files": "local_settings*.conf"})
    assert config.db_host == "local_settings_c.conf"


def test_d40_a_file_that_must_exist_is_missed(machine):
    with pytest.raises(SettingsError, match=r"conf_files: no such file: .*absent\.conf"):
        load_configuration(overrides={"conf_files": "absent.conf"})


def test_conf_files_do_not_name_further_files(machine):
    write(machine / "old.conf", "conf_files: more.conf\n")
    with pytest.raises(SettingsError, match=r"old\.conf:1: conf_files cannot be set"):
        load_configuration(overrides={"conf_files": "old.conf"})


def test_d39_settings_do_not_depend_on_where_the_package_lies(machine, tmp_path):
    package = Path(sys.modules["eas_framework"].__file__).parent
    elsewhere = tmp_path / "site packages" / "eas_framework"
    elsewhere.parent.mkdir()
    elsewhere.symlink_to(package, target_is_directory=True)
    code = "import eas_framework.settings as s; print(s.Settings().settings['dataPath'])"
    environment = {**os.environ, "PYTHONPATH": str(elsewhere.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=machine, env=environment, check=True
    )
    assert done.stdout.strip() == str(machine / ".eas" / "store")


# ---------------------------------------------------------------- the documented class
def test_the_documented_tables_hold_the_documented_names_and_cannot_be_changed(machine):
    tables = Settings()
    assert {
        "softwareVersion",
        "pythonPath",
        "dataPath",
        "inDataPath",
        "localDataPath",
        "lcPath",
        "debug",
    } == set(tables.settings)
    assert tables.settings["lcPath"] == str(machine)
    documented = {
        "db_engine",
        "db_host",
        "db_port",
        "db_user",
        "db_password",
        "db_database",
        "mq_host",
        "mq_port",
    }
    assert documented | {"queue_implementation", "max_heartbeat_age"} <= set(tables.installation_info)
    with pytest.raises(TypeError):
        tables.settings["dataPath"] = "elsewhere"  # type: ignore[index] # the point of the test


def test_d40_a_missing_file_store_is_noticed(machine):
    with pytest.raises(SettingsError, match="no file store at"):
        Settings().fetch_environment_settings(machine)
    ensure_workspace(load_configuration())
    assert Settings().fetch_environment_settings(machine)["dataPath"] == str(machine / ".eas" / "store")


def test_local_settings_are_read_for_the_given_root(machine):
    write(machine / "other" / "eas.yaml", "db_host: there\n")
    assert Settings.fetch_local_settings(machine / "other")["db_host"] == "there"


# ---------------------------------------------------------------- passwords: item D41
def test_d41_no_password_is_built_in():
    config = load_configuration()
    assert not config.db_password
    assert not config.mq_password
    assert config.db_user != "root"


def test_d41_no_way_of_printing_the_settings_shows_a_password():
    config = load_configuration(overrides={"db_password": PASSWORD, "mq_password": Secret(PASSWORD)})
    use_configuration(config)
    shown = [repr(config), str(asdict(config)), f"{config.db_password}", "%s" % config.db_password]  # noqa: UP031
    shown += [repr(dict(Settings().installation_info)), str(vars(config)), f"{config.db_password:>10}"]
    assert not any("S3CR3T" in text for text in shown)
    with pytest.raises(TypeError):
        json.dumps(config.db_password)
    with pytest.raises(yaml.YAMLError):
        yaml.safe_dump({"password": config.db_password})


def test_d41_an_error_about_a_password_does_not_quote_it(machine):
    write(machine / "eas.yaml", f"db_password: ['{PASSWORD}']\n").chmod(0o600)
    with pytest.raises(SettingsError, match="db_password must be text") as caught:
        load_configuration()
    assert "S3CR3T" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o602])
@pytest.mark.parametrize("name", ["eas.yaml", ".eas/local/local_settings_sql.conf"])
def test_d41_a_password_that_others_may_read_or_change_is_refused_with_what_to_do(machine, name, mode):
    path = write(machine / name, f"db_password: {PASSWORD}\n")
    path.chmod(mode)
    with pytest.raises(SettingsError) as caught:
        load_configuration()
    assert f"{path} holds db_password and has mode {mode:04o}" in str(caught.value)
    assert f"run: chmod 600 {path}" in str(caught.value)
    assert "S3CR3T" not in str(caught.value)
    path.chmod(0o600)
    assert load_configuration().db_password.reveal() == PASSWORD


def test_d41_a_password_file_of_a_variable_that_others_may_read_is_refused(machine, monkeypatch):
    secret = write(machine / "se cret", PASSWORD)
    secret.chmod(0o640)
    monkeypatch.setenv("EAS_MQ_PASSWORD_FILE", str(secret))
    with pytest.raises(SettingsError, match=r"mode 0640.*chmod 600 '.*/se cret'"):
        load_configuration()


def test_a_file_without_a_password_may_be_read_by_all(machine):
    write(machine / "eas.yaml", "db_host: near\ndb_password: ''\n").chmod(0o644)
    assert load_configuration().db_host == "near"


def test_secrets_compare_by_their_text():
    assert Secret("a") == Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1
    assert Secret("a") != "a"
    assert str(Secret()) == ""


# ---------------------------------------------------------------- changing a file
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "db_host: new\n"),
        ("debug: true", "debug: true\ndb_host: new\n"),
        ("# top\ndb_host: old  # why\ndebug: true\n", "# top\ndb_host: new  # why\ndebug: true\n"),
        ("db_host:\n  - a\n  - b\n# next\ndebug: true\n", "db_host: new\n# next\ndebug: true\n"),
        ("db_host: |\n  old\ndebug: true\n", "db_host: new\ndebug: true\n"),
    ],
)
def test_a_setting_is_changed_and_the_rest_of_the_file_stays(machine, before, after):
    path = write(machine / "eas.yaml", before)
    write_setting(path, "db_host", "new")
    assert path.read_text() == after


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("db_user", "12345"),
        ("db_user", "a: b # c"),
        ("db_user", "yes"),
        ("db_user", "null"),
        ("db_port", "3307"),
        ("debug", "on"),
        ("disabled_plugins", "a,b"),
        ("task_type_sources", "null=a,error=b"),
        ("lease_seconds", "2.5"),
        ("max_heartbeat_age", "7"),
    ],
)
def test_what_is_written_is_what_is_read(machine, name, value):
    key = write_setting(machine / "eas.yaml", name, value)
    expected = load_configuration(overrides={name: value})
    (machine / "eas.yaml").chmod(0o600)
    assert getattr(load_configuration(), key.name) == getattr(expected, key.name)


def test_an_old_name_in_the_file_is_replaced_not_doubled(machine):
    path = write(machine / "eas.yaml", "max_heartbeat_age: 300\n")
    write_setting(path, "lease_seconds", "20")
    assert path.read_text() == "lease_seconds: 20.0\n"


def test_d41_a_file_that_gets_a_password_becomes_private(machine):
    path = write(machine / "eas.yaml", "debug: true\n")
    path.chmod(0o644)
    write_setting(path, "db_password", PASSWORD)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_configuration().db_password.reveal() == PASSWORD


@pytest.mark.parametrize(("name", "value"), [("db_hots", "x"), ("db_port", "x")])
def test_a_wrong_change_leaves_the_file_alone(machine, name, value):
    path = write(machine / "eas.yaml", "debug: true\n")
    with pytest.raises(SettingsError):
        write_setting(path, name, value)
    assert path.read_text() == "debug: true\n"


def test_a_file_that_cannot_be_written_is_named(machine):
    write(machine / "in the way", "")
    with pytest.raises(SettingsError, match=r"cannot write .*in the way/eas\.yaml"):
        write_setting(machine / "in the way" / "eas.yaml", "db_host", "x")


def test_every_setting_has_a_meaning_and_ends_as_a_sentence():
    assert all(key.summary.endswith(".") for key in KEYS.values())
