"""Carrying messages: texts are made when they are sent, from what was stored with the decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bridge.model.effect import Effect
from bridge.model.errors import NotPossible
from bridge.model.notice import Message
from bridge.ports import Clock, Handler, Notifier, Store, UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import nothing
from bridge.usecases.notices import DIGEST, SEND, digest_effect

Lines = list[tuple[int, Mapping[str, Any]]]
"""Notices of a digest by their number."""
ROOM_LEFT = 200
"""Bytes for what a channel writes beside the text: who is called."""


class NoticeDelivery:
    """Sends single messages and digests; a repeat after an attempt of unknown outcome says that it may be one."""

    def __init__(
        self,
        store: Store,
        notifiers: Mapping[str, Notifier],
        configured: Callable[[], Configured],
        clock: Clock,
    ) -> None:
        self._store = store
        self._notifiers = notifiers
        self._configured = configured
        self._clock = clock

    def handlers(self) -> dict[str, Handler]:
        """The handlers by kind of effect."""
        return {SEND: self.send, DIGEST: self.digest}

    def send(self, effect: Effect) -> Callable[[UnitOfWork], None]:
        """Sends one notice."""
        notice = effect.payload["notice"]
        self._carry(effect, "notice", notice["url"], notice, notice=notice)
        return nothing

    def digest(self, effect: Effect) -> Callable[[UnitOfWork], None]:
        """Sends the lines of a digest together; another follows at once with those for which the channel's messages
        are too short, and with what was added while it was on its way.
        """
        digest = str(effect.payload["digest"])
        with self._store.reading() as uow:
            lines = self._fitting(effect, uow.notices.waiting(digest))
        if lines:
            notices = [notice for _, notice in lines]
            self._carry(effect, "notice_digest", "", {"notices": notices}, notices=notices)

        def told(uow: UnitOfWork) -> None:
            uow.notices.told([number for number, _ in lines], self._clock.now())
            later = uow.notices.waiting(digest)
            if later:
                unique = f"{digest}:{later[0][0]}"
                payload = {name: value for name, value in effect.payload.items() if name != "digest"}
                uow.effects.enqueue([digest_effect(unique, effect.key, digest, payload, self._clock.now())])

        return told

    def _fitting(self, effect: Effect, lines: Lines) -> Lines:
        """The first lines that one message of the channel holds, one at least."""
        channel = self._configured().notices.channels.get(str(effect.payload["channel"]))
        longest = channel.longest - ROOM_LEFT if channel and channel.longest else 0
        while longest and len(lines) > 1:
            text = self._written(effect, "notice_digest", notices=[notice for _, notice in lines])
            if len(text.encode()) <= longest:
                break
            lines = lines[: len(lines) * 3 // 4]
        return lines

    def _written(self, effect: Effect, text: str, **values: Any) -> str:
        language = str(effect.payload["language"])
        return self._configured().texts.render(text, language, repeated=effect.unsure, **values)

    def _carry(self, effect: Effect, text: str, url: str, data: Mapping[str, Any], **values: Any) -> None:
        name = str(effect.payload["channel"])
        notifier = self._notifiers.get(name)
        if notifier is None:
            advice = "Configure it again and `queue retry`, or give the message up: `queue drop`."
            raise NotPossible(f"channel {name}", "is not configured any more.", advice)
        subject, _, body = self._written(effect, text, **values).partition("\n")
        notifier.send(
            Message(
                key=effect.unique,
                subject=subject.strip(),
                text=body.strip(),
                at=self._clock.now(),
                address=str(effect.payload["address"]),
                mentions=tuple(effect.payload["mentions"]),
                url=url,
                data=data,
            )
        )
