"""What the demo ends with, as plain data: the same for its tables and for `--json`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from bridge.app import App, Cycle
from bridge.cli.demo_telling import BRIDGE_ACCOUNTS
from bridge.kpi.measures import ResolutionTimes
from bridge.model.link import Link
from bridge.model.promotion import Promotion, PromotionState, TaskKind
from bridge.ports import UnitOfWork
from bridge.sandbox import Sandbox
from bridge.sandbox.story import BEGIN
from bridge.usecases.hand_over import CLOSING_NOTE
from bridge.usecases.measure import measure
from bridge.usecases.policy import EVIDENCE_PAGE, Policy

SOLVED = "solved"
OVER = frozenset({SOLVED, "closed", "cancelled"})
ROUTER_RULE = "router-cpu"
"""The rule of the main plot; its project is the one to look at."""


@dataclass
class Run:
    """What the rounds of the bridge added up to."""

    cycles: int = 0
    parked: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, cycle: Cycle) -> None:
        """Adds one round."""
        self.cycles += 1
        self.parked += cycle.parked
        self.failures += [f"{system}: {error}" for system, error in cycle.failures.items()]


def gather(app: App, sandbox: Sandbox, run: Run, seconds: float) -> dict[str, Any]:
    """Everything that is shown at the end. The sandbox's own records are what counts, not what the bridge believes."""
    policy = app.configured.policy
    stats = app.engine().stats()
    numbers = list(sandbox.itsm.app.state.incidents)
    with app.database.reading() as uow:
        promotions = uow.promotions.in_states()
        times = measure(uow)
        return {
            "story": {
                "begins": BEGIN,
                "ends": sandbox.clock.now(),
                "seconds": round(seconds, 1),
                "rounds": run.cycles,
                "failures": run.failures,
                "parked": run.parked,
            },
            "promotions": [_promotion(uow, policy, sandbox, promotion) for promotion in promotions],
            "returned": [row for promotion in promotions for row in _returned(uow, policy, sandbox, promotion)],
            "untouched": _untouched(uow, sandbox, promotions),
            "links": [_link(uow, sandbox, link) for link in uow.links.all()],
            "incidents": len(numbers),
            "incidents_written_to": sum(_writes(sandbox, number) > 0 for number in numbers),
            "writes_to_resolved": sum(_writes_to_resolved(sandbox, number) for number in numbers),
            "kpi": {**asdict(times), "explained": explained(times)},
            "traffic": _traffic(sandbox),
            "queue": {"done": stats.done, "dead": stats.dead, "waiting": stats.ready + stats.running},
            "urls": _urls(uow, policy, sandbox, promotions),
        }


def _promotion(uow: UnitOfWork, policy: Policy, sandbox: Sandbox, promotion: Promotion) -> dict[str, Any]:
    own = {task.issue_id for task in uow.promotions.tasks(promotion.id).values() if task.kind is not TaskKind.WORK}
    state = sandbox.redmine.app.state
    issues = state.issues_of(promotion.project_id) if promotion.project_id else []
    tasks = [issue for issue in issues if issue.id not in own]
    return {
        "id": promotion.id,
        "name": promotion.name,
        "rule": promotion.rule_id,
        "state": str(promotion.state),
        "private": not state.projects[promotion.project_id].is_public if promotion.project_id else None,
        "owner": promotion.owner,
        "incidents": len(uow.promotions.members(promotion.id)),
        "tasks": len(tasks),
        "tasks_done": sum(state.is_closed(task) for task in tasks),
        "created_at": promotion.created_at,
        "opened_at": promotion.opened_at,
        "delivered_at": promotion.delivered_at,
        "decided_by": promotion.approved_by,
        "decision_note": promotion.decision_note,
        "attention": promotion.attention,
        "url": policy.project_url(promotion.identifier) if promotion.project_id else None,
    }


def _link(uow: UnitOfWork, sandbox: Sandbox, link: Link) -> dict[str, Any]:
    """An incident, its own issue, and what a person is asked to look at."""
    state = sandbox.redmine.app.state
    issue = state.issues[link.issue_id] if link.issue_id else None
    return {
        "promotion": link.promotion_id,
        "incident": sandbox.itsm.app.state.incidents[int(link.ref.external_id)].number,
        "state": str(uow.incidents.get(link.incident_id).state),
        "issue": link.issue_id,
        "issue_closed": state.is_closed(issue) if issue else None,
        "attention": link.attention,
    }


def _returned(uow: UnitOfWork, policy: Policy, sandbox: Sandbox, promotion: Promotion) -> list[dict[str, Any]]:
    """The incidents that a delivered project gave back."""
    if promotion.state is not PromotionState.DELIVERED:
        return []
    return [{"promotion": promotion.id, **_handed_back(policy, sandbox, link)} for link in uow.links.all(promotion.id)]


