"""Samples for the texts on files and time entries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bridge.model.files import RemoteFile, TimeEntry


def file_values(nasty: str, at: datetime) -> dict[str, dict[str, Any]]:
    file = RemoteFile("7", f"{nasty}.txt", "text/plain", 12, nasty, at)
    url = "http://redmine.example/issues/18"
    entry = TimeEntry(4, 18, nasty, 90, at.date(), nasty, nasty)
    return {
        "file_from_issue": {"file": file, "issue_url": url},
        "file_from_incident": {"file": file, "incident_ref": "rt #18"},
        "work_from_issue": {"entry": entry, "minutes": 90, "corrects": False, "issue_url": url},
    }
