"""Many open incidents with their own issues, put straight into the store and the sandbox, for what is counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bridge.app import App
from bridge.model.effect import EffectSpec
from bridge.model.incident import GroupRow, Incident, Snapshot, State
from bridge.model.link import Link
from bridge.model.promotion import Member, Promotion, PromotionState, Role, Task, TaskKind
from bridge.ports import UnitOfWork
from bridge.sandbox import Sandbox
from bridge.sandbox.itsm import model as itsm
from bridge.sandbox.redmine import model as redmine
from bridge.sandbox.requestlog import Entry
from bridge.sync.plan import NOBODY, PERSON, STATE
from bridge.usecases.deliver.effects import issue_effect
from bridge.usecases.policy import ROOT_TASK, TRACKER_ENDPOINT
from tests.servers.common import Caller
from tests.system.stage import opened, sandbox_bridge

RULE = "router-cpu"
PER_PROJECT = 50
SUMMARY = "Router core-{} CPU above 95 %"


@dataclass(frozen=True, slots=True)
class Place:
    """A project in Redmine: its id, the id of its root issue and those of the incidents' own issues, where they are."""

    project: int
    root: int | None = None
    issues: tuple[int, ...] = ()


def crowd(
    uow: UnitOfWork, source: str, count: int, places: Sequence[Place], now: datetime, *, first: int = 1
) -> list[Link]:
    """Stores open incidents numbered from `first`, linked to issues of active promotions, 50 to each.

    The promotions take their projects from `places` in turn; an issue that is not there yet is left to be created.
    """
    saved = uow.incidents.save(
        [Snapshot(_incident(source, number, now)) for number in range(first, first + count)], now
    )
    links = []
    for start in range(0, len(saved), PER_PROJECT):
        place = places[start // PER_PROJECT % len(places)]
        promotion = uow.promotions.add(_promotion(f"core-{first + start}", place, now))
        members = saved[start : start + PER_PROJECT]
        tasks = [Task(promotion.id, ROOT_TASK, TaskKind.ROOT, promotion.name, place.root, "New")]
        for position, one in enumerate(members):
            issue = place.issues[position] if place.issues else None
            key = f"{source}#{one.incident.external_id}"
            tasks.append(
                Task(promotion.id, key, TaskKind.INCIDENT, one.incident.summary, issue, "New" if issue else "")
            )
            uow.promotions.add_member(Member(promotion.id, one.id, Role.OPEN, now))
            agreed = {STATE: "new", PERSON: NOBODY} if issue else {}
            links.append(uow.links.add(Link(0, one.id, one.incident.ref, promotion.id, key, agreed, now, now, issue)))
        uow.promotions.add_tasks(tasks)
        uow.groups.join([GroupRow(RULE, promotion.group_key, one.id, one.incident.opened_at) for one in members])
    return links


def creations(links: Sequence[Link]) -> list[EffectSpec]:
    """One `task.create` for each link's issue, none waiting for another."""
    return [
        EffectSpec(
            kind="task.create",
            key=f"link:{link.id}",
            unique=f"link:{link.id}:create",
            endpoint=TRACKER_ENDPOINT,
            payload={
                "promotion": link.promotion_id,
                "task": link.task_key,
                "link": link.id,
                "subject": subject_of(link.ref.source, link.ref.external_id),
                "description": DESCRIPTION,
                "tracker": "Bug",
                "priority": "High",
            },
            promotion_id=link.promotion_id,
        )
        for link in links
    ]


def updates(links: Sequence[Link]) -> list[EffectSpec]:
    """One `issue.update` for each link, none waiting for another."""
    return [issue_effect(link, "issue.update", "counted", state=str(State.IN_PROGRESS)) for link in links]


def subject_of(source: str, external_id: str) -> str:
    """The subject of the issue that `creations` asks for."""
    return f"{source} #{external_id}: {SUMMARY.format(external_id)}"


DESCRIPTION = "The router's CPU has been above 95 % for ten minutes.\n\n" + " ".join(
    ["It was restarted and came back."] * 20
)


def fill(sandbox: Sandbox, count: int) -> list[Place]:
    """The same number of open incidents and of their own issues in the sandbox, 50 issues to a project.

    All of them changed last at least a day ago, each at a moment of its own.
    """
    now = sandbox.clock.now()
    state = sandbox.itsm.app.state
    for number, at in enumerate(_moments(now, count), 1):
        key = {"Correlation Key": f"core-{number}"}
        state.incidents[state.next_id("incident")] = itsm.Incident(
            number, f"INC{number:07}", SUMMARY.format(number), "anna", at, at, service="network", priority=1, custom=key
        )
    return [_project(sandbox, min(PER_PROJECT, count - start)) for start in range(0, count, PER_PROJECT)]


def _project(sandbox: Sandbox, issues: int) -> Place:
    state = sandbox.redmine.app.state
    now = sandbox.clock.now() - timedelta(days=1)
    parent = state.project("operations")
    assert parent is not None
    number = state.next_id("project")
    project = redmine.Project(number, f"Crowd {number}", f"crowd-{number}", now, now, parent_id=parent.id)
    project.is_public = False
    project.tracker_ids = list(parent.tracker_ids)
    project.modules = dict(parent.modules)
    state.projects[number] = project
    bridge = state.user_by_login("itsm-sync")
    assert bridge is not None
    state.put_member(redmine.Member(state.next_id("member"), number, bridge.id, [state.creator_role().id]))
    made = []
    for at in _moments(now, issues + 1):
        issue = state.next_id("issue")
        state.put_issue(redmine.Issue(issue, number, 1, 1, 2, bridge.id, f"Issue {issue}", at, at))
        made.append(issue)
    return Place(number, made[0], tuple(made[1:]))


def _moments(now: datetime, count: int) -> Iterator[datetime]:
    """Moments before a day ago, two minutes apart, newest last."""
    oldest = now - timedelta(days=1) - count * timedelta(minutes=2)
    return (oldest + step * timedelta(minutes=2) for step in range(count))


def _incident(source: str, number: int, now: datetime) -> Incident:
    at = now - timedelta(days=10) + timedelta(seconds=number)
    return Incident(
        source,
        str(number),
        SUMMARY.format(number),
        State.NEW,
        at,
        at,
        service="network",
        priority=1,
        fields={"Correlation Key": f"core-{number}"},
    )


def _promotion(group: str, place: Place, now: datetime) -> Promotion:
    return Promotion(
        id=0,
        rule_id=RULE,
        rule_version="counted",
        source="",
        group_key=f'["{group}"]',
        label=group,
        name=f"Router CPU keeps alerting: {group}",
        state=PromotionState.ACTIVE,
        reason="five in fourteen days",
        created_at=now,
        decided_at=now,
        opened_at=now,
        project_id=place.project,
        root_issue_id=place.root,
        terms={"open": "link", "later": "link", "on_delivery": "resolve", "kpi": "pause"},
    )


@contextmanager
def settled(sandbox: Sandbox, folder: Path, count: int) -> Iterator[App]:
    """A bridge between the sandbox's servers with that many linked incidents, which has seen all there is to see."""
    stage = sandbox_bridge(sandbox, folder)
    stage.write(clock=f"{sandbox.redmine.url}/_control/clock")
    places = fill(sandbox, count)
    with opened(stage) as app:
        with app.database.transaction() as uow:
            crowd(uow, stage.desk.source, count, places, sandbox.clock.now())
        for _ in range(3):
            cycle = app.once()
            assert not cycle.failures, cycle.failures
            sandbox.clock.advance(60)
        yield app


def rows_listed(sandbox: Sandbox, entry: Entry) -> int:
    """How many rows the answer to a request for a list had."""
    side = sandbox.redmine if entry.app == "redmine" else sandbox.itsm
    token = sandbox.redmine.key("itsm-sync") if entry.app == "redmine" else sandbox.itsm.token("bridge")
    headers = {"X-Redmine-API-Key": token, "Authorization": f"Bearer {token}"}
    found = Caller(side.url, headers).ok(entry.method, f"{entry.path}?{entry.query}")
    return max((len(value) for value in found.values() if isinstance(value, list)), default=0)
