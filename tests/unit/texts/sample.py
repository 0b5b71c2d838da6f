"""Values as the use cases give them, with text in them that would break a careless template."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from bridge.model.incident import Incident, Note, State
from bridge.model.promotion import Promotion, PromotionState, Role
from bridge.planning.plan import PlannedTask

AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
NASTY = 'Router <b>CPU</b> | 99%\n!http://evil/x.png! {{include(Secret)}} @jane [[Wiki]] #12 "go":http://evil'


@dataclass(frozen=True)
class Evidence:
    """As bridge.usecases.evidence has it."""

    incident: Incident
    role: Role
    is_open: bool


def incident(number: int, state: State = State.IN_PROGRESS, **more: Any) -> Incident:
    one = Incident("rt", str(number), NASTY, state, AT, AT, url=f"http://rt.example/Ticket?id={number}&a=|", priority=2)
    return replace(one, description="h1. Big\n* one\n|a|b|\n" + NASTY, caller="bob|by", **more)


def values() -> dict[str, dict[str, Any]]:
    """The values of each text."""
    evidence = [
        Evidence(incident(17, State.RESOLVED), Role.EVIDENCE, is_open=False),
        Evidence(incident(18), Role.OPEN, is_open=True),
        Evidence(incident(19, State.ON_HOLD, service="", priority=None, url=""), Role.LATER, is_open=True),
    ]
    promotion = Promotion(
        id=7,
        rule_id="router-cpu",
        rule_version="3f2a",
        source="rt",
        group_key="k",
        label="Network / r1 | <i>",
        name="Router CPU keeps alerting: Network / r1",
        state=PromotionState.ACTIVE,
        reason="5 incidents within 14 days (at least 5)\nopen for 80 h (longer than 72 h)",
        created_at=AT,
        opened_at=AT,
        owner="jane",
        approved_by="rule router-cpu",
        terms={"on_delivery": "resolve"},
    )
    task = PlannedTask(
        "cause",
        "2.3",
        "analysis",
        "Find it",
        "engineer",
        "",
        "Look *closely*.",
        AT.date(),
        AT.date(),
        4.0,
        critical=True,
    )
    urls = {
        "project_url": "http://redmine.example/projects/ops-router-7",
        "issue_url": "http://redmine.example/issues/42",
        "page_url": "http://redmine.example/projects/ops-router-7/wiki/Evidence",
    }
    about = {"incident": incident(18), "promotion": promotion, **urls}
    note = Note("99", "bob", AT, f"I tried:\n\n{NASTY}", private=True)
    return {
        "project_description": {"promotion": promotion, "evidence": evidence},
        "root_issue": {"promotion": promotion, "evidence": evidence, "due": date(2026, 3, 27)},
        "task_description": {"promotion": promotion, "task": task},
        "incident_issue": {"promotion": promotion, "incident": incident(18)},
        "incident_note_linked": about,
        "incident_note_later": about,
        "incident_closing_note": about,
        "root_rejected_question": {"promotion": promotion, "status": "Rejected", "open_incidents": 2},
        "attention_unmapped_person": {"login": "bob", "system": "rt", "subject": "rt #18"},
        "conflict_note": {
            "incident_ref": "rt #18",
            "conflicts": [{"field": "state", "kept": "resolved", "lost": "on|hold"}],
        },
        "note_from_incident": {"note": note, "incident_ref": "rt #18"},
        "note_from_issue": {"note": note, "issue_url": urls["issue_url"]},
        "evidence_page": {"promotion": promotion, "evidence": evidence},
        "project_status_line": {
            "promotion": promotion,
            "incidents": 5,
            "open_incidents": 2,
            "project_url": urls["project_url"],
        },
    }
