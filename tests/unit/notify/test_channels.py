"""Each channel against a server that answers as the service documents: refusals inside HTTP 200 are refusals."""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter
from tests.unit.notify.servers import always, dingtalk, feishu, mail_server, serving, wecom

from bridge.model.errors import BridgeError, ConfigurationError, RateLimited, Rejected, RemoteUnavailable
from bridge.model.notice import Message
from bridge.notify.build import build
from bridge.notify.options import AnyChannel
from bridge.ports import Notifier

SECRET = "SEC-of-the-robot"
CHAT = ("wecom", "dingtalk", "feishu")


def channel(kind: str, **options: Any) -> Notifier:
    """A channel as the settings make it."""
    made = TypeAdapter(AnyChannel).validate_python({"kind": kind, **options})
    return build({"room": made})["room"]


def message(**more: Any) -> Message:
    """A message whose text tries to call everybody."""
    text = 'CPU <@all> <at user_id="all"></at> <b>99 %</b>\nsecond line'
    values: dict[str, Any] = {"mentions": ("ann.w",), "url": "https://redmine.example/issues/1?a=1&b=2", **more}
    return Message("notice:slip:7:room:", "The critical path slips: VPN", text, datetime.now(UTC), **values)


def test_wecom_takes_a_text_that_calls_those_who_are_named_and_nobody_else():
    with serving(wecom) as service:
        channel("wecom", url=service.url).send(message())
    (body,) = service.bodies
    assert body["msgtype"] == "text"
    assert body["text"]["mentioned_list"] == ["ann.w"]
    assert "<@all>" not in body["text"]["content"]
    assert body["text"]["content"].startswith("The critical path slips: VPN\n\nCPU")


def test_wecom_cuts_at_2048_bytes_between_characters():
    with serving(wecom) as service:
        long = Message("k", "主题", "长" * 3000, datetime.now(UTC))
        channel("wecom", url=service.url).send(long)
    content = service.bodies[0]["text"]["content"]
    assert 2040 < len(content.encode()) <= 2048
    assert content.endswith("…")


def test_a_wrong_key_at_wecom_is_a_refusal_although_the_status_is_200():
    with serving(wecom) as service, pytest.raises(Rejected, match="93000") as caught:
        channel("wecom", url=service.url.replace("SECRET", "WRONG")).send(message())
    assert caught.value.permanent
    assert "copy it anew" in caught.value.advice


@pytest.mark.parametrize(("kind", "server"), [("dingtalk", dingtalk), ("feishu", feishu)])
def test_signatures_are_what_the_service_reckons(kind, server):
    with serving(server(SECRET)) as service:
        channel(kind, url=service.url, secret_key=SECRET).send(message(mentions=("13800000000",)))
        with pytest.raises(Rejected) as caught:
            channel(kind, url=service.url, secret_key="SEC-of-another").send(message())
    assert "13800000000" in str(service.bodies[0])
    assert caught.value.permanent
    assert "secret_key" in caught.value.advice
    if kind == "feishu":  # the only one of the two in which a text can call people
        assert '<at user_id="all"' not in service.bodies[0]["content"]["text"]
    else:
        assert service.bodies[0]["at"]["isAtAll"] is False


SLOW = [
    ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}),
    ("dingtalk", {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}),
    ("feishu", {"code": 11232, "msg": "frequency limited"}),
    ("feishu", {"code": 9499, "msg": "too many request"}),
]
REFUSED = [
    ("dingtalk", {"errcode": 310000, "errmsg": "keywords not in content"}, "keywords"),
    ("dingtalk", {"errcode": 300001, "errmsg": "token is not exist"}, "copy it anew"),
    ("feishu", {"code": 19024, "msg": "Key Words Not Found"}, "keyword"),
    ("feishu", {"code": 9499, "msg": "Bad Request"}, "settings"),
    ("wecom", {"errcode": 40058, "errmsg": "invalid Request Parameter"}, "report"),
]


@pytest.mark.parametrize(("kind", "said"), SLOW)
def test_a_rate_limit_inside_200_is_tried_again_after_a_rest(kind, said):
    with serving(always(200, **said)) as service, pytest.raises(RateLimited) as caught:
        channel(kind, url=service.url).send(message())
    assert not caught.value.permanent
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 60


@pytest.mark.parametrize(("kind", "said", "advice"), REFUSED)
def test_any_other_code_is_for_good_and_says_what_to_mend(kind, said, advice):
    with serving(always(200, **said)) as service, pytest.raises(Rejected) as caught:
        channel(kind, url=service.url).send(message())
    assert caught.value.permanent
    assert advice in caught.value.advice


@pytest.mark.parametrize("kind", CHAT)
@pytest.mark.parametrize("answer", [always(200, hello="proxy"), always(502), always(200, errcode="0", code="0")])
def test_what_is_no_answer_of_the_service_counts_as_not_sent(kind, answer):
    with serving(answer) as service, pytest.raises(RemoteUnavailable) as caught:
        channel(kind, url=service.url).send(message())
    assert not caught.value.permanent