def _handed_back(policy: Policy, sandbox: Sandbox, link: Link) -> dict[str, Any]:
    """An incident's state before its project was delivered and now; no closing note where it was over before."""
    incident = sandbox.itsm.app.state.incidents[int(link.ref.external_id)]
    mark = policy.note_origin(link.ref, CLOSING_NOTE).removesuffix("]")
    closing = next((note for note in incident.notes if mark in note.text), None)
    state, before, by = "new", "", ""
    for change in sandbox.itsm.app.state.changes_of(incident.id):
        if closing and change.kind == "note" and change.new == str(closing.id):
            before = state
        if change.kind == "field" and change.field == "state" and change.new:
            state, by = change.new, change.by
    return {
        "incident": incident.number,
        "title": incident.title,
        "before": before or state,
        "after": state,
        "by": by,
        "closing_note": closing.text.splitlines()[0] if closing else None,
        "url": f"{sandbox.itsm.url}/incidents/{incident.id}",
    }


def _untouched(uow: UnitOfWork, sandbox: Sandbox, promotions: list[Promotion]) -> list[dict[str, Any]]:
    """The incidents that were over when their project was opened, and how often the bridge wrote to each: never."""
    rows = []
    for promotion in filter(lambda one: one.opened_at, promotions):
        linked = {link.incident_id for link in uow.links.all(promotion.id)}
        for member in uow.promotions.members(promotion.id):
            if member.incident_id not in linked:
                number = int(uow.incidents.get(member.incident_id).external_id)
                incident = sandbox.itsm.app.state.incidents[number].number
                rows.append({"promotion": promotion.id, "incident": incident, "writes": _writes(sandbox, number)})
    return rows


def _writes(sandbox: Sandbox, number: int) -> int:
    """How often the bridge wrote to an incident."""
    return sum(("itsm", change.by) in BRIDGE_ACCOUNTS for change in sandbox.itsm.app.state.changes_of(number))


def _writes_to_resolved(sandbox: Sandbox, number: int) -> int:
    """How often the bridge wrote to an incident that was over."""
    over, writes = False, 0
    for change in sandbox.itsm.app.state.changes_of(number):
        writes += over and ("itsm", change.by) in BRIDGE_ACCOUNTS
        if change.kind == "field" and change.field == "state":
            over = change.new in OVER
    return writes


def explained(times: ResolutionTimes) -> str:
    """The figures in words."""
    if times.raw_hours is None or times.adjusted_hours is None:
        return "No incident was resolved yet."
    removed = f" {times.removed} of them count as project work altogether." if times.removed else ""
    return (
        f"{times.resolved} incidents were resolved, in {times.raw_hours:,.1f} hours on average.{removed} "
        f"{times.excluded_hours:,.1f} hours of that belong to projects, from promotion to delivery; "
        f"without them it is {times.adjusted_hours:,.1f} hours."
    )


def _traffic(sandbox: Sandbox) -> dict[str, Any]:
    """Requests on both sides by whom, and the mails that Redmine would have sent because of whom."""
    counts = {app: {who: {"reads": 0, "writes": 0} for who in ("bridge", "people")} for app in ("redmine", "itsm")}
    for entry in sandbox.requests():
        who = "bridge" if (entry.app, entry.user) in BRIDGE_ACCOUNTS else "people"
        counts[entry.app][who]["writes" if entry.is_write else "reads"] += 1
    mails = sandbox.redmine.app.state.mails
    by_bridge = sum(("redmine", mail.by) in BRIDGE_ACCOUNTS for mail in mails)
    return {**counts, "mails": {"bridge": by_bridge, "people": len(mails) - by_bridge}}


def _urls(uow: UnitOfWork, policy: Policy, sandbox: Sandbox, promotions: list[Promotion]) -> dict[str, str]:
    urls = {"redmine": f"{sandbox.redmine.url}/projects"}
    main = next((p for p in promotions if p.rule_id == ROUTER_RULE and p.root_issue_id), None)
    if main and main.root_issue_id:
        urls["project"] = policy.project_url(main.identifier)
        urls["root_issue"] = policy.issue_url(main.root_issue_id)
        urls["evidence"] = policy.page_url(main.identifier, EVIDENCE_PAGE)
        linked = [link for link in uow.links.all(main.id) if link.issue_id]
        urls["incident"] = f"{sandbox.itsm.url}/incidents/{linked[0].ref.external_id}"
        urls["incident_issue"] = policy.issue_url(linked[0].issue_id or 0)
    urls["incidents"] = f"{sandbox.itsm.url}/incidents"
    urls["mails"] = f"{sandbox.redmine.url}/mails"
    return urls
