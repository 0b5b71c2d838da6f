"""Rules that a history suggests: written as YAML that loads, each with what it would have done."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bridge.model.errors import ConfigurationError, Problem
from bridge.rules.fields import FINGERPRINT, OWN_FIELD
from bridge.rules.history import Column, History
from bridge.rules.loader import KnownNames, read_rules
from bridge.rules.ruleset import RuleSet
from bridge.rules.schema import Mode
from bridge.usecases.backtest.acts import Assumed
from bridge.usecases.backtest.figures import Figures, Promoted, Resolutions, RuleFigures, Skipped
from bridge.usecases.backtest.replay import Asked, acting, backtest, live
from bridge.usecases.configured import Configured
from bridge.usecases.mining import EVERYWHERE, Finding, mine
from bridge.yamlfile import parse

MOST_TRIED = 3
"""For each suggestion asked for, at most so many findings are replayed."""
MOST_SHARED = 0.5
"""A finding of which more than this part is suggested already is left out."""
WEEK = timedelta(days=7)
_PLAIN = re.compile(r"[a-z_]+(\.[A-Za-z][A-Za-z0-9_]*)?")
_LONGEST_ID = 60


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A rule in mode propose: its entry in a rule file, and what the replay of it alone says."""

    finding: Finding
    entry: str
    figures: RuleFigures


@dataclass(frozen=True, slots=True)
class Suggested:
    """`incidents` were looked at, `taken` others left out because present rules take them already.

    `replay` are the head and the assumptions of the replays, None without any suggestion. `skipped` rows of a file
    could not be read.
    """

    incidents: int
    taken: int
    suggestions: tuple[Suggestion, ...]
    replay: Figures | None
    skipped: Skipped

    @property
    def file(self) -> str:
        """A file of all suggested rules."""
        return document([one.entry for one in self.suggestions])


def document(entries: Iterable[str]) -> str:
    """A rule file with these entries."""
    return "version: 1\nrules:\n" + "".join(entries)


def suggest(
    history: History, configured: Configured, names: KnownNames, own: Iterable[str], asked: Asked, top: int
) -> Suggested:
    """The `top` best rules that the present ones leave something to do. `own` are the sources' own fields.

    Raises ConfigurationError when there is nobody who could own a project, or no template.
    """
    taken = taken_by_rules(history, configured)
    rest = without(history, taken) if taken else history
    resolutions = Resolutions.of(rest)
    accepted: list[Suggestion] = []
    covered: set[int] = set()
    replayed: Figures | None = None
    tried = 0
    for finding in mine(rest, resolutions.at, own, names.masks):
        if len(accepted) == top or tried == top * MOST_TRIED:
            break
        if len(finding.covered & covered) > MOST_SHARED * len(finding.covered):
            continue
        tried += 1
        rule_id = _id(finding, {*configured.rules.ids, *(one.figures.id for one in accepted)})
        bare = _entry(finding, rule_id, configured, names)
        rules, problems = _read([*(one.entry for one in accepted), bare], names)
        rule = rules.get(rule_id) if rules else None
        if rule is None or problems:
            continue
        figures = backtest(rest, replace(configured, rules=RuleSet([rule])), asked)
        if figures.rules[0].promotions and figures.rules[0].covered <= EVERYWHERE * rest.incidents:
            replayed = figures
            entry = _commented(bare, finding, figures.rules[0], rest.incidents)
            accepted.append(Suggestion(finding, entry, figures.rules[0]))
            covered |= finding.covered
    return Suggested(rest.incidents, len(taken), tuple(accepted), replayed, asked.skipped)


def taken_by_rules(history: History, configured: Configured) -> frozenset[int]:
    """The incidents that would belong to a project of a present rule, but for rules that are off."""
    rules = [acting(one) for one in configured.rules.rules if one.mode is not Mode.OFF]
    if not rules:
        return frozenset()
    life = live(history, replace(configured, rules=RuleSet(rules)), Assumed(approve=True))
    life.walk.go(life)
    promotions = life.book.promotions
    return frozenset(one.incident_id for found in promotions.all for one in promotions.members(found.id))


def without(history: History, incidents: Collection[int]) -> History:
    """The history as if these incidents had never been."""
    kept = [one for one in range(history.incidents) if one not in incidents]
    rows = [row for one in kept for row in history.rows_of(one)]
    first = None
    if history.first is not None:
        first, total = [], 0
        for one in kept:
            first.append(total)
            total += len(history.rows_of(one))

    def read(name: str) -> Column:
        column = history.column(name)
        codes = [column.codes[row] for row in rows]
        return Column(column.values, bytes(codes) if isinstance(column.codes, bytes) else codes)

    return History(
        opened=[history.opened[one] for one in kept],
        read=read,
        first=first,
        known=None if history.known is None else [history.known[row] for row in rows],
        ends=None if history.ends is None else lambda: [history.over_since[one] for one in kept],
    )


