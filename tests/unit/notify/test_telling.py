"""Who is told, when, and that nothing is told twice or lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.unit.notify.servers import mail_server, serving, wecom
from tests.unit.notify.world import MONDAY, World, directory, route, world

from bridge.model.effect import Effect
from bridge.model.errors import Rejected, RemoteUnavailable
from bridge.model.notice import Notice, NoticeKind
from bridge.notify.build import build
from bridge.notify.options import EmailOptions, WecomOptions
from bridge.queue.embedded import EmbeddedEngine
from bridge.usecases.notices import tell
from bridge.usecases.telling.policy import Quiet, lead_of, recipients

KIND = NoticeKind.OWNER_CHANGED


@pytest.fixture
def small(tmp_path):
    with world(tmp_path) as made:
        yield made


def notice(unique: str = "7:ann", **values) -> Notice:
    given = {"name": "VPN drops", "detail": "Bob asked for it.", "owner": "ann", **values}
    return Notice(given.pop("kind", KIND), unique, **given)


def told(made: World, one: Notice) -> int:
    with made.database.transaction() as uow:
        return tell(uow, made.configured, one, made.clock.now())


def keys(to: str, **values) -> list[str]:
    """The keys or addresses that an entry of a route means."""
    found = recipients(directory(), route(to=(to,)), notice(**values))
    return [one.person.key if one.person else one.address for one in found]


@pytest.mark.parametrize(
    ("to", "values", "who"),
    [
        ("owner", {}, ["ann"]),
        ("lead", {}, ["lea"]),
        ("manager", {}, ["max"]),
        ("lead", {"owner": "lea"}, ["max"]),  # who leads a team is not their own lead
        ("lead", {"owner": "li"}, ["max"]),  # a lead who has left is passed over
        ("team", {}, ["lea", "bob", "ann"]),  # without those who have left
        ("team:shanghai", {}, ["li"]),
        ("owner", {"owner": "network"}, ["lea"]),
        ("concerned", {"concerned": ("bob", "gone")}, ["bob"]),
        ("concerned", {}, ["ann"]),
        ("owner", {"owner": "gone"}, ["lea"]),  # a project whose owner has left is not nobody's
        ("concerned", {"owner": "gone"}, ["lea"]),
        ("concerned", {"owner": "gone", "concerned": ("gone",)}, ["lea"]),
        ("person:gone", {}, []),
        ("role:reviewer", {"roles": {"reviewer": "li"}}, ["li"]),
        ("role:reviewer", {}, []),
        ("address:ops@example.com", {}, ["ops@example.com"]),
        ("person:bob", {}, ["bob"]),
    ],
)
def test_whom_a_route_means(to, values, who):
    assert keys(to, **values) == who


def test_the_chain_ends_where_nobody_is_above():
    assert [lead_of(directory(), "ann", number) for number in range(3)] == [["lea"], ["max"], []]


def test_a_notice_is_told_once_for_ever_however_often_it_is_said(small):
    assert told(small, notice()) == 1
    assert told(small, notice()) == 0
    small.deliver()
    assert told(small, notice()) == 0
    assert told(small, notice("8:bob", owner="bob")) == 1
    small.deliver()
    assert small.mail.told == [(f"{who}@example.com", "A project has a new owner: VPN drops") for who in ("ann", "bob")]


def test_without_a_route_nobody_is_told(tmp_path):
    with world(tmp_path, route(NoticeKind.SLIP)) as made:
        assert told(made, notice()) == 0


def test_two_routes_to_the_same_person_are_one_message_and_the_room_gets_one_with_a_call(tmp_path):
    routes = (route(channels=("mail", "room")), route(to=("owner", "lead"), channels=("mail", "room")))
    with world(tmp_path, *routes) as made:
        assert told(made, notice()) == 3
        made.deliver()
        assert [address for address, _ in made.mail.told] == ["ann@example.com", "lea@example.com"]
        (message,) = made.room.messages
        assert message.mentions == ("ann.w",)
        assert message.subject == "项目负责人已变更\N{FULLWIDTH COLON}VPN drops"


def test_two_routes_into_one_room_call_the_people_of_both(tmp_path):
    routes = (route(to=("person:bob",), channels=("room",)), route(to=("owner",), channels=("room",)))
    with world(tmp_path, *routes) as made:
        policy = made.configured.notices
        channels = {**policy.channels, "room": replace(policy.channels["room"], mentions={"ann": "a", "bob": "b"})}
        made.configured = replace(made.configured, notices=replace(policy, channels=channels))
        assert told(made, notice()) == 1
        assert told(made, notice()) == 0
        made.deliver()
        assert [one.mentions for one in made.room.messages] == [("b", "a")]


def test_each_is_told_in_their_own_language(small):
    told(small, notice("1", owner="li"))
    small.deliver()
    assert small.mail.messages[0].subject.startswith("项目负责人已变更")


def test_what_is_told_at_once_is_in_no_digest(tmp_path):
    with world(tmp_path, route(digest=True), route()) as made:
        assert told(made, notice()) == 1
        made.deliver()
        made.until(datetime(2026, 3, 4, 7, 0, tzinfo=UTC))
        made.deliver()
        assert len(made.mail.messages) == 1


def test_priorities_limit_a_route(tmp_path):
    with world(tmp_path, route(priorities=frozenset({1, 2}))) as made:
        assert [told(made, notice(str(level), priority=level)) for level in (1, 2, 3)] == [1, 1, 0]
        assert told(made, notice("none")) == 0


def test_at_night_a_message_waits_for_the_morning_where_the_person_is(tmp_path):
    with world(tmp_path, route(quiet=True)) as made:
        made.until(datetime(2026, 3, 2, 22, 30, tzinfo=UTC))  # half past eleven in Berlin, half past six in Shanghai
        told(made, notice("1"))
        told(made, notice("2", owner="li"))
        made.deliver()
        assert made.mail.messages == []
        made.until(datetime(2026, 3, 2, 23, 0, tzinfo=UTC))  # seven in Shanghai
        made.deliver()
        assert [address for address, _ in made.mail.told] == ["li@example.com"]
        made.until(datetime(2026, 3, 3, 6, 0, tzinfo=UTC))
        made.deliver()
        assert [address for address, _ in made.mail.told] == ["li@example.com", "ann@example.com"]


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-03-28T21:00+00:00", "2026-03-29T05:00+00:00"),  # the night in which the clock goes forward
        ("2026-10-24T21:00+00:00", "2026-10-25T06:00+00:00"),  # and back
        ("2026-03-02T05:59+00:00", "2026-03-02T06:00+00:00"),
        ("2026-03-02T06:00+00:00", None),
        ("2026-03-02T18:59+00:00", None),
        ("2026-03-02T19:00+00:00", "2026-03-03T06:00+00:00"),
    ],
)
def test_quiet_hours_end_by_the_wall_clock(moment, until):
    night = Quiet(time(20), time(7))
    found = night.until(datetime.fromisoformat(moment), ZoneInfo("Europe/Berlin"))
    assert found == (datetime.fromisoformat(until) if until else None)


def test_a_digest_holds_a_day_and_what_comes_later_is_in_the_next(tmp_path):
    with world(tmp_path, route(digest=True)) as made:
        for number in range(3):
            assert told(made, notice(str(number), name=f"project {number}")) == 1
        assert told(made, notice("0", name="project 0")) == 0
        made.deliver()
        assert made.mail.messages == []
        made.until(datetime(2026, 3, 3, 7, 0, tzinfo=UTC))  # eight in Berlin
        made.deliver()
        assert told(made, notice("1")) == 0  # what was in one digest is never told again
        told(made, notice("4", name="project 4"))
        made.deliver()
        made.until(datetime(2026, 3, 4, 7, 0, tzinfo=UTC))
        made.deliver()
        first, second = made.mail.messages
        assert first.subject == "3 notices from the bridge"
        assert all(f"project {number}" in first.text for number in range(3))
        assert "project 4" in second.text
        assert "project 1" not in second.text


def test_what_is_said_while_a_digest_is_on_its_way_is_not_lost(tmp_path):
    with world(tmp_path, route(digest=True)) as made:
        told(made, notice("0", name="project 0"))
        due = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
        late = due - timedelta(seconds=1)

        def meanwhile(name: str, effect: Effect) -> None:
            if name == "delivered" and "project 9" not in str(made.mail.messages):
                with made.database.transaction() as uow:  # by a clock that is a second behind
                    tell(uow, made.configured, notice("9", name="project 9"), late)

        made.until(due)
        made.deliver(meanwhile)
        assert ["project 0" in one.text for one in made.mail.messages] == [True, False]
        assert "project 9" in made.mail.messages[1].text


def test_a_digest_that_a_room_cannot_hold_comes_in_several_messages(tmp_path):
    with world(tmp_path, route(digest=True, channels=("room",))) as made:
        channels = made.configured.notices.channels
        room = replace(channels["room"], longest=1000)
        made.configured = replace(
            made.configured, notices=replace(made.configured.notices, channels={**channels, "room": room})
        )
        for number in range(12):
            told(made, notice(str(number), name=f"project {number}.", detail="So it was. " * 10))
        made.until(MONDAY + timedelta(days=2))
        made.deliver()
        texts = [f"{one.subject}\n\n{one.text}" for one in made.room.messages]
        assert len(texts) > 1
        assert all(len(text.encode()) <= 1000 for text in texts)
        assert [sum(f"project {number}." in text for text in texts) for number in range(12)] == [1] * 12


def dead(made: World) -> list[str]:
    """What the dead letters say, up to the advice where it is a channel's."""
    engine = EmbeddedEngine(made.database, {}, made.clock)
    try:
        return [letter.error.partition(" Configure it")[0] for letter in engine.dead()]
    finally:
        engine.close()


