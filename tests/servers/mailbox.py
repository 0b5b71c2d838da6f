"""A mail server on loopback that keeps what it is given: enough SMTP for one client that behaves."""

from __future__ import annotations

import socketserver
import threading
from collections import deque
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Any


@dataclass(frozen=True)
class Mail:
    """One delivered mail: `recipients` are those of the envelope (who really gets it), `text` its plain-text part."""

    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str


class Mailbox:
    """Listens on a free port of 127.0.0.1 from construction to close()."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Session)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def mails(self) -> list[Mail]:
        """What has arrived since the start or the last clear(), in order."""
        return list(self._server.mails)

    def clear(self) -> None:
        """Forgets everything that has arrived."""
        self._server.mails.clear()

    def close(self) -> None:
        """Stops listening. Closing twice is fine."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, *args: Any) -> None:
        self.mails: deque[Mail] = deque()  # its append, clear and copy are atomic: one thread per connection appends
        super().__init__(*args)


class _Session(socketserver.StreamRequestHandler):
    server: _Server
    timeout = 60

    def handle(self) -> None:
        sender, recipients = "", list[str]()
        self._say("220 test mailbox")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                self._say("221 bye")
                return
            if verb == b"MAIL":
                sender, recipients = _address(line), []
            elif verb == b"RCPT":
                recipients.append(_address(line))
            elif verb == b"DATA":
                self._say("354 go on")
                self.server.mails.append(_mail(sender, tuple(recipients), self._body()))
            self._say("250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _body(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)


def _address(line: bytes) -> str:
    return line.split(b"<", 1)[1].split(b">", 1)[0].decode()


def _mail(sender: str, recipients: tuple[str, ...], raw: bytes) -> Mail:
    message = message_from_bytes(raw, policy=policy.default)
    part = message.get_body(preferencelist=("plain", "html"))
    return Mail(sender, recipients, str(message["Subject"]), part.get_content() if part else "")
