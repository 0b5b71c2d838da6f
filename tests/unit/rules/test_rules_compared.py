"""What is different between two sets of rules."""

from __future__ import annotations

from typing import Any

from tests.unit.rules.incidents import RULE, rule

from bridge.rules.compared import ChangeKind, compare
from bridge.rules.masks import Masks
from bridge.rules.matching import compile_rule
from bridge.rules.ruleset import RuleSet
from bridge.rules.schema import Rule

EVERY_MONTH: dict[str, Any] = {
    "id": "patching",
    "title": "Patching",
    "when": {"any": [{"schedule": {"every": "month", "on": "last friday"}}]},
    "project": {"template": "routine", "owner": "jane", "to": "version", "in": "ops-routine"},
}


def test_new_gone_changed_and_unchanged_rules() -> None:
    """In the order of the newer set, what is gone last."""
    old = RuleSet([rule(id="a"), rule(id="b"), rule(id="c")])
    new = RuleSet([rule(id="d"), rule(id="c", mode="auto"), rule(id="b")])
    told = compare(old, new)
    assert [(one.rule_id, one.kind) for one in told.rules] == [
        ("d", ChangeKind.NEW),
        ("c", ChangeKind.CHANGED),
        ("b", ChangeKind.UNCHANGED),
        ("a", ChangeKind.GONE),
    ]
    assert told.touched == {"a", "c", "d"}
    assert [(one.before is None, one.after is None) for one in told.rules] == [
        (True, False),
        (False, False),
        (False, False),
        (False, True),
    ]
    assert told.reordered
    assert told.differs


def test_the_same_rules_do_not_differ_however_they_are_written() -> None:
    told = compare(RuleSet([rule(mode="propose", priority=100)]), RuleSet([rule()]))
    assert not told.differs
    assert told.touched == frozenset()


def test_another_order_alone_is_a_difference() -> None:
    told = compare(RuleSet([rule(id="a"), rule(id="b")]), RuleSet([rule(id="b"), rule(id="a")]))
    assert told.reordered
    assert told.differs
    assert told.touched == frozenset()


def test_what_differs_is_told_with_both_values_and_what_is_usual() -> None:
    (one,) = compare(RuleSet([rule(group_by=["service"])]), RuleSet([rule(mode="shadow", kpi="remove")])).rules
    assert one.what == (
        'group_by: ["service"] → ["service", "fields.Correlation Key"]',
        "mode: propose → shadow",
        "kpi: pause → remove",
    )


def test_a_long_value_is_cut() -> None:
    (one,) = compare(RuleSet([rule()]), RuleSet([rule(title="x" * 200)])).rules
    assert one.what == (f"title: Router CPU → {'x' * 119}…",)


def test_other_masks_change_rules_that_group_by_fingerprints() -> None:
    written = Rule.model_validate(RULE | {"group_by": ["fingerprint"]})
    masks = Masks(apart=())
    (one,) = compare(RuleSet([compile_rule(written)]), RuleSet([compile_rule(written, masks=masks)])).rules
    assert one.kind is ChangeKind.CHANGED
    assert one.what[0].startswith("masks: ")


def test_scheduled_rules_are_compared_too() -> None:
    every = compile_rule(Rule.model_validate(EVERY_MONTH))
    told = compare(RuleSet([every]), RuleSet([]))
    assert [(one.rule_id, one.kind) for one in told.rules] == [("patching", ChangeKind.GONE)]
