"""All rules together, with an index: what an incident costs depends on the rules that may cover it, not on all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridge.model.incident import Incident
from bridge.model.project import Asked
from bridge.rules.fields import Field, Kind
from bridge.rules.matching import CompiledRule
from bridge.rules.project_part import ProjectPart
from bridge.rules.questions import AllOf, Not, Question, Tree
from bridge.rules.schema import Mode

Required = dict[str, tuple[Field, frozenset[Any]]]
_NONE: tuple[int, ...] = ()


class RuleSet:
    """Rules in the order in which they claim: by priority, then as in the files. It never changes.

    `rules` are about incidents; `scheduled` are those whose work comes round by the calendar.
    """

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        ordered = sorted(rules, key=lambda rule: rule.rule.priority)
        self.rules = tuple(rule for rule in ordered if rule.rule.when.schedule is None)
        self.scheduled = tuple(rule for rule in ordered if rule.rule.when.schedule is not None)
        self._by_id = {rule.id: rule for rule in ordered}
        self._anywhere: list[int] = []
        self._index: dict[str, tuple[Field, dict[Any, list[int]]]] = {}
        for position, rule in enumerate(self.rules):
            self._file(position, rule)
        self._asked = tuple((found.get, by_value.get) for found, by_value in self._index.values())

    def get(self, rule_id: str) -> CompiledRule | None:
        """The rule with that id."""
        return self._by_id.get(rule_id)

    def asked(self) -> list[Asked]:
        """What each rule asks of the tracker, except those that are off."""
        return [_asked(rule.id, rule.project) for rule in self._by_id.values() if rule.mode is not Mode.OFF]

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all rules."""
        return frozenset(self._by_id)

    def matching(self, incident: Incident) -> list[CompiledRule]:
        """The rules that cover an incident, in the order in which they claim."""
        positions = self._anywhere.copy()
        for value, found in self._asked:
            positions += found(value(incident), _NONE)
        positions.sort()
        return [rule for position in positions if (rule := self.rules[position]).matches(incident)]

    def _file(self, position: int, rule: CompiledRule) -> None:
        """Files a rule under the values that one of its fields must have, else with those that are always looked at."""
        needed = required(rule.covers)
        if not needed:
            self._anywhere.append(position)
            return
        name, (found, values) = min(needed.items(), key=lambda one: (_is_common(one[1][0]), len(one[1][1])))
        _, by_value = self._index.setdefault(name, (found, {}))
        for value in values:
            by_value.setdefault(value, []).append(position)


def _asked(rule_id: str, part: ProjectPart) -> Asked:
    kinds = part.trackers
    return Asked(
        rule=rule_id,
        trackers=tuple(dict.fromkeys(filter(None, (kinds.root, kinds.task, kinds.incident)))),
        roles=tuple(dict.fromkeys(member.role for member in part.members if member.role)),
        custom_fields=tuple(part.custom_fields),
        parent=part.parent or "",
        standing=part.standing or "",
    )


def _is_common(found: Field) -> bool:
    """Whether many incidents share each value of a field, so that it tells few of them apart."""
    return found.kind in {Kind.LEVEL, Kind.STATE} or found.name == "source"


def required(tree: Tree) -> Required:
    """What incidents that fulfil the tree must have: one of these values in the field of that name."""
    if isinstance(tree, Question):
        if tree.operator == "equals":
            return {tree.field.name: (tree.field, frozenset([tree.operand]))}
        return {tree.field.name: (tree.field, frozenset(tree.operand))} if tree.operator == "in" else {}
    if isinstance(tree, Not):
        return {}
    parts = [required(part) for part in tree.parts]
    if isinstance(tree, AllOf):
        found: Required = {}
        for part in parts:
            for name, (asked, values) in part.items():
                found[name] = (asked, values & found[name][1] if name in found else values)
        return found
    shared = set.intersection(*(set(part) for part in parts))
    return {name: (parts[0][name][0], frozenset().union(*(part[name][1] for part in parts))) for name in shared}
