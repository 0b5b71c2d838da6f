"""Why Redmine refused: its 403 and 422 do not say whether a project is closed, archived or a right is missing."""

from __future__ import annotations

from bridge.model.errors import BridgeError, Forbidden, NotFound, Rejected
from bridge.redmine.client import Client


def refusal(client: Client, project: int | str, error: BridgeError, right: str) -> BridgeError:
    """The refusal with its reason, found by reading the project. `right` names the permission that would be needed."""
    try:
        raw = client.project(project)
    except Forbidden:
        what = "Redmine forbids it: the project is archived, or the bridge's account is no member of it."
        advice = "Unarchive it (Administration → Projects), or make the bridge's account a member."
        return Forbidden(_where(error, project), what, advice)
    except NotFound:
        return NotFound(_where(error, project), "there is no such project, or the bridge's account may not see it.")
    except BridgeError:
        return error
    status = raw.get("status", 1)
    if status != 1:
        what = f"the project “{raw['name']}” is {'closed' if status == 5 else 'not active'}: nothing can be written."
        return Forbidden(_where(error, project), what, "Reopen it on its overview page, or end the synchronisation.")
    if isinstance(error, Forbidden):
        what = f"the bridge's account may not do this in the project “{raw['name']}”."
        return Forbidden(_where(error, project), what, f"Tick “{right}” in Administration → Roles and permissions.")
    return error


def is_about_closed_project(error: Rejected) -> bool:
    """Whether a 422 is what Redmine says to a new issue in a closed or unknown project."""
    return any(reason.startswith("Project ") for reason in error.reasons)


def _where(error: BridgeError, project: int | str) -> str:
    return f"{error.where} (project {project})"
