"""What `compose.yaml` and the page on clusters say to the framework is what it knows."""

import re

import pytest
import yaml
from source_code import ROOT

from eas_framework.cli.command_table import COMMANDS
from eas_framework.settings import KEYS, load_configuration

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
OURS = ("scheduler", "worker")


@pytest.mark.parametrize("name", OURS)
def test_every_variable_of_a_service_is_a_setting(name, monkeypatch, tmp_path):
    variables = SERVICES[name]["environment"]
    for variable, value in variables.items():
        setting = variable.removeprefix("EAS_").lower().removesuffix("_file")
        assert setting in KEYS, variable
        if variable.endswith("_FILE"):
            secret = tmp_path / variable
            secret.touch(mode=0o600)
            value = str(secret)
        monkeypatch.setenv(variable, value)
    config = load_configuration(workspace=tmp_path)
    assert (config.db_engine, config.queue_implementation) == ("mysql", "amqp")
    assert (config.db_host, config.mq_host) == ("database", "broker")


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_a_command_of_the_framework_and_waits_for_its_servers(name):
    program, command = SERVICES[name]["command"].split()
    assert (program, command in COMMANDS) == ("eas", True)
    assert SERVICES[name]["depends_on"].keys() == {"database", "broker"}
    assert all("healthcheck" in SERVICES[server] for server in SERVICES[name]["depends_on"])


def test_secrets_and_volumes_that_are_used_are_there_and_no_password_is_written_down():
    for service in SERVICES.values():
        assert set(service.get("secrets", ())) <= COMPOSE["secrets"].keys()
        for volume in service.get("volumes", ()):
            assert volume.partition(":")[0] in COMPOSE["volumes"]
        for variable, value in service.get("environment", {}).items():
            assert "PASSWORD" not in variable or value in ("1", "/run/secrets/" + value.rpartition("/")[2])


def test_the_image_holds_every_package_that_the_services_need():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for folder in re.findall(r"/source/(plugins/\w+)", text):
        assert (ROOT / folder / "pyproject.toml").is_file()
    assert {"plugins/eas_mysql", "plugins/eas_rabbitmq"} <= set(re.findall(r"/source/(plugins/\w+)", text))


def test_the_settings_of_the_page_are_settings(tmp_path):
    page = (ROOT / "docs" / "how-to" / "from-laptop-to-cluster.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "eas.yaml").write_text(block)
    config = load_configuration(workspace=tmp_path)
    assert (config.db_engine, config.queue_implementation) == ("mysql", "amqp")
    assert set(yaml.safe_load(block)) <= KEYS.keys()
