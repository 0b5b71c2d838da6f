"""Books time on an incident, once: a correction books the difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from bridge.model.effect import Effect
from bridge.model.errors import NotPossible
from bridge.model.files import BookedTime, TimeEntry, Written
from bridge.model.link import Link
from bridge.ports import Clock, IncidentSource, Store, UnitOfWork, WorkLog
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.file import REFUSALS
from bridge.usecases.work_log import entry_of, refusal_told

Save = Callable[[UnitOfWork], None]
NOTHING_WRITTEN = Written("")


@dataclass(frozen=True, slots=True)
class WorkLogDelivery:
    """The handler of the effects on work logs. What the log does not take is shown on the link, not tried for ever."""

    store: Store
    sources: Mapping[str, IncidentSource]
    configured: Callable[[], Configured]
    clock: Clock

    def book(self, effect: Effect) -> Save:
        """Books what the time entry has more, or less, than what is booked of it."""
        entry = entry_of(effect.payload["entry"])
        with self.store.reading() as uow:
            link = uow.links.get(effect.payload["link"])
            before = uow.booked.get(entry.id)
        revision = before.revision + 1 if before is not None else 0
        now = BookedTime(entry.id, link.id, entry.minutes, entry.day, revision)
        minutes = entry.minutes - (before.minutes if before is not None else 0)
        if not minutes:
            return partial(self._save, link, now, NOTHING_WRITTEN)
        try:
            log = self._log(link)
            if minutes < 0 and not log.takes_back:
                what = f"the log takes nothing back, and {-minutes} minutes less were spent than are booked"
                return partial(self._save, link, _refused(now, before, what), NOTHING_WRITTEN)
            written = self._written(effect, link, log, entry, minutes, before)
        except REFUSALS as error:
            why = " ".join(filter(None, (error.what, error.advice)))
            return partial(self._save, link, _refused(now, before, why), NOTHING_WRITTEN)
        return partial(self._save, link, now, written)

    def _written(
        self, effect: Effect, link: Link, log: WorkLog, entry: TimeEntry, minutes: int, before: BookedTime | None
    ) -> Written:
        policy, texts = self.configured().policy, self.configured().texts
        origin = policy.note_origin(link.ref, f"time {entry.id}.{before.revision + 1 if before else 0}")
        if effect.unsure and (found := log.find(link.ref.external_id, origin)) is not None:
            return found
        url = policy.issue_url(link.issue_id or 0)
        corrects = before is not None and before.minutes > 0
        text = texts.render("work_from_issue", entry=entry, minutes=minutes, corrects=corrects, issue_url=url)
        return log.book(link.ref.external_id, minutes, entry.day, f"{text}\n\n{origin}")

    def _save(self, link: Link, booked: BookedTime, written: Written, uow: UnitOfWork) -> None:
        uow.booked.save(booked)
        for note in written.notes:
            uow.own_writes.add(link.ref.source, link.ref.external_id, note)
        if booked.why:
            told = refusal_told(booked)
            now = uow.links.get(link.id)
            lines = dict.fromkeys((*filter(None, now.attention.split("\n")), told))
            uow.links.save(replace(now, attention="\n".join(lines)))
            uow.ledger.audit(self.clock.now(), "bridge", "reported", str(link.ref), {"what": told})

    def _log(self, link: Link) -> WorkLog:
        log = self.sources[link.ref.source].extras.work_log
        if log is None:
            raise NotPossible(str(link.ref), "its source has no work log any more.", "See its `work_log`.")
        return log


def _refused(now: BookedTime, before: BookedTime | None, why: str) -> BookedTime:
    """What stands in the log after it did not take a change: what stood there before."""
    return replace(now, minutes=before.minutes if before is not None else 0, why=why, refused=now.minutes)
