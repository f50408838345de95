"""TLS for connections to servers, from the settings that name its files."""

from __future__ import annotations

import ssl
from pathlib import Path

from eas_framework.errors import SettingsError


def tls_context(
    prefix: str, *, ca: Path | None, certificate: Path | None, key: Path | None
) -> ssl.SSLContext | None:
    """What a driver needs to encrypt; None where neither a CA file nor a certificate is set.

    The server's certificate and name are always checked: by the CA file, or without one by those that the
    machine trusts.

    Args:
        prefix: How the names of the settings begin, such as ``db_tls``; for error messages.
        ca: CA file.
        certificate: Our own certificate, for servers that ask for one.
        key: Its key; None when the certificate's file holds it.

    Raises:
        SettingsError: A file is missing or unfit; names the setting and the file.
    """
    if ca is None and certificate is None:
        if key is not None:
            raise SettingsError(f"{prefix}_key is set without {prefix}_cert; set both or neither")
        return None
    context = ssl.create_default_context()
    try:
        if ca is not None:
            context = ssl.create_default_context(cafile=ca)
    except OSError as error:  # ssl.SSLError is one
        raise SettingsError(f"{prefix}_ca: {ca}: {_reason(error)}") from error
    if certificate is not None:
        try:
            context.load_cert_chain(certificate, key)
        except OSError as error:
            files = " and ".join(str(path) for path in (certificate, key) if path is not None)
            raise SettingsError(f"{prefix}_cert, {prefix}_key: {files}: {_reason(error)}") from error
    return context


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"not what TLS can use ({error.reason or error})"
    return error.strerror or str(error)
