"""Passwords of mail servers travel under TLS alone, to servers that are who they say."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.process.mailbox import mailbox

from jotbase.auth.mail.messages import Mail
from jotbase.background.mailing import MailError, send_by_smtp

MAIL = Mail("ada@example.com", "Hello", "There\n.\nYou are: ä\n")
SENDER = "Jot <noreply@example.com>"


def certificate(folder: Path) -> Path:
    """Write a certificate of this machine and its key into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mailbox")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.2"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mailbox.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def serving_context(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_a_password_does_not_travel_plainly() -> None:
    """A server elsewhere that offers no TLS is sent neither password nor mail."""
    with mailbox("127.0.0.2") as box:
        url = urlsplit(f"smtp://jot:secret@127.0.0.2:{box.port}")
        with pytest.raises(MailError, match="STARTTLS"):
            send_by_smtp(MAIL, url, SENDER)

    assert (box.credentials, box.mails.empty()) == ([], True)


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_a_trusted_server_gets_the_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """Under TLS from the start, or by STARTTLS."""
    path = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with mailbox("127.0.0.2", serving_context(path), at_once=scheme == "smtps") as box:
        send_by_smtp(MAIL, urlsplit(f"{scheme}://jot:secret@127.0.0.2:{box.port}"), SENDER)
        mail = box.wait()

    assert (box.credentials, mail.get_content()) == (["jot secret"], MAIL.text)


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_a_server_that_nobody_vouches_for_gets_nothing(tmp_path: Path, scheme: str) -> None:
    """Its certificate is checked before anything is said."""
    context = serving_context(certificate(tmp_path))
    with mailbox("127.0.0.2", context, at_once=scheme == "smtps") as box:
        url = urlsplit(f"{scheme}://jot:secret@127.0.0.2:{box.port}")
        with pytest.raises(ssl.SSLCertVerificationError):
            send_by_smtp(MAIL, url, SENDER)

    assert (box.credentials, box.mails.empty()) == ([], True)