def _read(entries: Sequence[str], names: KnownNames) -> tuple[RuleSet | None, list[Problem]]:
    marked, problems = parse(document(entries), "suggested.yaml")
    return read_rules([marked], names) if marked and not problems else (None, problems)


def _entry(finding: Finding, rule_id: str, configured: Configured, names: KnownNames) -> str:
    """The rule as an entry of a rule file."""
    template, owner = _project(configured, names)
    fields = ["summary" if one == FINGERPRINT else one for one in finding.group_by]
    threshold = finding.threshold
    told = " and ".join(one.removeprefix(OWN_FIELD) for one in finding.group_by)
    title = f"The same {told} {threshold.at_least} times in {threshold.days} days"
    sources = _sources(fields, names)
    lines = [
        f"- id: {rule_id}",
        f"  title: {_scalar(title[:200])}",
        "  mode: propose",
        *([f"  sources: [{', '.join(map(_scalar, sources))}]"] if sources else []),
        f"  match: {{field: {_scalar(fields[0])}, exists: true}}",
        f"  group_by: [{', '.join(map(_scalar, finding.group_by))}]",
        f"  when: {{any: [{{recurs: {{at_least: {threshold.at_least}, within: {threshold.days}d}}}}]}}",
        f"  project: {{template: {_scalar(template)}, owner: {_scalar(owner)}}}",
    ]
    return "".join(f"  {line}\n" for line in lines)


def _found(promotions: Sequence[Promoted]) -> str:
    """When they were found, and how many in the week with most."""
    at = sorted(one.found_at for one in promotions)
    if len(at) == 1:
        return f", on {at[0]:%Y-%m-%d}"
    most = max(bisect_right(at, begin + WEEK) - place for place, begin in enumerate(at))
    return f" from {at[0]:%Y-%m-%d} to {at[-1]:%Y-%m-%d}, at most {most} in a week"


def _commented(entry: str, finding: Finding, figures: RuleFigures, incidents: int) -> str:
    """The entry below what it would have done."""
    times, lead = figures.own_times, figures.lead
    share = 100 * figures.covered / incidents
    lines = [
        f"{figures.firings} project(s){_found(figures.promotions)}",
        f"{figures.covered} of {incidents} incident(s) ({share:.1f} %), {figures.matched} have these fields",
        f"{finding.remarkable} of {finding.hot} group(s) stand out from chance; they took {finding.hours:.0f} h",
    ]
    if lead is not None:
        lines.append(f"found {lead.total_seconds() / 3600:.1f} h (median) after the first incident that was a reason")
    if times.raw_hours is not None:
        adjusted = "nothing left" if times.adjusted_hours is None else f"{times.adjusted_hours:.1f} h"
        lines.append(f"MTTR raw {times.raw_hours:.1f} h, adjusted {adjusted}")
    return "".join(f"  # {line}\n" for line in lines) + entry


def _id(finding: Finding, there: Collection[str]) -> str:
    words = [re.sub(r"[^a-z0-9]+", "-", one.removeprefix(OWN_FIELD).lower()).strip("-") for one in finding.group_by]
    end = f"-{finding.threshold.at_least}-in-{finding.threshold.days}d"
    begin = "-".join(["same", *filter(None, words)])[: _LONGEST_ID - len(end) - 4].strip("-")
    number, found = 1, begin + end
    while found in there:
        number += 1
        found = f"{begin}-{number}{end}"
    return found


def _scalar(text: str) -> str:
    """A text as YAML: plain where it is a plain name."""
    return text if _PLAIN.fullmatch(text) and text not in {"null", "true", "false"} else json.dumps(text)


def _sources(fields: Sequence[str], names: KnownNames) -> list[str]:
    """The sources that fill all of these fields; none named when all do."""
    fills = names.fills or {}
    able = [
        source
        for source, what in fills.items()
        if all(
            what.has_own(one.removeprefix(OWN_FIELD)) if one.startswith(OWN_FIELD) else what.has(one) for one in fields
        )
    ]
    return [] if len(able) == len(fills) else able


def _project(configured: Configured, names: KnownNames) -> tuple[str, str]:
    """Template and owner as most present rules have them, else the first ones that there are."""
    present = Counter(
        (one.project.template, one.project.owner)
        for one in configured.rules.rules
        if one.project.template not in names.opening_changes
    )
    if present:
        return max(present, key=present.__getitem__)
    templates = _first(configured.templates, names.opening_changes)
    directory = configured.directory
    owner = next(iter([*sorted(directory.people), *sorted(directory.teams)]), None)
    if templates is None or owner is None:
        what = "nobody could own a project" if owner is None else "there is no template for a project"
        raise ConfigurationError([Problem("directory" if owner is None else "templates", what, "add one")])
    return templates, owner


def _first(templates: Mapping[str, object], leave_out: Collection[str]) -> str | None:
    usual = "standard-project"
    if usual in templates and usual not in leave_out:
        return usual
    return next((one for one in sorted(templates) if one not in leave_out), None)
