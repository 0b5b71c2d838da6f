"""Keeps an incident and its own issue in step: re-read both, merge against the agreed values, store the writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bridge.directory.directory import Directory
from bridge.model.effect import Effect, EffectSpec
from bridge.model.errors import Forbidden, NotFound
from bridge.model.incident import Incident, Note, State
from bridge.model.link import Link
from bridge.model.project import Issue, Journal
from bridge.ports import Clock, IncidentSource, ProjectTracker, Store, UnitOfWork
from bridge.sync.carry import is_new
from bridge.sync.fields import CUSTOM, SyncTable
from bridge.sync.mapping import canonical
from bridge.sync.merge import Side
from bridge.sync.plan import NOBODY, PERSON, STATE, FieldWrite, IncidentSide, IssueSide, Plan, plan
from bridge.usecases import fields
from bridge.usecases.beside import Beside, beside
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM, field_effect, incident_effect, issue_effect, nothing
from bridge.usecases.farewell import whole
from bridge.usecases.missing import LOOK_AGAIN, incident_missed, issue_missed, saved, without_source
from bridge.usecases.noted import conflict_effect, note_effect, remember
from bridge.usecases.policy import both_sides
from bridge.usecases.stopping import foreign_instance, stop_for_two_bridges

KIND = "link.reconcile"


def reconcile_effect(link: Link, why: str, after: tuple[str, ...] = ()) -> EffectSpec:
    """Asks for a reconciliation of a link; `why` tells one request from the others."""
    return EffectSpec(
        kind=KIND,
        key=f"link:{link.id}",
        unique=f"link:{link.id}:{KIND}:{why}",
        endpoint=both_sides(link.ref.source),
        payload={"link": link.id},
        after=after,
    )


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The handler of `link.reconcile`: reads both sides and writes nothing remotely."""

    store: Store
    sources: Mapping[str, IncidentSource]
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Callable[[UnitOfWork], None]]]:
        """Kinds of effects and who delivers them."""
        return {KIND: self.reconcile, LOOK_AGAIN: self.look_again}

    def look_again(self, effect: Effect) -> Callable[[UnitOfWork], None]:
        """Asks for the reconciliation of a link one side of which was not found."""

        def save(uow: UnitOfWork) -> None:
            uow.effects.enqueue_if_idle(reconcile_effect(uow.links.get(effect.payload["link"]), "missed"))

        return save

    def reconcile(self, effect: Effect) -> Callable[[UnitOfWork], None]:
        """Plans one link and stores what is to be written; a side that is gone for good ends the link."""
        with self.store.reading() as uow:
            link = uow.links.get(effect.payload["link"])
            waiting = [kind for kind in uow.effects.unfinished(f"link:{link.id}") if kind != KIND]
        if link.ended_at is not None or link.issue_id is None:
            return nothing
        if waiting:
            # What was planned before is not written yet, and planning now would plan it twice: get in line behind it.
            return partial(_again, link)
        source = self.sources.get(link.ref.source)
        if source is None:
            return partial(without_source, link, self.clock.now())
        try:
            incident = whole(source.read(link.ref.external_id))
            notes = source.notes(link.ref.external_id, link.incident_note)
        except (NotFound, Forbidden) as error:
            now = self.clock.now()
            return saved(incident_missed(self.store, source, link, error, now), now, look_again=True)
        try:
            issue = self.tracker.read_issue(link.issue_id)
        except (NotFound, Forbidden) as error:
            now = self.clock.now()
            found = replace(link, incident_missed_at=None)
            return saved(issue_missed(self.store, self.tracker, found, error, now), now, look_again=True)
        extra = beside(self.store, source, self.configured(), link, incident, issue)
        return self._planned(effect, link, source, incident, notes, issue, extra)

    def _planned(
        self,
        effect: Effect,
        link: Link,
        source: IncidentSource,
        incident: Incident,
        notes: Sequence[Note],
        issue: Issue,
        extra: Beside,
    ) -> Callable[[UnitOfWork], None]:
        new_notes, new_journals = self._foreign(link, notes, issue)
        policy, written = self.configured().policy, (*new_notes, *new_journals)
        if other := foreign_instance(self.store, policy, link.ref.source, written):
            return partial(stop_for_two_bridges, policy, link, other, self.clock.now())
        directory, now = self.configured().directory, self.clock.now()
        view = fields.look(self.store, source, self.tracker, self.configured(), link, incident, issue)
        decided = plan(
            link.agreed,
            IncidentSide(incident.state, self._person(directory, incident), incident.person, new_notes),
            IssueSide(
                issue.status, self._assignee(directory, issue, link.ref.source), issue.assignee_name, new_journals
            ),
            view.table.statuses,
            public_notes=policy.public_notes,
            refused=link.refused,
            fields=view.outcomes,
            frozen=view.frozen,
        )
        decided = fields.braked(self.store, policy.tables, link, decided, now)
        effects = self._effects(effect, link, incident, issue, decided, view.table)
        seen = replace(
            link,
            agreed={**link.agreed, **decided.agreed},
            incident_note=notes[-1].remote_id if notes else link.incident_note,
            issue_note=str(issue.journals[-1].id) if issue.journals else link.issue_note,
            incident_missed_at=None,
            issue_missed_at=None,
            refused=decided.refused,
        )

        def save(uow: UnitOfWork) -> None:
            conflicts = fields.save(uow, link, view, decided, issue, now)
            attention = "\n".join((*decided.reports, *extra.reports, *conflicts))
            uow.links.save(replace(seen, attention=attention))
            remember(uow, link, decided.notes)
            uow.effects.enqueue([*effects, *extra.effects])
            if attention and attention != link.attention:
                uow.ledger.audit(now, "bridge", "reported", str(link.ref), {"what": attention})

        return partial(_unless_changed, link, save)

    def _foreign(self, link: Link, notes: Sequence[Note], issue: Issue) -> tuple[tuple[Note, ...], tuple[Note, ...]]:
        """The notes on either side that somebody else wrote since the link was last looked at."""
        fresh = [j for j in issue.journals if j.notes and (not link.issue_note or j.id > int(link.issue_note))]
        source, external_id = link.ref.source, link.ref.external_id
        with self.store.reading() as uow:
            ours = uow.own_writes.known(source, external_id, [n.remote_id for n in notes])
            has_ids = uow.own_writes.any(source, external_id)
            own_journals = uow.own_writes.known(TRACKER_SYSTEM, str(issue.id), [str(j.id) for j in fresh])
        return (
            tuple(
                n
                for n in notes
                if n.remote_id not in ours
                and is_new(n, link.notes_since, link.created_at)
                and (has_ids or not self._is_ours(n))
            ),
            tuple(_note_of(issue, j) for j in fresh if str(j.id) not in own_journals),
        )

    def _is_ours(self, note: Note) -> bool:
        """Only for a system that gives no ids for what we write: our texts end with our origin line."""
        last = note.text.rstrip().rpartition("\n")[2]
        return last.startswith(self.configured().policy.origin_prefix) and last.endswith("]")

    def _effects(
        self, effect: Effect, link: Link, incident: Incident, issue: Issue, decided: Plan, table: SyncTable
    ) -> list[EffectSpec]:
        name = str(effect.id)
        # Notes first: a closing note goes before the status, never after it.
        effects = [note_effect(self.configured(), link, issue.id, write) for write in decided.notes]
        to_issue: dict[str, Any] = {w.field: w.value for w in decided.fields if w.side is Side.ISSUE}
        lost = [w for w in decided.fields if w.lost is not None]
        if to_issue:
            to_issue |= {"was_status": issue.status, "was_assignee": issue.assignee_id}
            to_issue["shown"] = {w.field: w.shown for w in decided.fields if w.side is Side.ISSUE}
            to_issue["tracker"] = issue.tracker
            if STATE in to_issue:
                to_issue["steps"] = fields.status_path(self.store, table, issue, State(to_issue[STATE]))
            effects.append(issue_effect(link, "issue.update", name, **to_issue))
        if lost:
            effects.append(conflict_effect(self.configured(), link, name, [_conflict(w) for w in lost]))
        for write in decided.fields:
            if write.side is Side.INCIDENT and write.field not in {STATE, PERSON}:
                effects.append(field_effect(link, name, write.field, write.value, write.shown, issue.tracker))
            elif write.side is Side.INCIDENT:
                kind = "incident.state" if write.field == STATE else "incident.assign"
                was = str(canonical(incident.state)) if write.field == STATE else incident.person
                shown = {write.field: write.shown}
                value: dict[str, Any] = {write.field: write.value, "follows": True, "was": was, "shown": shown}
                effects.append(incident_effect(link, kind, name, **value))
        return effects

    def _person(self, directory: Directory, incident: Incident) -> str | None:
        if not incident.person:
            return NOBODY
        person = directory.person_by_login(incident.source, incident.person)
        return person.key if person and person.redmine_id is not None else None

    def _assignee(self, directory: Directory, issue: Issue, source: str) -> str | None:
        if issue.assignee_id is None:
            return NOBODY
        person = directory.person_by_redmine(issue.assignee_id)
        return person.key if person and directory.login_of(person.key, source) else None


def _note_of(issue: Issue, journal: Journal) -> Note:
    """A note on an issue that few may see is private, whatever it says of itself."""
    private = journal.private or issue.private
    return Note(str(journal.id), journal.user_name, journal.created_at, journal.notes, private)


def _conflict(write: FieldWrite) -> dict[str, str]:
    return {"field": write.field.removeprefix(CUSTOM), "kept": write.value, "lost": write.lost or ""}


def _unless_changed(link: Link, save: Callable[[UnitOfWork], None], uow: UnitOfWork) -> None:
    """Stores a plan; where a person ended the link or settled a conflict meanwhile that stands, and it is made anew."""
    if uow.links.get(link.id) == link:
        save(uow)
    else:
        _again(link, uow)


def _again(link: Link, uow: UnitOfWork) -> None:
    uow.effects.enqueue_if_idle(reconcile_effect(link, "after its writes"))
