"""From a request to a hint: signatures of all senders, two secrets at once, and what is refused, parked or ignored."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.model.hint import Hint
from bridge.web import signatures
from bridge.web.formats import DEEPEST, Ignored, Sender, TooDeep, Unreadable, Way, read
from bridge.web.signatures import Unsigned

OLD, NEW, WRONG = b"old secret of many bytes", b"new secret of many bytes", b"somebody else's secret"
NOW = datetime(2026, 11, 20, 18, 40, tzinfo=UTC)
AT = int(NOW.timestamp())
RECORDED = Path(__file__).parent / "recorded"


def sender(way: Way = Way.SOURCE, system: str = "rt") -> Sender:
    return Sender(system, way, (NEW, OLD), timedelta(minutes=5), timedelta(days=7))


def rt(body: bytes, secret: bytes = NEW, at: int = AT) -> dict[str, str]:
    return {"x-rt-timestamp": str(at), "x-rt-signature": signatures.rt_signature(body, secret, at)}


def generic(body: bytes, secret: bytes = NEW, at: int = AT) -> dict[str, str]:
    return {"x-bridge-signature": signatures.bridge_signature(body, secret, at)}


def native(body: bytes, secret: bytes = NEW, _at: int = AT) -> dict[str, str]:
    return {"x-redmine-signature-256": signatures.redmine_signature(body, secret)}


def recorded(name: str) -> bytes:
    return (RECORDED / name).read_bytes()


GENERIC = json.dumps({"incident": 17, "delivery": "d-1", "ids": [3, "4"], "changed_at": "2026-11-20T18:39:07+01:00"})
NATIVE = {
    "type": "issue.updated",
    "timestamp": "2026-11-20T18:39:59Z",
    "data": {"issue": {"id": 5, "updated_on": "2026-11-20T18:39:59Z"}, "journal": {"id": 77, "notes": "x"}},
}


def test_rts_scrip_as_a_real_rt_sent_it() -> None:
    """The signature is the one that RT 5 made (recorded with its headers)."""
    request = json.loads(recorded("rt.json"))
    body, headers = request["body"].encode(), {name.lower(): value for name, value in request["headers"].items()}
    at = datetime.fromtimestamp(int(headers["x-rt-timestamp"]), UTC)
    scrip = Sender("rt", Way.SOURCE, (WRONG, request["secret"].encode()), timedelta(minutes=5), timedelta(days=7))
    hint = read(scrip, headers, body, "", at + timedelta(minutes=4))
    assert hint == Hint("rt", "1", "itsm.test-57", 57, ("56", "57"), datetime(2026, 11, 20, 18, 38, 36, tzinfo=UTC))


def test_the_generic_one() -> None:
    body = GENERIC.encode()
    changed = datetime(2026, 11, 20, 17, 39, 7, tzinfo=UTC)
    assert read(sender(), generic(body), body, "", NOW) == Hint("rt", "17", "d-1", 0, ("3", "4"), changed)


def test_a_generic_one_without_a_delivery_is_known_by_its_body() -> None:
    body = b'{"incident": "INC-1"}'
    first, again = (read(sender(), generic(body, at=AT + n), body, "", NOW) for n in (0, 1))
    assert first == again
    assert len(first.delivery) == 64


def test_redmines_own() -> None:
    body = json.dumps(NATIVE).encode()
    hint = read(sender(Way.REDMINE, "redmine"), native(body), body, "", NOW)
    assert (hint.entity, hint.remote_ids, hint.changed_at) == ("5", ("77",), NOW - timedelta(seconds=1))


def test_a_time_entry_is_about_its_issue() -> None:
    body = json.dumps({"type": "time_entry.created", "data": {"time_entry": {"id": 3, "issue": {"id": 5}}}}).encode()
    assert read(sender(Way.REDMINE), native(body), body, "", NOW).entity == "5"


def test_the_plugins_with_the_secret_in_the_path_or_a_header() -> None:
    body = json.dumps({"payload": {"action": "updated", "issue": {"id": 5}, "journal": {"id": 77}}}).encode()
    plugin = sender(Way.PLUGIN)
    by_path = read(plugin, {}, body, OLD.decode(), NOW)
    assert by_path == read(plugin, {"x-bridge-token": NEW.decode()}, body, "", NOW)
    assert (by_path.entity, by_path.remote_ids) == ("5", ("77",))
    for token in ("", WRONG.decode(), NEW.decode() + "x", "ä\udc00"):
        with pytest.raises(Unsigned):
            read(plugin, {}, body, token, NOW)


@pytest.mark.parametrize(("sign", "way"), [(rt, Way.SOURCE), (generic, Way.SOURCE), (native, Way.REDMINE)])
def test_two_secrets_are_valid_and_no_third(sign: Any, way: Way) -> None:
    body = {rt: recorded("rt.json"), generic: GENERIC.encode(), native: json.dumps(NATIVE).encode()}[sign]
    if sign is rt:
        body = json.loads(body)["body"].encode()
    assert read(sender(way), sign(body, OLD), body, "", NOW) == read(sender(way), sign(body, NEW), body, "", NOW)
    with pytest.raises(Unsigned):
        read(sender(way), sign(body, WRONG), body, "", NOW)
    with pytest.raises(Unsigned):
        read(sender(way), sign(body), body + b" ", "", NOW)
    with pytest.raises(Unsigned):
        read(sender(way), {}, body, "", NOW)


@pytest.mark.parametrize("sign", [rt, generic])
@pytest.mark.parametrize(("seconds", "fine"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_a_signature_is_valid_for_a_time(sign: Any, seconds: int, fine: bool) -> None:
    body = json.loads(recorded("rt.json"))["body"].encode() if sign is rt else GENERIC.encode()
    headers = sign(body, NEW, AT - seconds)
    if fine:
        assert read(sender(), headers, body, "", NOW).system == "rt"
    else:
        with pytest.raises(Unsigned) as raised:
            read(sender(), headers, body, "", NOW)
        assert raised.value.expired


def test_redmines_own_is_valid_as_long_as_deliveries_are_kept() -> None:
    """It has no time in its headers: the one in the signed body counts."""
    body = json.dumps(NATIVE).encode()
    with pytest.raises(Unsigned) as raised:
        read(sender(Way.REDMINE), native(body), body, "", NOW + timedelta(days=8))
    assert raised.value.expired


@pytest.mark.parametrize(
    "header", ["t=,v1=0", "v1=0", "t=9999999999999999999,v1=0", "t=1,t=2,v1=0", "t=-1", "t=²,v1=0"]
)
def test_a_broken_header_is_no_signature(header: str) -> None:
    with pytest.raises(Unsigned):
        read(sender(), {"x-bridge-signature": header}, b"{}", "", NOW)


def test_a_signed_time_beyond_all_calendars_is_refused() -> None:
    at = 10**17
    with pytest.raises(Unsigned):
        read(sender(), generic(b"{}", NEW, at), b"{}", "", NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b'{"incident": null}',
        b'{"incident": true}',
        b'{"incident": "a b"}',
        b'{"incident": 1, "ids": 3}',
        b'{"incident": 1, "delivery": {}}',
        b"\xff\xfe",
        b'{"incident": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_signed_and_cannot_be_understood(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(sender(), generic(body), body, "", NOW)


@pytest.mark.parametrize(
    "data",
    [
        {"type": "news.created", "data": {}},
        {"type": None, "data": {}},
        {"type": "time_entry.created", "data": {"time_entry": {"issue": None}}},
    ],
)
def test_what_is_not_followed_is_ignored(data: Any) -> None:
    body = json.dumps(data).encode()
    with pytest.raises(Ignored):
        read(sender(Way.REDMINE), native(body), body, "", NOW)


def test_depth_is_limited_before_anything_is_parsed() -> None:
    nested = b'{"incident": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(TooDeep):
        read(sender(), generic(nested), nested, "", NOW)
    wide = json.dumps({"incident": 1, "x": [[] for _ in range(500)], "y": "[" * 500 + '"{\\'}).encode()
    assert read(sender(), generic(wide), wide, "", NOW).entity == "1"
    assert DEEPEST < 100


@given(
    st.binary(max_size=200),
    st.dictionaries(
        st.sampled_from(
            ["x-rt-signature", "x-rt-timestamp", "x-bridge-signature", "x-redmine-signature-256", "x-bridge-token"]
        ),
        st.text(max_size=80),
    ),
    st.sampled_from(list(Way)),
    st.text(max_size=20),
)
def test_nothing_unsigned_gets_through(body: bytes, headers: dict[str, str], way: Way, token: str) -> None:
    with pytest.raises(Unsigned):
        read(sender(way), headers, body, token, NOW)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "ticket",
                        "transactions",
                        "id",
                        "delivery",
                        "incident",
                        "payload",
                        "issue",
                        "journal",
                        "data",
                        "type",
                        "updated_on",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
    ),
    st.sampled_from([(Way.SOURCE, rt), (Way.SOURCE, generic), (Way.REDMINE, native)]),
)
@example({"ticket": {}, "transactions": True}, (Way.SOURCE, rt))
def test_whatever_is_signed_is_a_hint_or_told_apart(data: Any, how: tuple[Way, Any]) -> None:
    way, sign = how
    body = json.dumps(data).encode()
    try:
        hint = read(sender(way), sign(body), body, "", NOW)
    except (Unreadable, Ignored, TooDeep):
        return
    assert hint.entity
    assert hint.delivery
