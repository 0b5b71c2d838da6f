"""What a rule names that there is not, and what it asks for that its sources cannot do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bridge.calendar.business import BusinessCalendar
from bridge.model.errors import Problem
from bridge.model.fills import Fills
from bridge.model.incident import Capability
from bridge.rules.fields import Kind
from bridge.rules.incident_part import IncidentPart, OnDelivery, OnOpen
from bridge.rules.masks import STANDARD, Masks
from bridge.rules.questions import Question, Tree, questions
from bridge.rules.sla import SlaTargets
from bridge.rules.windows import Window
from bridge.yamlfile import Marked, Path, did_you_mean

_NEEDS: Mapping[str, tuple[str, frozenset[Capability]]] = {
    OnOpen.LINK: ("take a link or a private note", frozenset({Capability.LINK, Capability.PRIVATE_NOTE})),
    OnOpen.HOLD: ("put incidents on hold", frozenset({Capability.HOLD})),
    OnOpen.RESOLVE_WITH_WORKAROUND: ("resolve incidents", frozenset({Capability.RESOLVE})),
    OnDelivery.NOTE: ("take a note", frozenset({Capability.PRIVATE_NOTE, Capability.PUBLIC_NOTE})),
    OnDelivery.RESOLVE: ("resolve incidents", frozenset({Capability.RESOLVE})),
}


@dataclass(frozen=True, slots=True)
class KnownNames:
    """What rules may name. None: not known because that file cannot be read, so nothing is said about it.

    A name that maps to None is there, and has problems of its own. `templates` may map each to the roles of its tasks.
    `people` are the keys of persons and teams. `sources` maps a source's name to what it can do, `fills` to what its
    incidents can hold. `masks` make the fingerprints. `now` is when the rules are read: dates after it are refused.
    `sla` are the targets of clocks. `opening_changes` are templates that insist on a request for change being opened.
    `away` are people who are not active, each with who is asked instead.
    """

    templates: Collection[str] | Mapping[str, Collection[str] | None] | None = None
    people: Collection[str] | None = None
    sources: Mapping[str, frozenset[Capability]] | None = None
    fills: Mapping[str, Fills] | None = None
    calendars: Mapping[str, BusinessCalendar | None] | None = None
    windows: Mapping[str, Window | None] | None = None
    masks: Masks = STANDARD
    now: datetime | None = None
    sla: SlaTargets | None = None
    opening_changes: frozenset[str] = frozenset()
    away: Mapping[str, str] = field(default_factory=dict)


def unknown_sources(names: KnownNames, sources: object, marked: Marked, place: Path) -> Iterator[Problem]:
    """Sources under `sources` that there are not."""
    for path, name in _texts(sources, place):
        if names.sources is not None and name not in names.sources:
            what = f"no source is called “{name[:60]}”"
            yield marked.problem(path, what, did_you_mean(name, names.sources))


def unknown_times(names: KnownNames, entry: Mapping[str, Any], marked: Marked, place: Path) -> Iterator[Problem]:
    """Windows and calendars anywhere in a rule, as it is written, that there are not."""
    for key in ("match", "unless"):
        for path, name in _under("in_window", entry.get(key), (*place, key)):
            if names.windows is not None and name not in names.windows:
                advice = did_you_mean(name, names.windows, "windows are") if names.windows else _NO_WINDOWS
                yield marked.problem(path, f"no window is called “{name[:60]}”", advice)
    for path, name in _under("calendar", entry.get("when"), (*place, "when")):
        if names.calendars is not None and name not in names.calendars:
            what = f"the directory has no calendar “{name[:60]}”"
            yield marked.problem(path, what, did_you_mean(name, names.calendars, "calendars are"))


_NO_WINDOWS = "there are none: name their file as `windows` in the settings"


def dates_to_come(now: datetime | None, covers: Tree, marked: Marked, place: Path) -> Iterator[Problem]:
    """Dates in conditions that are still to come: no incident is that new, so what is meant must be another day."""
    for question in questions(covers):
        if now is not None and question.field.kind is Kind.TIME and question.operator == "between":
            for key, moment in zip(("at_least", "at_most"), question.operand, strict=True):
                if moment is not None and moment > now:
                    what = f"“{key}”: {moment:%Y-%m-%d %H:%M} UTC is in the future, and every incident is older"
                    yield marked.problem(_behind(question, place, key), what, "write a day that is over")


def _behind(question: Question, place: Path, key: str) -> Path:
    return (*place, *question.path, key)


def not_possible(
    names: KnownNames, part: IncidentPart, sources: object, marked: Marked, place: Path
) -> Iterator[Problem]:
    """What the rule asks for in so many words and one of its sources cannot do."""
    known = names.sources or {}
    covered = known if sources is None else [name for _, name in _texts(sources, ()) if name in known]
    for key in ("open", "later", "on_delivery"):
        if key not in part.model_fields_set:
            continue
        asked = getattr(part, key)
        what, any_of = _NEEDS[asked]
        unable = [source for source in covered if not any_of & known[source]]
        if unable:
            told = f"“{key}: {asked}” is not possible: {', '.join(unable)} cannot {what}"
            yield marked.problem((*place, key), told, "choose something else, or name other `sources`")


def change_not_possible(
    names: KnownNames, template: str, sources: object, marked: Marked, place: Path
) -> Iterator[Problem]:
    """That the rule's template insists on a request for change, and one of the rule's sources cannot open any."""
    known = names.sources or {}
    covered = known if sources is None else [name for _, name in _texts(sources, ()) if name in known]
    unable = [source for source in covered if Capability.CHANGE not in known[source]]
    if template in names.opening_changes and unable:
        what = f"a gate of the template {template} has `open: true`: {', '.join(unable)} cannot open a change request"
        advice = "remove that, choose another template, or name other `sources`"
        yield marked.problem((*place, "template"), what, advice)


def _under(wanted: str, data: Any, place: Path) -> Iterator[tuple[Path, str]]:
    """Every text that stands at a key of this name, or in a list there."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _texts(value, (*place, key)) if key == wanted else _under(wanted, value, (*place, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _under(wanted, value, (*place, number))


def _texts(value: object, place: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list | tuple):
        yield from (((*place, number), one) for number, one in enumerate(value) if isinstance(one, str))
