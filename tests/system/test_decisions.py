"""Who decides: rules that act, propose, only watch or are off; people who approve and reject. History never acts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.model.errors import InvalidTransition, NotPossible
from bridge.model.promotion import Promotion, PromotionState
from bridge.sandbox import Sandbox
from tests.system.stage import RULE, Stage, opened, sandbox_bridge
from tests.system.test_story import SUMMARY, recurrence

FORM = {"objective": "The routers stay quiet for a quarter."}
PROPOSE = RULE.replace("mode: auto", "mode: propose")


@pytest.fixture
def stage(sandbox: Sandbox, tmp_path: Path) -> Stage:
    """A bridge that is not yet configured."""
    return sandbox_bridge(sandbox, tmp_path)


def write(stage: Stage, rule: str = RULE, **settings: Any) -> None:
    """The configuration, with the sandbox's clock."""
    stage.write(rule=rule, clock=f"{stage.office.url}/_control/clock", **settings)


def promotions(stage: Stage) -> list[Promotion]:
    """All promotions, oldest first."""
    with opened(stage) as bridge, bridge.database.reading() as uow:
        return list(uow.promotions.in_states())


def decide(stage: Stage, name: str, number: int = 1, **args: Any) -> str:
    """A person decides; the state that the promotion has then."""
    with opened(stage) as bridge:
        return str(bridge.perform(name, {"promotion": number, "actor": "jane", **args})["state"])


def assert_nothing_written(stage: Stage) -> None:
    """No writing request of the bridge reached either server, and nothing waits to be sent."""
    assert stage.writes() == 0
    with opened(stage) as bridge:
        assert bridge.engine().stats().ready == 0


def test_a_rule_that_proposes(stage: Stage) -> None:
    """A candidate first; what arrives meanwhile joins it; approved, it becomes a project as if the rule had acted."""
    write(stage, PROPOSE)
    stage.once()
    stage.pause()
    resolved, waiting = recurrence(stage)
    stage.once()
    (candidate,) = promotions(stage)
    assert candidate.state is PromotionState.CANDIDATE
    assert "5 incidents" in candidate.reason
    assert_nothing_written(stage)

    stage.pause()
    sixth = stage.desk.open(SUMMARY, key="core-1")
    stage.desk.resolve(waiting[0])
    stage.once()
    assert len(promotions(stage)) == 1
    assert_nothing_written(stage)

    assert decide(stage, "approve", form=FORM) == "opening"
    assert decide(stage, "approve", form=FORM) == "opening", "approving twice changes nothing"
    stage.once()
    (active,) = promotions(stage)
    assert (active.state, active.approved_by) == (PromotionState.ACTIVE, "jane")
    (project,) = stage.office.projects()
    evidence = stage.office.page(project["id"], "Evidence")
    assert all(f"itsm &#35;{i}" in evidence for i in [*resolved, *waiting, sixth])
    for incident in [*waiting[1:], sixth]:
        assert stage.office.own_issue(project["id"], f"itsm #{incident}")
        assert stage.desk.links(incident)
    assert all(stage.desk.written_by_bridge(i) == 0 for i in [*resolved, waiting[0]])


def test_a_rejected_candidate_is_silent_for_its_quiet_time(stage: Stage) -> None:
    """A rejection needs a reason and is respected, whatever arrives; when the quiet time is over it may come again."""
    write(stage, PROPOSE)
    stage.once()
    stage.pause()
    recurrence(stage)
    stage.once()
    with pytest.raises(NotPossible, match="needs a reason"):
        decide(stage, "reject", reason=" ")
    assert decide(stage, "reject", reason="the probe is wrong") == "rejected"
    with pytest.raises(InvalidTransition, match="is rejected"):
        decide(stage, "approve", form=FORM)
    for _ in range(3):
        stage.desk.open(SUMMARY, key="core-1")
        stage.pause()
        stage.once()
    (rejected,) = promotions(stage)
    assert (rejected.state, rejected.decision_note) == (PromotionState.REJECTED, "the probe is wrong")
    assert_nothing_written(stage)

    with opened(stage) as bridge:
        (rule,) = bridge.configured.rules.rules
    stage_clock(stage).advance((rule.quiet_for + timedelta(days=1)).total_seconds())
    for _ in range(5):
        stage.desk.open(SUMMARY, key="core-1")
    stage.once()
    assert [p.state for p in promotions(stage)] == [PromotionState.REJECTED, PromotionState.CANDIDATE]
    assert_nothing_written(stage)


