"""Mail by SMTP (RFC 5321, 5322): text with the same as HTML, named so that a repeat is known."""

from __future__ import annotations

import hashlib
import html
import re
import smtplib
import ssl
from contextlib import ExitStack
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from bridge.model.errors import RateLimited, Rejected, RemoteUnavailable
from bridge.model.notice import Message
from bridge.notify.options import EmailOptions

_BREAKS = re.compile(r"[\r\n\x00-\x1f\x7f\u2028\u2029]+")
_LONGEST_SUBJECT = 200
_LATER, _SLOW = range(400, 500), (421, 450, 451, 452)


def message_id(key: str, sender: str) -> str:
    """The Message-ID of a message: the same whenever it is sent, so that mail programs show it once."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{sender.rpartition('@')[2]}>"


def composed(message: Message, sender: str) -> EmailMessage:
    """The mail. What was told stands in it as plain words: nothing of it becomes a header or HTML."""
    mail = EmailMessage()
    mail["Subject"] = _BREAKS.sub(" ", message.subject)[:_LONGEST_SUBJECT]
    mail["From"] = Address("itsm-bridge", addr_spec=sender)
    mail["To"] = Address(addr_spec=message.address)
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = message_id(message.key, sender)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no absence notes in answer
    mail.set_content(message.text + "\n")
    mail.add_alternative(as_html(message), subtype="html")
    return mail


def as_html(message: Message) -> str:
    """The text as HTML without any markup of its own; only its own address is a link."""
    told = html.escape(message.text).replace("\n", "<br>\n")
    if message.url.startswith(("http://", "https://")):
        address = html.escape(message.url, quote=True)
        told = told.replace(address, f'<a href="{address}">{address}</a>')
    return f'<!doctype html><html><head><meta charset="utf-8"></head><body><p>{told}</p></body></html>\n'


class MailNotifier:
    """Implements bridge.ports.Notifier: one connection for each mail."""

    def __init__(self, name: str, options: EmailOptions, where: str) -> None:
        self._options = options
        self._password = options.secret("password", where, needed=bool(options.login))
        self._where = f"channel {name} ({options.host}:{options.port})"

    def send(self, message: Message) -> None:
        """See the protocol."""
        try:
            mail = composed(message, self._options.sender)
        except (ValueError, IndexError) as error:
            what = f"“{message.address[:80]}” is no address to write to"
            raise Rejected(self._where, (what,), "Correct the person's mail in the directory.") from error
        try:
            with self._connected() as server:
                if self._options.login:
                    server.login(self._options.login, self._password)
                server.send_message(mail, self._options.sender, [message.address])
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise self._refused(code, said, "Correct the person's mail in the directory.") from None
        except smtplib.SMTPAuthenticationError as error:
            advice = "Check the channel's login and password, then: queue retry."
            raise self._refused(error.smtp_code, error.smtp_error, advice) from None
        except smtplib.SMTPResponseException as error:
            raise self._refused(error.smtp_code, error.smtp_error, "Look at the mail server's log.") from None
        except smtplib.SMTPNotSupportedError as error:
            advice = "Set security to what the server offers."
            raise Rejected(self._where, (f"cannot be used as configured: {error}",), advice) from None
        except ssl.SSLError as error:
            what = f"its certificate or TLS is not accepted: {error.reason}."
            raise RemoteUnavailable(self._where, what, "Set ca_file to your own authority's certificates.") from None
        except (smtplib.SMTPException, OSError) as error:
            what = f"gave no answer: {type(error).__name__}."
            raise RemoteUnavailable(self._where, what, "It is tried again.") from None

    def _connected(self) -> smtplib.SMTP:
        options = self._options
        if options.security == "ssl":
            return smtplib.SMTP_SSL(options.host, options.port, timeout=options.timeout, context=self._context())
        with ExitStack() as unless_it_works:
            server = smtplib.SMTP(options.host, options.port, timeout=options.timeout)
            unless_it_works.callback(server.close)
            if options.security == "starttls":
                server.starttls(context=self._context())
            unless_it_works.pop_all()
        return server

    def _context(self) -> ssl.SSLContext:
        file = self._options.ca_file
        return ssl.create_default_context(cafile=str(file) if file else None)

    def _refused(self, code: int, said: bytes | str, advice: str) -> RateLimited | RemoteUnavailable | Rejected:
        """4xx is later, 5xx never (RFC 5321 4.2.1)."""
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        told = f"the server said {code} {' '.join(text.split())[:200]}"
        if code in _SLOW:
            return RateLimited(self._where, f"{told}.", "It is tried again.")
        if code in _LATER:
            return RemoteUnavailable(self._where, f"{told}.", "It is tried again.")
        return Rejected(self._where, (told,), advice)
