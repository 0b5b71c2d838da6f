"""Every other service that Apprise knows (extra `notify`)."""

from __future__ import annotations

from importlib.util import find_spec

from bridge.model.errors import ConfigurationError, NotPossible, Problem, RemoteUnavailable
from bridge.model.notice import Message
from bridge.notify.options import AppriseOptions


class AppriseNotifier:
    """Implements bridge.ports.Notifier. Apprise tells only that a message was not taken, not why."""

    def __init__(self, name: str, options: AppriseOptions, where: str) -> None:
        if find_spec("apprise") is None:
            advice = "install redmine-itsm-bridge[notify], or remove the channel"
            raise ConfigurationError([Problem(where, "apprise is not installed", advice)])
        self._where = f"channel {name} (apprise)"
        self._url = options.address(where)

    def send(self, message: Message) -> None:
        """See the protocol."""
        from apprise import Apprise  # noqa: PLC0415 - only channels of this kind need the extra

        service = Apprise()
        if not service.add(self._url):
            what = "Apprise does not know this kind of address."
            raise NotPossible(self._where, what, "Look it up in Apprise's list of services.")
        if not service.notify(title=message.subject, body=message.text):
            advice = "It is tried again; Apprise does not say why."
            raise RemoteUnavailable(self._where, "the message was not taken.", advice)
