"""What happened is told within a minute, from what is stored: once, and nothing that was there before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.notify.world import MONDAY, World, route, world

from bridge.model.effect import Effect
from bridge.model.errors import Rejected
from bridge.model.promotion import Promotion, PromotionState
from bridge.model.stop import Stop
from bridge.usecases.life import knowledge
from bridge.usecases.telling.happenings import tell_dead_letter, tell_happenings


@pytest.fixture
def made(tmp_path):
    with world(tmp_path, route(to=("owner",))) as one:
        one.project(name="old one")
        assert look(one) == []
        yield one


def look(made: World) -> list[tuple[str, str]]:
    """A look as the daemon makes it every minute; who got what by it."""
    made.clock.advance(minutes=1)
    made.mail.messages.clear()
    with made.database.transaction() as uow:
        tell_happenings(uow, made.configured, made.clock.now())
    made.deliver()
    return [(address.partition("@")[0], subject) for address, subject in made.mail.told]


def change(made: World, promotion: Promotion, **values) -> Promotion:
    with made.database.transaction() as uow:
        uow.promotions.save(replace(promotion, **values))
        return uow.promotions.get(promotion.id)


def test_a_candidate_then_a_project_then_another_owner(made):
    one = made.project(71, name="Mail", state=PromotionState.CANDIDATE)
    assert look(made) == [("ann", "A candidate waits for a decision: Mail")]
    assert look(made) == []
    one = change(made, one, state=PromotionState.ACTIVE)
    assert look(made) == [("ann", "A project was opened: Mail")]
    one = change(made, one, owner="bob")
    assert look(made) == [("bob", "A project has a new owner: Mail")]
    one = change(made, one, attention="delivered, but held back: “Rollback” must be done.")
    assert look(made) == [("bob", "A delivery is held back: Mail")]
    one = change(made, one, attention=f"{knowledge.HELD}cause: fill in the wiki page Knowledge.")
    assert look(made) == [("bob", "A delivery is held back: Mail")]
    change(made, one, attention="gone from Redmine")
    assert look(made) == [("bob", "A project needs a person: Mail")]
    change(made, one, state=PromotionState.INEFFECTIVE)
    assert look(made) == [("bob", "A delivered project shows no effect: Mail")]
    assert look(made) == []


def test_what_happens_again_another_day_is_told_again(made):
    one = made.project(71, name="Mail")
    look(made)
    heard = []
    for owner, attention in (("bob", "gone from Redmine"), ("ann", ""), ("bob", "gone from Redmine"), ("bob", "")):
        one = change(made, one, owner=owner, attention=attention)
        made.clock.advance(days=1)
        heard.append(look(made))
        assert look(made) == []
    moved, trouble = "A project has a new owner: Mail", "A project needs a person: Mail"
    assert heard == [[("bob", moved), ("bob", trouble)], [("ann", moved)], [("bob", moved), ("bob", trouble)], []]


def test_what_a_new_rule_found_in_the_past_comes_in_one_message(made):
    for number in (71, 72, 73):
        made.project(number, name=f"found {number}", state=PromotionState.CANDIDATE, from_history=True)
    assert look(made) == [("ann", "Candidates wait for a decision: vpn")]
    assert "found 73" in made.mail.messages[0].text


def test_a_system_that_is_stopped_is_told_to_whom_the_route_names(tmp_path):
    with world(tmp_path, route(to=("person:max",))) as made:
        assert look(made) == []
        with made.database.transaction() as uow:
            uow.stops.add(Stop("rt", MONDAY, "RB-1500", "rt shows far fewer incidents than before."))
        assert look(made) == [("max", "A sync was stopped: rt")]
        assert look(made) == []


def test_without_routes_nothing_is_kept_so_that_the_first_route_tells_nothing_old(tmp_path):
    with world(tmp_path, route(to=("owner",))) as made:
        policy = made.configured.notices
        made.configured = replace(made.configured, notices=replace(policy, routes=()))
        made.project(71, state=PromotionState.CANDIDATE)
        assert look(made) == []
        made.configured = replace(made.configured, notices=policy)
        assert look(made) == []


def test_a_write_that_could_not_be_delivered_is_told_and_a_message_that_could_not_is_not(made):
    project = made.project(71)
    error = Rejected("redmine", ("Subject cannot be blank",), "Mend it.")
    dead = Effect(9, "task.create", "project:2", "u", "redmine", {}, 1, unsure=False, created_at=MONDAY)
    with made.database.transaction() as uow:
        assert tell_dead_letter(uow, made.configured, replace(dead, promotion_id=project.id), error, MONDAY) == 1
        assert tell_dead_letter(uow, made.configured, replace(dead, kind="notice.send"), error, MONDAY) == 0
    made.deliver()
    assert "Subject cannot be blank" in made.mail.messages[0].text
    assert "queue retry" in made.mail.messages[0].text
