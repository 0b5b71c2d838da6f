"""Groups, promotions, their members and tasks, links, exclusions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError
from tests.contract.store.fixtures import NASTY, NOON, at, incident, promotion, save

from bridge.model.errors import NotFound
from bridge.model.exclusion import Exclusion
from bridge.model.incident import GroupRow, IncidentRef, State
from bridge.model.link import Link, Refusal
from bridge.model.promotion import Member, PromotionState, Role, Task, TaskKind
from bridge.store.database import Database
from bridge.store.unit import Unit


def row(number: int, key: str = "a", rule: str = "r", minutes: float = 0) -> GroupRow:
    return GroupRow(rule, key, number, at(minutes))


def three(unit: Unit) -> None:
    """Incidents 1, 2 and 3, opened a minute apart."""
    save(unit, *(incident(number, opened_at=at(number)) for number in (1, 2, 3)))


# --- groups --------------------------------------------------------------------------------------------------------


def test_the_newest_members_come_first_and_no_more_than_asked_for(database: Database) -> None:
    with database.transaction() as unit:
        three(unit)
        unit.groups.join([row(1, minutes=5), row(2, minutes=9), row(3, minutes=5), row(1, "b", "other")])
        assert [number for number, _ in unit.groups.latest("r", "a", 9)] == [2, 3, 1]
        assert unit.groups.latest("r", "a", 1) == [(2, incident(2, opened_at=at(2)))]
        assert unit.groups.latest("r", "b", 9) == []
        assert (unit.groups.size("r", "a"), unit.groups.size("r", "b")) == (3, 0)


def test_an_incident_is_in_one_group_of_a_rule_and_moves(database: Database) -> None:
    with database.transaction() as unit:
        three(unit)
        unit.groups.join([row(1), row(2), row(1, rule="s")])
        unit.groups.join([row(1, NASTY), row(2)])
        assert unit.groups.keys("r") == sorted([NASTY, "a"])
        assert [number for number, _ in unit.groups.latest("r", NASTY, 9)] == [1]
        assert unit.groups.keys("s") == ["a"]


def test_incidents_leave_groups_and_rules_forget_them(database: Database) -> None:
    with database.transaction() as unit:
        three(unit)
        unit.groups.join([row(1), row(2), row(3, rule="s")])
        unit.groups.leave("r", 1)
        unit.groups.leave("r", 1)
        assert unit.groups.size("r", "a") == 1
        unit.groups.clear("r")
        assert (unit.groups.keys("r"), unit.groups.keys("s")) == ([], ["a"])


def test_a_group_key_too_long_for_an_index_is_still_found_and_told_apart(database: Database) -> None:
    long, other = "打" * 5000 + "1", "打" * 5000 + "2"
    with database.transaction() as unit:
        three(unit)
        unit.groups.join([row(1, long), row(2, other)])
        assert [number for number, _ in unit.groups.latest("r", long, 9)] == [1]
        assert [unit.groups.size("r", key) for key in unit.groups.keys("r")] == [1, 1]
        unit.promotions.add(promotion(rule_id="r", group_key=long))
        assert unit.promotions.of_group("r", long) is not None
        assert unit.promotions.of_group("r", other) is None


def test_long_open_incidents_are_those_open_old_enough_and_in_no_promotion(database: Database) -> None:
    with database.transaction() as unit:
        three(unit)
        save(
            unit,
            incident(4, opened_at=at(1), state=State.RESOLVED),
            incident(5, opened_at=at(0)),
            incident(6, opened_at=at(0.5), state=State.ON_HOLD),
        )
        unit.groups.join([row(number, f"g{number}") for number in (1, 2, 3, 4, 5, 6)])
        for number, state in ((1, PromotionState.VERIFIED), (5, PromotionState.CANDIDATE)):
            added = unit.promotions.add(promotion(state=state))
            unit.promotions.add_member(Member(added.id, number, Role.OPEN, NOON))
        assert unit.groups.open_since("r", at(3)) == [("g6", 6), ("g1", 1), ("g2", 2)]
        assert unit.groups.open_since("r", NOON) == []
        assert unit.groups.open_since("s", at(3)) == []


def test_groups_by_their_newest_incident(database: Database) -> None:
    with database.transaction() as unit:
        three(unit)
        days = {1: ("a", 1), 2: ("b", 4), 3: ("a", 6)}
        unit.groups.join([GroupRow("r", key, number, at(day)) for number, (key, day) in days.items()])
        assert unit.groups.recent("r", at(0), 9) == ["a", "b"]
        assert unit.groups.recent("r", at(0), 1) == ["a"]
        assert unit.groups.recent("r", at(4), 9) == ["a", "b"]
        assert unit.groups.recent("r", at(4.1), 9) == ["a"]
        assert unit.groups.recent("r", at(7), 9) == unit.groups.recent("s", at(0), 9) == []


# --- promotions ----------------------------------------------------------------------------------------------------


def test_a_promotion_comes_back_as_it_was(database: Database) -> None:
    with database.transaction() as unit:
        added = unit.promotions.add(promotion(label=NASTY, terms={"kpi": "pause"}))
        assert added == promotion(id=1, label=NASTY, terms={"kpi": "pause"})
        assert unit.promotions.get(1) == added
        changed = replace(
            added,
            state=PromotionState.ACTIVE,
            opened_at=at(1),
            delivered_at=at(2),
            owner="jane",
            identifier="itsm-router-1",
            project_id=7,
            root_issue_id=70,
            approved_by="boss",
            decision_note=NASTY,
            attention="look",
        )
        unit.promotions.save(changed)
    with database.reading() as unit:
        assert unit.promotions.get(1) == changed


def test_promotions_that_are_not_there_are_not_found(database: Database) -> None:
    with database.transaction() as unit:
        with pytest.raises(NotFound):
            unit.promotions.get(1)
        with pytest.raises(NotFound):
            unit.promotions.save(promotion(id=1))
        with pytest.raises(NotFound):
            unit.promotions.save_task(Task(1, "root", TaskKind.ROOT, "x"))
        with pytest.raises(NotFound):
            unit.links.get(1)


def test_promotions_by_state_oldest_first(database: Database) -> None:
    with database.transaction() as unit:
        for state in (PromotionState.ACTIVE, PromotionState.CANDIDATE, PromotionState.ACTIVE):
            unit.promotions.add(promotion(state=state))
        assert [one.id for one in unit.promotions.in_states()] == [1, 2, 3]
        assert [one.id for one in unit.promotions.in_states([PromotionState.ACTIVE])] == [1, 3]
        assert unit.promotions.in_states([]) == []


def test_the_promotion_of_a_group_is_the_newest_that_went_nowhere_else(database: Database) -> None:
    with database.transaction() as unit:
        for state in (PromotionState.REJECTED, PromotionState.DEMOTED, PromotionState.MERGED):
            unit.promotions.add(promotion(state=state))
        found = unit.promotions.of_group("router-cpu", '["network"]')
        assert found is not None
        assert found.id == 2
        assert unit.promotions.of_group("other", '["network"]') is None


def test_the_promotion_of_an_incident_is_one_that_claims_it(database: Database) -> None:
    with database.transaction() as unit:
        three(unit)
        for state in (PromotionState.ACTIVE, PromotionState.VERIFIED):
            added = unit.promotions.add(promotion(state=state))
            unit.promotions.add_member(Member(added.id, 1, Role.OPEN, NOON))
        found = unit.promotions.of_incident(1)
        assert found is not None
        assert found.id == 1
        unit.promotions.save(replace(found, state=PromotionState.VERIFIED))
        assert unit.promotions.of_incident(1) is None


def test_a_member_joins_once_and_may_change_its_role(database: Database) -> None:
    with database.transaction() as unit:
        three(unit)
        added = unit.promotions.add(promotion())
        member = Member(added.id, 2, Role.EVIDENCE, at(1))
        assert unit.promotions.add_member(member) is True
        assert unit.promotions.add_member(Member(added.id, 1, Role.OPEN, at(2))) is True
        assert unit.promotions.add_member(replace(member, role=Role.LATER)) is False
        assert unit.promotions.members(added.id) == [
            Member(added.id, 1, Role.OPEN, at(2)),
            Member(added.id, 2, Role.LATER, at(1)),
        ]


def test_tasks_that_are_there_already_stay(database: Database) -> None:
    with database.transaction() as unit:
        number = unit.promotions.add(promotion()).id
        root = Task(number, "root", TaskKind.ROOT, NASTY)
        unit.promotions.add_tasks([root, Task(number, "1.2", TaskKind.WORK, "work")])
        unit.promotions.save_task(replace(root, issue_id=70, status="New"))
        unit.promotions.add_tasks([root, Task(number, "rt#17", TaskKind.INCIDENT, "incident")])
        tasks = unit.promotions.tasks(number)
        assert set(tasks) == {"root", "1.2", "rt#17"}
        assert tasks["root"] == replace(root, issue_id=70, status="New")
        assert unit.promotions.task_of_issue(70) == tasks["root"]
        assert unit.promotions.task_of_issue(71) is None


def test_tasks_can_be_read_one_by_one(database: Database) -> None:
    with database.transaction() as unit:
        number = unit.promotions.add(promotion()).id
        unit.promotions.add_tasks([Task(number, key, TaskKind.WORK, key) for key in ("1", "1.1", "2")])
        assert list(unit.promotions.tasks(number, ["2", "1.1", "3"])) == ["1.1", "2"]
        assert unit.promotions.tasks(number, []) == {}


def test_what_a_task_guards_is_kept_and_changes(database: Database) -> None:
    with database.transaction() as unit:
        number = unit.promotions.add(promotion()).id
        gate = Task(number, "go", TaskKind.WORK, "Approve", gate={"kind": "approval", "by": ["jane"]})
        unit.promotions.add_tasks([gate])
        assert unit.promotions.tasks(number)["go"] == gate
        passed = replace(gate, issue_id=7, gate={**gate.gate, "state": "passed"})
        unit.promotions.save_task(passed)
        assert unit.promotions.task_of_issue(7) == passed


def test_the_newest_promotions_of_a_rule_in_some_states(database: Database) -> None:
    with database.transaction() as unit:
        done, active = PromotionState.DELIVERED, PromotionState.ACTIVE
        for rule, state in (("a", done), ("b", done), ("a", active), ("a", done), ("a", done)):
            unit.promotions.add(promotion(rule_id=rule, state=state, made={"version:x": 3}))
        assert [one.id for one in unit.promotions.of_rule("a", [done], 2)] == [5, 4]
        assert [one.id for one in unit.promotions.of_rule("a", [done, active], 9)] == [5, 4, 3, 1]
        assert unit.promotions.of_rule("c", [done], 9) == []
        assert unit.promotions.get(1).made == {"version:x": 3}


# --- links ---------------------------------------------------------------------------------------------------------


def link(number: int = 1, **values: object) -> Link:
    """A link of incident `number` in promotion 1."""
    base = Link(0, number, IncidentRef("rt", str(number)), 1, f"rt#{number}", {"status": "new"}, NOON, NOON)
    return replace(base, **values)  # type: ignore[arg-type]


def test_a_link_comes_back_as_it_was(database: Database) -> None:
    with database.transaction() as unit:
        three(unit)
        unit.promotions.add(promotion())
        added = unit.links.add(link())
        assert added == link(id=1)
        changed = replace(
            added,
            agreed={"status": NASTY, "assignee": ""},
            issue_id=7,
            incident_note="5",
            issue_note="9",
            attention="x",
            incident_missed_at=at(3),
            issue_missed_at=at(4),
            refused={"issue.state": Refusal("resolved", NASTY, "no.")},
        )
        unit.links.save(changed)
    with database.reading() as unit:
        assert unit.links.get(1) == changed
        assert unit.links.of_incident(1) == changed
        assert unit.links.of_issue(7) == changed
        assert unit.links.of_refs("rt", ["1", "2"]) == [changed]
        assert unit.links.of_refs("other", ["1"]) == []
        assert (unit.links.of_incident(2), unit.links.of_issue(8)) == (None, None)


def test_an_incident_has_at_most_one_link_that_has_not_ended(database: Database) -> None:
    with database.transaction() as unit:
        three(unit)
        unit.promotions.add(promotion())
        first = unit.links.add(link())
    with pytest.raises(IntegrityError), database.transaction() as unit:
        unit.links.add(link())
    with database.transaction() as unit:
        unit.links.save(replace(first, ended_at=at(1), ended_because="delivered", issue_id=7))
        second = unit.links.add(link(issue_id=7))
        assert unit.links.of_incident(1) == second
        assert unit.links.of_issue(7) == second
        assert unit.links.of_refs("rt", ["1"]) == [second]
        assert [one.id for one in unit.links.all()] == [first.id, second.id]
        assert unit.links.all(promotion_id=99) == []


def test_links_beside_one_are_missed_ones_first_then_those_of_its_promotion(database: Database) -> None:
    with database.transaction() as unit:
        three(unit)
        save(unit, incident(4), incident(5), incident(6))
        for _ in range(2):
            unit.promotions.add(promotion())
        mine = unit.links.add(link(1))
        other = unit.links.add(link(2, promotion_id=2))
        same = unit.links.add(link(3))
        missed = unit.links.add(link(4, promotion_id=2, incident_missed_at=at(1)))
        unit.links.add(link(5, ended_at=at(1)))
        unit.links.add(link(6, ref=IncidentRef("other", "6")))
        assert unit.links.beside(mine, 9) == [missed, same, other]
        assert unit.links.beside(mine, 1) == [missed]


# --- exclusions ----------------------------------------------------------------------------------------------------


def test_an_exclusion_runs_once_per_promotion_and_ends(database: Database) -> None:
    with database.transaction() as unit:
        three(unit)
        for _ in range(2):
            unit.promotions.add(promotion())
        unit.exclusions.start(1, 1, "pause", NOON, NASTY, "v1")
        unit.exclusions.start(1, 1, "remove", at(1), "again", "v2")
        unit.exclusions.start(1, 2, "remove", at(2), "another", "v1")
        unit.exclusions.end(1, 1, at(3), "delivered")
        unit.exclusions.end(1, 1, at(4), "none is running")
        unit.exclusions.start(1, 1, "pause", at(5), "reopened", "v1")
        assert unit.exclusions.of_incidents([1, 2]) == {
            1: [
                Exclusion(1, 1, "pause", NOON, at(3), NASTY, "v1", "delivered", 1),
                Exclusion(1, 2, "remove", at(2), None, "another", "v1", "", 2),
                Exclusion(1, 1, "pause", at(5), None, "reopened", "v1", "", 4),
            ]
        }
