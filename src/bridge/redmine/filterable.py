"""Whether issues can be looked for by a custom field, and whether the account sees a field at all. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bridge.model.errors import BridgeError, Problem, problem_of
from bridge.redmine.client import Client
from bridge.redmine.names import Names
from bridge.redmine.options import RedmineOptions
from bridge.redmine.text import did_you_mean

_IMPOSSIBLE = "bridge check: no issue has this value"


@dataclass(frozen=True, slots=True)
class CustomFields:
    """Looks at custom fields by name."""

    client: Client
    names: Names
    options: RedmineOptions

    def problems(self, where: str, wanted: Iterable[str]) -> list[Problem]:
        """Fields that the account does not see, or by which Redmine does not filter; a request for each it sees."""
        try:
            return list(self._problems(where, list(wanted)))
        except BridgeError as error:
            return [problem_of(where, error, f"{error.where}: {error.what}")]

    def ignored(self, field: int) -> bool:
        """Whether Redmine ignores a filter by a field: then it would find issues that have any value."""
        place = {"project_id": self.options.parent_project, "subproject_id": "*", "status_id": "*", "limit": 1}
        return bool(self.client.issue_list({**place, f"cf_{field}": f"={_IMPOSSIBLE}"}).total)

    def _problems(self, where: str, wanted: list[str]) -> Iterator[Problem]:
        known = self.names.custom_fields(fresh=True) if wanted else {}
        for name in wanted:
            if name not in known:
                what = f"the account sees no issue field “{name}” (5.0 shows it only on issues)."
                advice = f"{did_you_mean(name, list(known))} Or give its id in redmine.custom_field_ids."
                yield Problem(where, what, advice, "warning")
            elif self.ignored(known[name]):
                what = f"Redmine ignores a filter on “{name}”: neither people nor the bridge can look for issues by it."
                yield Problem(where, what, "Tick “Used as a filter” in Administration → Custom fields.", "warning")
