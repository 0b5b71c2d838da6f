"""Whether what a rule says about its project names templates, people and roles that there are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from bridge.model.errors import Problem
from bridge.rules.project_part import ProjectPart
from bridge.yamlfile import Marked, Path, did_you_mean

_OWNER_ROLE = "owner"


def project_problems(
    part: ProjectPart,
    marked: Marked,
    place: Path,
    templates: Collection[str] | Mapping[str, Collection[str] | None] | None,
    people: Collection[str] | None,
) -> Iterator[Problem]:
    """Every name under `project` that is unknown; None: what there is is not known, so nothing is said.

    `templates` may map a template to the roles of its tasks, None: which those are is not known.
    """
    if templates is not None and part.template not in templates:
        yield _unknown(marked, (*place, "template"), "no template is called", part.template, templates)
    if people is not None:
        for path, name in _people(part, place):
            if name not in people:
                yield _unknown(marked, path, "the directory has no person or team", name, people)
    roles = templates.get(part.template) if isinstance(templates, Mapping) else None
    if roles is not None:
        yield from _roles(part, marked, (*place, "roles"), roles)


def owner_away(part: ProjectPart, marked: Marked, path: Path, away: Mapping[str, str]) -> Iterator[Problem]:
    """That the owner is not active; `away` says who is asked instead."""
    if part.owner in away:
        what = f"{part.owner} is not active; {away[part.owner]}"
        yield marked.problem(path, what, "name somebody else", severity="warning")


def _people(part: ProjectPart, place: Path) -> Iterator[tuple[Path, str]]:
    yield (*place, "owner"), part.owner
    for number, member in enumerate(part.members):
        yield (*place, "members", number), member.name
    for role, name in part.roles.items():
        yield (*place, "roles", role), name


def _roles(part: ProjectPart, marked: Marked, place: Path, known: Collection[str]) -> Iterator[Problem]:
    for role in part.roles:
        if role == _OWNER_ROLE:
            yield marked.problem((*place, role), "the role “owner” is always the owner's", "name them at `owner`")
        elif role not in known:
            what = f"the template {part.template} has no task for the role “{role[:60]}”"
            yield marked.problem((*place, role), what, did_you_mean(role, known, "roles are"), severity="warning")


def _unknown(marked: Marked, path: Path, what: str, name: str, known: Collection[str]) -> Problem:
    return marked.problem(path, f"{what} “{name[:60]}”", did_you_mean(name, known))
