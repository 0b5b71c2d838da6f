"""The project where candidates are decided: follows its issues, and delivers what is written to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from bridge.model.effect import Effect
from bridge.model.errors import NotApplied, NotFound, Rejected
from bridge.model.intake import Intake
from bridge.model.project import Issue, IssueChange, IssueSpec, Journal
from bridge.model.promotion import WAITING, Promotion
from bridge.ports import Clock, ProjectTracker, Store, UnitOfWork
from bridge.usecases.candidates import effects
from bridge.usecases.candidates.effects import intake_effect, nomination_effect, write_form
from bridge.usecases.candidates.form import write_form as written
from bridge.usecases.candidates.from_issue import is_nomination, nominate_issue
from bridge.usecases.candidates.settle import Read, settle
from bridge.usecases.candidates.shown import candidate_text, note_values
from bridge.usecases.candidates.sync import UNASSIGNED, compare, issue_form, own_form
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM, nothing

Save = Callable[[UnitOfWork], None]
TRACKER = "tracker"
TEXT_FIELDS = ("objective", "template", "impact")


@dataclass(frozen=True, slots=True)
class IntakeFollower:
    """Polls the intake project, where one is configured."""

    store: Store
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def poll(self) -> int:
        """Takes in what changed there since the last poll; returns how many issues did."""
        project = self.configured().policy.candidates.intake_project
        if not project:
            return 0
        feed = f"intake {project}"
        with self.store.reading() as uow:
            cursor = uow.ledger.cursor(TRACKER, feed)
        if cursor is None:
            start, since = self.tracker.start_cursor(project), self.clock.now().replace(microsecond=0)
            with self.store.transaction() as uow:
                uow.ledger.set_cursor(TRACKER, feed, start)
                uow.ledger.set_cursor(TRACKER, _since(project), since.isoformat())
            return 0
        page = self.tracker.changes(cursor, project)
        if page.cursor == cursor and not page.issues:
            return 0
        with self.store.transaction() as uow:
            for issue in page.issues:
                issue_changed(uow, issue.id)
            uow.ledger.set_cursor(TRACKER, feed, page.cursor)
        return len(page.issues)


def _since(project: str) -> str:
    return f"intake {project} since"


def issue_changed(uow: UnitOfWork, issue_id: int) -> None:
    """An issue of the intake project may have changed."""
    intake = uow.intakes.of_issue(issue_id)
    if intake is not None:
        uow.effects.enqueue_if_idle(intake_effect(intake.promotion_id, effects.SYNC, "changed"))
    elif uow.promotions.task_of_issue(issue_id) is None:
        uow.effects.enqueue([nomination_effect(issue_id)])


@dataclass(frozen=True, slots=True)
class IntakeDelivery:
    """Handlers of the effects on candidates' issues."""

    store: Store
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {
            effects.OPEN: self.open,
            effects.READ: self.read,
            effects.SYNC: partial(self._unless_gone, self.sync),
            effects.WRITE: partial(self._unless_gone, self.write),
            effects.TELL: partial(self._unless_gone, self.tell),
        }

    def open(self, effect: Effect) -> Save:
        """Creates the issue of a candidate that still waits; in a project that all can read a private one."""
        configured, now = self.configured(), self.clock.now()
        policy = configured.policy.candidates
        with self.store.reading() as uow:
            promotion = uow.promotions.get(effect.payload["promotion"])
            text = candidate_text(uow, configured, promotion, now)
        if not policy.intake_project or (promotion.state not in WAITING and not effect.unsure):
            return nothing
        project = self.tracker.project(policy.intake_project)
        spec = IssueSpec(
            project_id=project.id,
            subject=promotion.name,
            description=text,
            origin=configured.policy.origin(f"candidate {promotion.id}"),
            tracker=policy.tracker,
            due=promotion.due,
            private=project.public,
        )
        issue = self.tracker.create_issue(spec, unsure=effect.unsure)

        def save(uow: UnitOfWork) -> None:
            uow.intakes.save(Intake(promotion.id, issue.id, issue_form(configured.directory, issue)))
            uow.ledger.audit(now, "bridge", "brought up", f"promotion {promotion.id}", {"issue": issue.url})
            write_form(uow, promotion)

        return save

    def read(self, effect: Effect) -> Save:
        """Looks whether a new issue is a person's nomination."""
        configured = self.configured()
        try:
            issue = self.tracker.read_issue(effect.payload["issue"])
        except NotFound:
            return nothing
        with self.store.reading() as uow:
            since = uow.ledger.cursor(TRACKER, _since(configured.policy.candidates.intake_project))
        if since is None or not is_nomination(configured, issue, datetime.fromisoformat(since)):
            return nothing

        def save(uow: UnitOfWork) -> None:
            nominate_issue(uow, configured, issue, self.clock.now())

        return save

    def _unless_gone(self, deliver: Callable[[Intake, Promotion, Effect], Save], effect: Effect) -> Save:
        """Delivers; a candidate whose issue is gone goes on without it, and a person is told."""
        with self.store.reading() as uow:
            promotion = uow.promotions.get(effect.payload["promotion"])
            intake = uow.intakes.of_promotion(promotion.id)
        if intake is None or intake.gone:
            return nothing
        try:
            return deliver(intake, promotion, effect)
        except NotFound as error:
            try:
                self.tracker.read_issue(intake.issue_id)
            except NotFound:
                return partial(_gone, intake)
            raise error from None

    def sync(self, intake: Intake, _promotion: Promotion, _effect: Effect) -> Save:
        """Reads the issue and stores what people did there: values of the form, a decision."""
        configured, now = self.configured(), self.clock.now()
        issue = self.tracker.read_issue(intake.issue_id)
        decided = any("status_id" in j.changes for j in issue.journals if j.id > intake.journal)
        roles = self.tracker.roles(configured.policy.candidates.intake_project) if decided else {}
        role = configured.policy.candidates.approver_role.casefold()
        approvers = {user for user, names in roles.items() if role in {name.casefold() for name in names}}
        read = Read(issue, approvers, self.tracker.status_names() if decided else {})

        def save(uow: UnitOfWork) -> None:
            current = uow.intakes.of_promotion(intake.promotion_id)
            if current is not None:
                settle(uow, configured, current, read, now)

        return save

    def write(self, intake: Intake, promotion: Promotion, effect: Effect) -> Save:
        """Writes the form as it is now into the issue; what people changed there meanwhile stays."""
        configured = self.configured()
        issue = self.tracker.read_issue(intake.issue_id)
        theirs = issue_form(configured.directory, issue)
        put = compare(intake.agreed, theirs, own_form(configured.directory, promotion, intake.agreed)).put
        change, attention = self._change(configured, issue, put), ""
        try:
            issue, journals = self._put(issue, change, unsure=effect.unsure)
        except (Rejected, NotApplied) as error:
            if change.assignee_id is None:
                raise
            # Who is no member of the intake project cannot be assigned there; they stay the owner all the same.
            attention = f"{put['owner']} could not be assigned to its issue #{issue.id}: {error.what}"
            issue, journals = self._put(issue, replace(change, assignee_id=None), unsure=effect.unsure)

        def save(uow: UnitOfWork) -> None:
            _remember(uow, issue, journals)
            current = uow.intakes.of_promotion(intake.promotion_id) or intake
            now_there = issue_form(configured.directory, issue)
            agreed = {**current.agreed, **{name: now_there[name] for name in put}}
            if attention:
                agreed[UNASSIGNED] = put["owner"]
                _attend(uow, promotion.id, attention)
            uow.intakes.save(replace(current, agreed=agreed))

        return save

    def _change(self, configured: Configured, issue: Issue, put: Mapping[str, str]) -> IssueChange:
        texts = {name: put[name] for name in TEXT_FIELDS if name in put}
        user = configured.directory.redmine_id(put["owner"]) if put.get("owner") else 0
        return IssueChange(
            assignee_id=user if "owner" in put else None,
            due=put.get("due"),
            description=written(issue.description, texts, configured.policy.language) if texts else None,
        )

    def _put(self, issue: Issue, change: IssueChange, *, unsure: bool) -> tuple[Issue, tuple[Journal, ...]]:
        if change == IssueChange():
            return issue, ()
        return self.tracker.update_issue(issue.id, change, unsure=unsure)

    def tell(self, intake: Intake, promotion: Promotion, effect: Effect) -> Save:
        """Writes a note, with a status unless somebody has changed it since."""
        configured, payload = self.configured(), effect.payload
        origin = configured.policy.origin(f"candidate {promotion.id}", payload["name"])
        with self.store.reading() as uow:
            values = note_values(uow, configured, promotion, self.clock.now())
        text = configured.texts.render(payload["text"], **{**values, **payload["values"]})
        issue = self.tracker.read_issue(intake.issue_id)
        theirs = payload["was"] and issue.status.casefold() not in {
            payload["was"].casefold(),
            payload["status"].casefold(),
        }
        change = IssueChange(
            status=(payload["status"] or None) if not theirs else None,
            note=f"{text.strip()}\n\n{origin}",
            note_private=False,
            note_key=origin,
        )
        issue, journals = self.tracker.update_issue(issue.id, change, unsure=effect.unsure)

        def save(uow: UnitOfWork) -> None:
            _remember(uow, issue, journals)

        return save


def _gone(intake: Intake, uow: UnitOfWork) -> None:
    uow.intakes.save(replace(intake, gone=True))
    _attend(uow, intake.promotion_id, f"its issue #{intake.issue_id} is gone: decide with `promotions`.")


def _attend(uow: UnitOfWork, promotion_id: int, what: str) -> None:
    promotion = uow.promotions.get(promotion_id)
    if what not in promotion.attention:
        attention = "\n".join(filter(None, [promotion.attention, what]))
        uow.promotions.save(replace(promotion, attention=attention))


def _remember(uow: UnitOfWork, issue: Issue, journals: tuple[Journal, ...]) -> None:
    for journal in journals:
        uow.own_writes.add(TRACKER_SYSTEM, str(issue.id), str(journal.id))
