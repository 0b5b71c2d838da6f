"""Members that subprojects inherit from their parent."""

from __future__ import annotations

from bridge.sandbox.redmine.model import Member, Project
from bridge.sandbox.redmine.state import State


def spread(state: State, project: Project) -> None:
    """Brings the inherited roles of this project and of those below it into line with the parent's members."""
    parent = state.projects.get(project.parent_id or 0)
    wanted: dict[int, list[int]] = {}
    if project.inherit_members and parent:
        for member in state.members_of(parent.id).values():
            wanted[member.user_id] = list(dict.fromkeys([*member.roles, *member.inherited]))
    for user_id, roles in wanted.items():
        known = state.members_of(project.id).get(user_id)
        if known:
            known.inherited = roles
        elif roles:
            state.put_member(Member(state.next_id("member"), project.id, user_id, [], roles))
    for member in list(state.members_of(project.id).values()):
        if member.user_id not in wanted and member.inherited:
            member.inherited = []
            if not member.roles:
                state.drop_member(member)
    spread_below(state, project)


def spread_below(state: State, project: Project) -> None:
    """The same for the projects below this one, after its own members changed."""
    for child in state.subprojects(project):
        if child.inherit_members:
            spread(state, child)
