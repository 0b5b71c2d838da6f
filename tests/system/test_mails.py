"""Opening a project mails each assignee once per issue assigned to them, and nobody else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.servers.redmine import RedmineServer
from tests.servers.rt import RtServer
from tests.system.stage import real_bridge


def test_opening_a_project_mails_assignees_only(
    mail_redmine: RedmineServer, fresh_rt: RtServer, tmp_path: Path
) -> None:
    """A real Redmine with default notifications; two of the open tickets have handlers."""
    stage = real_bridge(mail_redmine, fresh_rt, tmp_path)
    stage.write()
    stage.once()
    tickets = [stage.desk.open("Router core-1 CPU above 95 %", key="core-1") for _ in range(5)]
    stage.desk.take(tickets[3], as_="alice")
    stage.desk.take(tickets[4], as_="bob")
    stage.once()

    (project,) = stage.office.projects()
    issues = stage.office.issues(project["id"])
    assigned = Counter(issue["assigned_to"]["id"] for issue in issues if "assigned_to" in issue)
    assert sum(assigned.values()) >= 4
    by_mail = {person.mail: person.id for person in mail_redmine.people.values()}
    mailed = Counter(by_mail[recipient] for mail in mail_redmine.mails() for recipient in mail.recipients)
    assert mailed == assigned
