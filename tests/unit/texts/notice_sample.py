"""Values of the texts by which people are told."""

from __future__ import annotations

from typing import Any


def notice(kind: str, nasty: str, **values: Any) -> dict[str, Any]:
    """One notice as it is stored with its effect."""
    name = f"rt #17: {nasty}"
    return {
        "kind": kind,
        "unique": f"{kind}:17",
        "name": name,
        "detail": nasty,
        "url": "https://redmine.example/issues/17",
        "priority": 2,
        "about": values,
    }


def every_kind(nasty: str) -> list[dict[str, Any]]:
    """A notice of each kind whose text says more than its detail, and one that does not."""
    return [
        notice("task_due", nasty, due="2026-03-09", days=1),
        notice("task_overdue", nasty, due="2026-03-09", days=3),
        notice("no_update", nasty, since="2026-03-01", days=3),
        notice("slip", nasty, project=nasty, before="2026-03-09", after="2026-03-19"),
        notice(
            "resource_conflict", nasty, start="2026-03-09", end="2026-03-13", hours=60, capacity=32.5,
            tasks=[{"issue": 13, "subject": nasty, "project": nasty, "due": "2026-03-13", "hours": 20}],
            proposals=[
                {"kind": kind, "issue": 13, "hours": 7.5, "day": "2026-03-17", "who": nasty}
                for kind in ("move", "give", "free", "cut")
            ],
        ),
        notice("sla_escalation", nasty, clock="resolution", due="2026-03-09 12:00", handler=nasty, escalation=4),
        notice("conflict", nasty),
    ]  # fmt: skip


def notice_values(nasty: str) -> dict[str, dict[str, Any]]:
    """The values of each text."""
    return {
        "notice": {"notice": every_kind(nasty)[4], "repeated": True},
        "notice_digest": {"notices": every_kind(nasty), "repeated": True},
        "notice_test": {"channel": "mail", "actor": nasty},
    }
