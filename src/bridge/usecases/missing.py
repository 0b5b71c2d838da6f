"""One side of a link is not found: a short trouble, a right that was lost, or gone for good."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.model.effect import EffectSpec
from bridge.model.errors import BridgeError, Forbidden, MergedAway, NotFound, Postponed
from bridge.model.link import Link
from bridge.ports import IncidentSource, ProjectTracker, Store, UnitOfWork
from bridge.sync.merge import Side
from bridge.usecases.farewell import parted
from bridge.usecases.policy import both_sides
from bridge.usecases.unlink import INCIDENT_GONE, ISSUE_GONE

LOOK_AGAIN = "link.look_again"
CONFIRM_AFTER = timedelta(minutes=10)
"""A side counts as gone when it is missing for that long: a gateway's 404 is shorter."""
LONGEST_PAUSE = timedelta(days=1)
WITHOUT_SOURCE_SECONDS = 600.0
"""Until a write to a source that is not configured is tried again."""
WITNESSES = 5
NEIGHBOURS = 100


@dataclass(frozen=True, slots=True)
class Miss:
    """A side of a link that was not found: since when, whether the link ends, and else what a person should know.

    `again` is how long to wait before the next look. `blind` says that others of its kind are missing with it,
    `into` what it was merged into, as its system tells.
    """

    link: Link
    side: Side
    since: datetime
    told: str
    again: timedelta
    gone: bool = False
    into: str = ""
    blind: bool = False


def incident_missed(store: Store, source: IncidentSource, link: Link, error: BridgeError, now: datetime) -> Miss:
    """What it means that a link's incident is not found.

    It is gone when it is missing for CONFIRM_AFTER, no other linked incident of the source is missing with it, and the
    account is proved to see its like. One that exists and may not be seen (Forbidden) is not gone.
    """
    since = link.incident_missed_at or now
    if isinstance(error, MergedAway):
        return Miss(link, Side.INCIDENT, since, error.what, timedelta(), gone=True, into=error.into)
    if now - since < CONFIRM_AFTER:
        return _first(link, Side.INCIDENT, since, error, now)
    if isinstance(error, Forbidden):
        doubt, blind = "it exists and the bridge's account may not see it", False
    else:
        doubt, blind = _doubt(store, source, link)
    return _again(link, Side.INCIDENT, since, doubt, now, blind=blind)


def issue_missed(store: Store, tracker: ProjectTracker, link: Link, error: BridgeError, now: datetime) -> Miss:
    """What it means that a link's issue is not found.

    It is gone when it is missing for CONFIRM_AFTER and the root of its project is seen.
    """
    since = link.issue_missed_at or now
    if now - since < CONFIRM_AFTER:
        return _first(link, Side.ISSUE, since, error, now)
    with store.reading() as uow:
        root = uow.promotions.get(link.promotion_id).root_issue_id
    doubt = "" if root is not None and _is_seen(tracker, root) else "its project's root issue is not seen either"
    return _again(link, Side.ISSUE, since, doubt, now, blind=bool(doubt))


def saved(miss: Miss, now: datetime, *, look_again: bool) -> Callable[[UnitOfWork], None]:
    """Stores a miss, or that the link has ended; `look_again` also stores when to look again."""
    if miss.gone:
        why = {Side.INCIDENT: INCIDENT_GONE, Side.ISSUE: ISSUE_GONE}[miss.side]
        return parted(miss.link, miss.side, miss.told if miss.into else why, now, miss.into)

    def save(uow: UnitOfWork) -> None:
        link = uow.links.get(miss.link.id)
        if miss.side is Side.INCIDENT:
            missed = replace(link, incident_missed_at=miss.since, attention=miss.told)
        else:
            found = miss.link.incident_missed_at
            missed = replace(link, incident_missed_at=found, issue_missed_at=miss.since, attention=miss.told)
        uow.links.save(missed)
        if look_again:
            uow.effects.enqueue_if_idle(look_again_effect(link, now + miss.again))
        if miss.told != link.attention:
            uow.ledger.audit(now, "bridge", "reported", str(link.ref), {"what": miss.told})
            if miss.blind:
                where = f"source {link.ref.source}" if miss.side is Side.INCIDENT else f"promotion {link.promotion_id}"
                uow.ledger.audit(now, "bridge", "not seen", where, {"what": miss.told})

    return save


