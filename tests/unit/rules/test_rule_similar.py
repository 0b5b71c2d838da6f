"""Groups of similar summaries: who is one with whom, and that the order of events alone decides it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz
from tests.unit.rules.corpus.generate import Line, lines
from tests.unit.rules.incidents import RULE, rule, ticket, unhurried
from tests.unit.rules.similar_rules import told

from bridge.model.incident import Incident
from bridge.rules.masks import STANDARD, Mask, Masks
from bridge.rules.matching import CompiledRule, compile_rule, group_key, group_label
from bridge.rules.schema import Rule
from bridge.rules.similar import MOST_COMPARED, Representative, Representatives, Shelf, assign, likeness, nearest

SHUFFLES = 20


def similar(score: int = 85, **changes: Any) -> CompiledRule:
    return rule(**{"group_by": ["fingerprint"], "similar": score} | changes)


class Replay:
    """Incidents in their order, each in its group."""

    def __init__(self, by: CompiledRule) -> None:
        self.rule = by
        self.groups = Representatives()

    def take(self, number: int, incident: Incident) -> str:
        own = group_key(self.rule, incident)
        assert own is not None
        key = assign(self.groups, self.rule, number, own)
        self.groups.join(self.rule.id, number, key)
        return key

    def texts(self, *summaries: str) -> list[str]:
        """The labels of the groups of these incidents."""
        return [
            group_label(self.rule, incident, self.take(number, incident))
            for number, incident in enumerate(ticket(summary=text) for text in summaries)
        ]


# --- the corpus ----------------------------------------------------------------------------------------------------


def clusters(taken: Iterable[tuple[str, str]]) -> tuple[float, float, int]:
    """(purity, completeness, number of groups) of (label, group) pairs."""
    inside: dict[str, Counter[str]] = defaultdict(Counter)
    across: dict[str, Counter[str]] = defaultdict(Counter)
    total = 0
    for label, group in taken:
        inside[group][label] += 1
        across[label][group] += 1
        total += 1
    pure = sum(max(one.values()) for one in inside.values()) / total
    complete = sum(max(one.values()) for one in across.values()) / total
    return pure, complete, len(inside)


def keys_of(by: CompiledRule, corpus: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """(label, group) of (label, own key), in the order given."""
    groups = Representatives()
    return [(label, assign(groups, by, number, own)) for number, (label, own) in enumerate(corpus)]


def own_keys(corpus: Sequence[Line]) -> list[tuple[str, str]]:
    """(label, own key) of every line."""
    by = rule(group_by=["fingerprint"])
    return [(line.label, group_key(by, ticket(summary=line.text)) or "") for line in corpus]


@pytest.fixture(scope="module")
def corpus() -> list[tuple[str, str]]:
    """The labels of the corpus with the lines' own keys."""
    return own_keys(lines(7))


def test_the_corpus_is_what_it_is_said_to_be() -> None:
    made = lines(7)
    labels = {line.label for line in made}
    families = Counter(label.partition(".")[0] for label in labels)
    assert len(made) >= 2000
    assert len(labels) >= 40
    assert sum(count for count in families.values() if count > 1) >= 20
    assert sum(line.typo for line in made) >= 200
    assert lines(7) == made != lines(8)


