"""Group robots of WeCom (企业微信).

As developer.work.weixin.qq.com/document/path/91770 and those who use it describe it: POST …/cgi-
bin/webhook/send?key=…, answered with HTTP 200 and `errcode`; 20 messages a minute for a robot; a text holds 2048
bytes. There is no signature: the key in the address is all, and no name by which a repeat would be known.
"""

from __future__ import annotations

import json

from bridge.model.notice import Message
from bridge.notify.codes import Codes, cut
from bridge.notify.http import Poster
from bridge.notify.options import WecomOptions

LONGEST = WecomOptions.longest
CODES = Codes(
    "WeCom",
    slow=(45009, 45033),
    again=(-1, 6000),
    rest=60.0,
    advice={
        93000: "The robot's address is wrong, or the robot was removed from its group: copy it anew.",
        93004: "The robot is switched off: switch it on in WeCom.",
        93008: "The robot is not in that group.",
        40058: "The message is not as WeCom takes it; please report it.",
    },
)


class WecomNotifier:
    """Implements bridge.ports.Notifier."""

    def __init__(self, name: str, options: WecomOptions, where: str) -> None:
        self._poster = Poster(name, options.address(where), options.timeout)

    def send(self, message: Message) -> None:
        """See the protocol; a text, in which nothing of what is told calls anybody by itself."""
        text = f"{message.subject}\n\n{message.text}".replace("<@", "<\u200b@")
        body = {
            "msgtype": "text",
            "text": {"content": cut(text, LONGEST), "mentioned_list": list(message.mentions)},
        }
        answer = self._poster.post(json.dumps(body).encode(), {"Content-Type": "application/json"})
        CODES.check(answer, answer.body.get("errcode"), answer.body.get("errmsg"))
