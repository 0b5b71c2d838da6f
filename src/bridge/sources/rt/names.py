"""Names of users and queues by the numbers that RT's transactions carry."""

from __future__ import annotations

from bridge.model.errors import Forbidden, NotFound
from bridge.sources.rt.client import RtClient
from bridge.sources.rt.translate import NOBODY


class RtNames:
    """Asks RT once for each user and once for all queues, and again for a queue it has not seen."""

    def __init__(self, client: RtClient) -> None:
        self._client = client
        self._logins: dict[str, str] = {}
        self._queues: dict[str, str] = {}

    def login(self, user_id: str) -> str:
        """The login, "" for nobody; `user 37` where the account may not read users."""
        if user_id not in self._logins:
            try:
                login = self._client.user(user_id)
            except (NotFound, Forbidden):
                login = f"user {user_id}"
            self._logins[user_id] = "" if login == NOBODY else login
        return self._logins[user_id]

    def queue(self, queue_id: str) -> str:
        """The name; `queue 4` for one the account may not see."""
        if queue_id not in self._queues:
            self._queues = {queue_id: f"queue {queue_id}", **self._client.queues()}
        return self._queues[queue_id]