@pytest.mark.parametrize("kind", [*CHAT, "webhook"])
def test_no_error_holds_the_key_of_an_address(kind):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{free.getsockname()[1]}/send?key=SECRET-IN-ADDRESS"
    for answer in (always(200, errcode=93000, code=19001), always(500), always(404), always(429, retry_after=7)):
        with serving(answer) as service:
            for url in (service.url, dead):
                try:
                    channel(kind, url=url, **({"secret_key": SECRET} if kind != "wecom" else {})).send(message())
                except BridgeError as error:
                    told = f"{error!r} {error} {error.__cause__!r} {error.__context__ if error.__cause__ else ''}"
                    assert "SECRET-IN-ADDRESS" not in told
                    assert SECRET not in told


def test_a_webhook_is_signed_and_a_repeat_carries_the_same_name():
    with serving(always(200, ok=True)) as service:
        hook = channel("webhook", url=service.url, secret_key=SECRET)
        hook.send(message(data={"kind": "slip"}))
        hook.send(message(data={"kind": "slip"}))
    first, second = service.headers
    assert first["X-Bridge-Delivery"] == second["X-Bridge-Delivery"]
    signed = f"{first['X-Bridge-Timestamp']}.{first['raw']}".encode()
    assert first["X-Bridge-Signature"] == "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert service.bodies[0]["notice"] == {"kind": "slip"}


def test_an_answer_that_drips_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
                while True:
                    connection.sendall(b" ")
                    time.sleep(0.05)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/send"
        with pytest.raises(RemoteUnavailable, match="too slowly"):
            channel("wecom", url=url, timeout=0.4).send(message())
    thread.join(10)


def test_a_webhook_that_asks_to_slow_down_is_waited_for():
    with serving(always(429, retry_after=17)) as service, pytest.raises(RateLimited) as caught:
        channel("webhook", url=service.url, secret_key=SECRET).send(message())
    assert caught.value.retry_after == 17


def mail(port: int, **more: Any) -> Notifier:
    """A mail channel without TLS, as a relay on the same machine is used."""
    return channel("email", host="127.0.0.1", port=port, security="none", sender="bridge@example.com", **more)


def test_a_mail_has_the_same_name_each_time_and_nothing_told_becomes_html():
    with mail_server() as box:
        way = mail(box.port, login="bridge", password=SECRET)
        for _ in range(2):
            way.send(message(address="ann@example.com"))
    first, second = (email.message_from_string(text, policy=email.policy.default) for text in box.mails)
    assert box.logins[0] == f"\0bridge\0{SECRET}"
    assert first["Message-ID"] == second["Message-ID"]
    assert first["To"] == "ann@example.com"
    page = first.get_body(("html",)).get_content()
    assert "<b>" not in page
    assert "&lt;b&gt;99 %" in page
    assert "second line" in first.get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    ("verb", "said", "kind", "permanent"),
    [
        ("RCPT", "550 no such user", Rejected, True),
        ("RCPT", "450 greylisted", RateLimited, False),
        ("MAIL", "451 later", RateLimited, False),
        ("DATA", "554 spam", Rejected, True),
        ("AUTH", "535 wrong password", Rejected, True),
        ("AUTH", "454 later", RemoteUnavailable, False),
    ],
)
def test_what_a_mail_server_refuses_is_tried_again_only_where_it_says_so(verb, said, kind, permanent):
    with mail_server() as box:
        box.refuse[verb] = said
        with pytest.raises(kind, match=said[:3]) as caught:
            mail(box.port, login="bridge", password=SECRET).send(message(address="ann@example.com"))
    assert caught.value.permanent is permanent
    assert SECRET not in str(caught.value)


def test_a_mail_server_without_tls_is_refused_where_tls_is_asked_for():
    with mail_server() as box:
        way = channel("email", host="127.0.0.1", port=box.port, sender="bridge@example.com")
        with pytest.raises(Rejected, match="STARTTLS"):
            way.send(message(address="ann@example.com"))


def test_an_address_that_is_none_is_refused_without_a_connection():
    with pytest.raises(Rejected, match="no address"):
        mail(1).send(message(address="not an address\r\nBcc: all@example.com"))


@pytest.mark.parametrize("scheme", ["wecombot", "dingtalk", "feishu", "lark"])
def test_apprise_is_not_used_for_services_whose_refusals_it_does_not_see(scheme):
    with pytest.raises(ConfigurationError, match="does not notice"):
        channel("apprise", url=f"{scheme}://key")


def test_apprise_carries_the_long_tail_and_tells_when_a_service_refuses():
    with serving(always(200)) as service:
        address = service.url.replace("http://", "json://").partition("?")[0]
        channel("apprise", url=address).send(message())
    assert service.bodies[0]["title"] == "The critical path slips: VPN"
    with serving(always(403)) as service, pytest.raises(RemoteUnavailable, match="not taken"):
        channel("apprise", url=service.url.replace("http://", "json://").partition("?")[0]).send(message())
