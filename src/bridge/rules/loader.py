"""Reads rule files and checks them against everything they name. All problems of all files at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from bridge.model.errors import Problem
from bridge.model.incident import Capability
from bridge.rules.incident_part import OnDelivery, OnOpen
from bridge.rules.matching import CompiledRule, compile_rule
from bridge.rules.project_names import project_problems
from bridge.rules.ruleset import RuleSet
from bridge.rules.schema import Rule, RuleFile
from bridge.yamlfile import Marked, Path, did_you_mean, load, validate

_NEEDS: Mapping[str, tuple[str, frozenset[Capability]]] = {
    OnOpen.LINK: ("take a link or a private note", frozenset({Capability.LINK, Capability.PRIVATE_NOTE})),
    OnOpen.HOLD: ("put incidents on hold", frozenset({Capability.HOLD})),
    OnDelivery.NOTE: ("take a note", frozenset({Capability.PRIVATE_NOTE, Capability.PUBLIC_NOTE})),
    OnDelivery.RESOLVE: ("resolve incidents", frozenset({Capability.RESOLVE})),
}


@dataclass(frozen=True, slots=True)
class KnownNames:
    """What rules may name. None: not known because that file has problems of its own, so nothing is said about it.

    `templates` may map each to the roles of its tasks. `people` are the keys of persons and teams. `sources` maps a
    source's name to what it can do.
    """

    templates: Collection[str] | None = None
    people: Collection[str] | None = None
    sources: Mapping[str, frozenset[Capability]] | None = None


@dataclass(slots=True)
class _Loading:
    names: KnownNames
    rules: list[CompiledRule] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)


def load_rules(paths: Iterable[FilePath], names: KnownNames) -> tuple[RuleSet | None, list[Problem]]:
    """The rules of all files in their order, None when any of them has an error. Warnings come either way."""
    loading = _Loading(names)
    for path in paths:
        marked, problems = load(path)
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
    wrong = any(problem.severity == "error" for problem in loading.problems)
    return (None if wrong else RuleSet(loading.rules)), loading.problems


def _take(loading: _Loading, marked: Marked) -> None:
    file, problems = validate(RuleFile, marked)
    loading.problems += problems
    if file is None:
        return
    for number, rule in enumerate(file.rules):
        place: Path = ("rules", number)
        loading.problems += _unique(loading, rule, marked, place)
        loading.problems += _named(loading.names, rule, marked, place)
        loading.problems += _possible(loading.names, rule, marked, place)
        loading.rules.append(compile_rule(rule))


def _unique(loading: _Loading, rule: Rule, marked: Marked, place: Path) -> list[Problem]:
    here = marked.where((*place, "id"))
    first = loading.places.setdefault(rule.id, here)
    if first == here:
        return []
    return [Problem(here, f"a rule “{rule.id}” is already at {first}", "give one of them another id")]


def _named(names: KnownNames, rule: Rule, marked: Marked, place: Path) -> list[Problem]:
    """Names of templates, people, teams and sources that do not exist."""
    project = project_problems(rule.project, marked, (*place, "project"), names.templates, names.people)
    return [
        *project,
        *(
            marked.problem(
                (*place, "sources", number), f"no source is called “{source[:60]}”", did_you_mean(source, names.sources)
            )
            for number, source in enumerate(rule.sources or ())
            if names.sources is not None and source not in names.sources
        ),
    ]


def _possible(names: KnownNames, rule: Rule, marked: Marked, place: Path) -> list[Problem]:
    """What the rule asks for in so many words and one of its sources cannot do."""
    if names.sources is None:
        return []
    covered = names.sources if rule.sources is None else [one for one in rule.sources if one in names.sources]
    problems = []
    for key in ("open", "later", "on_delivery"):
        if key not in rule.incident.model_fields_set:
            continue
        asked = getattr(rule.incident, key)
        what, any_of = _NEEDS[asked]
        unable = [source for source in covered if not any_of & names.sources[source]]
        if unable:
            told = f"“{key}: {asked}” is not possible: {', '.join(unable)} cannot {what}"
            advice = "choose something else, or name other `sources`"
            problems.append(marked.problem((*place, "incident", key), told, advice))
    return problems
