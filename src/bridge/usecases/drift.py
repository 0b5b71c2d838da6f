"""The drift check: a slow complete comparison in small steps, which finds what polls cannot see.

Journals that are edited or deleted, and some fields, change in Redmine 5.0 to 7.0 without `updated_on`; other systems
have their like. A step reads lists where a list tells enough, and asks for a closer look at the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.model.errors import Forbidden, NotFound
from bridge.model.incident import Incident
from bridge.model.link import Link
from bridge.model.project import Issue
from bridge.ports import Clock, IncidentSource, ProjectTracker, Store, UnitOfWork
from bridge.sync.fields_plan import outcomes, rows
from bridge.sync.mapping import canonical
from bridge.sync.plan import PERSON, STATE
from bridge.usecases.comparing import compare_effect
from bridge.usecases.configured import Configured
from bridge.usecases.ingest import in_step
from bridge.usecases.policy import TRACKER_ENDPOINT
from bridge.usecases.reconcile import reconcile_effect
from bridge.usecases.stopping import DRIFT as SYSTEM
from bridge.usecases.stopping import FAR_FEWER, accepted_feed, stop

DAY = timedelta(days=1)
CURSOR = "links"


@dataclass(frozen=True, slots=True)
class DriftPolicy:
    """`links` are compared in a step. A system that shows less than `share` of `least` or more of them is stopped."""

    links: int = 20
    share: float = 0.5
    least: int = 5


@dataclass(slots=True)
class Step:
    """What one step found: links looked at, differing ones, ones with notes to compare, systems stopped, the end."""

    links: int = 0
    differing: int = 0
    compared: int = 0
    stopped: list[str] = field(default_factory=list)
    suspected: list[str] = field(default_factory=list)
    round_ended: bool = False


@dataclass(frozen=True, slots=True)
class Drift:
    """Compares the links of a store, some at a time."""

    store: Store
    sources: Mapping[str, IncidentSource]
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock
    policy: DriftPolicy = field(default_factory=DriftPolicy)

    def step(self) -> Step:
        """Compares the next links; after the last one it begins anew with the first."""
        with self.store.reading() as uow:
            after = int(uow.ledger.cursor(SYSTEM, CURSOR) or 0)
            stopped = {one.system for one in uow.stops.all()}
            found = uow.links.running_after(after, self.policy.links)
            links = [link for link in in_step(uow, found) if link.ref.source in self.sources.keys() - stopped]
        step = Step(links=len(links), round_ended=len(found) < self.policy.links)
        issues, incidents = {}, {}
        if links and TRACKER_ENDPOINT not in stopped:
            issues = {one.id: one for one in self.tracker.issues([link.issue_id or 0 for link in links])}
            incidents = self._incidents(links)
            links = self._in_sight(links, issues)
        following = 0 if step.round_ended else found[-1].id
        with self.store.transaction() as uow:
            if links and TRACKER_ENDPOINT not in stopped:
                self._judge(uow, step, links, issues, incidents)
            if not step.suspected:
                uow.ledger.set_cursor(SYSTEM, CURSOR, str(following))
        return step

    def _incidents(self, links: Sequence[Link]) -> dict[tuple[str, str], Incident]:
        found = {}
        for name in sorted({link.ref.source for link in links}):
            mine = [link.ref.external_id for link in links if link.ref.source == name]
            for one in self.sources[name].look(mine, _all_known).snapshots:
                found[name, one.incident.external_id] = one.incident
        return found

    def _in_sight(self, links: list[Link], issues: Mapping[int, Issue]) -> list[Link]:
        """The links without those of projects that people archived: what is hidden with them is no fault of Redmine.

        Where nothing at all is seen of several projects, it is.
        """
        seen = {link.promotion_id for link in links if link.issue_id in issues}
        unseen = {link.promotion_id for link in links} - seen
        if not seen and len(unseen) > 1:
            return links
        hidden = {number for number in unseen if self._is_hidden(number)}
        return [link for link in links if link.promotion_id not in hidden]

    def _is_hidden(self, promotion_id: int) -> bool:
        with self.store.reading() as uow:
            project = uow.promotions.get(promotion_id).project_id
        try:
            self.tracker.project(project or 0)
        except Forbidden:
            return True
        except NotFound:
            return False
        return False

    def _judge(
        self,
        uow: UnitOfWork,
        step: Step,
        links: Sequence[Link],
        issues: Mapping[int, Issue],
        incidents: Mapping[tuple[str, str], Incident],
    ) -> None:
        now = self.clock.now()
        seen = {TRACKER_ENDPOINT: [link.issue_id in issues for link in links]}
        for link in links:
            seen.setdefault(link.ref.source, []).append((link.ref.source, link.ref.external_id) in incidents)
        for system, shown in seen.items():
            self._brake(uow, step, system, shown, now)
        if step.stopped or step.suspected:
            return
        noted = uow.carried_notes.links_with([link.id for link in links])
        for link in links:
            issue = issues.get(link.issue_id or 0)
            incident = incidents.get((link.ref.source, link.ref.external_id))
            if issue is None or incident is None or self._differs(link, incident, issue):
                step.differing += uow.effects.enqueue_if_idle(reconcile_effect(link, f"drift at {now.isoformat()}"))
            elif link.id in noted:
                step.compared += uow.effects.enqueue_if_idle(compare_effect(link, now.isoformat()))

    def _brake(self, uow: UnitOfWork, step: Step, system: str, shown: Collection[bool], now: datetime) -> None:
        """Stops a system that shows far fewer of its linked items, when it still does so at the next step."""
        policy, there = self.policy, sum(shown)
        suspected = uow.ledger.cursor(SYSTEM, f"suspected {system}") or ""
        if (accepted := uow.ledger.cursor(SYSTEM, accepted_feed(system))) and now - datetime.fromisoformat(
            accepted
        ) < DAY:
            return
        if len(shown) < policy.least or there >= policy.share * len(shown):
            if suspected:
                uow.ledger.set_cursor(SYSTEM, f"suspected {system}", "")
            return
        if not suspected:
            uow.ledger.set_cursor(SYSTEM, f"suspected {system}", now.isoformat())
            step.suspected.append(system)
            return
        why = (
            f"it shows only {there} of {len(shown)} linked items that are looked for. Nothing was unlinked or changed. "
            "Was it restored from a backup, emptied, or did the bridge's account lose rights? If all is as it should "
            "be, resume it: what it shows then is taken for granted for a day."
        )
        if stop(uow, system, FAR_FEWER, why, now):
            step.stopped.append(system)
        uow.ledger.set_cursor(SYSTEM, f"suspected {system}", "")

    def _differs(self, link: Link, incident: Incident, issue: Issue) -> bool:
        """Whether a closer look is due: a side does not show what both agreed on, as far as lists tell."""
        configured = self.configured()
        directory, table = configured.directory, configured.policy.table(link.ref.source, issue.tracker)
        handler = directory.person_by_login(incident.source, incident.person) if incident.person else None
        assignee = directory.person_by_redmine(issue.assignee_id) if issue.assignee_id else None
        states = {str(canonical(incident.state)), str(table.statuses.state_of(issue.status) or "")}
        people = {handler.key if handler else "", assignee.key if assignee else ""}
        if states != {link.agreed.get(STATE, "")} or people != {link.agreed.get(PERSON, "")}:
            return True
        is_open, found = incident.state.is_open, rows(table, incident, issue)
        decided = outcomes(table, found, link.agreed, {}, is_open=is_open, is_parent=issue.is_parent)
        return any(
            one.write is not None or one.undecided is not None or one.settled not in {None, link.agreed.get(name)}
            for name, one in decided.items()
        )


def _all_known(external_ids: Sequence[str]) -> frozenset[str]:
    """Linked incidents are followed out of the source's query."""
    return frozenset(external_ids)