def without_source(link: Link, now: datetime, uow: UnitOfWork) -> None:
    """A source that is not configured may be so again: its link waits, says so, and is looked at once a day."""
    told = (
        f"the source {link.ref.source} is not configured: nothing is kept in step here until it is again. "
        "Nothing is lost; what changed meanwhile follows then."
    )
    present = uow.links.get(link.id)
    uow.effects.enqueue_if_idle(look_again_effect(link, now + LONGEST_PAUSE))
    if present.attention != told:
        uow.links.save(replace(present, attention=told))
        uow.ledger.audit(now, "bridge", "reported", str(link.ref), {"what": told})


def waits_for_source(store: Store, link: Link, now: datetime) -> Postponed:
    """Why a write to an incident waits whose source is not configured; its link says so."""
    with store.transaction() as uow:
        without_source(link, now, uow)
    what = f"waits: the source {link.ref.source} is not configured. Nothing is lost."
    return Postponed(str(link.ref), what, "Add it to `sources` again.", retry_after=WITHOUT_SOURCE_SECONDS)


def look_again_effect(link: Link, at: datetime) -> EffectSpec:
    """Asks to reconcile a link at a moment; its key is not the link's, for it must keep nothing waiting."""
    return EffectSpec(
        kind=LOOK_AGAIN,
        key=f"look:{link.id}",
        unique=f"link:{link.id}:{LOOK_AGAIN}:{at.isoformat()}",
        endpoint=both_sides(link.ref.source),
        payload={"link": link.id},
        run_at=at,
    )


def _first(link: Link, side: Side, since: datetime, error: BridgeError, now: datetime) -> Miss:
    told = (
        f"the {side} was not found at {_moment(since)} ({error.what.rstrip('.')}). It is looked for again after "
        f"{CONFIRM_AFTER.seconds // 60} minutes and counts as gone when it is still missing then. "
        "Until then what is to be written to it waits; nothing is lost."
    )
    return Miss(link, side, since, told, CONFIRM_AFTER - (now - since))


def _again(link: Link, side: Side, since: datetime, doubt: str, now: datetime, *, blind: bool) -> Miss:
    system = link.ref.source if side is Side.INCIDENT else "Redmine"
    told = (
        f"the {side} is not found since {_moment(since)}, but {doubt}: the link does not end, and what is to be "
        f"written to it waits; nothing is lost. Check what the bridge's account may see at {system}; "
        "it is looked for again by itself."
    )
    pause = min(max(CONFIRM_AFTER, now - since), LONGEST_PAUSE)
    return Miss(link, side, since, told, pause, gone=not doubt, blind=blind)


def _doubt(store: Store, source: IncidentSource, link: Link) -> tuple[str, bool]:
    """Why the account may be blind (empty: it is not), and whether others are missing, too."""
    with store.reading() as uow:
        others = [other.ref.external_id for other in uow.links.beside(link, WITNESSES)]
        neighbours = [] if others else _neighbours(uow, link)
    missing = [one for one in others if not _is_readable(source, one)]
    if missing:
        also = ", ".join(f"#{one}" for one in missing)
        return f"other linked incidents of {link.ref.source} are missing at the same time ({also})", True
    if others or any(_is_readable(source, one) for one in neighbours):
        return "", False
    return f"no other incident of {link.ref.source} can be read by which to tell that it is not the account", False


def _neighbours(uow: UnitOfWork, link: Link) -> Sequence[str]:
    """Incidents of the source that were stored about the same time, and of the same team where there are any."""
    stored = uow.incidents.scan(max(0, link.incident_id - NEIGHBOURS // 2), NEIGHBOURS)
    mine = next((incident for number, incident in stored if number == link.incident_id), None)
    others = [one for number, one in stored if number != link.incident_id and one.source == link.ref.source]
    alike = [one for one in others if mine is not None and one.team == mine.team]
    return [one.external_id for one in (alike or others)[-WITNESSES:]]


def _is_readable(source: IncidentSource, external_id: str) -> bool:
    try:
        source.read(external_id)
    except (NotFound, Forbidden):
        return False
    return True


def _is_seen(tracker: ProjectTracker, issue_id: int) -> bool:
    try:
        tracker.read_issue(issue_id)
    except (NotFound, Forbidden):
        return False
    return True


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
