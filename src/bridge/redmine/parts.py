"""Versions and categories of a project: made once, found again by their name and origin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.model.errors import Forbidden, NotApplied, Rejected
from bridge.model.project import VersionSpec
from bridge.redmine.client import Client, Raw
from bridge.redmine.explain import refusal
from bridge.redmine.options import RedmineOptions
from bridge.redmine.text import has_origin, one_line, with_origin

LONGEST_VERSION = 60
LONGEST_DESCRIPTION = 255
_TAKEN = "Name has already been taken"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the gateway does with versions and categories."""

    client: Client
    options: RedmineOptions

    def ensure_version(self, spec: VersionSpec, *, unsure: bool) -> int:
        """See ProjectTracker.ensure_version."""
        if unsure and (found := self._ours(spec)) is not None:
            return found
        for name in dict.fromkeys((_short(spec.name), _short(spec.name, f" ({spec.number})"))):
            fields = _fields(spec, name)
            try:
                raw = self._create(lambda: self.client.create_version(spec.project_id, fields), spec.project_id)  # noqa: B023 - called at once
            except Rejected as error:
                if _TAKEN not in error.reasons:
                    raise
                # Redmine keeps names of one project apart: an earlier attempt made it, or somebody has the name
                if (found := self._ours(spec)) is not None:
                    return found
                continue
            _check(raw, fields, spec)
            return int(raw["id"])
        what = f"both “{_short(spec.name)}” and the same with its number are taken by others."
        raise Rejected(f"Redmine project {spec.project_id}, version", (what,), "Rename one of them.")

    def ensure_category(self, project_id: int, name: str) -> None:
        """See ProjectTracker.ensure_category."""
        wanted = one_line(name)
        try:
            raw = self._create(
                lambda: self.client.create_category(project_id, {"name": wanted}), project_id, "Manage issue categories"
            )
        except Rejected as error:
            if _TAKEN in error.reasons:
                return
            raise
        if raw.get("name") != wanted:
            what = f"Redmine made the category “{raw.get('name')}” instead of “{wanted}”."
            raise NotApplied(f"Redmine project {project_id}", what, "Rename it.")

    def _create(self, send: Callable[[], Raw], project_id: int, right: str = "Manage versions") -> Raw:
        try:
            return send()
        except Forbidden as error:
            raise refusal(self.client, project_id, error, right) from error

    def _ours(self, spec: VersionSpec) -> int | None:
        """The version of the project that carries the origin; lists also have what other projects share."""
        for row in self.client.get(f"/projects/{spec.project_id}/versions.json", "versions"):
            if row["project"]["id"] == spec.project_id and has_origin(row.get("description"), spec.origin):
                return int(row["id"])
        return None


def _short(name: str, end: str = "") -> str:
    line = one_line(name)
    room = LONGEST_VERSION - len(end)
    return (line if len(line) <= room else line[: room - 1].rstrip() + "…") + end


def _fields(spec: VersionSpec, name: str) -> Raw:
    room = LONGEST_DESCRIPTION - len(spec.origin) - 4
    text = one_line(spec.description)
    short = text if len(text) <= room else text[: room - 1].rstrip() + "…"
    fields: Raw = {"name": name, "description": with_origin(short, spec.origin), "sharing": "none", "status": "open"}
    if spec.due is not None:
        fields["due_date"] = spec.due.isoformat()
    return fields


def _check(raw: Raw, fields: Raw, spec: VersionSpec) -> None:
    where = f"Redmine version {raw['id']} “{fields['name']}”"
    for name in ("name", "due_date", "status", "sharing"):
        if name in fields and raw.get(name) != fields[name]:
            what = f"it was created, but its {name} is {raw.get(name)} and not {fields[name]}."
            raise NotApplied(where, what, "Correct it; a retry takes it as it is.")
    if not has_origin(raw.get("description"), spec.origin):
        what = "it was created, but its description lacks the line by which the bridge finds it."
        raise NotApplied(where, what, f"Add the line {spec.origin}, then retry.")
