"""Custom robots of DingTalk (钉钉).

As open.dingtalk.com, “custom robot access”, and those who use it describe it: POST
oapi.dingtalk.com/robot/send?access_token=…, answered with HTTP 200 and `errcode`. With 加签 the address carries
`timestamp` (milliseconds, at most an hour old) and `sign`, the HMAC-SHA256 of timestamp, line feed and secret by the
secret, Base64, then quoted. 20 messages a minute for a robot, else it rests for ten minutes; a message holds 20,000
bytes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from urllib.parse import urlencode

from bridge.model.notice import Message
from bridge.notify.codes import Codes, cut
from bridge.notify.http import Poster
from bridge.notify.options import DingtalkOptions

LONGEST = DingtalkOptions.longest
CODES = Codes(
    "DingTalk",
    slow=(130101, 410100, 90018, 90030),
    again=(-1,),
    rest=600.0,
    advice={
        300001: "The robot's address is wrong, or the robot was removed: copy it anew.",
        300005: "The robot's address is wrong, or the robot was removed: copy it anew.",
        310000: "The robot's security settings refused it: with 加签 set secret_key to its SEC… secret and look at "
        "this machine's clock; with keywords add one that stands in every message; with IP addresses add this one.",
        400013: "The group was dissolved.",
        400101: "The robot's address is wrong: copy it anew.",
        400102: "The robot is switched off.",
        400105: "The message is not as DingTalk takes it; please report it.",
        400106: "The robot is not there any more.",
    },
)


def signed(secret: str, at: datetime) -> str:
    """The query that signs a message sent at a moment."""
    stamp = str(round(at.timestamp() * 1000))
    digest = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    return urlencode({"timestamp": stamp, "sign": base64.b64encode(digest).decode()})


class DingtalkNotifier:
    """Implements bridge.ports.Notifier."""

    def __init__(self, name: str, options: DingtalkOptions, where: str) -> None:
        self._poster = Poster(name, options.address(where), options.timeout)
        self._key = options.key(where)

    def send(self, message: Message) -> None:
        """See the protocol. People are called by their mobile numbers, which stand in the text as DingTalk asks."""
        called = "".join(f" @{number}" for number in message.mentions)
        body = {
            "msgtype": "text",
            "text": {"content": cut(f"{message.subject}{called}\n\n{message.text}", LONGEST)},
            "at": {"atMobiles": list(message.mentions), "isAtAll": False},
        }
        query = signed(self._key, message.at) if self._key else ""
        answer = self._poster.post(json.dumps(body).encode(), {"Content-Type": "application/json"}, query)
        CODES.check(answer, answer.body.get("errcode"), answer.body.get("errmsg"))
