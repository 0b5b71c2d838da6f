"""Hooks of the sandbox: signed as agreed, one for each change, and what can go wrong with them on the way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from tests.servers.receiver import Receiver, running_receiver

from bridge.sandbox import Sandbox
from bridge.web.formats import Sender, Way, read

SECRET = "the sandbox's own secret"
DAY = timedelta(days=1)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as found:
        yield found


@pytest.fixture
def sandbox(receiver: Receiver) -> Iterator[Sandbox]:
    with Sandbox() as found:
        for app in ("itsm", "redmine"):
            wish = {"app": app, "url": receiver.url, "secret": SECRET}
            assert requests.post(f"{found.itsm.url}/_control/hooks", json=wish, timeout=30).status_code == 200
        yield found


def itsm(sandbox: Sandbox, method: str, path: str, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {sandbox.itsm.token('anna')}"}
    return requests.request(method, f"{sandbox.itsm.url}/api{path}", json=body, headers=headers, timeout=30).json()


def redmine(sandbox: Sandbox, method: str, path: str, **body: Any) -> int:
    headers = {"X-Redmine-API-Key": sandbox.redmine.key("admin")}
    answer = requests.request(method, f"{sandbox.redmine.url}{path}", json={"issue": body}, headers=headers, timeout=30)
    assert answer.status_code < 300, answer.text
    return answer.json()["issue"]["id"] if answer.content else 0


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def received(receiver: Receiver, count: int) -> list[Any]:
    until(lambda: len(receiver.requests) >= count)
    return [json.loads(body) for _, body in receiver.requests]


def test_each_change_of_an_incident_is_told_once(sandbox: Sandbox, receiver: Receiver) -> None:
    number = itsm(sandbox, "POST", "/incidents", title="x")["incident"]["id"]
    itsm(sandbox, "PATCH", f"/incidents/{number}", title="y", priority=1)
    itsm(sandbox, "PATCH", f"/incidents/{number}", title="y")
    note = itsm(sandbox, "POST", f"/incidents/{number}/notes", text="z")["note"]["id"]
    told = received(receiver, 3)
    assert [row["incident"] for row in told] == [number] * 3
    assert [row["ids"] for row in told] == [[], [], [str(note)]]
    sender = Sender("itsm", Way.SOURCE, (SECRET.encode(),), DAY, DAY)
    headers, body = receiver.requests[0]
    hint = read(sender, {name.lower(): value for name, value in headers.items()}, body, "", datetime.now(UTC))
    assert hint.entity == str(number)


def test_redmine_tells_as_7_does(sandbox: Sandbox, receiver: Receiver) -> None:
    number = redmine(sandbox, "POST", "/issues.json", project_id=1, subject="x", tracker_id=1)
    redmine(sandbox, "PUT", f"/issues/{number}.json", notes="a note")
    created, updated = received(receiver, 2)
    assert (created["type"], updated["type"]) == ("issue.created", "issue.updated")
    journal = sandbox.redmine.app.state.issues[number].journals[-1].id
    assert updated["data"]["journal"]["id"] == journal
    sender = Sender("redmine", Way.REDMINE, (SECRET.encode(),), DAY, DAY)
    headers, body = receiver.requests[1]
    hint = read(sender, {name.lower(): value for name, value in headers.items()}, body, "", datetime.now(UTC))
    assert (hint.entity, hint.remote_ids) == (str(number), (str(journal),))


def test_what_goes_wrong_on_the_way(sandbox: Sandbox, receiver: Receiver) -> None:
    faults = f"{sandbox.itsm.url}/_control/hook_faults"
    for fault in ({"kind": "drop"}, {"kind": "double"}, {"kind": "swap"}, {"kind": "late", "seconds": 0.5, "skip": 1}):
        assert requests.post(faults, json={"app": "itsm", **fault}, timeout=30).status_code == 200
    assert requests.post(faults, json={"kind": "lost"}, timeout=30).status_code == 400
    dropped, doubled, swapped, next_, late, last = (
        itsm(sandbox, "POST", "/incidents", title=str(n))["incident"]["id"] for n in range(6)
    )
    told = [row["incident"] for row in received(receiver, 6)]
    assert told == [doubled, doubled, next_, swapped, last, late]
    assert dropped not in told
