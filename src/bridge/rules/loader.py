"""Reads rule files and checks them against everything they name. All problems of all files at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bridge.model.errors import Problem
from bridge.rules.doubts import Placed, doubts
from bridge.rules.incident_part import IncidentPart
from bridge.rules.matching import CompiledRule, compile_rule
from bridge.rules.names import (
    KnownNames,
    change_not_possible,
    dates_to_come,
    not_possible,
    unknown_sources,
    unknown_times,
)
from bridge.rules.project_names import owner_away, project_problems
from bridge.rules.project_part import ProjectPart
from bridge.rules.ruleset import RuleSet
from bridge.rules.schema import Rule, RuleFile
from bridge.rules.unfilled import unfilled
from bridge.yamlfile import Marked, Path, load, validate

__all__ = ["KnownNames", "load_rules", "read_rules"]

M = TypeVar("M", bound=BaseModel)


@dataclass(slots=True)
class _Loading:
    names: KnownNames
    rules: list[Placed] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)


_EMPTY = (
    "begin with `version: 1` and `rules:`, or remove it; what a command is to print into a file of rules goes to "
    "another folder first, for the shell makes the file before the command reads the rules"
)


def load_rules(paths: Iterable[FilePath], names: KnownNames) -> tuple[RuleSet | None, list[Problem]]:
    """The rules of all files in their order, None when any of them has an error. Warnings come either way."""
    loading = _Loading(names)
    for path in paths:
        marked, problems = load(path, empty=_EMPTY)
        loading.problems += problems
        if marked is not None:
            _take(loading, marked)
    return _result(loading)


def read_rules(documents: Iterable[Marked], names: KnownNames) -> tuple[RuleSet | None, list[Problem]]:
    """The same for documents that have been read already."""
    loading = _Loading(names)
    for marked in documents:
        _take(loading, marked)
    return _result(loading)


def _result(loading: _Loading) -> tuple[RuleSet | None, list[Problem]]:
    about_incidents = [placed for placed in loading.rules if placed.rule.rule.when.schedule is None]
    problems = [*loading.problems, *doubts(about_incidents)]
    wrong = any(problem.severity == "error" for problem in problems)
    return (None if wrong else RuleSet([placed.rule for placed in loading.rules])), problems


def _take(loading: _Loading, marked: Marked) -> None:
    """Takes in a file. Where a rule is broken, what can be understood of it and all other rules are still checked."""
    _, problems = validate(RuleFile, marked)
    entries = marked.data.get("rules")
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            problems += _check(loading, marked, number, entry)
    loading.problems += sorted(dict.fromkeys(problems), key=lambda problem: _position(marked, problem))


def _check(loading: _Loading, marked: Marked, number: int, entry: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with a rule beside its form; it is kept when it is well-formed."""
    names, place = loading.names, ("rules", number)
    sources = entry.get("sources")
    yield from _twice(loading, marked, place, entry.get("id"))
    yield from unknown_sources(names, sources, marked, (*place, "sources"))
    yield from unknown_times(names, entry, marked, place)
    project = _salvaged(ProjectPart, entry.get("project"))
    if project is not None:
        yield from project_problems(project, marked, (*place, "project"), names.templates, names.people)
        yield from owner_away(project, marked, (*place, "project", "owner"), names.away)
        yield from change_not_possible(names, project.template, sources, marked, (*place, "project"))
    incident = _salvaged(IncidentPart, entry.get("incident"))
    if incident is not None:
        yield from not_possible(names, incident, sources, marked, (*place, "incident"))
    rule = _compiled(entry, names)
    if rule is not None:
        loading.rules.append(Placed(rule, marked, number))
    understood = rule or _compiled(_without_project(entry), names)
    if understood is not None:
        yield from dates_to_come(names.now, understood.covers, marked, place)
        if names.fills is not None:
            yield from unfilled(names.fills, names.sla, understood, marked, place)


def _compiled(entry: Mapping[str, Any], names: KnownNames) -> CompiledRule | None:
    try:
        rule = Rule.model_validate(entry)
    except ValidationError:
        return None
    windows = {name: window.covers for name, window in (names.windows or {}).items() if window is not None}
    calendars = {name: calendar for name, calendar in (names.calendars or {}).items() if calendar is not None}
    return compile_rule(rule, windows, calendars, names.masks)


def _without_project(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule says about which incidents and when, so that it can be understood whatever is wrong beside that."""
    about = {key: entry[key] for key in _ABOUT_INCIDENTS if key in entry}
    return {"id": "x", "title": "x", "project": {"template": "x", "owner": "x"}, **about}


_ABOUT_INCIDENTS = ("sources", "match", "unless", "group_by", "across_sources", "when")


def _salvaged(model: type[M], data: Any) -> M | None:
    """The model of what is right in a mapping; None when nothing can be made of it."""
    kept = dict(data) if isinstance(data, dict) else {}
    while kept:
        try:
            return model.model_validate(kept)
        except ValidationError as error:
            broken = {one["loc"][0] for one in error.errors(include_url=False) if one["loc"]} & kept.keys()
            kept = {key: value for key, value in kept.items() if key not in broken} if broken else {}
    return None


def _twice(loading: _Loading, marked: Marked, place: Path, rule_id: object) -> Iterator[Problem]:
    if not isinstance(rule_id, str):
        return
    here = marked.where((*place, "id"))
    first = loading.places.setdefault(rule_id, here)
    if first != here:
        yield Problem(here, f"a rule “{rule_id[:60]}” is already at {first}", "give one of them another id")


def _position(marked: Marked, problem: Problem) -> tuple[int, ...]:
    """Line and column, of what stands in the file."""
    place = problem.where.removeprefix(f"{marked.name}:").split(":")
    return tuple(map(int, place)) if all(part.isdigit() for part in place) else ()
