"""What each kind of source says its incidents can hold."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from bridge.model.fills import Fills
from bridge.model.incident import State
from bridge.sources.connection import ConnectionOptions
from bridge.sources.file.options import FileOptions
from bridge.sources.fills import fills_of
from bridge.sources.http.options import HttpOptions
from bridge.sources.rt.options import RtFields, RtOptions

HTTP: dict[str, Any] = {
    "base_url": "https://desk.example.com",
    "changes": {"path": "/incidents", "items": "items"},
    "read": {"path": "/incidents/{id}"},
    "states": {"open": "new", "done": "resolved"},
}
FILE: dict[str, Any] = {
    "path": "x.csv",
    "columns": {"id": "n", "opened_at": "o", "updated_at": "u", "state": "s", "caller": "{a} {b}", "priority": "p"},
    "states": {"open": "new", "wait": "on_hold"},
}


def test_rt_fills_its_list_and_every_custom_field() -> None:
    fields = RtFields(effort="", site="CF.Site", hold_reason="CF.Why")
    fills = fills_of(RtOptions(url="https://rt.example.com", token=SecretStr("x"), fields=fields))
    assert all(map(fills.has, ("summary", "service", "site", "parent", "state", "priority", "hold_reason")))
    assert not any(map(fills.has, ("effort", "tags", "impact", "response_breached", "id")))
    assert fills.has_own("whatever it is called")
    assert fills.shows(State.ON_HOLD)
    assert not fills.shows(State.CLOSED)


def test_a_ticket_can_always_be_cancelled_because_it_can_be_merged() -> None:
    fills = fills_of(RtOptions(url="https://rt.example.com", token=SecretStr("x"), states={"open": State.NEW}))
    assert fills.shows(State.CANCELLED)
    assert not fills.has("hold_reason")


def test_http_fills_what_is_mapped() -> None:
    mapped = {"fields": {"caller": "user.name", "hold_reason": "why", "priority": "p"}, "extra": {"Vendor": "v"}}
    fills = fills_of(HttpOptions.model_validate(HTTP | mapped))
    assert all(map(fills.has, ("summary", "caller", "opened_at", "source")))
    assert not any(map(fills.has, ("url", "service", "hold_reason", "effort")))
    assert not fills.has("priority"), "no value is in an empty table"
    assert (fills.has_own("Vendor"), fills.has_own("vendor")) == (True, False)
    assert (fills.shows(State.NEW, State.ON_HOLD), fills.shows(State.ON_HOLD)) == (True, False)
    web = fills_of(HttpOptions.model_validate(HTTP | {"web_url": "https://desk.example.com/{id}"}))
    assert web.has("url")


@pytest.mark.parametrize(("kept", "known"), [(["Vendor"], False), (["*"], True), ([], False)])
def test_a_file_fills_what_is_mapped(kept: list[str], *, known: bool) -> None:
    fills = fills_of(FileOptions.model_validate(FILE | {"fields": kept, "priorities": {"high": 1}}))
    assert all(map(fills.has, ("caller", "priority", "external_id")))
    assert not any(map(fills.has, ("summary", "ci", "reopen_count")))
    assert fills.has_own("other") is known
    assert fills.shows(State.ON_HOLD)


def test_nothing_is_known_of_options_that_do_not_say() -> None:
    assert fills_of(ConnectionOptions()) == Fills()