def stage_clock(stage: Stage) -> Any:
    """The clock of the stage's sandbox."""
    return stage.desk.sandbox.clock  # type: ignore[attr-defined]  # these stages have the sandbox's desk


@pytest.mark.parametrize("mode", ["shadow", '"off"'])
def test_rules_that_only_watch_or_are_off(stage: Stage, mode: str) -> None:
    """Neither candidates nor writes; what a rule in shadow mode would do is told."""
    write(stage, RULE.replace("mode: auto", f"mode: {mode}"))
    stage.once()
    stage.pause()
    recurrence(stage)
    cycle = stage.once()
    assert promotions(stage) == []
    assert_nothing_written(stage)
    told = [str(f.decision.shadow) for f in cycle.findings if f.decision.shadow]
    assert told == (["candidate"] if mode == "shadow" else [])


def test_what_was_there_before_the_first_start_is_history(stage: Stage) -> None:
    """Started “now”, the bridge does not look back; from an earlier day on it finds candidates and nothing more."""
    recurrence(stage)
    stage.pause()
    write(stage)
    stage.once()
    stage.once()
    assert promotions(stage) == []
    assert_nothing_written(stage)


def test_a_first_start_in_the_past_makes_candidates_only(stage: Stage) -> None:
    """`start_from` a day in the past reads history: the rule on auto proposes, and a person may approve."""
    recurrence(stage)
    stage.pause()
    write(stage, sources=[{**stage.desk.source_settings(), "start_from": "2026-10-01"}])
    stage.once()
    stage.pause()
    stage.once()
    states = [p.state for p in promotions(stage)]
    assert_nothing_written(stage)
    assert states == [PromotionState.CANDIDATE]
    decide(stage, "approve", form=FORM)
    stage.once()
    assert len(stage.office.projects()) == 1


def test_a_new_rule_does_not_act_on_the_past(stage: Stage) -> None:
    """The incidents were stored before the rule came: a candidate, and not one write, also when more arrives."""
    write(stage, RULE.replace("(?i)router", "(?i)nothing like this"))
    stage.once()
    stage.pause()
    recurrence(stage)
    stage.once()
    assert promotions(stage) == []
    stage.pause()
    write(stage)
    stage.once()
    (candidate,) = promotions(stage)
    assert candidate.state is PromotionState.CANDIDATE
    assert_nothing_written(stage)
    stage.pause()
    stage.desk.open(SUMMARY, key="core-1")
    stage.once()
    assert [p.state for p in promotions(stage)] == [PromotionState.CANDIDATE]
    assert_nothing_written(stage)

    stage.pause()
    for _ in range(5):
        stage.desk.open("Router core-2 CPU above 95 %", key="core-2")
    stage.once()
    assert [p.state for p in promotions(stage)] == [PromotionState.CANDIDATE, PromotionState.ACTIVE]
    assert len(stage.office.projects()) == 1


def test_a_candidate_whose_rule_is_gone(stage: Stage) -> None:
    """It cannot be approved, and the message says what to do; it can be rejected."""
    write(stage, PROPOSE)
    stage.once()
    stage.pause()
    recurrence(stage)
    stage.once()
    write(stage, PROPOSE.replace("id: router-cpu", "id: something-else").replace("router", "switch"))
    with pytest.raises(NotPossible, match="router-cpu is no longer configured") as refused:
        decide(stage, "approve", form=FORM)
    assert "Put the rule back" in refused.value.advice
    assert decide(stage, "reject", reason="no longer") == "rejected"
    assert_nothing_written(stage)


def test_an_incident_that_stays_open_too_long(stage: Stage) -> None:
    """Time alone makes it a project: nothing changed at the desk for 72 hours."""
    write(stage)
    stage.once()
    stage.pause()
    incident = stage.desk.open(SUMMARY, key="core-1")
    stage.once()
    assert promotions(stage) == []
    stage_clock(stage).advance(72 * 3600 - 600)
    stage.once()
    assert promotions(stage) == []
    stage_clock(stage).advance(1200)
    stage.once()
    (active,) = promotions(stage)
    assert active.state is PromotionState.ACTIVE
    (project,) = stage.office.projects()
    assert stage.office.own_issue(project["id"], f"itsm #{incident}")
