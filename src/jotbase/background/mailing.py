"""How a mail leaves: by SMTP, or in development without a server, on the console.

In charge of handing mails to threads, so that nobody waits for them, and of trying again. Must not
know what a mail says; neither it nor the server's password ever reaches a log, but for the console
that stands in for a mailbox.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from jotbase.auth.mail.messages import Mail
from jotbase.settings import Settings

if TYPE_CHECKING:
    import smtplib
    from email.message import EmailMessage

log = logging.getLogger(__name__)

#: How long a mail server may take to answer, in seconds.
PATIENCE = 10.0
#: Seconds before each further try.
PAUSES = (1.0, 5.0)

_THREADS = 2
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


class MailError(Exception):
    """A mail did not leave; the text names no secret."""


class Mailer:
    """Sends mails behind the backs of those who ask; `close` waits for what is under way."""

    def __init__(self, deliver: Callable[[Mail], None]) -> None:
        self._deliver = deliver
        self._pool: ThreadPoolExecutor | None = None
        self._closing = threading.Event()

    def post(self, mail: Mail) -> None:
        """Take a mail and return at once."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_THREADS, "jotbase-mail")
        self._pool.submit(self._send, mail)

    async def close(self) -> None:
        """Let each mail that waits have its one try, then stop."""
        self._closing.set()
        if self._pool is not None:
            await asyncio.to_thread(self._pool.shutdown)

    def _send(self, mail: Mail) -> None:
        for pause in (*PAUSES, None):
            failure = _attempt(self._deliver, mail)
            if failure is None:
                return
            last = pause is None or failure.is_final or self._closing.is_set()
            told = "given up" if last else "tried again"
            log.error("a mail could not be sent and is %s: %s", told, failure.reason)
            if last:
                return
            self._closing.wait(pause)


@dataclass(frozen=True, slots=True)
class _Failure:
    reason: str
    is_final: bool


def _attempt(deliver: Callable[[Mail], None], mail: Mail) -> _Failure | None:
    try:
        deliver(mail)
    except MailError as error:
        return _Failure(str(error), is_final=True)
    except (OSError, ValueError) as error:
        # A server's answer may repeat what it was told, addresses and all: its number says enough.
        code = getattr(error, "smtp_code", 0)
        reason = type(error).__name__ + (f" ({code})" if code else "")
        # RFC 5321 section 4.2.1: an answer of 500 or more is not to be asked for again.
        return _Failure(reason, is_final=code >= 500 or isinstance(error, ValueError))
    return None


def mailer(settings: Settings) -> Mailer:
    """Return what sends mails as the settings say."""
    if settings.smtp_url is not None:
        server, sender = urlsplit(settings.smtp_url), settings.smtp_from or ""
        return Mailer(lambda mail: send_by_smtp(mail, server, sender))
    return Mailer(_unsent if settings.env == "production" else _on_the_console)


def _on_the_console(mail: Mail) -> None:
    log.info(
        "no JOTBASE_SMTP_URL, so this mail is shown here.\nTo: %s\nSubject: %s\n\n%s",
        mail.to,
        mail.subject,
        mail.text,
    )


def _unsent(_: Mail) -> None:
    log.error("a mail was not sent: JOTBASE_SMTP_URL is not set")


def send_by_smtp(mail: Mail, server: SplitResult, sender: str) -> None:
    """Send one mail (RFC 5321). Raises OSError, of which SMTPException is one, and MailError.

    A password travels only under TLS: `smtps://`, or STARTTLS that a `smtp://` server offers; to
    a server on this machine, plainly too.
    """
    with _connected(server) as connection:
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(_message(mail, sender))


def _connected(server: SplitResult) -> smtplib.SMTP:
    import smtplib  # 20 ms of imports, for the first mail alone

    host, context = server.hostname or "localhost", ssl.create_default_context()
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(host, server.port or 465, timeout=PATIENCE, context=context)
    connection = smtplib.SMTP(host, server.port or 587, timeout=PATIENCE)
    try:
        _secure(connection, server, context)
    except BaseException:
        connection.close()
        raise
    return connection


def _secure(connection: smtplib.SMTP, server: SplitResult, context: ssl.SSLContext) -> None:
    connection.ehlo()
    if connection.has_extn("starttls"):
        connection.starttls(context=context)
    elif server.username and server.hostname not in _LOOPBACK:
        raise MailError("the server offers no STARTTLS, and a password must not travel plainly")


def _message(mail: Mail, sender: str) -> EmailMessage:
    from email.message import EmailMessage
    from email.utils import formatdate, make_msgid, parseaddr

    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, mail.to, mail.subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message.set_content(mail.text, cte="quoted-printable")
    return message
