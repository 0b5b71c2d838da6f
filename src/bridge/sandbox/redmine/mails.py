"""The mails Redmine would send. None is sent: they are listed at /_control/mails."""

from __future__ import annotations

from bridge.sandbox.redmine.context import Context
from bridge.sandbox.redmine.model import Issue, Journal, Mail, User


def issue_added(ctx: Context, issue: Issue) -> None:
    if "issue_added" in ctx.state.settings.notified_events:
        _send(ctx, "issue_add", issue, _told(ctx, issue, None), with_status=True)


def issue_edited(ctx: Context, issue: Issue, journal: Journal, *, previous: int | None) -> None:
    """`previous` is the assignee before the change. A private note is told only to who may see it."""
    if not _is_event(ctx, journal):
        return
    told = _told(ctx, issue, previous)
    if journal.private:
        project = ctx.state.projects[issue.project_id]
        told = [user for user in told if ctx.access.allowed(user, "view_private_notes", project)]
    is_status_new = any(detail.name == "status_id" for detail in journal.details)
    _send(ctx, "issue_edit", issue, told, with_status=is_status_new)


def _is_event(ctx: Context, journal: Journal) -> bool:
    names = {detail.name for detail in journal.details}
    events = set(ctx.state.settings.notified_events)
    partial = {
        "issue_updated": True,
        "issue_note_added": bool(journal.notes),
        "issue_status_updated": "status_id" in names,
        "issue_assigned_to_updated": "assigned_to_id" in names,
        "issue_priority_updated": "priority_id" in names,
        "issue_fixed_version_updated": "fixed_version_id" in names,
    }
    return any(is_met and event in events for event, is_met in partial.items())


def _told(ctx: Context, issue: Issue, previous: int | None) -> list[User]:
    """Author, assignee, previous assignee, members who want everything, and watchers."""
    users = ctx.state.users
    own = [issue.author_id, issue.assigned_to_id, previous]
    found = [users[number] for number in own if number and _wants(users[number], issue, previous)]
    members = ctx.state.members_of(issue.project_id)
    found += [users[number] for number in members if users[number].mail_notification == "all"]
    found += [users[number] for number in issue.watchers if users[number].mail_notification != "none"]
    unique = {user.id: user for user in found if not user.locked}
    return [user for user in unique.values() if ctx.access.issue_visible(user, issue)]


def _wants(user: User, issue: Issue, previous: int | None) -> bool:
    is_assigned = user.id in {issue.assigned_to_id, previous}
    wishes = {
        "all": True,
        "selected": True,
        "only_my_events": True,
        "only_assigned": is_assigned,
        "only_owner": user.id == issue.author_id,
    }
    return wishes.get(user.mail_notification, False)


def _send(ctx: Context, event: str, issue: Issue, told: list[User], *, with_status: bool) -> None:
    state = ctx.state
    project, tracker = state.projects[issue.project_id].name, state.trackers[issue.tracker_id].name
    status = f"({state.statuses[issue.status_id].name}) " if with_status else ""
    subject = f"[{project} - {tracker} #{issue.id}] {status}{issue.subject}"
    for user in sorted(told, key=lambda user: user.id):
        if user.id == ctx.user.id and user.no_self_notified:
            continue
        number = len(state.mails) + 1
        state.mails.append(Mail(number, user.login, user.mail, event, issue.id, subject, ctx.user.login, ctx.now))
