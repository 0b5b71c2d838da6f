"""Rule tests read from files, and told as stories: every incident with all its versions, every moment a date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path as FilePath
from typing import Any

from bridge.model.errors import Problem
from bridge.model.incident import Incident, State
from bridge.rules.cases import MOST_INCIDENTS, Act, Case, CaseFile, Change, Expected, Given
from bridge.rules.ruleset import RuleSet
from bridge.rules.when import REASONS
from bridge.yamlfile import Marked, Path, did_you_mean, load, validate

ABOUT = ("match", "unless", "sources", "group_by", "decision")
"""What `why` may name beside the rule's reasons."""
USUAL_SOURCE = "itsm"
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)

Versions = tuple[tuple[datetime, Incident], ...]
"""An incident's versions, oldest first, each with the moment since when it was known."""


@dataclass(frozen=True, slots=True)
class Story:
    """One case with its incidents in the order of their opening; `of` places of `acts` and `expected` are resolved."""

    case: Case
    marked: Marked
    place: Path
    incidents: tuple[Versions, ...]
    acts: tuple[tuple[datetime, int, Act], ...]
    """When, which entry of the case, and what; in the order of time."""
    expected: tuple[tuple[datetime, int, Expected], ...]
    """The same."""

    @property
    def where(self) -> str:
        """`file:line:column` of the case."""
        return self.marked.where(self.place)

    def where_entry(self, key: str, number: int) -> str:
        """The place of one entry of `people` or `expect`."""
        return self.marked.where((*self.place, key, number))

    def known_at(self, number: int, at: datetime) -> Incident | None:
        """An incident as it was known then, None before it was opened."""
        return next((one for since, one in reversed(self.incidents[number]) if since <= at), None)

    def about(self, named: str | None, at: datetime) -> int | None:
        """The number of the incident of that id, without one that of the newest by then; None when there is none."""
        opened = [
            number
            for number, versions in enumerate(self.incidents)
            if versions[0][0] <= at and named in {None, versions[0][1].external_id}
        ]
        return opened[-1] if opened else None


def load_stories(paths: Iterable[FilePath], rules: RuleSet | None) -> tuple[list[Story], list[Problem]]:
    """The cases of all files, and every problem with them. Without rules nothing is said about what is named."""
    stories: list[Story] = []
    problems: list[Problem] = []
    for path in paths:
        marked, found = load(path)
        problems += found
        if marked is not None:
            told, found = read_stories(marked, rules)
            stories += told
            problems += found
    return stories, problems


def read_stories(marked: Marked, rules: RuleSet | None) -> tuple[list[Story], list[Problem]]:
    """The same for one document that has been read already."""
    file, problems = validate(CaseFile, marked)
    stories = []
    for number, case in enumerate(file.cases if file else ()):
        place: Path = ("cases", number)
        found = list(_unknown_rule(case, marked, place, rules))
        story = None if found else _told(case, marked, place, rules, found)
        problems += found
        if story is not None:
            stories.append(story)
    return stories, problems


def _unknown_rule(case: Case, marked: Marked, place: Path, rules: RuleSet | None) -> Iterator[Problem]:
    if rules is None:
        return
    rule = rules.get(case.rule)
    if rule is None:
        advice = did_you_mean(case.rule, [one.id for one in rules.rules], "rules are")
        yield marked.problem((*place, "rule"), f"no rule is called “{case.rule[:60]}”", advice)
        return
    if rule.rule.when.schedule is not None:
        what = f"“{case.rule}” comes round by the calendar: no incident matters to it"
        yield marked.problem((*place, "rule"), what, "test a rule that is about incidents")
        return
    there = [name for name in REASONS if any(getattr(one, name) is not None for one in rule.triggers)]
    for number, expected in enumerate(case.expect):
        for name in expected.why:
            if name not in there and name not in ABOUT:
                what = f"“{case.rule}” has no reason “{name[:60]}”"
                path = (*place, "expect", number, "why", name)
                yield marked.problem(path, what, did_you_mean(name, [*there, *ABOUT], "it has"), key=True)


