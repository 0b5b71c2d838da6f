"""Values of the texts about a promotion's life after its opening."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bridge.model.incident import Incident
from bridge.model.promotion import Promotion


def life_values(
    promotion: Promotion, incident: Incident, about: dict[str, Any], nasty: str, at: datetime
) -> dict[str, dict[str, Any]]:
    """The values of each of them; `about` are those of every text for an incident."""
    decided: dict[str, Any] = {"promotion": promotion, "actor": "Bob | <b>", "reason": nasty}
    other = {"other": nasty, "url": "http://redmine.example/projects/ops-vpn-3"}
    recurred = {"promotion": promotion, "incidents": [incident], "delivered_at": at}
    kept = {"promotion": promotion, "who": nasty, "whom": "nobody", "may": True, "logins": []}
    return {
        "owner_changed": {**decided, "old": nasty, "logins": []},
        "owner_kept": kept,
        "owner_lost": {"promotion": promotion, "asked": nasty, "problem": nasty, "logins": []},
        "team_joined": {"promotion": promotion, "team": nasty, "incident": incident},
        "project_verified": {"promotion": promotion, "delivered_at": at, "quiet": "90d"},
        "project_ineffective": recurred,
        "knowledge_missing": {"promotion": promotion, "missing": ["cause", "fix"], "page": "Knowledge"},
        "project_demoted": decided,
        "incident_demoted": {**about, "reason": nasty},
        "project_merged": {**decided, **other},
        "project_took_in": {**decided, **other, "incidents": 3},
        "incident_workaround_known": {**about, "workaround": nasty},
    }
