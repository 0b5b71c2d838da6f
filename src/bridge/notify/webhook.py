"""JSON to an address of one's own, signed.

`X-Bridge-Timestamp` are seconds since 1970, `X-Bridge-Signature` is `sha256=` and the HMAC-SHA256 (hexadecimal) of
"timestamp.body" by the secret; `X-Bridge-Delivery` names the message for ever, so that a repeat is known. 2xx means
that it was taken.
"""

from __future__ import annotations

import hashlib
import hmac
import json

from bridge.model.notice import Message
from bridge.notify.http import Poster
from bridge.notify.options import WebhookOptions

SCHEMA = "bridge/notice/1"


def signature(secret: str, stamp: str, body: bytes) -> str:
    """What stands in `X-Bridge-Signature`."""
    return "sha256=" + hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class WebhookNotifier:
    """Implements bridge.ports.Notifier."""

    def __init__(self, name: str, options: WebhookOptions, where: str) -> None:
        self._poster = Poster(name, options.address(where), options.timeout)
        self._key = options.key(where, needed=True)

    def send(self, message: Message) -> None:
        """See the protocol."""
        body = json.dumps(
            {
                "schema": SCHEMA,
                "delivery": message.key,
                "subject": message.subject,
                "text": message.text,
                "url": message.url,
                "people": list(message.mentions),
                "notice": dict(message.data),
            },
            default=str,
        ).encode()
        stamp = str(int(message.at.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Bridge-Delivery": hashlib.sha256(message.key.encode()).hexdigest(),
            "X-Bridge-Timestamp": stamp,
            "X-Bridge-Signature": signature(self._key, stamp, body),
        }
        self._poster.post(body, headers)
