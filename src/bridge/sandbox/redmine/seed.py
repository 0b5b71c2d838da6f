"""The Redmine that a sandbox starts with: Redmine's default data (5.0) and one private project with its people.

Ids and names are those of the real Redmine that the contract tests start, so that both run the same tests.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from itertools import permutations, product

from bridge.sandbox.redmine.model import CustomField, Member, Named, Priority, Project, Role, Status, User
from bridge.sandbox.redmine.state import State


def _names(text: str) -> list[str]:
    return text.split()


PASSWORD = "secret-pass-1"  # noqa: S105  the test accounts' password, as the real test Redmine has it

# login, first name, last name, locked; the ids count on from 5, as after Redmine's default data
_PEOPLE = (
    ("itsm-sync", "ITSM", "Sync", False),
    ("jane", "Jane", "Doe", False),
    ("ben", "Ben", "Ito", False),
    ("mia", "Mia", "Roth", False),
    ("li", "雷", "李", False),
    ("gone", "Gus", "Gone", True),
)
_ROLES_IN_OPERATIONS = {"itsm-sync": 6, "jane": 3, "ben": 4, "mia": 4, "li": 4, "gone": 4}
_MODULES = ("issue_tracking", "time_tracking", "files", "wiki")

_DEVELOPER = _names(
    """
    manage_versions manage_categories view_issues add_issues edit_issues view_private_notes set_notes_private
    manage_issue_relations manage_subtasks add_issue_notes save_queries view_gantt view_calendar log_time
    view_time_entries view_news comment_news view_documents view_wiki_pages view_wiki_edits edit_wiki_pages
    delete_wiki_pages view_messages add_messages edit_own_messages view_files manage_files browse_repository
    view_changesets commit_access manage_related_issues
    """
)
_REPORTER = _names(
    """
    view_issues add_issues add_issue_notes save_queries view_gantt view_calendar log_time view_time_entries
    view_news comment_news view_documents view_wiki_pages view_wiki_edits view_messages add_messages
    edit_own_messages view_files browse_repository view_changesets
    """
)
_NON_MEMBER = [name for name in _REPORTER if name not in {"log_time", "edit_own_messages"}]
_ANONYMOUS = [name for name in _NON_MEMBER if name.startswith("view_") or name == "browse_repository"]
_MANAGER = _names(
    """
    add_project edit_project close_project delete_project select_project_modules manage_members manage_versions
    add_subprojects manage_public_queries save_queries view_issues add_issues edit_issues edit_own_issues
    copy_issues manage_issue_relations manage_subtasks set_issues_private set_own_issues_private add_issue_notes
    edit_issue_notes edit_own_issue_notes view_private_notes set_notes_private delete_issues view_issue_watchers
    add_issue_watchers delete_issue_watchers import_issues manage_categories view_time_entries log_time
    edit_time_entries edit_own_time_entries manage_project_activities log_time_for_other_users import_time_entries
    view_news manage_news comment_news view_documents add_documents edit_documents delete_documents view_files
    manage_files view_wiki_pages view_wiki_edits export_wiki_pages edit_wiki_pages rename_wiki_pages
    delete_wiki_pages delete_wiki_pages_attachments view_wiki_page_watchers add_wiki_page_watchers
    delete_wiki_page_watchers protect_wiki_pages manage_wiki view_changesets browse_repository commit_access
    manage_related_issues manage_repository view_messages add_messages edit_messages edit_own_messages
    delete_messages delete_own_messages view_message_watchers add_message_watchers delete_message_watchers
    manage_boards view_calendar view_gantt
    """
)
# What the bridge needs, and nothing else.
_BRIDGE = _names(
    """
    view_project search_project add_subprojects edit_project close_project select_project_modules
    select_project_publicity manage_members manage_versions manage_categories view_issues add_issues edit_issues
    edit_own_issues copy_issues manage_issue_relations manage_subtasks set_issues_private set_own_issues_private
    add_issue_notes edit_issue_notes edit_own_issue_notes view_private_notes set_notes_private view_issue_watchers
    add_issue_watchers view_wiki_pages view_wiki_edits edit_wiki_pages rename_wiki_pages view_time_entries
    log_time log_time_for_other_users view_files manage_files save_queries view_members
    """
)
_PUBLICITY = "select_project_publicity"


def _key(login: str) -> str:
    return hashlib.sha1(f"bridge test server, key of {login}".encode(), usedforsecurity=False).hexdigest()


def state(now: datetime, version: tuple[int, ...]) -> State:
    """`version` decides about rights that older Redmines do not know."""
    made = State()
    _enumerations(made)
    _roles(made, version)
    _people(made, now)
    _operations(made, now)
    return made


def _enumerations(made: State) -> None:
    for number, name in enumerate(("Bug", "Feature", "Support"), 1):
        made.trackers[number] = Named(number, name)
    for number, name in enumerate(("New", "In Progress", "Resolved", "Feedback", "Closed", "Rejected"), 1):
        made.statuses[number] = Status(number, name, is_closed=number >= 5)
    for number, name in enumerate(("Low", "Normal", "High", "Urgent", "Immediate"), 1):
        made.priorities[number] = Priority(number, name, is_default=number == 2)
    for number, name in ((8, "Design"), (9, "Development")):
        made.activities[number] = Named(number, name)
    severities = ("low", "medium", "high", "critical")
    for field in (
        CustomField(1, "ITSM incident", "issue", is_for_all=True, searchable=True),
        CustomField(2, "ITSM case", "project"),
        CustomField(3, "ITSM problem", "version"),
        CustomField(4, "ITSM activity", "time_entry", is_filter=False),
        CustomField(5, "ITSM severity", "issue", "list", is_for_all=True, possible_values=severities),
    ):
        made.custom_fields[field.id] = field


def _roles(made: State, version: tuple[int, ...]) -> None:
    knows_publicity = version >= (5, 1)
    manager = [*_MANAGER, _PUBLICITY] if knows_publicity else list(_MANAGER)
    without = [name for name in _BRIDGE if name != _PUBLICITY]
    bridge = _BRIDGE if knows_publicity else without
    every_way = set(permutations(made.statuses, 2))
    from_anywhere = every_way | {(0, new) for new in made.statuses}
    developer_ways = {(old, new) for old, new in product((1, 2, 3, 4), (2, 3, 4, 5)) if old != new}
    reporter_ways = {(old, 5) for old in (1, 2, 3, 4)} | {(3, 4)}
    for role in (
        Role(1, "Non member", list(_NON_MEMBER), builtin=1),
        Role(2, "Anonymous", list(_ANONYMOUS), builtin=2),
        Role(3, "Manager", manager, issues_visibility="all", workflow=every_way),
        Role(4, "Developer", list(_DEVELOPER), workflow=developer_ways),
        Role(5, "Reporter", list(_REPORTER), workflow=reporter_ways),
        Role(6, "Bridge", list(bridge), issues_visibility="all", workflow=from_anywhere),
    ):
        made.roles[role.id] = role
    if knows_publicity:
        made.roles[7] = Role(7, "Bridge without publicity", without, issues_visibility="all", workflow=from_anywhere)
    made.settings.creator_role = "Bridge"


def _people(made: State, now: datetime) -> None:
    key = _key("admin")
    made.users[1] = User(1, "admin", "Redmine", "Admin", "admin@example.net", key, "admin", now, admin=True)
    for number, (login, first, last, locked) in enumerate(_PEOPLE, 5):
        mail = f"{login}@example.invalid"
        made.users[number] = User(number, login, first, last, mail, _key(login), PASSWORD, now, locked=locked)


def _operations(made: State, now: datetime) -> None:
    number = made.next_id("project")
    operations = Project(number, "Operations", "operations", now, now, is_public=False)
    operations.tracker_ids = list(made.trackers)
    operations.modules = {name: made.next_id("module") for name in _MODULES}
    made.projects[number] = operations
    for login, role_id in _ROLES_IN_OPERATIONS.items():
        user = made.user_by_login(login)
        assert user is not None
        made.put_member(Member(made.next_id("member"), number, user.id, [role_id]))
