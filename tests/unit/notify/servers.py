"""Chat services and a mail server on this machine's loopback, answering as theirs are documented to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, dict[str, Any], dict[str, str]]
"""Status, body, headers."""


@dataclass(slots=True)
class Service:
    """What a service got, and how it answers."""

    answer: Callable[[dict[str, str], dict[str, Any], dict[str, str]], Answer]
    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serving(answer: Callable[[dict[str, str], dict[str, Any], dict[str, str]], Answer]) -> Iterator[Service]:
    """A web service on a free port; `answer` gets query, body and headers. `url` ends with a key, as theirs do."""
    service = Service(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            body, headers = json.loads(raw), {**dict(self.headers), "raw": raw.decode()}
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            status, said, more = service.answer(query, body, headers)
            if status == 200:
                service.bodies.append(body)
                service.headers.append(headers)
            told = json.dumps(said).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(told)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_address[1]}/send?key=SECRET-IN-ADDRESS"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def wecom(query: dict[str, str], _body: dict[str, Any], _headers: dict[str, str]) -> Answer:
    """A group robot: a wrong key is told inside 200."""
    if query.get("key") != "SECRET-IN-ADDRESS":
        return 200, {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1], from ip: 127.0.0.1"}, {}
    return 200, {"errcode": 0, "errmsg": "ok"}, {}


def dingtalk(secret: str) -> Callable[[dict[str, str], dict[str, Any], dict[str, str]], Answer]:
    """A custom robot with 加签: the signature is reckoned anew from what the address says."""

    def answer(query: dict[str, str], _body: dict[str, Any], _headers: dict[str, str]) -> Answer:
        stamp = query.get("timestamp", "0")
        wanted = base64.b64encode(
            hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), digestmod=hashlib.sha256).digest()
        ).decode()
        if abs(time.time() * 1000 - int(stamp)) > 3_600_000:
            return 200, {"errcode": 310000, "errmsg": "invalid timestamp"}, {}
        if query.get("sign") != wanted:
            return 200, {"errcode": 310000, "errmsg": "sign not match, more: [https://ding-doc.dingtalk.com]"}, {}
        return 200, {"errcode": 0, "errmsg": "ok"}, {}

    return answer


def feishu(secret: str) -> Callable[[dict[str, str], dict[str, Any], dict[str, str]], Answer]:
    """A custom bot with 签名校验."""

    def answer(_query: dict[str, str], body: dict[str, Any], _headers: dict[str, str]) -> Answer:
        stamp = str(body.get("timestamp", "0"))
        wanted = base64.b64encode(hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()
        if body.get("sign") != wanted or abs(time.time() - int(stamp)) > 3600:
            said = "sign match fail or timestamp is not within one hour from current time"
            return 200, {"code": 19021, "msg": said, "data": {}}, {}
        return 200, {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}, {}

    return answer


def always(status: int, **body: Any) -> Callable[[dict[str, str], dict[str, Any], dict[str, str]], Answer]:
    """A service that answers everything alike; `retry_after` becomes a header."""
    headers = {"Retry-After": str(body.pop("retry_after"))} if "retry_after" in body else {}
    return lambda _query, _body, _headers: (status, body, headers)


@dataclass(slots=True)
class Mailbox:
    """A mail server's address, what it took, and what it says to commands instead of “250”."""

    port: int = 0
    mails: list[str] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    logins: list[str] = field(default_factory=list)


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """An SMTP server (RFC 5321) with AUTH PLAIN on a free port."""
    box = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

        def handle(self) -> None:
            self.say("220 mail.example ESMTP")
            while line := self.rfile.readline().decode().strip():
                verb = line.split()[0].upper()
                if verb in box.refuse:
                    self.say(box.refuse[verb])
                elif verb == "EHLO":
                    self.say("250-mail.example")
                    self.say("250 AUTH PLAIN")
                elif verb == "AUTH":
                    box.logins.append(base64.b64decode(line.split()[2]).decode())
                    self.say("235 welcome")
                elif verb == "DATA":
                    self.say("354 go ahead")
                    lines = []
                    while (text := self.rfile.readline().decode()) != ".\r\n":
                        lines.append(text)
                    box.mails.append("".join(lines))
                    self.say("250 queued")
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    box.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield box
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
