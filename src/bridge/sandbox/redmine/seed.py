"""The Redmine that a sandbox starts with: Redmine's default data (5.0) and one private project with its people.

Ids and names are those of the real Redmine that the contract tests start, so that both run the same tests.
"""

from __future__ import annotations

from datetime import datetime
from itertools import permutations, product

from bridge.sandbox.redmine.access import MODULE_OF
from bridge.sandbox.redmine.model import CustomField, Member, Named, Priority, Project, Role, Status, User
from bridge.sandbox.redmine.projects import DEFAULT_MODULES
from bridge.sandbox.redmine.state import State

ADMIN_KEY = "0123456789abcdef0123456789abcdef01234567"
PASSWORD = "secret-pass-1"  # noqa: S105  the test accounts' password, as the real test Redmine has it

# login, first name, last name, admin, locked; the ids count on from 5, as in Redmine's default data
_PEOPLE = (
    ("itsm-sync", "ITSM", "Sync", False),
    ("jane", "Jane", "Doe", False),
    ("ben", "Ben", "Okoro", False),
    ("mia", "Mia", "Novak", False),
    ("li", "李", "雷", False),
    ("gone", "Gone", "Away", True),
)
_ROLES_IN_OPERATIONS = {"itsm-sync": 6, "jane": 3, "ben": 4, "mia": 4, "li": 4}

_READER = ["view_issues", "view_gantt", "view_calendar", "view_time_entries", "view_wiki_pages", "view_wiki_edits"]
_READER += ["view_files", "view_news", "view_documents"]
_REPORTER = [*_READER, "add_issues", "add_issue_notes", "save_queries", "log_time"]
_NON_MEMBER = [name for name in _REPORTER if name != "log_time"]
_DEVELOPER = [*_REPORTER, "manage_versions", "manage_categories", "edit_issues", "view_private_notes"]
_DEVELOPER += ["set_notes_private", "manage_issue_relations", "manage_subtasks", "edit_wiki_pages"]
_DEVELOPER += ["delete_wiki_pages"]
_PROJECT = ["add_project", "edit_project", "close_project", "delete_project", "select_project_modules"]
_PROJECT += ["manage_members", "manage_versions", "add_subprojects"]
_BRIDGE_LACKS = {
    "delete_issues",
    "delete_wiki_pages",
    "edit_time_entries",
    "import_issues",
    "manage_project_activities",
}


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
        CustomField(5, "ITSM severity", "issue", "list", is_for_all=True, possible_values=severities),
    ):
        made.custom_fields[field.id] = field


def _roles(made: State, version: tuple[int, ...]) -> None:
    publicity = ["select_project_publicity"] if version >= (5, 1) else []
    everything = [*_PROJECT, *publicity, *MODULE_OF, *(name for name in _DEVELOPER if name not in MODULE_OF)]
    everything = list(dict.fromkeys(everything))
    every_way = set(permutations(made.statuses, 2))
    developer_ways = {(old, new) for old, new in product((1, 2, 3, 4), (2, 3, 4, 5)) if old != new}
    reporter_ways = {(old, 5) for old in (1, 2, 3, 4)} | {(3, 4)}
    bridge = [name for name in everything if name not in _BRIDGE_LACKS]
    for role in (
        Role(1, "Non member", _NON_MEMBER, builtin=1),
        Role(2, "Anonymous", _READER, builtin=2),
        Role(3, "Manager", everything, issues_visibility="all", workflow=every_way),
        Role(4, "Developer", _DEVELOPER, workflow=developer_ways),
        Role(5, "Reporter", _REPORTER, workflow=reporter_ways),
        Role(6, "Bridge", bridge, issues_visibility="all", workflow=set(every_way)),
    ):
        made.roles[role.id] = role


def _people(made: State, now: datetime) -> None:
    admin = User(1, "admin", "Redmine", "Admin", "admin@example.net", ADMIN_KEY, "admin", now, admin=True)
    made.users[1] = admin
    for number, (login, first, last, locked) in enumerate(_PEOPLE, 5):
        mail, key = f"{login}@example.invalid", str(number - 4) * 40
        made.users[number] = User(number, login, first, last, mail, key, PASSWORD, now, locked=locked)


def _operations(made: State, now: datetime) -> None:
    number = made.next_id("project")
    operations = Project(number, "Operations", "operations", now, now, is_public=False)
    operations.tracker_ids = list(made.trackers)
    operations.modules = {name: made.next_id("module") for name in DEFAULT_MODULES}
    made.projects[number] = operations
    for login, role_id in _ROLES_IN_OPERATIONS.items():
        user = made.user_by_login(login)
        assert user is not None
        made.put_member(Member(made.next_id("member"), number, user.id, [role_id]))