def _told(case: Case, marked: Marked, place: Path, rules: RuleSet | None, problems: list[Problem]) -> Story | None:
    """The case as a story; None when its times cannot be, which is told."""
    rule = rules.get(case.rule) if rules else None
    source = rule.rule.sources[0] if rule and rule.rule.sources else USUAL_SOURCE
    try:
        incidents = _incidents(case, source)
        acts = sorted(((_at(case, one.at), n, one) for n, one in enumerate(case.people)), key=lambda one: one[:2])
        expected = sorted(((_at(case, one.at), n, one) for n, one in enumerate(case.expect)), key=lambda one: one[:2])
    except OverflowError:
        problems.append(marked.problem(place, "has times that lie too far away", "write times before the year 9000"))
        return None
    story = Story(case, marked, place, incidents, tuple(acts), tuple(expected))
    twice = _twice(story)
    if twice:
        problems.append(marked.problem((*place, "incidents"), f"two incidents are called “{twice}”", "rename one"))
    if len(incidents) > MOST_INCIDENTS:
        problems.append(marked.problem(place, f"has more than {MOST_INCIDENTS} incidents", "write fewer"))
    problems += _nobody(story)
    return story


def _nobody(story: Story) -> Iterator[Problem]:
    """Where somebody or something is expected of an incident that is not there then."""
    ids = {versions[0][1].external_id for versions in story.incidents}
    named = [("people", n, one.of, _at(story.case, one.at)) for n, one in enumerate(story.case.people)]
    named += [("expect", n, one.of, at) for at, n, one in story.expected]
    for key, number, of, at in named:
        path = (*story.place, key, number)
        if of is not None and of not in ids:
            advice = did_you_mean(of, ids, "incidents are")
            yield story.marked.problem((*path, "of"), f"no incident of the case is called “{of[:60]}”", advice)
        elif story.about(of, at) is None:
            what = f"{'the' if of else 'no'} incident{f' “{of}”' if of else ''} is {'not ' if of else ''}opened by then"
            yield story.marked.problem((*path, "at"), what, "write a later time")


def _twice(story: Story) -> str:
    ids = [(versions[0][1].source, versions[0][1].external_id) for versions in story.incidents]
    return next((one[1] for one in ids if ids.count(one) > 1), "")


def _at(case: Case, moment: datetime | timedelta) -> datetime:
    found: datetime = case.start + moment if isinstance(moment, timedelta) else moment
    if found > _LATEST:
        raise OverflowError
    return found


def _incidents(case: Case, source: str) -> tuple[Versions, ...]:
    numbers = count(1)
    found = []
    for given in case.incidents:
        for turn in range(given.times):
            number = next(numbers)
            own = given.id if given.times == 1 or given.id is None else f"{given.id}-{turn + 1}"
            opened = _at(case, given.at) + turn * (given.every or timedelta())
            found.append(tuple(_versions(case, given, own or str(number), source, opened)))
    return tuple(sorted(found, key=lambda versions: versions[0][0]))


def _versions(
    case: Case, given: Given, own_id: str, source: str, opened: datetime
) -> Iterator[tuple[datetime, Incident]]:
    incident = Incident(source, own_id, "", State.NEW, opened, opened)
    incident = _changed(incident, _merged(case.usual.given(), given.given()), opened)
    changes: list[Change] = sorted(given.then, key=lambda one: one.after)
    yield opened, incident
    for change in changes:
        at = opened + change.after
        if at > _LATEST:
            raise OverflowError
        incident = _changed(incident, change.given(), at)
        yield at, incident


def _merged(usual: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    fields = {**(usual.get("fields") or {}), **(own.get("fields") or {})}
    return {**usual, **own, **({"fields": fields} if fields else {})}


def _changed(before: Incident, values: Mapping[str, Any], at: datetime) -> Incident:
    """The incident with other values since that moment; its own times follow from its state."""
    given = {name: _EMPTY.get(name, "") if value is None else value for name, value in values.items()}
    if "fields" in given:
        given["fields"] = {**before.fields, **given["fields"]}
    after = replace(before, **given, updated_at=at)
    is_over = not after.state.is_open
    return replace(
        after,
        acknowledged_at=None if after.state is State.NEW else after.acknowledged_at or at,
        resolved_at=(after.resolved_at or at) if is_over and after.state is not State.CANCELLED else None,
        closed_at=(after.closed_at or at) if after.state in {State.CLOSED, State.CANCELLED} else None,
    )


_EMPTY: Mapping[str, Any] = {
    "state": State.NEW,
    "source": USUAL_SOURCE,
    "tags": (),
    "fields": {},
    "effort": 0.0,
    **dict.fromkeys(("reopen_count", "reassignment_count"), 0),
    **dict.fromkeys(("priority", "impact", "urgency", "response_breached", "resolution_breached")),
}
"""What `null` means for a field; for a text it is empty."""
