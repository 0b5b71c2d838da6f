"""Delivers what stands in a promotion's project: issues, relations, the evidence page, members, assignments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from bridge.model.effect import Effect
from bridge.model.errors import NotFound, Rejected
from bridge.model.link import Link
from bridge.model.project import Issue, IssueChange, IssueSpec
from bridge.model.promotion import Promotion, PromotionState, Task, TaskKind, move
from bridge.ports import Clock, ProjectTracker, Store, UnitOfWork
from bridge.rules.project_part import Place
from bridge.sync.fields import PRIORITY, SUBJECT
from bridge.sync.mapping import canonical
from bridge.sync.plan import NOBODY, PERSON, STATE
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import ACTIVATE, TRACKER_SYSTEM, nothing
from bridge.usecases.evidence import evidence_text
from bridge.usecases.hand_over import root_changed
from bridge.usecases.place import fields_of, page_title, place_of, tracker_of, version_of
from bridge.usecases.policy import EVIDENCE_PAGE, EVIDENCE_SECTION, ROOT_TASK
from bridge.usecases.reconcile import reconcile_effect

Save = Callable[[UnitOfWork], None]
STATUS = "status_id"
"""How the tracker's journals name an issue's status."""


@dataclass(frozen=True, slots=True)
class ProjectDelivery:
    """Handlers of the effects that fill a project."""

    store: Store
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {
            "task.create": self.create_task,
            "task.relate": self.relate_tasks,
            "task.assign": self.assign_task,
            "page.write": self.write_page,
            "member.add": self.add_member,
            ACTIVATE: self.activate,
        }

    def create_task(self, effect: Effect) -> Save:
        """Creates one issue: the root, a task of the plan, or an incident's own issue."""
        payload = effect.payload
        parent = payload.get("parent")
        promotion, tasks = self._promotion_and_tasks(effect, payload["task"], *([parent] if parent else []))
        spec = IssueSpec(
            project_id=_required(promotion.project_id, promotion, "project"),
            subject=payload["subject"],
            description=payload["description"],
            origin=self.configured().policy.task_origin(promotion.id, payload["task"]),
            tracker=tracker_of(promotion, tasks[payload["task"]].kind, payload.get("tracker", "")),
            priority=payload.get("priority", ""),
            parent_id=_issue_of(tasks, parent, promotion) if parent else None,
            start=_day(payload.get("start")),
            due=_day(payload.get("due")),
            estimate=payload.get("estimate"),
            custom_fields=fields_of(promotion),
            version_id=version_of(promotion, payload.get("milestone", "")),
        )
        issue = self.tracker.create_issue(spec, unsure=effect.unsure)
        if effect.unsure and "link" in payload:
            # It may be an earlier attempt's, and somebody may have worked on it: its journals tell.
            issue = self.tracker.read_issue(issue.id)
        task = tasks[payload["task"]]

        def save(uow: UnitOfWork) -> None:
            uow.promotions.save_task(replace(task, issue_id=issue.id, status=issue.status))
            if task.kind is TaskKind.ROOT:
                uow.promotions.save(replace(uow.promotions.get(promotion.id), root_issue_id=issue.id))
            if task.kind is TaskKind.INCIDENT:
                self._save_link(uow, payload, issue)

        return save

    def _save_link(self, uow: UnitOfWork, payload: Mapping[str, Any], issue: Issue) -> None:
        """Stores a link's issue and the base of its merge: the state that the tracker gave the issue.

        A status that a person set before the issue was adopted is their change: the base is the incident's state when
        the issue was planned.
        """
        link = uow.links.get(payload["link"])
        if any(STATUS in journal.changes for journal in issue.journals):
            state = payload.get("state", canonical(uow.incidents.get(link.incident_id).state))
        else:
            state = self.configured().policy.statuses.state_of(issue.status)
        agreed = {PERSON: NOBODY} | ({STATE: str(state)} if state else {}) | self._written(link, issue)
        uow.links.save(replace(link, issue_id=issue.id, agreed=agreed))

    def _written(self, link: Link, issue: Issue) -> dict[str, str]:
        """The fields that the incident gave the issue, unless somebody changed the issue before it was adopted."""
        table = self.configured().policy.table(link.ref.source, issue.tracker)
        names = () if issue.journals else (PRIORITY, SUBJECT)
        return {name: table.on_issue(name, issue, link.ref) or "" for name in names if name in table.active}

    def relate_tasks(self, effect: Effect) -> Save:
        """Relates two issues of the project."""
        payload = effect.payload
        promotion, tasks = self._promotion_and_tasks(effect, payload["task"], payload["other"])
        first, second = (_issue_of(tasks, payload[side], promotion) for side in ("task", "other"))
        self.tracker.relate(first, second, payload["kind"], payload.get("delay", 0))
        return nothing

    def write_page(self, effect: Effect) -> Save:
        """Brings the evidence page up to date; the same text is not written again."""
        configured = self.configured()
        with self.store.reading() as uow:
            promotion = uow.promotions.get(effect.payload["promotion"])
            text = evidence_text(uow, configured, promotion)
        project_id = _required(promotion.project_id, promotion, "project")
        self.tracker.write_page(project_id, page_title(promotion, EVIDENCE_PAGE), EVIDENCE_SECTION, text)
        return nothing

    def add_member(self, effect: Effect) -> Save:
        """Makes a person a member; an account that Redmine refuses is reported and does not stop the project."""
        promotion = self._promotion(effect)
        person = effect.payload["person"]
        user = self.configured().directory.redmine_id(person)
        if user is None:
            return self._report(promotion, f"{person} has no Redmine account in the directory and is not a member.")
        try:
            role = effect.payload.get("role") or self._usual_role(promotion, owner=effect.payload.get("owner", False))
            self.tracker.add_member(_required(promotion.project_id, promotion, "project"), user, role)
        except (Rejected, NotFound) as error:
            return self._report(promotion, f"{person} could not become a member: {error.what}")
        return nothing

    def _usual_role(self, promotion: Promotion, *, owner: bool) -> str:
        """A standing project is somebody else's: there the owner of one promotion is a member like the others."""
        policy = self.configured().policy
        return policy.owner_role if owner and place_of(promotion) is Place.PROJECT else policy.member_role

    def assign_task(self, effect: Effect) -> Save:
        """Assigns an issue; an account that Redmine refuses (locked) falls through to the stand-in and is reported.

        Raises NotApplied when Redmine ignores the assignment: a right is missing, and a stand-in would not help.
        """
        promotion, tasks = self._promotion_and_tasks(effect, effect.payload["task"])
        issue_id = _issue_of(tasks, effect.payload["task"], promotion)
        name = effect.payload["person"]
        directory = self.configured().directory
        locked: frozenset[int] = frozenset()
        reports: list[str] = []
        written: Save = nothing
        while True:
            resolution = directory.stand_in(name, locked)
            reports += [str(problem) for problem in resolution.reports]
            user = directory.redmine_id(resolution.person.key) if resolution.person else None
            if user is None or user in locked:
                reports.append(f"nobody could be assigned to “{tasks[effect.payload['task']].subject}” for {name}.")
                break
            try:
                written = self._assign(promotion, issue_id, user, unsure=effect.unsure)
                break
            except Rejected as error:
                reports.append(f"{resolution.person.key if resolution.person else name}: {error.what}")
                locked |= {user}
        return self._report(promotion, *reports, done=written) if reports else written

    def _assign(self, promotion: Promotion, issue_id: int, user: int, *, unsure: bool) -> Save:
        try:
            issue, journals = self.tracker.update_issue(issue_id, IssueChange(assignee_id=user), unsure=unsure)
        except Rejected:
            # A stand-in may not be a member yet; a refused membership then tells why.
            self.tracker.add_member(
                _required(promotion.project_id, promotion, "project"), user, self.configured().policy.member_role
            )
            issue, journals = self.tracker.update_issue(issue_id, IssueChange(assignee_id=user), unsure=unsure)

        def save(uow: UnitOfWork) -> None:
            for journal in journals:
                uow.own_writes.add(TRACKER_SYSTEM, str(issue.id), str(journal.id))

        return save

    def activate(self, effect: Effect) -> Save:
        """Everything is there: the promotion is active and its incidents are kept in step from now on."""
        promotion_id = effect.payload["promotion"]

        def save(uow: UnitOfWork) -> None:
            promotion = uow.promotions.get(promotion_id)
            if promotion.state in {PromotionState.OPENING, PromotionState.BLOCKED}:
                promotion = move(promotion, PromotionState.ACTIVE)
                uow.promotions.save(promotion)
            for link in uow.links.all(promotion_id):
                if link.ended_at is None:
                    uow.effects.enqueue_if_idle(reconcile_effect(link, f"activate:{effect.id}"))
            # Somebody may have closed the root while the project was still being filled.
            root = uow.promotions.tasks(promotion_id, [ROOT_TASK])[ROOT_TASK]
            root_changed(uow, self.configured(), promotion, root.status, self.clock.now())

        return save

    def _report(self, promotion: Promotion, *reports: str, done: Save = nothing) -> Save:
        def save(uow: UnitOfWork) -> None:
            done(uow)
            current = uow.promotions.get(promotion.id)
            text = "\n".join(dict.fromkeys([*filter(None, current.attention.split("\n")), *reports]))
            uow.promotions.save(replace(current, attention=text))
            for report in reports:
                uow.ledger.audit(self.clock.now(), "bridge", "reported", f"promotion {promotion.id}", {"what": report})

        return save

    def _promotion(self, effect: Effect) -> Promotion:
        with self.store.reading() as uow:
            return uow.promotions.get(effect.payload["promotion"])

    def _promotion_and_tasks(self, effect: Effect, *keys: str) -> tuple[Promotion, dict[str, Task]]:
        with self.store.reading() as uow:
            promotion = uow.promotions.get(effect.payload["promotion"])
            return promotion, uow.promotions.tasks(promotion.id, keys)


def _issue_of(tasks: Mapping[str, Task], key: str, promotion: Promotion) -> int:
    task = tasks.get(key)
    return _required(task.issue_id if task else None, promotion, f"issue of task {key}")


def _required(value: int | None, promotion: Promotion, what: str) -> int:
    if value is None:
        raise NotFound(
            f"promotion {promotion.id} “{promotion.name}”", f"its {what} does not exist yet.", "See `queue dead`."
        )
    return value


def _day(value: str | None) -> date | None:
    return datetime.fromisoformat(value).date() if value else None
