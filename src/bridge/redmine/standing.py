"""Standing projects: people's own, into which the bridge puts issues and versions without changing the rest."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.model.errors import Forbidden, NotFound, Rejected, WouldLeak
from bridge.model.project import Project
from bridge.redmine import translate
from bridge.redmine.client import Client, Raw
from bridge.redmine.explain import refusal
from bridge.redmine.names import PARENT_INCLUDES, Names
from bridge.redmine.options import RedmineOptions

_NEEDED = {"issue_tracking": "Issue tracking", "wiki": "Wiki"}
_MOST_LEVELS = 50


@dataclass(frozen=True, slots=True)
class Standing:
    """What the gateway asks of a standing project before anything is written to it."""

    client: Client
    names: Names
    options: RedmineOptions

    def project(self, identifier: str) -> Project:
        """See ProjectTracker.standing_project."""
        where = f"Redmine project {identifier}"
        try:
            raw = self.client.project(identifier, PARENT_INCLUDES)
        except (Forbidden, NotFound) as error:
            raise refusal(self.client, identifier, error, "View project") from error
        project = translate.project(raw, self.options.url)
        if project.public:
            what = "the standing project is public: everybody could read what operations write. Nothing was written."
            raise WouldLeak(where, what, "Make it private (its settings, “Public”), then retry.")
        if project.status != "active":
            raise Rejected(where, (f"the standing project is {project.status}.",), "Reopen it, then retry.")
        enabled = {row["name"] for row in raw.get("enabled_modules") or []}
        if lacking := [label for name, label in _NEEDED.items() if name not in enabled]:
            reason = f"the standing project lacks the module {', '.join(lacking)}."
            raise Rejected(where, (reason,), "Tick it in the project's settings → Project, then retry.")
        require_below_parent(self.client, self.names, self.options, raw, where)
        return project


def require_below_parent(client: Client, names: Names, options: RedmineOptions, raw: Raw, where: str) -> None:
    """Raises Rejected for a project that lies elsewhere than below the configured parent: the poll would not see it."""
    top = names.parent(options.parent_project)["id"]
    current = raw
    for _ in range(_MOST_LEVELS):
        if current["id"] == top:
            return
        if not (above := current.get("parent")):
            break
        current = client.project(above["id"])
    reason = f"it is not below “{options.parent_project}”, so that its changes would not be followed."
    raise Rejected(where, (reason,), f"Move it below {options.parent_project}, or name another one.")
