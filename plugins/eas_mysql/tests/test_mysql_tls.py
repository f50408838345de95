"""TLS on a private server with a certificate of its own: encrypted, checked, and explained when refused."""

import pymysql
import pytest
from eas_mysql.backend import DatabaseInterfaceMySql
from tls_servers import ADDRESS, Authority, TlsMariaDb

from eas_framework.errors import DatabaseConnectionError, SettingsError
from eas_framework.settings import load_configuration, use_configuration

pytestmark = pytest.mark.service
MARKER = "marker-77c0-password"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "ours")


@pytest.fixture(scope="module")
def tls_server(own_server, authority):
    """A server with users that may come without TLS, must come over TLS, must show a certificate."""
    server = own_server("mariadb", lambda folder: TlsMariaDb(folder, authority))
    admin = pymysql.connect(host=ADDRESS, port=int(server.port), user="root", password=server.password)
    with admin, admin.cursor() as cursor:
        for user, requirement in (("plain", "NONE"), ("encrypted", "SSL"), ("shown", "X509")):
            cursor.execute(f"CREATE USER {user}@'%' IDENTIFIED BY '{MARKER}' REQUIRE {requirement}")
    return server


@pytest.fixture
def connect(tls_server, workspace):
    """Connects as a user with settings."""
    opened = []

    def open_one(user, *, host=ADDRESS, **tls):
        login = {
            "db_host": host,
            "db_port": tls_server.port,
            "db_user": user,
            "db_password": MARKER,
            "db_database": "information_schema",
        }
        use_configuration(load_configuration(workspace=workspace, overrides={**login, **tls}))
        opened.append(DatabaseInterfaceMySql())
        return opened[-1]

    yield open_one
    for database in opened:
        database.close()


def cipher(database):
    return database.query("SHOW STATUS LIKE 'Ssl_cipher'")[0]["Value"]


def test_with_a_ca_file_all_connections_are_encrypted(connect, authority):
    database = connect("encrypted", db_tls_ca=authority.ca)
    assert cipher(database)
    assert next(database.iterate("SHOW STATUS LIKE 'Ssl_cipher'"))["Value"]


def test_a_user_who_must_show_a_certificate_shows_it(connect, authority):
    own = authority.issue("worker")
    database = connect("shown", db_tls_ca=authority.ca, db_tls_cert=own.certificate, db_tls_key=own.key)
    assert cipher(database)


@pytest.mark.parametrize("is_encrypted", [True, False])
def test_a_user_who_shows_no_certificate_although_he_must_is_refused(connect, authority, is_encrypted):
    with pytest.raises(DatabaseConnectionError, match=r"check db_user.*db_tls_cert") as refused:
        connect("shown", **({"db_tls_ca": authority.ca} if is_encrypted else {}))
    assert MARKER not in str(refused.value)


def test_a_server_that_another_authority_vouches_for_is_refused(connect, tmp_path):
    stranger = Authority(tmp_path, "stranger")
    with pytest.raises(DatabaseConnectionError, match=r"certificate verify failed.*check db_tls_ca"):
        connect("plain", db_tls_ca=stranger.ca)


def test_a_server_under_another_name_than_its_certificate_s_is_refused(connect, authority):
    with pytest.raises(DatabaseConnectionError, match=r"'localhost'.*check db_tls_ca"):
        connect("plain", host="localhost", db_tls_ca=authority.ca)


def test_a_certificate_without_a_ca_file_does_not_switch_the_checks_off(connect, authority):
    own = authority.issue("worker")
    with pytest.raises(DatabaseConnectionError, match="certificate verify failed"):
        connect("shown", db_tls_cert=own.certificate, db_tls_key=own.key)


def test_a_server_that_speaks_no_tls_is_not_spoken_to_in_the_clear(own_server, workspace, authority):
    bare = own_server("mariadb")
    use_configuration(load_configuration(workspace=workspace, overrides={"db_tls_ca": authority.ca}))
    with pytest.raises(DatabaseConnectionError, match="check db_tls_ca"):
        DatabaseInterfaceMySql("root", bare.password, ADDRESS, int(bare.port), "mysql")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"db_tls_ca": "absent.pem"}, r"db_tls_ca: .*absent\.pem: No such file"),
        ({"db_tls_ca": "no.pem"}, r"db_tls_ca: .*no\.pem: not what TLS can use"),
        (
            {"db_tls_cert": "absent.pem", "db_tls_key": "k"},
            r"db_tls_cert, db_tls_key: .*absent\.pem and .*k: ",
        ),
        ({"db_tls_key": "k"}, "db_tls_key is set without db_tls_cert"),
    ],
)
def test_files_that_tls_cannot_use_are_named(connect, workspace, files, said):
    (workspace / "no.pem").write_text("nothing")
    with pytest.raises(SettingsError, match=said):
        connect("plain", **{name: workspace / file for name, file in files.items()})
