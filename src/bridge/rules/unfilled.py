"""What a rule asks about that the incidents of its sources never hold.

A source without anything that could fill a field, count something or show a state makes a condition or a reason dead,
however well it reads. Where no covered source can, that is an error; where some can, a warning names the others. None
is given for one of several alternatives (`any`), which may be there for another source.

Not asked is what would be fulfilled all the same: `exists: false`, and a state that is excluded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from bridge.model.errors import Problem
from bridge.model.fills import Fills
from bridge.model.incident import OPEN_STATES, State
from bridge.rules.fields import FINGERPRINT, OWN_FIELD, Kind
from bridge.rules.matching import CompiledRule
from bridge.rules.possible import conflict
from bridge.rules.questions import AllOf, AnyOf, Not, Question, Tree, questions, source_question
from bridge.rules.sla import SlaTargets
from bridge.rules.when import Breached, Trigger
from bridge.yamlfile import Marked, Path

_MAP_IT = "map it at the source, or use another field"


@dataclass(frozen=True, slots=True)
class _Use:
    """Something that a rule asks. `can`: whether a source can tell it; if not, it “cannot {cannot}”.

    `beside` is what else must be true of an incident for it to be asked; `choice`: there are alternatives to it.
    """

    place: Path
    asked: str
    can: Callable[[Fills], bool]
    cannot: str
    advice: str
    beside: tuple[Tree, ...] = ()
    choice: bool = False


def unfilled(
    fills: Mapping[str, Fills], sla: SlaTargets | None, rule: CompiledRule, marked: Marked, place: Path
) -> Iterator[Problem]:
    """What the rule at `place` asks about although its sources never tell it; `fills` is what each source tells.

    Without `sla` nothing is said of breached clocks. Nothing is said of a rule that names a source that there is not.
    """
    if rule.rule.when.schedule is not None or not set(rule.rule.sources or ()) <= fills.keys():
        return
    covered = [name for name in (rule.rule.sources or fills) if _may_come(name, (rule.covers,))]
    for use in (*_conditions(rule.covers), *_groups(rule), *_reasons(rule, sla)):
        concerned = [name for name in covered if _may_come(name, use.beside)]
        able = [name for name in concerned if use.can(fills[name])]
        unable = ", ".join(name for name in concerned if name not in able)
        path = (*place, *use.place)
        if unable and not able:
            yield marked.problem(path, f"“{use.asked}” is not possible: {unable} cannot {use.cannot}", use.advice)
        elif unable and not use.choice:
            what = f"“{use.asked}” is possible at {', '.join(able)} only: {unable} cannot {use.cannot}"
            yield marked.problem(path, what, "say so with `sources`, or map it there, too", severity="warning")


def _may_come(source: str, conditions: tuple[Tree, ...]) -> bool:
    """Whether an incident of the source may fulfil all of this; quick where nothing is said of sources."""
    if not any(one.field.name == "source" for tree in conditions for one in questions(tree)):
        return True
    return not conflict(AllOf((source_question((source,)), *conditions)))


def _conditions(covers: Tree) -> Iterator[_Use]:
    is_by_source = any(one.field.name == "source" for one in questions(covers))
    for question, wanted, choice, beside in _asked(covers):
        make = partial(_Use, beside=beside if is_by_source else (), choice=choice)
        path = (*question.path, "field")
        if question.field.kind is Kind.STATE:
            states = question.operand if question.operator == "in" else (question.operand,)
            if wanted:
                advice = "map one of the source's states to it under `states`"
                yield make(question.path, str(question), partial(_shows, states), "show that", advice)
        elif question.operator != "exists" or question.operand is wanted:
            yield make(path, f"field: {question.field.name}", *_field(question.field.name))


def _asked(
    tree: Tree, beside: tuple[Tree, ...] = (), *, wanted: bool = True, choice: bool = False
) -> Iterator[tuple[Question, bool, bool, tuple[Tree, ...]]]:
    """Every question: whether yes is wanted, whether there are alternatives, and what is asked beside it."""
    if isinstance(tree, Question):
        yield tree, wanted, choice, beside
    elif isinstance(tree, Not):
        yield from _asked(tree.part, beside, wanted=not wanted, choice=choice)
    elif isinstance(tree, AnyOf):
        for part in tree.parts:
            yield from _asked(part, beside, wanted=wanted, choice=choice or len(tree.parts) > 1)
    else:
        for part in tree.parts:
            others = tuple(one for one in tree.parts if one is not part)
            yield from _asked(part, (*beside, *others), wanted=wanted, choice=choice)


def _groups(rule: CompiledRule) -> Iterator[_Use]:
    for number, name in enumerate(rule.rule.group_by):
        yield _Use(("group_by", number), f"group_by: {name}", *_field("summary" if name == FINGERPRINT else name))


def _reasons(rule: CompiledRule, sla: SlaTargets | None) -> Iterator[_Use]:
    how = "all" if rule.needs_all else "any"
    for number, trigger in enumerate(rule.triggers):
        place: Path = ("when", how, number)
        yield from _values(trigger, place)
        yield from _states(trigger, place)
        if trigger.effort:
            advice = "map `effort` at the source, or remove the reason"
            yield _Use((*place, "effort"), "effort", partial(_has, "effort"), "tell the hours worked", advice)
        if trigger.breached and sla is not None:
            yield _breached(trigger.breached, (*place, "breached"), sla)


def _values(trigger: Trigger, place: Path) -> Iterator[_Use]:
    """Values that a reason counts."""
    if trigger.recurs and (name := trigger.recurs.distinct):
        yield _Use((*place, "recurs", "distinct"), f"distinct: {name}", *_field(name))
    if trigger.affected:
        asked = f"distinct: {trigger.affected.distinct}"
        yield _Use((*place, "affected", "distinct"), asked, *_field(trigger.affected.field))
    for reason, name in (("reopened", "reopen_count"), ("reassigned", "reassignment_count")):
        if getattr(trigger, reason):
            advice = f"map `{name}` at the source, or remove the reason"
            cannot = f"count how often an incident was {reason}"
            yield _Use((*place, reason), reason, partial(_has, name), cannot, advice)


def _states(trigger: Trigger, place: Path) -> Iterator[_Use]:
    """States that a reason waits in."""
    if trigger.on_hold_for:
        advice = "map one of the source's states to on_hold under `states`"
        hold = partial(_shows, (State.ON_HOLD,))
        yield _Use((*place, "on_hold_for"), "on_hold_for", hold, "show an incident on hold", advice)
    if trigger.open_for:
        advice = "map the states of open incidents under `states`"
        shown = partial(_shows, tuple(OPEN_STATES))
        yield _Use((*place, "open_for"), "open_for", shown, "show an open incident", advice)


def _breached(asked: Breached, place: Path, sla: SlaTargets) -> _Use:
    """A verdict of the source decides, else a target for the incident's priority."""
    clock = asked.clock
    verdict = f"{clock}_breached"
    told = f"breached: {clock}"
    if sla.response if clock == "response" else sla.resolution:
        cannot = f"tell whether the {clock} clock is broken, nor the priority that targets under `sla` go by"
        advice = f"map `priority` or `{verdict}` at the source"
        return _Use(place, told, lambda fills: fills.has(verdict) or fills.has("priority"), cannot, advice)
    cannot = f"tell whether the {clock} clock is broken, and `sla` has no {clock} target"
    advice = f"write targets under `sla: {clock}:` in the settings, or map `{verdict}` at the source"
    return _Use(place, told, partial(_has, verdict), cannot, advice)


def _field(name: str) -> tuple[Callable[[Fills], bool], str, str]:
    """How a source is asked about a field, what it cannot do, and what helps."""
    if name.startswith(OWN_FIELD):
        own = name.removeprefix(OWN_FIELD)
        return lambda fills: fills.has_own(own), f"fill {name}", "keep it at the source, or use another field"
    return partial(_has, name), f"fill {name}", _MAP_IT


def _has(name: str, fills: Fills) -> bool:
    return fills.has(name)


def _shows(states: tuple[State, ...], fills: Fills) -> bool:
    return fills.shows(*states)
