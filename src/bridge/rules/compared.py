"""What is different between two sets of rules, as they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bridge.rules.matching import CompiledRule
from bridge.rules.ruleset import RuleSet

LONGEST_VALUE = 120


class ChangeKind(StrEnum):
    """What became of a rule."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule in two sets. `before` and `after` are its versions, None: not there; `what` says which keys differ."""

    rule_id: str
    kind: ChangeKind
    before: str | None
    after: str | None
    what: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RulesCompared:
    """All rules of two sets in the order of the newer one, then those that are gone.

    `reordered`: those that both have do not look at incidents in the same order.
    """

    rules: tuple[RuleChange, ...]
    reordered: bool

    @property
    def touched(self) -> frozenset[str]:
        """The ids of the rules that are not the same in both."""
        return frozenset(one.rule_id for one in self.rules if one.kind is not ChangeKind.UNCHANGED)

    @property
    def differs(self) -> bool:
        """Whether there is any difference."""
        return self.reordered or bool(self.touched)


def compare(old: RuleSet, new: RuleSet) -> RulesCompared:
    """What is different; two rules are the same when their versions are."""
    before, after = ((*one.rules, *one.scheduled) for one in (old, new))
    found = [_change(old.get(rule.id), rule) for rule in after]
    found += [_change(rule, None) for rule in before if new.get(rule.id) is None]
    orders = [[rule.id for rule in one.rules if rule.id in old.ids & new.ids] for one in (old, new)]
    return RulesCompared(tuple(found), orders[0] != orders[1])


def _change(before: CompiledRule | None, after: CompiledRule | None) -> RuleChange:
    if before is None:
        assert after is not None, "it is in one of both"
        return RuleChange(after.id, ChangeKind.NEW, None, after.version)
    if after is None:
        return RuleChange(before.id, ChangeKind.GONE, before.version, None)
    if before.version == after.version:
        return RuleChange(after.id, ChangeKind.UNCHANGED, before.version, after.version)
    return RuleChange(after.id, ChangeKind.CHANGED, before.version, after.version, tuple(_keys(before, after)))


def _keys(before: CompiledRule, after: CompiledRule) -> Iterator[str]:
    """Which keys differ, with what they say; a key that is not there says nothing."""
    one, other = (rule.rule.model_dump(mode="json", by_alias=True, exclude_defaults=True) for rule in (before, after))
    usual = {name: field.default for name, field in type(after.rule).model_fields.items() if not field.is_required()}
    for key in dict.fromkeys((*one, *other)):
        if one.get(key) != other.get(key):
            yield f"{key}: {_written(one.get(key, usual.get(key)))} → {_written(other.get(key, usual.get(key)))}"
    if before.masks.version != after.masks.version:
        yield f"masks: {before.masks.version} → {after.masks.version}"


def _written(value: Any) -> str:
    if value is None:
        return "(nothing)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
