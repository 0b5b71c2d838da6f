"""The head of the ledger goes to people where routes say so, with a page of the wiki and without one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.contract.store.fixtures import incident, save
from tests.unit.notify.world import MONDAY, World, route, world

from bridge.model.notice import NoticeKind
from bridge.usecases.ledger.publish import publish_daily

ROUTE = route(NoticeKind.LEDGER_HEAD, to=("address:audit@example.com",))


def without_page(made: World) -> None:
    """Begins an exclusion on Monday; the settings name no page."""
    policy = made.configured.policy
    made.configured = replace(made.configured, policy=replace(policy, ledger=replace(policy.ledger, page="")))
    excluded(made, 1)


def excluded(made: World, number: int) -> None:
    project = made.project(70 + number)
    with made.database.transaction() as uow:
        save(uow, incident(number))
        uow.exclusions.start(number, project.id, "pause", made.clock.now(), "why", "v1")


def published(made: World, at: datetime) -> bool:
    made.until(at)
    with made.database.transaction() as uow:
        return publish_daily(uow, made.configured, at)


def test_without_a_page_the_head_is_mailed_once_for_new_rows_and_counts_as_published(tmp_path: Path) -> None:
    with world(tmp_path, ROUTE) as made:
        without_page(made)
        tuesday = MONDAY + timedelta(days=1)
        assert [published(made, at) for at in (MONDAY, tuesday, tuesday + timedelta(days=1))] == [False, True, False]
        excluded(made, 2)
        assert published(made, tuesday + timedelta(days=2))
        with made.database.reading() as uow:
            first, second = uow.kpi_ledger.rows(0, 9)
            assert [(head.seq, head.hash) for head in uow.kpi_ledger.heads()] == [(1, first.hash), (2, second.hash)]
            assert not uow.effects.is_stored(f"ledger:head:{tuesday:%Y-%m-%d}"), "nothing for the wiki"
        made.deliver()
        assert [message.address for message in made.mail.messages] == ["audit@example.com"] * 2
        assert [first.hash in made.mail.messages[0].subject, second.hash in made.mail.messages[1].subject] == [True] * 2


@pytest.mark.parametrize("to", ["concerned", "role:auditor"])
def test_without_a_page_and_with_nobody_to_tell_it_is_not_published(tmp_path: Path, to: str) -> None:
    with world(tmp_path, route(NoticeKind.LEDGER_HEAD, to=(to,))) as made:
        without_page(made)
        assert not published(made, MONDAY + timedelta(days=1))
        with made.database.reading() as uow:
            assert uow.kpi_ledger.heads() == []
