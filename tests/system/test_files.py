"""Files, spent time and relations of an incident and its own issue, the same on real servers and on the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.app import App
from bridge.app.handlers import handlers
from bridge.model.effect import Effect, EffectSpec, EffectState
from bridge.sandbox import Sandbox
from bridge.store.effects import effects_above
from bridge.usecases.reconcile import reconcile_effect
from tests.servers.redmine import RedmineServer
from tests.servers.rt import RtServer
from tests.system.carrier import Carrier, RtCarrier, SandboxCarrier
from tests.system.stage import Stage, opened, real_bridge, sandbox_bridge

SUMMARY = "Router core-1 CPU above 95 %"
PICTURE = b"\x89PNG\r\n\x1a\n\x00\xff" * 4000
OFTEN = {"work_log": {"every": "1m"}}


@pytest.fixture
def on_sandbox(tmp_path: Path) -> Iterator[Carrier]:
    with Sandbox(clock_start=datetime(2026, 11, 2, 8, 0, tzinfo=UTC)) as sandbox:
        yield SandboxCarrier(sandbox_bridge(sandbox, tmp_path), sandbox)


@pytest.fixture
def on_real(fresh_redmine: RedmineServer, fresh_rt: RtServer, tmp_path: Path) -> Carrier:
    return RtCarrier(real_bridge(fresh_redmine, fresh_rt, tmp_path), fresh_rt)


@pytest.fixture(params=["sandbox", "real"])
def carrier(request: pytest.FixtureRequest) -> Carrier:
    found: Carrier = request.getfixturevalue(f"on_{request.param}")
    return found


def linked(stage: Stage, **settings: Any) -> tuple[int, list[str], list[int]]:
    """A project with three open incidents: (project, incidents, their own issues)."""
    if isinstance(clock := getattr(stage.desk, "sandbox", None), Sandbox):
        settings["clock"] = f"{clock.redmine.url}/_control/clock"
    stage.write_small(**OFTEN, **settings)
    stage.once()
    stage.pause()
    incidents = [stage.desk.open(SUMMARY, key="core-1") for _ in range(5)]
    for incident in incidents[:2]:
        stage.desk.resolve(incident)
    stage.once()
    (project,) = stage.office.projects()
    own = [stage.office.own_issue(project["id"], f"{stage.desk.source} #{one}")["id"] for one in incidents[2:]]
    return project["id"], incidents[2:], own


def attention(stage: Stage) -> list[str]:
    with opened(stage) as app, app.database.reading() as uow:
        return [line for link in uow.links.all() for line in link.attention.split("\n") if line]


def test_files_time_and_relations(carrier: Carrier) -> None:
    """Each once, privately, also when the same content comes back; corrected time is corrected; then silence."""
    stage = carrier.stage
    _, incidents, own = linked(stage, attachments={"to_project": True, "max_size": 60_000})
    first, second, third = incidents
    assert carrier.related(second) == {first}
    assert carrier.related(third) == {first}

    stage.pause()
    carrier.attach_to_issue(own[0], "ä picture.png", PICTURE)
    carrier.attach_to_issue(own[0], "again.png", PICTURE)
    carrier.attach_to_issue(own[0], "huge.bin", b"x" * 60_001)
    carrier.attach_to_issue(own[0], "run.exe", b"MZ")
    carrier.attach_to_incident(second, "log.bin", PICTURE[::-1], private=False)
    carrier.attach_to_incident(second, "secret.bin", b"for staff", private=True)
    entry = carrier.spend(own[0], 1.5, as_="mia")
    stage.once()
    assert [(content, private) for _, content, private in carrier.files(first)] == [(PICTURE, True)]
    assert carrier.issue_files(own[1]) == {"log.bin": PICTURE[::-1]}
    assert carrier.worked(first) == 90
    told = "\n".join(attention(stage))
    assert "huge.bin" in told
    assert "run.exe" in told
    assert "secret.bin" in told
    quiet(carrier)

    stage.pause()
    carrier.spend_instead(entry, 1.0)
    stage.once()
    assert carrier.worked(first) == 60
    carrier.spend(own[0], 0.5, as_="mia")
    stage.pause()
    carrier.forget(entry)
    stage.once()
    assert carrier.worked(first) == 30
    quiet(carrier)


def test_nothing_is_written_twice_when_the_bridge_dies_before_it_stores_that_it_wrote(on_sandbox: Carrier) -> None:
    """Each effect is delivered, its result thrown away, and delivered again as the queue does after a crash."""
    stage = on_sandbox.stage
    _, (first, second, _), (issue, *_) = linked(stage, attachments={"to_project": True})
    on_sandbox.attach_to_issue(issue, "picture.png", PICTURE)
    on_sandbox.attach_to_incident(first, "log.bin", PICTURE[::-1], private=False)
    on_sandbox.spend(issue, 1.5, as_="mia")
    with opened(stage) as app:
        handler = handlers(app.database, app.sources, app.tracker, app.notifiers, app._present, app.clock)
        with app.database.reading() as uow:
            link = uow.links.all()[0]
        save = handler["link.reconcile"](effect(reconcile_effect(link, "test")))
        with app.database.transaction() as uow:
            save(uow)
        stage.pause()
        app.poll()
        specs = planned(app)
        assert {spec.kind for spec in specs} == {"incident.file", "issue.file", "incident.work"}
        for spec in specs:
            handler[spec.kind](spec)
            saved = handler[spec.kind](replace(spec, unsure=True, attempt=2))
            with app.database.transaction() as uow:
                saved(uow)
            assert handler[spec.kind](replace(spec, unsure=True, attempt=3))
    assert len(on_sandbox.files(first)) == 2
    assert len(on_sandbox.issue_files(issue)) == 2
    assert on_sandbox.worked(first) == 90
    assert on_sandbox.related(second) == {first}


def effect(spec: EffectSpec) -> Effect:
    return Effect(1, spec.kind, spec.key, spec.unique, spec.endpoint, spec.payload, 1, False, datetime.now(UTC))


def planned(app: App) -> list[Effect]:
    """The effects on files and time that wait."""
    with app.database.reading() as uow:
        return [
            one
            for one in effects_above(uow.connection, 0)
            if one.state is EffectState.READY and one.kind.endswith((".file", ".work"))
        ]


def quiet(carrier: Carrier) -> None:
    """The bridge hears its own writes once and writes nothing more."""
    stage = carrier.stage
    stage.pause()
    stage.once()
    before = carrier.written()
    stage.pause()
    stage.once()
    assert carrier.written() == before