def killed_at(folder: Path, channels: dict[str, dict[str, object]], point: str) -> None:
    """Another process delivers, and is gone at a boundary."""
    child = [sys.executable, "-m", "tests.unit.notify.child", str(folder), json.dumps(channels), point]
    ended = subprocess.run(child, check=False, timeout=60, capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


@pytest.mark.parametrize(("point", "sent"), [("claimed", 1), ("delivered", 2)])
def test_a_mail_is_never_lost_and_a_repeat_has_the_same_message_id(tmp_path, point, sent):
    with world(tmp_path) as made, mail_server() as box:
        told(made, notice())
        options = {
            "kind": "email",
            "host": "127.0.0.1",
            "port": box.port,
            "security": "none",
            "sender": "b@example.com",
        }
        killed_at(tmp_path, {"mail": options}, point)
        made.deliver(notifiers=build({"mail": EmailOptions.model_validate(options)}))
        assert len(box.mails) == sent
        assert len({line for mail in box.mails for line in mail.splitlines() if line.startswith("Message-ID")}) == 1


def test_where_a_channel_knows_no_repeat_the_message_says_that_it_may_be_one(tmp_path):
    with world(tmp_path, route(channels=("room",))) as made, serving(wecom) as service:
        told(made, notice())
        options = {"kind": "wecom", "url": service.url}
        killed_at(tmp_path, {"room": options}, "delivered")
        made.deliver(notifiers=build({"room": WecomOptions.model_validate(options)}))
        first, second = (body["text"]["content"] for body in service.bodies)
        assert "可能重复" not in first
        assert "可能重复" in second


def test_a_dead_channel_keeps_nothing_else_waiting_and_goes_on_when_it_is_back(tmp_path):
    with world(tmp_path, route(channels=("mail", "room"))) as made:
        made.room.error = RemoteUnavailable("channel room", "gave no answer.")
        for number in range(5):
            told(made, notice(str(number)))
        made.deliver()
        assert len(made.mail.messages) == 5
        made.room.error = None
        for _ in range(8):
            made.clock.advance(hours=1)
            made.deliver()
        assert len(made.room.messages) == 5


def test_a_refusal_becomes_a_dead_letter_with_its_advice(small):
    small.mail.error = Rejected("channel mail", ("550 no such user",), "Correct the person's mail in the directory.")
    told(small, notice())
    small.deliver()
    (letter,) = dead(small)
    assert "550 no such user" in letter
    assert "Correct the person's mail" in letter


def test_a_channel_that_was_taken_out_of_the_settings_says_so(small):
    told(small, notice())
    small.deliver(notifiers={"room": small.room})
    assert dead(small) == ["RB-1210 channel mail: is not configured any more."]
