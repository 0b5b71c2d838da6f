"""All rules together, with an index: what an incident costs depends on the rules that may cover it, not on all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bridge.model.incident import Incident
from bridge.rules.conditions import Condition, Group, Node
from bridge.rules.fields import Field, field
from bridge.rules.matching import CompiledRule


class RuleSet:
    """Rules in the order in which they claim: by priority, then as in the files. It never changes."""

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        self.rules = tuple(sorted(rules, key=lambda rule: rule.rule.priority))
        self._by_id = {rule.id: rule for rule in self.rules}
        self._anywhere: list[int] = []
        self._index: dict[str, tuple[Field, dict[Any, list[int]]]] = {}
        for position, rule in enumerate(self.rules):
            self._file(position, rule)

    def get(self, rule_id: str) -> CompiledRule | None:
        """The rule with that id."""
        return self._by_id.get(rule_id)

    def matching(self, incident: Incident) -> list[CompiledRule]:
        """The rules that cover an incident, in the order in which they claim."""
        positions = list(self._anywhere)
        for found, by_value in self._index.values():
            positions += by_value.get(found.get(incident), ())
        return [rule for position in sorted(positions) if (rule := self.rules[position]).matches(incident)]

    def _file(self, position: int, rule: CompiledRule) -> None:
        """Files a rule under the values that one of its fields must have, else with those that are always looked at."""
        for name, values in _required(rule):
            found = field(name)
            if found is not None:
                _, by_value = self._index.setdefault(name, (found, {}))
                for value in values:
                    by_value.setdefault(value, []).append(position)
                return
        self._anywhere.append(position)


def _required(rule: CompiledRule) -> Iterable[tuple[str, frozenset[Any]]]:
    """(field, values): an incident that the rule covers has one of these values there. The best one first."""
    yield from _equalities(rule.rule.match)
    if rule.rule.sources is not None:
        yield "source", frozenset(rule.rule.sources)


def _equalities(node: Node) -> Iterable[tuple[str, frozenset[Any]]]:
    if isinstance(node, Condition):
        if node.equals is not None:
            yield node.field, frozenset({node.equals})
        elif node.one_of is not None:
            yield node.field, frozenset(node.one_of)
    elif isinstance(node, Group):
        for inner in node.all_of or ():
            yield from _equalities(inner)
