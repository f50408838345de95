"""``eas config``: values with their origin, passwords unseen, one setting changed."""

import csv
import io
import json
import stat

import pytest

from eas_framework.cli.main import execute
from eas_framework.settings import load_configuration

PASSWORD = "S3CR3T-a#b:c"  # noqa: S105 - looked for in whatever is printed


@pytest.fixture
def eas(bare_machine, capsys):
    """Run a command line; return exit code, standard output, standard error."""

    def run(*words):
        code = execute(words, program="eas")
        return code, *capsys.readouterr()

    return run


def test_every_setting_is_shown_with_its_origin(eas, bare_machine, monkeypatch):
    (bare_machine / "eas.yaml").write_text("# mine\ndb_host: there\n")
    monkeypatch.setenv("EAS_LEASE_SECONDS", "5")
    code, out, _ = eas("config", "show", "--origin", "--format", "json")
    rows = {row["setting"]: row for row in json.loads(out)}
    assert code == 0
    assert rows["db_host"] == {"setting": "db_host", "value": "there", "origin": f"{bare_machine}/eas.yaml:2"}
    assert (rows["lease_seconds"]["value"], rows["lease_seconds"]["origin"]) == (5.0, "EAS_LEASE_SECONDS")
    assert rows["db_engine"]["origin"] == "default"
    assert rows["workspace"]["origin"] == "looked for upwards"


def test_only_the_settings_asked_for_are_shown(eas):
    _, out, _ = eas("config", "show", "db_engine", "max_heartbeat_age", "--format", "csv")
    assert [row["setting"] for row in csv.DictReader(io.StringIO(out))] == ["db_engine", "lease_seconds"]


def test_a_slip_in_a_setting_is_answered_with_the_nearest_and_exit_3(eas):
    code, out, err = eas("config", "show", "db_prot")
    assert (code, out) == (3, "")
    assert "unknown setting 'db_prot'; did you mean 'db_port'?" in err


@pytest.mark.parametrize("format", ["table", "json", "csv"])
@pytest.mark.parametrize(
    "words", [("show",), ("show", "--origin"), ("show", "db_password"), ("path",), ("set", "db_port", "x")]
)
def test_d41_no_command_prints_a_password(eas, monkeypatch, words, format):
    monkeypatch.setenv("EAS_DB_PASSWORD", PASSWORD)
    monkeypatch.setenv("EAS_MQ_PASSWORD", PASSWORD)
    options = () if "set" in words else ("--format", format)
    _, out, err = eas("config", *words, *options)
    assert "S3CR3T" not in out + err
    if words == ("show", "db_password"):
        assert "***" in out


def test_the_files_are_listed_from_weak_to_strong(eas, bare_machine):
    saved = bare_machine / ".eas" / "local" / "local_settings_sql.conf"
    saved.parent.mkdir(parents=True)
    saved.write_text("db_host: saved\n")
    (bare_machine / "old.conf").write_text("debug: 0\n")
    (bare_machine / "eas.yaml").write_text("conf_files: [old.conf]\n")
    _, out, _ = eas("config", "path", "--format", "json")
    rows = json.loads(out)
    assert [row["for"] for row in rows] == [
        "this machine",
        "this user",
        "this host",
        "this workspace",
        "conf_files",
    ]
    assert [row["exists"] for row in rows] == [False, False, True, True, True]
    assert rows[3]["file"] == str(bare_machine / "eas.yaml")


def test_a_setting_is_written_to_the_workspace(eas, bare_machine):
    code, out, err = eas("config", "set", "lease_seconds", "60")
    assert (code, out) == (0, "")
    assert f"written to {bare_machine}/eas.yaml" in err
    assert load_configuration().lease_seconds == 60.0


def test_a_setting_is_written_for_the_user(eas, bare_machine):
    eas("config", "set", "--user", "db_user", "me")
    config = load_configuration()
    assert config.db_user == "me"
    assert config.origin("db_user").startswith(str(bare_machine.parent / "config"))


def test_a_stronger_source_is_pointed_out(eas, monkeypatch):
    monkeypatch.setenv("EAS_LEASE_SECONDS", "5")
    _, _, err = eas("config", "set", "lease_seconds", "60")
    assert "lease_seconds: EAS_LEASE_SECONDS stands above it and still holds" in err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("db_port", "x"), 3, "db_port must be a number"),
        (("db_prot", "1"), 3, "did you mean 'db_port'"),
        (("db_port",), 2, "give a value: eas config set db_port VALUE"),
    ],
)
def test_a_wrong_change_is_refused_and_writes_nothing(eas, bare_machine, words, code, message):
    found, _, err = eas("config", "set", *words)
    assert found == code
    assert message in err
    assert list(bare_machine.iterdir()) == []


def test_d41_a_password_on_the_command_line_is_refused(eas, bare_machine):
    code, _, err = eas("config", "set", "db_password", PASSWORD)
    assert code == 2
    assert "S3CR3T" not in err
    assert list(bare_machine.iterdir()) == []


def test_d41_a_password_is_asked_for_and_kept_private(eas, bare_machine, monkeypatch):
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda prompt: PASSWORD)
    code, out, err = eas("config", "set", "db_password")
    assert code == 0
    assert "S3CR3T" not in out + err
    assert stat.S_IMODE((bare_machine / "eas.yaml").stat().st_mode) == 0o600
    assert load_configuration().db_password.reveal() == PASSWORD
