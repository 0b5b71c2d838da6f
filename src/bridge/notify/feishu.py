"""Custom bots of Feishu (飞书) and Lark.

As open.feishu.cn, “custom bot usage guide”, and those who use it describe it: POST …/open-apis/bot/v2/hook/…,
answered with HTTP 200 (or 400) and `code`. With 签名校验 the body carries `timestamp` (seconds, at most an hour
old) and `sign`, the HMAC-SHA256 of nothing by timestamp, line feed and secret as the key, Base64. 100 messages a
minute and 5 a second; a body holds 20 KB.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from bridge.model.notice import Message
from bridge.notify.codes import Codes, cut
from bridge.notify.http import Poster
from bridge.notify.options import FeishuOptions

LONGEST = FeishuOptions.longest
CODES = Codes(
    "Feishu",
    slow=(9499, 11232, 11233, 99991400),
    again=(55001,),
    rest=60.0,
    slow_says={9499: "too many"},  # the same code is also “Bad Request”
    advice={
        19001: "The bot's address is wrong, or the bot was removed from its group: copy it anew.",
        19002: "The message is not as Feishu takes it; please report it.",
        19007: "The bot is switched off in Feishu's administration.",
        19021: "The signature is wrong: set secret_key to the bot's 签名校验 secret, and look at this machine's clock.",
        19022: "Add this machine's address to the bot's IP whitelist.",
        19024: "The bot asks for a keyword: add one that stands in every message.",
    },
)


def signed(secret: str, at: datetime) -> dict[str, str]:
    """What signs a body sent at a moment."""
    stamp = str(int(at.timestamp()))
    digest = hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return {"timestamp": stamp, "sign": base64.b64encode(digest).decode()}


class FeishuNotifier:
    """Implements bridge.ports.Notifier."""

    def __init__(self, name: str, options: FeishuOptions, where: str) -> None:
        self._poster = Poster(name, options.address(where), options.timeout, also=(400,))
        self._key = options.key(where)

    def send(self, message: Message) -> None:
        """See the protocol; a text, in which nothing of what is told calls anybody by itself."""
        text = cut(f"{message.subject}\n\n{message.text}".replace("<at", "<\u200bat"), LONGEST)
        called = "".join(f'<at user_id="{one}"></at>' for one in message.mentions)
        body: dict[str, Any] = {"msg_type": "text", "content": {"text": f"{called}{text}"}}
        if self._key:
            body |= signed(self._key, message.at)
        answer = self._poster.post(json.dumps(body).encode(), {"Content-Type": "application/json"})
        code = answer.body.get("code", answer.body.get("StatusCode"))
        CODES.check(answer, code, answer.body.get("msg") or answer.body.get("StatusMessage"))
