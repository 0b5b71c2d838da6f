"""What one synced change costs, whatever the number of links: requests and SQL statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event
from tests.servers.common import Caller
from tests.system.crowd import settled

from bridge.app import App
from bridge.model.link import Link
from bridge.sandbox import Sandbox

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


BY_THREADS = ("BEGIN", "SELECT e.id, e.endpoint FROM effect", "UPDATE effect SET state")
"""How the queue takes and ends effects: several in one transaction or each in its own, as the threads happen to come.
tests/contract/queue counts these."""


@dataclass(frozen=True)
class Cost:
    """Requests by side, and SQL statements but for BY_THREADS."""

    requests: dict[str, int]
    statements: int


@contextmanager
def statements(app: App) -> Iterator[list[int]]:
    """Counts the statements of both connections inside the block."""
    count = [0]
    engines = [app.database._engines.writer, app.database._engines.reader]

    def executed(_connection: object, _cursor: object, text: str, *_: object) -> None:
        count[0] += not text.startswith(BY_THREADS)

    for engine in engines:
        event.listen(engine, "before_cursor_execute", executed)
    try:
        yield count
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", executed)


def cost_of_a_change(folder: Path, links: int) -> Cost:
    """An agent's note and a member's note on the same link, carried both ways in one `once`.

    The least of some: every few minutes names are read anew.
    """
    folder.mkdir()
    with Sandbox(clock_start=NOW) as sandbox, settled(sandbox, folder, links) as app:
        for _ in range(3):  # the slow comparison of all links is a cost of its own
            sandbox.clock.advance(60)
            app.once()
        with app.database.reading() as uow:
            link = uow.links.all()[links // 2]
        change(sandbox, app, link, "the first one, after which names are known and the Evidence page is there")
        costs = [one_change(sandbox, app, link, number) for number in range(3)]
        return min(costs, key=lambda one: (sum(one.requests.values()), one.statements))


def one_change(sandbox: Sandbox, app: App, link: Link, number: int) -> Cost:
    """What carrying two notes costs."""
    sandbox.log.clear()
    with statements(app) as count:
        change(sandbox, app, link, f"the counted one, number {number}")
    requests = [one for one in sandbox.requests() if one.user in {"bridge", "itsm-sync"}]
    assert sum(one.is_write for one in requests) == 2
    return Cost(Counter(one.app for one in requests), count[0])


def change(sandbox: Sandbox, app: App, link: Link, text: str) -> None:
    """An agent and a member write a note each, and the bridge looks."""
    desk = Caller(sandbox.itsm.url, {"Authorization": f"Bearer {sandbox.itsm.token('anna')}"})
    body = {"text": f"agent: {text}", "visibility": "internal"}
    desk.ok("POST", f"/api/incidents/{link.ref.external_id}/notes", body)
    office = Caller(sandbox.redmine.url, {"X-Redmine-API-Key": sandbox.redmine.key("admin")})
    office.ok("PUT", f"/issues/{link.issue_id}.json", {"issue": {"notes": f"member: {text}", "private_notes": True}})
    sandbox.clock.advance(60)
    cycle = app.once()
    assert not cycle.failures


@pytest.mark.parametrize(
    ("few", "many"),
    [(10, 60), pytest.param(100, 10_000, marks=[pytest.mark.soak, pytest.mark.timeout(3000)])],
)
def test_a_change_costs_the_same_whatever_the_number_of_links(tmp_path: Path, few: int, many: int) -> None:
    """The same requests and the same statements."""
    small, large = cost_of_a_change(tmp_path / "few", few), cost_of_a_change(tmp_path / "many", many)
    print(f"one note each way: {small} at {few} links, {large} at {many}")
    assert large == small
    assert sum(large.requests.values()) <= 24
    assert large.statements <= 160
