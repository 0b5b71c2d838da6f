"""What hooks point at is re-read like a page of a poll: what it costs is counted, and nothing is done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.app import App, Cycle
from bridge.model.hint import Hint, HintEnd
from bridge.model.incident import Page, Snapshot
from bridge.sandbox import Sandbox
from bridge.usecases.deliver.effects import issue_effect
from bridge.usecases.ingest import Taken, take_page
from tests.system.stage import Stage, sandbox_bridge
from tests.system.test_story import promoted

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


@dataclass
class Moment:
    """A promoted project in step, with a bridge that is open."""

    stage: Stage
    sandbox: Sandbox
    app: App
    incident: str
    issue: int
    other: str

    def hook(self, system: str, entity: object, *ids: object, **more: Any) -> dict[str, Any]:
        """A hook comes and is followed with all that comes of it: how it ended, requests by side and method."""
        self.sandbox.log.clear()
        number = self.sandbox.log.number()
        with self.app.database.transaction() as uow:
            hint = Hint(system, str(entity), f"delivery {number}", more.pop("mark", 0), tuple(map(str, ids)), **more)
            uow.inbox.put([hint], self.app.clock.now())
            waiting = uow.inbox.waiting(system, 10)
        followed = self.app.follow(system, waiting)
        self.app.engine().run_until_idle(60)
        return {"ends": list(followed.ends.values()), "waiting": len(followed.waiting), "requests": self.requests()}

    def requests(self) -> Counter[str]:
        return Counter(f"{entry.app} {entry.method}" for entry in self.sandbox.requests() if entry.user in BRIDGE)

    def notes(self) -> list[str]:
        return [text for text, _ in self.stage.office.notes(self.issue)]


BRIDGE = {"bridge", "itsm-sync"}


@pytest.fixture
def moment(tmp_path: Path) -> Iterator[Moment]:
    with Sandbox(clock_start=START) as sandbox, ExitStack() as resources:
        stage = sandbox_bridge(sandbox, tmp_path)
        stage.write(clock=f"{sandbox.redmine.url}/_control/clock")
        project, _, (incident, other, *_) = promoted(stage)
        stage.pause()
        stage.once()
        issue = stage.office.own_issue(project, f"itsm #{incident}")["id"]
        app = stage.app(resources)
        stage.pause()
        yield Moment(stage, sandbox, app, incident, issue, other)


def test_an_incident_is_read_again_and_its_note_carried_over(moment: Moment) -> None:
    """One request for the incident; then the link is kept in step. The cursor of the polls stays where it was."""
    with moment.app.database.reading() as uow:
        cursor = uow.ledger.cursor("itsm", "changes")
    moment.stage.desk.work_note(moment.incident, "log files attached")
    told = moment.hook("itsm", moment.incident)
    assert told["ends"] == [HintEnd.TAKEN]
    assert any("log files attached" in text for text in moment.notes())
    assert told["requests"]["redmine PUT"] == 1
    assert told["requests"]["itsm GET"] <= 4, "look, read, notes, and the same after the write at most"
    with moment.app.database.reading() as uow:
        assert uow.ledger.cursor("itsm", "changes") == cursor


def test_the_poll_that_follows_writes_nothing_and_reads_a_link_once(moment: Moment) -> None:
    """The system tells whole seconds: the second that was read while it lasted is read once more, and that is all."""
    moment.stage.desk.work_note(moment.incident, "log files attached")
    moment.hook("itsm", moment.incident)
    moment.stage.pause()
    moment.sandbox.log.clear()
    cycle = moment.app.once()
    assert cycle.incidents == 0, "what the hook brought is no news"
    assert not any(entry.is_write for entry in moment.sandbox.requests())
    first = moment.requests()
    moment.stage.pause()
    moment.sandbox.log.clear()
    moment.app.once()
    assert moment.requests().total() <= 3, "nothing is left to be looked at"
    assert first["itsm GET"] <= 4
    assert sum("log files attached" in text for text in moment.notes()) == 1


@pytest.mark.parametrize(("mark", "wanted"), [(57, ()), (58, ()), (59, ("link.reconcile",))])
def test_where_changes_are_numbered_polls_repeat_nothing(moment: Moment, mark: int, wanted: tuple[str, ...]) -> None:
    """RT: what a hook had re-read up to its newest transaction is not read again; a later one is."""
    moment.hook("itsm", moment.incident, mark=58)
    page = Page((Snapshot(moment.app.sources["itsm"].read(moment.incident), (), mark),), "cursor")
    with moment.app.database.transaction() as uow:
        take_page(uow, moment.app.configured, "itsm", page, moment.app.clock.now(), Taken())
        (link,) = uow.links.of_refs("itsm", [moment.incident])
        assert uow.effects.unfinished(f"link:{link.id}") == wanted


def test_an_issue_is_looked_at_and_its_note_carried_over(moment: Moment) -> None:
    moment.stage.office.note(moment.issue, "the vendor is asked", private=True)
    told = moment.hook("redmine", moment.issue)
    assert told["ends"] == [HintEnd.TAKEN]
    assert any("vendor" in text for text, _ in moment.stage.desk.notes(moment.incident))
    assert told["requests"]["itsm POST"] == 1


def test_the_roots_status_hands_over_at_once(moment: Moment) -> None:
    """A hook of the root issue does what a poll would."""
    (project,) = moment.stage.office.projects()
    root = moment.stage.office.root(project["id"])["id"]
    for task in reversed(moment.stage.office.issues(project["id"])[1:]):
        moment.stage.office.change(task["id"], as_="admin", status="Closed")
    moment.stage.office.change(root, as_="admin", status="Rejected")
    assert moment.hook("redmine", root)["ends"] == [HintEnd.TAKEN]
    assert any("Rejected" in text for text, _ in moment.stage.office.notes(root))


def test_many_hooks_of_one_incident_are_one_reading(moment: Moment) -> None:
    with moment.app.database.transaction() as uow:
        hints = [Hint("itsm", moment.incident, f"burst {n}") for n in range(20)]
        uow.inbox.put(hints, moment.app.clock.now())
    told = moment.hook("itsm", moment.other)
    assert len(told["ends"]) == 10, "what was asked for at once"
    single = moment.hook("itsm", moment.incident)
    assert told["requests"]["itsm GET"] <= 2 * single["requests"]["itsm GET"]


def test_its_own_echo_costs_nothing(moment: Moment) -> None:
    """The bridge's note comes back as a hook: known by its number, and nobody is asked."""
    moment.stage.office.note(moment.issue, "the vendor is asked", private=True)
    moment.hook("redmine", moment.issue)
    note = moment.sandbox.itsm.app.state.incidents[int(moment.incident)].notes[-1]
    assert note.author == "bridge"
    told = moment.hook("itsm", moment.incident, note.id)
    assert (told["ends"], told["requests"].total()) == ([HintEnd.ECHO], 0)
    moment.stage.desk.work_note(moment.incident, "log files attached")
    moment.hook("itsm", moment.incident)
    journal = moment.sandbox.redmine.app.state.issues[moment.issue].journals[-1]
    told = moment.hook("redmine", moment.issue, journal.id)
    assert (told["ends"], told["requests"].total()) == ([HintEnd.ECHO], 0)


