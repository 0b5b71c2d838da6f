"""Values as the use cases give them, with text in them that would break a careless template."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from tests.unit.texts.files_sample import file_values
from tests.unit.texts.ledger_sample import ledger_values
from tests.unit.texts.life_sample import life_values
from tests.unit.texts.notes_sample import note_values
from tests.unit.texts.notice_sample import notice_values

from bridge.model.incident import ChangeRequest, ChangeState, Incident, Note, State
from bridge.model.promotion import Promotion, PromotionState, Role
from bridge.planning.experience import Experience
from bridge.planning.gates import Gate, GateKind, Lack
from bridge.planning.plan import Plan, PlannedMilestone, PlannedTask
from bridge.usecases.candidates.agenda import Agenda, Item
from bridge.usecases.candidates.impact import Impact
from bridge.usecases.near_misses import NearMiss

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
        gate=Gate(GateKind.HANDOVER, closed_by=("jane",), blocks=("fix",)),
        milestone="m",
    )
    milestone = PlannedMilestone("m", NASTY[:40], "", date(2026, 3, 20))
    plan = Plan((task,), (), AT.date(), date(2026, 3, 27), date(2026, 3, 20), ("cause",), 4.0, {}, (), (milestone,))
    urls = {
        "project_url": "http://redmine.example/projects/ops-router-7",
        "issue_url": "http://redmine.example/issues/42",
        "page_url": "http://redmine.example/projects/ops-router-7/wiki/Evidence",
    }
    about = {"incident": incident(18), "promotion": promotion, **urls}
    note = Note("99", "bob", AT, f"I tried:\n\n{NASTY}", private=True)
    return {
        "project_description": {"promotion": promotion, "evidence": evidence},
        "root_issue": {
            "promotion": promotion,
            "evidence": evidence,
            "due": date(2026, 3, 27),
            "experience": Experience(20, 3),
        },
        "task_description": {
            "promotion": promotion,
            "task": task,
            "closers": ["Jane <b>Doe</b>"],
            "checklist": ["Documents", "Train|ing"],
            "blocked": [f"3 {NASTY}"],
            "page": "Rollback plan",
            "change_opened": False,
        },
        "change_request": {"promotion": replace(promotion, objective=NASTY), **urls},
        "change_opened": {"change": ChangeRequest("CHG|31", "http://itsm.example/rfcs/31", ChangeState.PENDING)},
        "plan_page": {"promotion": promotion, "plan": plan, "milestones": {"m": "Live | now"}},
        "gate_reopened": {
            "lacks": [
                Lack("closer", ("jane",)),
                Lack("number", ("CHG",)),
                Lack("pending", ("CHG0031",)),
                Lack("rejected", ("CHG0032", NASTY)),
                Lack("plan"),
                Lack("checklist", ("Documents", NASTY)),
            ],
            "closers": ["Jane Doe", "Network"],
            "page": "Rollback plan",
        },
        "gates_hold_back": {"promotion": promotion, "gates": [f"7 {NASTY}"]},
        "cycle_root_issue": {"promotion": promotion, "due": date(2026, 3, 27)},
        "cycle_skipped": {"promotion": promotion, "period": "2026-W12"},
        "version_description": {"promotion": promotion},
        "handover_checklist": {"task": task},
        "incident_issue": {"promotion": promotion, "incident": incident(18)},
        "incident_note_linked": about,
        "incident_note_later": {**about, "workaround": NASTY},
        "incident_closing_note": about,
        "incident_workaround": {**about, "workaround": NASTY},
        "project_reopened": {"promotion": promotion, "incidents": [incident(18)], "delivered_at": AT},
        "root_rejected_question": {"promotion": promotion, "status": "Rejected", "open_incidents": 2},
        "conflict_note": {
            "incident_ref": "rt #18",
            "conflicts": [{"field": "state", "kept": "resolved", "lost": "on|hold"}],
        },
        **_about_candidates(promotion, evidence),
        **notice_values(NASTY),
        **ledger_values(promotion, AT),
        **life_values(promotion, incident(18), about, NASTY, AT),
        **note_values(note, urls["issue_url"]),
        **file_values(NASTY, AT),
        "evidence_page": {"promotion": promotion, "evidence": evidence},
        "report_words": {},
    }


def _about_candidates(promotion: Promotion, evidence: list[Evidence]) -> dict[str, dict[str, Any]]:
    impact = Impact(3, 2, 2, 37.5, (NASTY, "vpn"))
    candidate = replace(promotion, state=PromotionState.CANDIDATE, proposed_by=NASTY)
    note = {"promotion": candidate, "impact": f"2 callers of {NASTY}", "project_url": ""}
    step = {"actor": "Bob <b>", "outcome": "approve", "back": "New"}
    merged = {"url": "http://redmine.example/projects/ops-vpn-3", "project": NASTY}
    item = Item(
        candidate,
        impact,
        f"2 callers of {NASTY}",
        waiting_since=AT,
        expires_at=AT,
        reminded="Bob | <b>",
        lacking=("owner", "objective"),
        issue_id=None,
        issue_url="",
    )
    deferred = replace(item, promotion=replace(candidate, deferred_until=AT))
    agenda = Agenda((item,), (item,), (deferred,), (NearMiss("router-cpu", NASTY, "4 of 5, window closes in 3d", 0.8),))
    return {
        "candidate_issue": {
            "promotion": replace(candidate, rule_id=""),
            "evidence": evidence,
            "form": [("Objective", "", True), ("Template", "network-problem", False), ("Business impact", NASTY, True)],
            "experience": Experience(20, 3),
            "role": "Manager",
            "statuses": {"approve": ["Resolved"], "reject": ["Rejected"], "defer": ["Feedback"], "merge": ["Closed"]},
        },
        "candidate_impact": {"impact": impact},
        "candidate_decided": {**note, **step, "outcome": "merge", "reason": NASTY, "until": "2026-12-31", **merged},
        "candidate_opened": {**note, "project_url": "http://redmine.example/projects/ops-router-7"},
        "candidate_not_yours": {**note, **step, "role": "Manager"},
        "candidate_not_decided": {**note, **step, "missing": [], "problem": NASTY},
        "candidate_form_refused": {**note, "problems": [NASTY]},
        "candidate_taken": {**note, "remarks": [NASTY], "role": "Manager"},
        "candidate_reminder": {**note, "person": NASTY, "login": "", "since": "2026-03-05", "until": "2026-04-04"},
        "candidate_expired": {**note, "why": "nobody decided within 30d"},
        "candidate_back": note,
        "agenda": {"agenda": agenda, "at": AT},
    }
