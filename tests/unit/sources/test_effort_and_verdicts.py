"""Worked hours and the source's own word on its SLA clocks, from every kind of source."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.sources.build import effort_of, verdict_of
from bridge.sources.file.options import FileOptions
from bridge.sources.file.translate import FileTranslator
from bridge.sources.http.options import HttpOptions
from bridge.sources.http.translate import HttpTranslator
from bridge.sources.rt.options import RtOptions
from bridge.sources.rt.translate import RtTranslator

COLUMNS = {"id": "id", "state": "state", "opened_at": "at", "updated_at": "at"}
FIELDS = {"effort": "worked", "response_breached": "late", "resolution_breached": "sla"}
ROW = {"id": "17", "state": "open", "at": "2026-10-01T08:00:00Z", "worked": "90", "late": "Yes ", "sla": "made"}


def from_file(row: dict[str, Any], **options: Any) -> Any:
    options = {"path": "x", "columns": COLUMNS | FIELDS, "states": {"open": "in_progress"}, **options}
    return FileTranslator("file", FileOptions.model_validate(options)).incident(row)


def from_http(row: dict[str, Any], **options: Any) -> Any:
    options = {
        "base_url": "http://x",
        "changes": {"path": "/i"},
        "read": {"path": "/i/{id}"},
        "fields": COLUMNS | FIELDS,
        "states": {"open": "in_progress"},
        **options,
    }
    return HttpTranslator("http", HttpOptions.model_validate(options)).incident(row)


@pytest.mark.parametrize("read", [from_file, from_http])
def test_effort_in_its_unit_and_verdicts_in_the_source_s_words(read: Any) -> None:
    incident = read(ROW, effort_unit="minutes")
    assert (incident.effort, incident.response_breached, incident.resolution_breached) == (1.5, True, False)
    incident = read(ROW | {"late": "", "worked": "", "sla": "Missed"}, broken=["missed"])
    assert (incident.effort, incident.response_breached, incident.resolution_breached) == (0.0, None, True)


@pytest.mark.parametrize("read", [from_file, from_http])
@pytest.mark.parametrize("text", ["-1", "nan", "inf", "two"])
def test_what_is_no_effort_is_refused(read: Any, text: str) -> None:
    with pytest.raises(ValueError, match=r"is no effort|could not convert"):
        read(ROW | {"worked": text})


def test_nothing_said_is_no_verdict() -> None:
    assert verdict_of(" ", {"yes"}) is None
    assert effort_of("7200", "seconds") == 2


def test_rt_tells_minutes_and_custom_fields() -> None:
    options = {"url": "http://rt", "token": "t", "fields": {"resolution_breached": "CF.Late"}}
    translator = RtTranslator("rt", RtOptions.model_validate(options))
    ticket = {
        "id": 17,
        "Status": "open",
        "Created": "2026-10-01T08:00:00Z",
        "TimeWorked": "45",
        "CustomFields": [{"name": "Late", "values": ["yes"]}],
    }
    incident = translator.incident(ticket)
    assert (incident.effort, incident.response_breached, incident.resolution_breached) == (0.75, None, True)
    assert "TimeWorked" in translator.params()["fields"]
    assert translator.incident({**ticket, "TimeWorked": ""}).effort == 0