def test_an_echo_that_comes_before_the_write_is_known_waits_for_it(moment: Moment) -> None:
    """RT sends it before it answers: while something is being written there, a hook is not followed yet."""
    moment.stage.desk.work_note(moment.incident, "log files attached")
    cycle = Cycle()
    moment.app.poll_source(moment.app.sources["itsm"], cycle)
    with moment.app.database.transaction() as uow:
        link = uow.links.of_refs("itsm", [moment.incident])[0]
        spec = {"text": "x", "origin": "[x]", "private": True}
        uow.effects.enqueue([issue_effect(link, "issue.note", "under way", **spec)])
        uow.inbox.put([Hint("redmine", str(moment.issue), "early", 0, ("999",))], moment.app.clock.now())
        waiting = uow.inbox.waiting("redmine", 10)
    moment.sandbox.log.clear()
    followed = moment.app.follow("redmine", waiting)
    assert (followed.ends, followed.waiting) == ({}, waiting)
    assert moment.requests().total() == 0
    moment.stage.pause()
    assert list(moment.app.follow("redmine", waiting).ends.values()) == [HintEnd.TAKEN], "but not for ever"


def test_a_late_hook_costs_nothing(moment: Moment) -> None:
    """The incident changed again since and was read then."""
    changed = moment.sandbox.clock.now()
    moment.stage.desk.work_note(moment.incident, "first")
    moment.stage.pause()
    moment.stage.desk.work_note(moment.incident, "second")
    moment.hook("itsm", moment.incident)
    told = moment.hook("itsm", moment.incident, changed_at=changed)
    assert (told["ends"], told["requests"].total()) == ([HintEnd.LATE], 0)
    again = moment.hook("itsm", moment.incident, changed_at=moment.sandbox.clock.now())
    assert again["ends"] == [HintEnd.TAKEN], "one of the same second may tell something new"


def test_what_the_bridge_does_not_follow_is_dropped(moment: Moment) -> None:
    """An incident that it does not know may be outside of its query: the poll tells."""
    assert moment.hook("redmine", 99_999) == {"ends": [HintEnd.UNKNOWN], "waiting": 0, "requests": Counter()}
    new = moment.stage.desk.open("Mailbox full", key="mail-2")
    told = moment.hook("itsm", new)
    assert (told["ends"], told["requests"].total()) == ([HintEnd.UNKNOWN], 0)
    assert moment.app.once().incidents == 1


@pytest.mark.parametrize("side", ["itsm", "redmine"])
def test_what_cannot_be_read_is_left_to_the_poll(moment: Moment, side: str) -> None:
    moment.sandbox.fault("status", code=503, app=side, method="GET", times=None)
    moment.stage.desk.work_note(moment.incident, "log files attached")
    moment.stage.office.note(moment.issue, "the vendor is asked", private=True)
    moment.sandbox.clock.advance(60)
    entity = moment.incident if side == "itsm" else moment.issue
    with moment.app.database.transaction() as uow:
        uow.inbox.put([Hint(side, str(entity), "x")], moment.app.clock.now())
        waiting = uow.inbox.waiting(side, 10)
    followed = moment.app.follow(side, waiting)
    assert list(followed.ends.values()) == [HintEnd.UNREADABLE]
    assert followed.error is not None
    moment.sandbox.faults.clear()
    moment.sandbox.clock.advance(timedelta(minutes=10).total_seconds())
    moment.stage.once()
    moment.sandbox.clock.advance(timedelta(minutes=10).total_seconds())
    moment.stage.once()
    assert sum("log files attached" in text for text in moment.notes()) == 1
    assert sum("vendor" in text for text, _ in moment.stage.desk.notes(moment.incident)) == 1
