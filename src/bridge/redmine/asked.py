"""Whether Redmine has what rules ask for: trackers, roles, custom fields, parents and standing projects. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bridge.model.errors import BridgeError, Problem
from bridge.model.project import Asked
from bridge.redmine.client import Client
from bridge.redmine.names import PARENT_INCLUDES, Names
from bridge.redmine.options import RedmineOptions
from bridge.redmine.standing import Standing, require_below_parent
from bridge.redmine.text import did_you_mean


@dataclass(frozen=True, slots=True)
class Lookup:
    """Compares the rules with Redmine."""

    client: Client
    names: Names
    options: RedmineOptions

    def problems(self, asked: Iterable[Asked]) -> list[Problem]:
        """What is missing, rule by rule; one request for each place, names are read once."""
        return [problem for one in asked for problem in self._rule(one)]

    def _rule(self, asked: Asked) -> Iterator[Problem]:
        where = f"rule {asked.rule}"
        try:
            yield from self._names(asked, where)
            for name in asked.custom_fields:
                if self.names.project_field(name) is None and self.names.custom_field(name) is None:
                    what = f"the account sees no custom field “{name}” (5.0 shows those of issues only on issues)."
                    yield Problem(
                        where, what, "Correct the name, or give its id in redmine.custom_field_ids.", "warning"
                    )
            if asked.standing:
                Standing(self.client, self.names, self.options).project(asked.standing)
            if asked.parent:
                raw = self.client.project(asked.parent, PARENT_INCLUDES)
                place = f"Redmine project {asked.parent}"
                require_below_parent(self.client, self.names, self.options, raw, place)
        except BridgeError as error:
            yield Problem(where, f"{error.where}: {error.what}", error.advice)

    def _names(self, asked: Asked, where: str) -> Iterator[Problem]:
        for kind, wanted in (("tracker", asked.trackers), ("role", asked.roles)):
            known = self.names.ids(kind) if wanted else {}
            for name in wanted:
                if name.casefold() not in {one.casefold() for one in known}:
                    yield Problem(where, f"there is no {kind} “{name}”.", did_you_mean(name, list(known)))
