"""Sending mails: by SMTP, or in development without a server to the console.

In charge of sending in threads, so that no request waits, and of retries. Must not know a mail's
content. Neither a mail nor the server's password is ever logged, except for the mails that are
shown on the console in development.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from jotbase.auth.mail.messages import Mail
from jotbase.auth.tokens.client_address import LOOPBACK
from jotbase.settings import Settings

if TYPE_CHECKING:
    import smtplib
    from email.message import EmailMessage

log = logging.getLogger(__name__)

#: The timeout of connecting to and of each reply from the mail server, in seconds.
TIMEOUT = 10.0
#: The delay before each further attempt, in seconds.
RETRY_DELAYS = (1.0, 5.0)

#: How many mails are kept to be looked at in development without a mail server.
MAILS_KEPT = 50

_THREADS = 2


class MailError(Exception):
    """A mail cannot be sent; the text contains no secret."""


class Mailer:
    """Sends mails in threads; `deliver` sends one and raises OSError or MailError."""

    def __init__(self, deliver: Callable[[Mail], None], kept: int = 0) -> None:
        self._deliver = deliver
        #: The last mails, for the page that shows them in development.
        self.recent: deque[Mail] = deque(maxlen=kept)
        self._pool: ThreadPoolExecutor | None = None
        self._closing = threading.Event()

    def post(self, mail: Mail) -> None:
        """Queue a mail and return at once."""
        self.recent.appendleft(mail)
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_THREADS, "jotbase-mail")
        self._pool.submit(self._send, mail)

    async def close(self) -> None:
        """Attempt each queued mail once more, then stop the threads."""
        self._closing.set()
        if self._pool is not None:
            await asyncio.to_thread(self._pool.shutdown)

    def _send(self, mail: Mail) -> None:
        for pause in (*RETRY_DELAYS, None):
            failure = _attempt(self._deliver, mail)
            if failure is None:
                return
            last = pause is None or failure.is_final or self._closing.is_set()
            outcome = "given up" if last else "tried again"
            log.error("a mail could not be sent and is %s: %s", outcome, failure.reason)
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
        # The text of a server's reply may repeat addresses: only its code is logged.
        code = getattr(error, "smtp_code", 0)
        reason = type(error).__name__ + (f" ({code})" if code else "")
        # RFC 5321 section 4.2.1: a 5yz reply is permanent, the attempt must not be repeated.
        return _Failure(reason, is_final=code >= 500 or isinstance(error, ValueError))
    return None


def mailer(settings: Settings) -> Mailer:
    """Return the mailer that the settings describe."""
    if settings.smtp_url is not None:
        server, sender = urlsplit(settings.smtp_url), settings.smtp_from or ""
        return Mailer(lambda mail: send_by_smtp(mail, server, sender))
    if settings.env == "production":
        return Mailer(_discard)
    return Mailer(_log_mail, MAILS_KEPT)


def _log_mail(mail: Mail) -> None:
    log.info(
        "no JOTBASE_SMTP_URL, so this mail is shown here.\nTo: %s\nSubject: %s\n\n%s",
        mail.to,
        mail.subject,
        mail.text,
    )


def _discard(_: Mail) -> None:
    log.error("a mail was not sent: JOTBASE_SMTP_URL is not set")


def send_by_smtp(mail: Mail, server: SplitResult, sender: str) -> None:
    """Send one mail (RFC 5321). Raises OSError, of which SMTPException is one, and MailError.

    The password is sent only under TLS: `smtps://`, or STARTTLS when a `smtp://` server offers it;
    without TLS only to a server on the loopback interface.
    """
    with _connect(server) as connection:
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(_message(mail, sender))


def _connect(server: SplitResult) -> smtplib.SMTP:
    import smtplib  # 20 ms of imports, which a start without mails does not need

    host, context = server.hostname or "localhost", ssl.create_default_context()
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(host, server.port or 465, timeout=TIMEOUT, context=context)
    connection = smtplib.SMTP(host, server.port or 587, timeout=TIMEOUT)
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
    elif server.username and server.hostname not in LOOPBACK:
        raise MailError("the server offers no STARTTLS, and a password must not be sent in clear")


def _message(mail: Mail, sender: str) -> EmailMessage:
    from email.message import EmailMessage
    from email.utils import formatdate, make_msgid, parseaddr

    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, mail.to, mail.subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message.set_content(mail.text, cte="quoted-printable")
    if mail.html:
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message
