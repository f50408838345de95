"""Private servers that speak TLS, and the certificates for them, for tests."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from services import MariaDb, RabbitMq

ADDRESS = "127.0.0.1"
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """Files of a certificate and its key."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; its own is the CA file."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._signed(name, self._key, is_authority=True)
        self.ca = self._write(f"{name}.pem", self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> Pair:
        """A certificate for 127.0.0.1 alone: not for the name localhost."""
        key = ec.generate_private_key(ec.SECP256R1())
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        certificate = self._signed(name, key, is_authority=False)
        public = certificate.public_bytes(serialization.Encoding.PEM)
        return Pair(self._write(f"{name}.pem", public), self._write(f"{name}.key", text))

    def _signed(self, name: str, key: ec.EllipticCurvePrivateKey, *, is_authority: bool) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ADDRESS))])
        own_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        its_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._name)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + _DAY)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(alternative, critical=False)
            .add_extension(own_key, critical=False)
            .add_extension(its_key, critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _write(self, name: str, text: bytes) -> Path:
        path = self._folder / name
        path.touch(mode=0o600)
        path.write_bytes(text)
        return path


class TlsMariaDb(MariaDb):
    """A MariaDB server with a certificate; who comes without TLS may come too, unless a user requires it."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        super().__init__(folder)
        self._authority, self._pair = authority, authority.issue("mariadb")

    def command(self) -> tuple[list[str], dict[str, str]]:
        """The server with its certificate; clients show theirs where their user requires one."""
        arguments, variables = super().command()
        files = [
            f"--ssl-ca={self._authority.ca}",
            f"--ssl-cert={self._pair.certificate}",
            f"--ssl-key={self._pair.key}",
        ]
        return [*arguments, *files], variables


class TlsRabbitMq(RabbitMq):
    """A RabbitMQ broker that listens to TLS alone, and only to those who show a certificate."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        super().__init__(folder)
        self._authority = authority
        self._pair, self._own = authority.issue("rabbitmq"), authority.issue("watchman")

    def command(self) -> tuple[list[str], dict[str, str]]:
        """The broker, with the listener of its configuration turned into one of TLS."""
        arguments, variables = super().command()
        path = self.folder / "rabbitmq.conf"
        plain = f"listeners.tcp.default = {ADDRESS}:{self.port}"
        encrypted = [
            "listeners.tcp = none",
            f"listeners.ssl.default = {ADDRESS}:{self.port}",
            f"ssl_options.cacertfile = {self._authority.ca}",
            f"ssl_options.certfile = {self._pair.certificate}",
            f"ssl_options.keyfile = {self._pair.key}",
            "ssl_options.verify = verify_peer",
            "ssl_options.fail_if_no_peer_cert = true",
        ]
        path.write_text(path.read_text().replace(plain, "\n".join(encrypted)))
        return arguments, {name: value for name, value in variables.items() if name != "RABBITMQ_NODE_PORT"}

    def answers(self) -> bool:
        """Whether a login over TLS succeeds."""
        import pika  # late: only tests need it

        context = ssl.create_default_context(cafile=self._authority.ca)
        context.load_cert_chain(self._own.certificate, self._own.key)
        parameters = pika.ConnectionParameters(
            host=ADDRESS,
            port=int(self.port),
            credentials=pika.PlainCredentials("eas", self.password),
            ssl_options=pika.SSLOptions(context, ADDRESS),
        )
        try:
            pika.BlockingConnection(parameters).close()
        except (pika.exceptions.AMQPError, OSError):
            return False
        return True
