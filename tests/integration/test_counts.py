"""What the bridge may cost: requests, SQL statements and rows. Counts only, no seconds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event
from tests.system.crowd import Place, creations, crowd, fill, rows_listed, settled, updates
from tests.system.stage import opened, sandbox_bridge

from bridge.app import App, Cycle
from bridge.model.incident import Incident, Page, Snapshot, State
from bridge.model.promotion import PromotionState
from bridge.sandbox import Sandbox
from bridge.usecases.ingest import Taken, take_page
from bridge.usecases.promote import join_groups

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
HISTORY = 100_000
AUTO = """\
version: 1
rules:
  - id: by-router
    title: Router keeps alerting
    mode: auto
    match: {field: summary, regex: "(?i)router.*cpu"}
    group_by: [service, fields.key]
    when: {any: [{recurs: {at_least: 5, within: 14d}}, {open_for: {longer_than: 72h}}]}
    project: {name: "{{ rule.title }}: {{ group.label }}", template: network-problem, owner: jane}
  - id: by-service
    title: Service keeps failing
    mode: auto
    match: {field: priority, at_most: 2}
    group_by: [service]
    when: {any: [{recurs: {at_least: 3, within: 7d}}]}
    project: {name: "{{ rule.title }}: {{ group.label }}", template: network-problem, owner: network-team}
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Both servers at a moment that stands still."""
    with Sandbox(clock_start=NOW) as sandbox:
        yield sandbox


def test_an_idle_cycle_asks_each_side_at_most_twice_and_reads_no_list(sandbox: Sandbox, tmp_path: Path) -> None:
    """300 links, nothing changed."""
    with settled(sandbox, tmp_path, 300) as app:
        sandbox.log.clear()
        cycle = app.once()
    requests = sandbox.requests()
    assert not cycle.failures
    assert cycle.delivered.done == 0
    assert max(Counter(entry.app for entry in requests).values()) <= 2
    assert not any(entry.is_write for entry in requests)
    assert max(rows_listed(sandbox, entry) for entry in requests) <= 1


def test_one_request_per_created_issue_and_two_per_update(sandbox: Sandbox, tmp_path: Path) -> None:
    """Names and ids are read before; everything is delivered by the engine with all its threads."""
    stage = sandbox_bridge(sandbox, tmp_path)
    stage.write(clock=f"{sandbox.redmine.url}/_control/clock")
    (place,) = fill(sandbox, 1)
    with opened(stage) as app:
        with app.database.transaction() as uow:
            links = crowd(uow, stage.desk.source, 41, [Place(place.project, place.root)], NOW)
            uow.effects.enqueue(creations(links[:1]))
        assert app.engine().run_until_idle(60).done == 1

        sandbox.log.clear()
        with app.database.transaction() as uow:
            uow.effects.enqueue(creations(links))
        assert app.engine().run_until_idle(60).done == 40
        created = Counter(f"{entry.method} {entry.path}" for entry in sandbox.requests())
        assert created == {f"POST /projects/{place.project}/issues.json": 40}

        with app.database.transaction() as uow:
            links = uow.links.all()
            uow.effects.enqueue(updates(links[:1]))
        assert app.engine().run_until_idle(60).done == 1

        sandbox.log.clear()
        with app.database.transaction() as uow:
            uow.effects.enqueue(updates(links))
        assert app.engine().run_until_idle(60).done == 40
        assert Counter(entry.method for entry in sandbox.requests()) == {"PUT": 40, "GET": 40}
        assert Counter(entry.path for entry in sandbox.requests()) == {
            f"/issues/{link.issue_id}.json": 2 for link in links[1:]
        }


@dataclass(slots=True)
class Cost:
    """What was asked of SQLite: statements, and the steps of its virtual machine, which grow with every row read."""

    statements: int = 0
    steps: int = 0


@contextmanager
def costs(app: App) -> Iterator[Cost]:
    """Counts what writing transactions do inside the block."""
    cost = Cost()
    engine = app.database._engines.writer

    def step() -> int:
        cost.steps += 1
        return 0

    def begun(connection: Connection) -> None:
        connection.connection.driver_connection.set_progress_handler(step, 1)

    def executed(*_: object) -> None:
        cost.statements += 1

    event.listen(engine, "begin", begun)
    event.listen(engine, "before_cursor_execute", executed)
    try:
        yield cost
    finally:
        event.remove(engine, "begin", begun)
        event.remove(engine, "before_cursor_execute", executed)
        with app.database.transaction() as uow:
            uow.connection.connection.driver_connection.set_progress_handler(None, 1)


def snapshot(number: int, opened: datetime, state: State) -> Snapshot:
    fields = {"Correlation Key": "core-1"}
    summary = "Router core-1 CPU above 95 %"
    times = {"resolved_at": opened} if not state.is_open else {}
    return Snapshot(
        Incident(
            "desk", str(number), summary, state, opened, opened, service="network", priority=1, fields=fields, **times
        )
    )


def costs_of_pages(sandbox: Sandbox, folder: Path, stored: int, page: int) -> list[Cost]:
    """The costs of two pages of incidents about one router that has a history of some length.

    The first page opens a project, the incidents of the second join it.
    """
    folder.mkdir()
    stage = sandbox_bridge(sandbox, folder)
    stage.write(clock=f"{sandbox.redmine.url}/_control/clock")
    history = [snapshot(n, NOW - n * timedelta(hours=1), State.RESOLVED) for n in range(1, stored + 1)]
    found = []
    with opened(stage) as app:
        app.activate(cycle := Cycle())
        assert not cycle.findings
        with app.database.transaction() as uow:
            join_groups(uow, app.configured, uow.incidents.save(history, NOW))
        later = NOW + timedelta(minutes=1)
        for first in (stored + 1, stored + page + 1):
            news = tuple(snapshot(number, later, State.NEW) for number in range(first, first + page))
            with costs(app) as cost, app.database.transaction() as uow:
                take_page(uow, app.configured, "desk", Page(news, str(first)), later, taken := Taken())
            assert taken.incidents == page
            found.append(cost)
        with app.database.reading() as uow:
            (promotion,) = uow.promotions.in_states()
            assert len(uow.links.all(promotion.id)) == 2 * page
    return found


def test_the_steps_tell_how_many_rows_were_read(sandbox: Sandbox, tmp_path: Path) -> None:
    """Else a page that reads the whole history would look cheap."""
    stage = sandbox_bridge(sandbox, tmp_path)
    stage.write()
    with opened(stage) as app:
        with app.database.transaction() as uow:
            uow.incidents.save([snapshot(number, NOW, State.NEW) for number in range(1000)], NOW)
        with costs(app) as cost, app.database.transaction() as uow:
            uow.connection.exec_driver_sql("SELECT count(*) FROM incident WHERE description = 'x'").all()
    assert cost.statements == 2  # BEGIN too
    assert cost.steps > 1000


@pytest.mark.parametrize("page", [1, 20])
def test_a_page_costs_the_same_whatever_the_history(sandbox: Sandbox, tmp_path: Path, page: int) -> None:
    """The same SQL statements with 1,500 and with 5,000 incidents of the same group stored, and the same rows read.

    The page that opens the project looks at 1,000 of them for its evidence.
    """
    few = costs_of_pages(sandbox, tmp_path / "few", 1500, page)
    many = costs_of_pages(sandbox, tmp_path / "many", 5000, page)
    assert [cost.statements for cost in many] == [cost.statements for cost in few]
    for short, long in zip(few, many, strict=True):
        assert long.steps <= 1.05 * short.steps, (short, long)


def write_history(path: Path, count: int) -> None:
    """Incidents of the two years before NOW, a third of them about routers; the newest hundred are open."""
    step = timedelta(days=730) / count
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            opened = NOW - (count - number) * step
            is_open = number >= count - 100
            row = {
                "id": number,
                "summary": f"Router core-{number % 300} CPU above 95 %" if number % 3 == 0 else "Mailbox full",
                "state": "open" if is_open else "done",
                "opened": opened.isoformat(),
                "updated": (opened if is_open else opened + timedelta(hours=5)).isoformat(),
                "resolved": "" if is_open else (opened + timedelta(hours=5)).isoformat(),
                "priority": str(number % 5 + 1),
                "service": f"service-{number % 20}",
                "key": f"core-{number % 300}",
            }
            file.write(json.dumps(row) + "\n")


def archive(path: Path) -> dict[str, Any]:
    """The source that reads it."""
    columns = {name: name for name in ("id", "summary", "state", "priority", "service")}
    columns |= {f"{name}_at": name for name in ("opened", "updated", "resolved")}
    return {
        "name": "archive",
        "kind": "file",
        "path": str(path),
        "columns": columns,
        "fields": ["key"],
        "states": {"open": "in_progress", "done": "resolved"},
        "priorities": {str(level): level for level in range(1, 6)},
    }


def test_a_backfill_with_all_rules_on_auto_writes_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    """100,000 incidents, hundreds of which the rules would act on had they just come in; then two cycles."""
    write_history(tmp_path / "history.jsonl", HISTORY)
    stage = sandbox_bridge(sandbox, tmp_path)
    sources = [stage.desk.source_settings(), archive(tmp_path / "history.jsonl")]
    stage.write(rule=AUTO, sources=sources, clock=f"{sandbox.redmine.url}/_control/clock")
    with opened(stage) as app:
        counts, proposed = app.backfill(NOW - timedelta(days=800), None, (), store=True)
        assert counts["archive"] == {"incidents": HISTORY, "changed": HISTORY, "parked": 0, "left_to_polls": 0}
        assert len(proposed) > 100
        for _ in range(2):
            cycle = app.once()
            assert not cycle.failures
            assert cycle.delivered.done == cycle.delivered.waiting == 0
            sandbox.clock.advance(3600)
        with app.database.reading() as uow:
            assert {promotion.state for promotion in uow.promotions.in_states()} == {PromotionState.CANDIDATE}
        stats = app.engine().stats()
        assert stats.ready + stats.running + stats.done + stats.dead == 0
    assert sandbox.requests("redmine")
    assert sandbox.requests("itsm")
    assert not [entry for entry in sandbox.requests() if entry.is_write]
    assert not sandbox.mails()