def test_fingerprints_alone_mix_nothing(corpus: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert "" not in dict(corpus).values()
    pure, complete, groups = clusters(corpus)
    with capsys.disabled():
        print(f"\nfingerprint: purity {pure:.4f}, completeness {complete:.3f}, {groups} groups")
    assert pure >= 0.98


def test_similar_summaries_are_pure_in_any_order(
    corpus: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    found = []
    for shuffle in range(SHUFFLES):
        order = random.Random(shuffle).sample(corpus, len(corpus))
        found.append(clusters(keys_of(similar(), order)))
    alone = clusters(corpus)
    worst, complete = min(found)[0], sorted(one[1] for one in found)
    with capsys.disabled():
        told = f"completeness {complete[0]:.3f} to {complete[-1]:.3f}, {found[0][2]} groups"
        print(f"\nsimilar 85: purity at least {worst:.4f}, {told}, {SHUFFLES} shuffles")
    assert worst >= 0.98
    assert complete[0] > alone[1] + 0.1
    assert max(groups for _, _, groups in found) < alone[2] / 2


def test_another_seed_is_as_pure() -> None:
    assert clusters(keys_of(similar(), own_keys(lines(20261121))))[0] >= 0.98


def replayed(order: Sequence[tuple[str, str]], seed: int) -> list[list[str]]:
    """`keys_of` in a process of its own, whose sets of texts have another order."""
    code = (
        "import json, sys\n"
        "from tests.unit.rules.test_rule_similar import keys_of, similar\n"
        "print(json.dumps(keys_of(similar(), [tuple(one) for one in json.load(sys.stdin)])))\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    run = [sys.executable, "-c", code]
    told = json.dumps(order)
    done = subprocess.run(run, input=told, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return list(json.loads(done.stdout))


def test_a_replay_in_the_same_order_is_identical_in_every_process(corpus: list[tuple[str, str]]) -> None:
    """The order of events decides, and nothing that differs from process to process."""
    order = random.Random(3).sample(corpus, 500)
    here = [list(one) for one in keys_of(similar(), order)]
    assert replayed(order, 1) == here
    assert replayed(order, 2) == here
    assert [list(one) for one in keys_of(similar(), order[::-1])][::-1] != here


# --- which group ---------------------------------------------------------------------------------------------------


def test_a_typo_joins_the_group_and_is_told_by_the_first_member() -> None:
    assert Replay(similar()).texts("Printer P1 offline", "Printer P2 ofline", "Toner of P3 low") == [
        "printer # offline",
        "printer # offline",
        "toner of # low",
    ]


def test_the_first_member_is_compared_and_not_the_last() -> None:
    chain = ["abcdefghij", "abcdefghiz", "abcdefghyz"]
    assert fuzz.ratio(chain[1], chain[2]) >= 90 > fuzz.ratio(chain[0], chain[2])
    assert Replay(similar(90)).texts(*chain) == [chain[0], chain[0], chain[2]]


def test_the_most_similar_wins_and_of_equal_ones_the_oldest() -> None:
    among = [
        Representative("b", "abcdefghiy", 2),
        Representative("c", "abcdefghijj", 3),
        Representative("a", "abcdefghix", 1),
    ]
    assert nearest("abcdefghij", among, 80) == "c"
    assert nearest("abcdefghij", [among[0], among[2]], 80) == "a"
    assert nearest("abcdefghij", [], 1) is None


@given(
    st.text("ab", min_size=1, max_size=12),
    st.lists(st.text("ab", min_size=1, max_size=12), unique=True),
    st.integers(1, 100),
)
@unhurried
def test_nearest_is_what_comparing_with_each_one_finds(text: str, others: list[str], score: int) -> None:
    among = [Representative(one, one, number) for number, one in enumerate(others)]
    best = max(((fuzz.ratio(text, one), -number) for number, one in enumerate(others)), default=(0, 0))
    assert nearest(text, random.Random(1).sample(among, len(among)), score) == (
        others[-best[1]] if others and best[0] >= score else None
    )


def test_scores_are_taken_exactly() -> None:
    ratio = fuzz.ratio("abcde", "abcdx")
    assert ratio == 80
    assert Replay(similar(80)).texts("abcde", "abcdx") == ["abcde", "abcde"]
    assert Replay(similar(81)).texts("abcde", "abcdx") == ["abcde", "abcdx"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nightly import of orders failed", "Nightly export of orders failed"),
        ("客户端无法发送邮件", "客户端无法接收邮件"),
    ],
)
def test_opposites_are_never_similar(one: str, other: str) -> None:
    assert len(set(Replay(similar(60)).texts(one, other))) == 2


def test_other_group_values_and_sources_divide() -> None:
    by = similar(group_by=["service", "fingerprint", "site"])
    replay = Replay(by)
    first = ticket(summary="Door open", site="A")
    keys = [
        replay.take(number, incident)
        for number, incident in enumerate(
            [
                first,
                ticket(summary="Door opem", site="B"),
                ticket(summary="Door opem", site="A"),
                ticket(summary="Door opem", site="A", source="other"),
            ]
        )
    ]
    assert keys[0] == keys[2]
    assert len(set(keys)) == 3
    assert group_label(by, ticket(summary="Door opem", site="A"), keys[2]) == "Network · door open · A"
    across = Replay(similar(across_sources=True))
    assert across.take(1, first) == across.take(2, ticket(summary="Door opem", source="other"))


def test_an_incident_stays_where_it_came_whatever_becomes_of_its_summary() -> None:
    replay = Replay(similar(group_by=["service", "fingerprint"]))
    first = replay.take(1, ticket(summary="Door open"))
    assert replay.take(1, ticket(summary="Something else altogether")) == first
    assert replay.take(2, ticket(summary="Something else altogether")) != first
    assert replay.take(2, ticket(summary="Door open", service="Doors")) != first
    replay.groups.leave(replay.rule.id, 1)
    assert replay.take(1, ticket(summary="Something else altogether")) != first


def word(number: int) -> str:
    """A text without a digit that only this number has."""
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:05}") * 3


def test_exactly_the_same_is_found_however_long_ago_and_the_similar_among_the_groups_joined_last() -> None:
    groups, by = Representatives(), similar()
    keys = [
        assign(groups, similar(100), n, str(group_key(by, ticket(summary=word(n))))) for n in range(MOST_COMPARED + 2)
    ]
    own = str(group_key(by, ticket(summary=word(0) + "x")))
    assert assign(groups, by, 90_000, own) == own
    assert assign(groups, by, 90_001, keys[0]) == keys[0]
    later = str(group_key(by, ticket(summary=word(0)[:-1])))
    assert assign(groups, by, 90_002, later) == keys[0]


def test_a_rule_forgets_only_its_own_groups() -> None:
    groups = Representatives()
    for rule_id in ("a", "b"):
        groups.start(Shelf(rule_id, "d"), "k", "text")
        groups.join(rule_id, 1, "k")
    groups.clear("a")
    assert [groups.has(one, "k") for one in "ab"] == [False, True]
    assert [groups.placed(one, 1, "d") for one in "ab"] == [None, "k"]
    assert [len(groups.recent(Shelf(one, "d"), 9)) for one in "ab"] == [0, 1]


def test_a_comparison_with_all_that_may_be_compared_is_quick() -> None:
    rng = random.Random(5)
    among = [Representative(str(n), "".join(rng.choices("abcdefgh ", k=60)), n) for n in range(MOST_COMPARED)]
    start = time.process_time()
    for _ in range(20):
        nearest("".join(rng.choices("abcdefgh ", k=60)), among, 60)
    assert time.process_time() - start < 5


# --- the rule ------------------------------------------------------------------------------------------------------


def test_a_fingerprint_groups_with_other_fields_and_without_similar() -> None:
    by = rule(group_by=["service", "fingerprint"])
    one, other = ticket(summary="INC1: Disk full on srv-1"), ticket(summary="disk FULL on srv-22")
    assert group_key(by, one) == group_key(by, other) == '["rt","Network","disk full on #"]'
    assert group_label(by, one) == "Network · disk full on #"
    assert group_key(by, ticket(summary="4711")) is None


def test_other_masks_are_another_version_of_rules_that_use_them() -> None:
    more = Masks((Mask(name="line", regex="red"), *STANDARD.masks))
    asked = Rule.model_validate(RULE | {"group_by": ["fingerprint"]})
    assert compile_rule(asked, masks=more).version != compile_rule(asked).version
    assert group_key(compile_rule(asked, masks=more), ticket(summary="line red")) == '["rt","line #"]'
    fields_only = Rule.model_validate(RULE)
    assert compile_rule(fields_only, masks=more).version == compile_rule(fields_only).version


def test_the_likeness_is_told() -> None:
    by, replay = similar(), Replay(similar())
    key = replay.take(1, ticket(summary="Printer P1 offline"))
    words = likeness(by, key, ticket(summary="Printer P2 ofline"))
    assert words == "“printer # ofline” is 97 of 100 like the group's first member “printer # offline” (needed: 85)"
    assert likeness(by, key, ticket(summary="Printer P9 offline")).startswith("100 of 100 like ")
    assert likeness(rule(group_by=["fingerprint"]), key, ticket()) == ""
    assert likeness(by, key, ticket(summary="17")) == ""


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("    group_by: [fingerprint]\n    similar: 85\n", ""),
        ("    group_by: [service]\n    similar: 85\n", "9:14: “similar”: compares fingerprints"),
        ("    group_by: [fingerprint]\n    similar: 0\n", "9:14: “similar” must be at least 1"),
        ("    group_by: [fingerprint]\n    similar: 101\n", "9:14: “similar” must be at most 100"),
        ("    group_by: [fingerprint]\n    similar: yes\n", "9:14: “similar” must be a whole number"),
        ("    group_by: [similar]\n", "8:16: “group_by” entry 1: “similar” is a key of the rule"),
        ("    group_by: [fingerprnt]\n", "did you mean “fingerprint”?"),
    ],
)
def test_what_check_says(keys: str, expected: str) -> None:
    found = told(keys)
    assert (found == "") if not expected else (expected in found), found


def test_without_the_library_check_says_what_to_install() -> None:
    """In a process of its own, where importing it fails as it does when it is not installed."""
    code = (
        "import sys; sys.modules['rapidfuzz'] = None\n"
        "from tests.unit.rules.similar_rules import told\n"
        "print(told('    group_by: [fingerprint]\\n    similar: 85\\n'))\n"
        "print(told('    group_by: [fingerprint]\\n'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    first, _, rest = done.stdout.partition("\n")
    assert "rules.yaml:9:14: “similar”: needs a library" in first
    assert "redmine-itsm-bridge[similar]" in first
    assert rest.strip() == ""
