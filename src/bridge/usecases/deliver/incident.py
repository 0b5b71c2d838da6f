"""Delivers writes to the incident system: notes, links, states, handlers. Never to an incident that is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from bridge.model.effect import Effect
from bridge.model.errors import Forbidden, NotFound, Postponed
from bridge.model.incident import Capability, Incident, State
from bridge.model.link import Link
from bridge.model.promotion import Promotion
from bridge.ports import Clock, IncidentSource, Store, UnitOfWork
from bridge.sync.mapping import canonical
from bridge.sync.merge import Side
from bridge.sync.plan import NOBODY, PERSON, STATE
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import nothing
from bridge.usecases.missing import incident_missed, saved, waits_for_source
from bridge.usecases.place import page_name
from bridge.usecases.policy import EVIDENCE_PAGE
from bridge.usecases.reconcile import reconcile_effect
from bridge.usecases.refusals import agree
from bridge.usecases.relations import refer_to_first
from bridge.usecases.unlink import ISSUE_GONE

Save = Callable[[UnitOfWork], None]
LATER = "incident_note_later"
WITHOUT_ISSUE = frozenset({"incident.tell", "incident.state"})


@dataclass(frozen=True, slots=True)
class IncidentDelivery:
    """Handlers of the effects on incidents."""

    store: Store
    sources: Mapping[str, IncidentSource]
    configured: Callable[[], Configured]
    clock: Clock
    workaround: Callable[[Promotion], str]
    """What is known to help until a project is done; empty: nothing, or it cannot be read now."""

    def handlers(self, more: Mapping[str, Callable[[Effect], Save]]) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them, with `more` that write to incidents."""
        deliver = {
            **more,
            "incident.tell": self.tell,
            "incident.note": self.note,
            "incident.link": self.link,
            "incident.state": self.state,
            "incident.assign": self.assign,
        }
        return {kind: partial(self._unless_gone, one) for kind, one in deliver.items()}

    def _unless_gone(self, deliver: Callable[[Effect], Save], effect: Effect) -> Save:
        """Delivers; what is to be written to an incident that is not found waits until it is there or gone for good.

        Then its link ends, and what was still to be written falls away. An incident whose own issue was deleted is
        still told, and resolved, when its project is delivered. One whose source is not configured waits for it.
        """
        link, _ = self._link(effect)
        if link.ended_at is not None and not _outlasts(link, effect):
            return nothing
        if link.ref.source not in self.sources:
            raise waits_for_source(self.store, link, self.clock.now())
        try:
            done = deliver(effect)
        except (NotFound, Forbidden) as error:
            if self._is_there(link):
                raise
            return self._missed(link, error)
        return done if link.incident_missed_at is None else partial(_found_again, link, done)

    def _missed(self, link: Link, error: NotFound | Forbidden) -> Save:
        now = self.clock.now()
        miss = incident_missed(self.store, self._source(link), link, error, now)
        if miss.gone:
            return saved(miss, now, look_again=False)
        with self.store.transaction() as uow:
            saved(miss, now, look_again=False)(uow)
        raise Postponed(str(link.ref), miss.told, retry_after=miss.again.total_seconds())

    def _is_there(self, link: Link) -> bool:
        try:
            self._source(link).read(link.ref.external_id)
        except (NotFound, Forbidden):
            return False
        return True

    def tell(self, effect: Effect) -> Save:
        """Writes one of the bridge's own texts as a private note, if the incident is still open."""
        link, promotion = self._link(effect)
        source = self._source(link)
        incident = source.read(link.ref.external_id)
        if not incident.state.is_open or Capability.PRIVATE_NOTE not in source.capabilities:
            return self._skipped(link, effect, incident)
        # With the promotion: an incident that went from one project to another is told the same things again.
        origin = self.configured().policy.note_origin(link.ref, f"{effect.payload['what']} · promotion {promotion.id}")
        values = dict(effect.payload.get("values", {}))
        if effect.payload["text"] == LATER:
            values["workaround"] = self.workaround(promotion)
        text = self.configured().texts.render(
            effect.payload["text"],
            incident=incident,
            promotion=promotion,
            project_url=self.configured().policy.project_url(promotion.identifier),
            issue_url=self.configured().policy.issue_url(link.issue_id) if link.issue_id else "",
            **values,
            page_url=self.configured().policy.page_url(promotion.identifier, page_name(promotion, EVIDENCE_PAGE)),
        )
        return self._add_note(source, link, effect, f"{text}\n\n{origin}", origin, private=True)

    def note(self, effect: Effect) -> Save:
        """Copies a note from the issue to the incident, author and time quoted."""
        link, _ = self._link(effect)
        payload = effect.payload
        return self._add_note(
            self._source(link), link, effect, payload["text"], payload["origin"], private=payload["private"]
        )

    def _add_note(
        self, source: IncidentSource, link: Link, effect: Effect, text: str, origin: str, *, private: bool
    ) -> Save:
        external_id = link.ref.external_id
        note_id = source.find_note(external_id, origin) if effect.unsure else None
        if note_id is None:
            note_id = source.add_note(external_id, text, private=private)

        def save(uow: UnitOfWork) -> None:
            if note_id:
                uow.own_writes.add(link.ref.source, external_id, note_id)

        return save

    def link(self, effect: Effect) -> Save:
        """Links the incident to its own issue, or to the project where it has none, if it is still open."""
        link, promotion = self._link(effect)
        source = self._source(link)
        to_project = effect.payload.get("to") == "project"
        if link.issue_id is None and not to_project:
            raise NotFound(str(link.ref), "its own issue does not exist yet.", "See `queue dead`.")
        incident = source.read(link.ref.external_id)
        if not incident.state.is_open or Capability.LINK not in source.capabilities:
            return self._skipped(link, effect, incident)
        policy = self.configured().policy
        own = link.issue_id if not to_project else None
        url = policy.issue_url(own) if own else policy.project_url(promotion.identifier)
        if url not in source.links(link.ref.external_id):
            source.add_link(link.ref.external_id, url, promotion.name)
        return partial(refer_to_first, policy.carried, source, link)

    def state(self, effect: Effect) -> Save:
        """Writes a state; a resolved incident is never reopened.

        Only where the state comes from the issue (`follows`) both sides agree on it then. A hold or a resolution of
        the bridge's own is the incident's move, which its issue has yet to follow. When somebody changed the incident
        after this was planned (`was`), theirs stays.
        """
        link, _ = self._link(effect)
        source = self._source(link)
        wanted = State(effect.payload["state"])
        incident = source.read(link.ref.external_id)
        if canonical(incident.state) is not canonical(wanted):
            if not incident.state.is_open:
                return self._skipped(link, effect, incident)
            if effect.payload.get("was", canonical(incident.state)) != canonical(incident.state):
                return partial(_overtaken, link)
            incident = source.set_state(link.ref.external_id, wanted, effect.payload.get("reason", ""))
        elif effect.payload.get("was") == str(canonical(wanted)) or not effect.unsure:
            return self._kept(link, effect, incident)  # somebody else set it
        return self._kept(link, effect, incident, ours=True)

    def _kept(self, link: Link, effect: Effect, incident: Incident, *, ours: bool = False) -> Save:
        """What is stored of a state that the incident has now; a hold that the bridge set is remembered as its own."""
        if effect.payload.get("follows"):
            return self._agree(link, STATE, str(canonical(incident.state)))
        if not ours or incident.state is not State.ON_HOLD:
            return nothing
        now = self.clock.now()

        def save(uow: UnitOfWork) -> None:
            uow.exclusions.hold(link.incident_id, link.promotion_id, now)

        return save

    def assign(self, effect: Effect) -> Save:
        """Gives the incident to the person who has its issue; somebody without a login there is reported."""
        link, _ = self._link(effect)
        source = self._source(link)
        person = effect.payload["person"]
        login = self.configured().directory.login_of(person, link.ref.source)
        if person != NOBODY and not login:
            return self._attention(link, f"{person} has no login at {link.ref.source}: the incident's handler stays.")
        incident = source.read(link.ref.external_id)
        if not incident.state.is_open:
            return self._skipped(link, effect, incident)
        if incident.person not in {login, effect.payload.get("was", incident.person)}:
            return partial(_overtaken, link)
        if incident.person != login:
            source.assign(link.ref.external_id, login)
        return self._agree(link, PERSON, person)

    def _agree(self, link: Link, field: str, value: str) -> Save:
        def save(uow: UnitOfWork) -> None:
            agree(uow, link.id, Side.INCIDENT, {field: value})

        return save

    def _attention(self, link: Link, what: str) -> Save:
        def save(uow: UnitOfWork) -> None:
            uow.links.save(replace(uow.links.get(link.id), attention=what))

        return save

    def _skipped(self, link: Link, effect: Effect, incident: Incident) -> Save:
        def save(uow: UnitOfWork) -> None:
            uow.ledger.audit(
                self.clock.now(), "bridge", "left alone", str(link.ref), {"kind": effect.kind, "state": incident.state}
            )

        return save

    def _source(self, link: Link) -> IncidentSource:
        return self.sources[link.ref.source]

    def _link(self, effect: Effect) -> tuple[Link, Promotion]:
        with self.store.reading() as uow:
            link = uow.links.get(effect.payload["link"])
            return link, uow.promotions.get(link.promotion_id)


def _found_again(link: Link, done: Save, uow: UnitOfWork) -> None:
    """The incident is there again: what the link says about it is brought up to date."""
    done(uow)
    uow.effects.enqueue_if_idle(reconcile_effect(link, "found again"))


def _outlasts(link: Link, effect: Effect) -> bool:
    """Whether something is still to be written to an incident although its link has ended."""
    return bool(effect.payload.get("parting")) or (link.ended_because == ISSUE_GONE and effect.kind in WITHOUT_ISSUE)


def _overtaken(link: Link, uow: UnitOfWork) -> None:
    """Somebody changed the incident after this was planned: plan again from what is there now."""
    uow.effects.enqueue_if_idle(reconcile_effect(link, "overtaken"))
