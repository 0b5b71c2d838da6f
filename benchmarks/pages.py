"""A made-up history of incidents, and a server in a process of its own that hands it out at next to no cost."""

from __future__ import annotations

import multiprocessing
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import yaml

from benchmarks.harness import end_with_parent

PAGE = 1000
START = datetime(2023, 1, 2, tzinfo=UTC)
SOURCE = Path(__file__).parents[1] / "config" / "sources" / "sandbox.yaml"
_WORDS = ("alarm", "access", "router", "printer", "cpu", "mail", "login", "slow", "restart", "disk", "网络", "vpn")
_ENDED = {"solved", "closed"}


def incidents(count: int) -> Iterator[dict[str, Any]]:
    """Incidents as the sandbox's incident system shows them, always the same. One in thirty is about a router's CPU."""
    rng = random.Random(1)
    opened = START
    for number in range(1, count + 1):
        opened += timedelta(seconds=rng.randrange(60, 600))
        state = rng.choices(["closed", "solved", "in_progress", "pending", "new"], [85, 8, 4, 2, 1])[0]
        yield _incident(rng, number, opened, state)


def _incident(rng: random.Random, number: int, opened: datetime, state: str) -> dict[str, Any]:
    taken = opened + timedelta(seconds=rng.randrange(60, 7200)) if state != "new" else None
    ended = taken + timedelta(seconds=rng.randrange(600, 400_000)) if taken and state in _ENDED else None
    closed = ended + timedelta(days=3) if ended and state == "closed" else None
    device = rng.randrange(200) if rng.random() < 1 / 30 else None
    service = "network" if device is not None else f"service-{rng.randrange(40)}"
    return {
        "id": number,
        "number": f"INC{number:07}",
        "url": f"http://127.0.0.1/incidents/{number}",
        "state": state,
        "hold_reason": "waiting for the vendor" if state == "pending" else None,
        "title": f"Router core-{device} CPU above 95 %" if device is not None else _text(rng, 6),
        "description": _text(rng, 40),
        "resolution": "restarted" if ended else "",
        "type": "incident",
        "service": service,
        "category": "infrastructure",
        "subcategory": rng.choice(_WORDS),
        "ci": f"ci-{rng.randrange(2000)}",
        "site": f"site-{rng.randrange(30)}",
        "caller": f"user{rng.randrange(5000)}",
        "parent": "",
        "priority": rng.randrange(1, 6),
        "impact": rng.randrange(1, 6),
        "urgency": rng.randrange(1, 6),
        "team": f"team-{rng.randrange(12)}",
        "assignee": f"agent{rng.randrange(80)}" if taken else None,
        "tags": [],
        "custom": {"Correlation Key": f"core-{device}"} if device is not None else {},
        "reopened_count": 0,
        "reassignment_count": rng.randrange(3),
        "created_at": _iso(opened),
        "updated_at": _iso(closed or ended or taken or opened),
        "acknowledged_at": _iso(taken),
        "resolved_at": _iso(ended),
        "closed_at": _iso(closed),
    }


def _text(rng: random.Random, words: int) -> str:
    return " ".join(rng.choices(_WORDS, k=words))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def source_options(url: str) -> dict[str, Any]:
    """The shipped source `sandbox`, asked for pages of 1,000 at another address."""
    options: dict[str, Any] = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    options["base_url"] = f"{url}/api"
    options["auth"]["token"] = "any"
    options["history"]["paging"]["size"] = PAGE
    return options


@contextmanager
def serving(count: int) -> Iterator[str]:
    """The address of a running server with that many incidents at /api/incidents, by keyset `after_id`."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(count, theirs), daemon=True)
    server.start()
    theirs.close()  # else a server that cannot start would be waited for without end
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        server.terminate()
        server.join()


def _serve(count: int, told: Connection) -> None:
    end_with_parent()
    with tempfile.TemporaryFile() as file:
        pages = _write(file, count)
        handler = type("Handler", (_Handler,), {"file": file.fileno(), "pages": pages})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            told.send(server.server_address[1])
            server.serve_forever()


def _write(file: Any, count: int) -> list[tuple[int, int]]:
    """Encodes every page and the empty one behind them; returns where each stands, as (offset, length)."""
    pages: list[tuple[int, int]] = []
    items = incidents(count)
    while len(pages) <= -(-count // PAGE):
        body = orjson.dumps({"items": list(islice(items, PAGE))})
        pages.append((file.tell(), len(body)))
        file.write(body)
    file.flush()
    return pages


class _Handler(BaseHTTPRequestHandler):
    file: int
    pages: list[tuple[int, int]]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        # asked for changes, it has none: the empty page
        page = -1 if "updated_since" in query else int(query.get("after_id", ["0"])[0]) // PAGE
        offset, length = self.pages[page]
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.flush()
        while length:
            sent = os.sendfile(self.connection.fileno(), self.file, offset, length)
            offset, length = offset + sent, length - sent
