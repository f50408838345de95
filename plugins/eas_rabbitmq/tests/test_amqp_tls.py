"""TLS on a private broker that listens to nothing else: encrypted, checked, and explained when refused."""

import pytest
from eas_rabbitmq.backend import TaskQueueAmqp
from tls_servers import ADDRESS, Authority, TlsRabbitMq

from eas_framework.errors import QueueConnectionError, SettingsError
from eas_framework.settings import load_configuration, use_configuration

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "ours")


@pytest.fixture(scope="module")
def tls_broker(own_server, authority):
    return own_server("rabbitmq", lambda folder: TlsRabbitMq(folder, authority))


@pytest.fixture
def engine_settings(tls_broker):
    return {
        "db_engine": "sqlite3",
        "queue_implementation": "amqp",
        "mq_host": ADDRESS,
        "mq_port": tls_broker.port,
        "mq_user": "eas",
        "mq_password": tls_broker.password,
    }


@pytest.fixture
def set_tls(workspace, engine_settings):
    """Puts settings of TLS beside those of the broker."""

    def put(**tls):
        given = {**engine_settings, **tls}
        use_configuration(load_configuration(workspace=workspace, overrides=given))

    return put


def test_hints_go_over_tls_to_who_shows_a_certificate(task_database, set_tls, authority):
    own = authority.issue("worker")
    set_tls(mq_tls_ca=authority.ca, mq_tls_cert=own.certificate, mq_tls_key=own.key)
    with TaskQueueAmqp(database=task_database) as queue:
        queue.queue_declare("null")
        queue.publish_hints([("null", 17)])
        assert queue.fetch_hint(["null"], wait_seconds=60.0).attempt_id == 17


@pytest.mark.parametrize("case", ["no TLS", "no certificate of ours", "another authority", "another name"])
def test_who_cannot_be_trusted_is_refused(task_database, set_tls, authority, tls_broker, tmp_path, case):
    own, stranger = authority.issue("worker"), Authority(tmp_path / "authority", "stranger")
    shown = {"mq_tls_cert": own.certificate, "mq_tls_key": own.key}
    tls = {
        "no TLS": {},
        "no certificate of ours": {"mq_tls_ca": authority.ca},
        "another authority": {"mq_tls_ca": stranger.ca, **shown},
        "another name": {"mq_tls_ca": authority.ca, "mq_host": "localhost", **shown},
    }
    set_tls(**tls[case])
    with pytest.raises(QueueConnectionError, match=f":{tls_broker.port}") as refused:
        TaskQueueAmqp(database=task_database)
    assert tls_broker.password not in str(refused.value)
    if case.startswith("another"):
        assert "certificate verify failed" in str(refused.value)


def test_a_file_that_tls_cannot_use_is_named(task_database, set_tls, workspace):
    set_tls(mq_tls_ca=workspace / "absent.pem")
    with pytest.raises(SettingsError, match=r"mq_tls_ca: .*absent\.pem: No such file"):
        TaskQueueAmqp(database=task_database)
