"""The commands: a message sent now, who hears of what, escalations and resource conflicts as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.notify.servers import serving, wecom
from tests.unit.notify.test_notify_settings import HEAD, PEOPLE
from typer.testing import CliRunner

from bridge.cli.main import cli
from bridge.model.errors import NotFound, Rejected, RemoteUnavailable, WrongArgument

ROUTES = "  routes:\n    - {events: [slip], to: [owner, lead], channels: [room]}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "directory.yaml").write_text(PEOPLE, encoding="utf-8")
    return tmp_path


def run(folder: Path, url: str, *args: str) -> Any:
    """Runs a command with one room; what it printed as JSON, or its error."""
    room = f'  channels:\n    room: {{kind: wecom, url: "{url}", mentions: {{ann: ann.w}}}}\n'
    mail = "    mail: {kind: email, host: smtp.example.com, sender: bridge@example.com}\n"
    (folder / "bridge.yaml").write_text(HEAD + room + mail + ROUTES, encoding="utf-8")
    asked = CliRunner().invoke(cli, [*args, "--config", str(folder / "bridge.yaml"), "--json"])
    if asked.exception is not None and not isinstance(asked.exception, SystemExit):
        raise asked.exception
    return json.loads(asked.output)


def test_a_test_message_is_sent_now_and_calls_the_person(folder):
    with serving(wecom) as service:
        told = run(folder, service.url, "notify", "test", "room", "--to", "ann")
    assert told["sent"] is True
    assert service.bodies[0]["text"]["mentioned_list"] == ["ann.w"]
    assert "Test from the bridge" in service.bodies[0]["text"]["content"]


def test_what_the_service_refuses_is_said_without_its_key(folder):
    with serving(wecom) as service, pytest.raises(Rejected, match="93000") as caught:
        run(folder, service.url.replace("SECRET", "OTHER"), "notify", "test", "room")
    assert "OTHER-IN-ADDRESS" not in str(caught.value)


def test_a_test_by_a_dead_channel_is_not_tried_again_and_says_so(folder):
    with serving(wecom) as service:
        url = service.url
    with pytest.raises(RemoteUnavailable, match="gave no answer") as caught:
        run(folder, url, "notify", "test", "room")
    assert caught.value.advice.startswith("The test was not sent and is not tried again")


@pytest.mark.parametrize(
    ("args", "error", "said"),
    [
        (("rom",), WrongArgument, "room"),
        (("room", "--to", "anne"), WrongArgument, "ann"),
        (("mail",), WrongArgument, "--to"),
    ],
)
def test_unknown_channels_and_people_are_refused_with_what_there_is(folder, args, error, said):
    with pytest.raises(error, match=said):
        run(folder, "https://qyapi.example/send?key=1", "notify", "test", *args)


def test_every_event_is_listed_with_who_hears_of_it(folder):
    found = run(folder, "https://qyapi.example/send?key=1", "notify", "events")["events"]
    told = {row["event"]: row["routes"] for row in found}
    assert told["slip"][0]["to"] == ["owner", "lead"]
    assert told["candidate"] == []


def test_without_anything_there_is_nothing_to_list(folder):
    url = "https://qyapi.example/send?key=1"
    run(folder, url, "db", "upgrade")
    assert run(folder, url, "escalations", "list")["escalations"] == []
    assert run(folder, url, "resources", "conflicts")["conflicts"] == []
    with pytest.raises(NotFound, match="escalation 7"):
        run(folder, url, "escalations", "ack", "7")
