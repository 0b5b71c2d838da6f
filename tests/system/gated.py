"""A project with gates: its template and rule, on the sandbox's desk with the sandbox's or a real Redmine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bridge.model.promotion import Promotion
from bridge.sandbox import Sandbox
from tests.servers.redmine import RedmineServer
from tests.system.desks import SandboxDesk
from tests.system.stage import RULE, Stage, opened, real_office, sandbox_bridge

TEMPLATE = """\
version: 1
title: Gated
roles: {engineer: , operations: network-team}
milestones:
  - {key: live, title: Fix in production, tasks: [rollout]}
tasks:
  - {key: approve, title: Approve the fix, gate: approval, closed_by: [owner], role: owner, estimate: 2h}
  - {key: back, title: Write the way back, gate: rollback, role: engineer, estimate: 4h}
  - {key: change, title: Request the change, gate: change, open: false, number: CHG, after: [approve],
     blocks: [rollout]}
  - {key: rollout, title: Roll out, after: [approve, back], role: engineer, estimate: 4h}
  - {key: handover, title: Hand over, gate: handover, after: [rollout], role: operations, estimate: 2h}
"""
OPENED = TEMPLATE.replace("open: false, number: CHG", "number: CHG")
"""The same with the change request left to whoever can open it."""
GATED = RULE.replace("template: network-problem", "template: gated").replace(
    "members: [network-team]", "members: [network-team]\n      roles: {engineer: ben}"
)


@contextmanager
def stage_on(server: RedmineServer | None, folder: Path, **sandbox_options: Any) -> Iterator[Stage]:
    """The sandbox's desk with a real Redmine (and the machine's clock), or with the sandbox's own."""
    with Sandbox(**({} if server else sandbox_options)) as sandbox:
        stage = Stage(folder, SandboxDesk(sandbox), real_office(server)) if server else sandbox_bridge(sandbox, folder)
        yield stage


def write(stage: Stage, rule: str = GATED, template: str = TEMPLATE, **redmine: Any) -> None:
    """The configuration with the template `gated`; `redmine` are further settings."""
    wbs = stage.folder / "templates" / "wbs"
    wbs.mkdir(parents=True, exist_ok=True)
    (wbs / "gated.yaml").write_text(template, encoding="utf-8")
    settings = {**stage.office.settings(), "creator_role": "Bridge", **redmine}
    clock = {} if stage.pause.__name__ == "next_second" else {"clock": f"{stage.office.url}/_control/clock"}
    stage.write(rule=rule, redmine=settings, templates=str(stage.folder / "templates"), **clock)


def promotion(stage: Stage) -> Promotion:
    """The one promotion there is."""
    with opened(stage) as bridge, bridge.database.reading() as uow:
        (found,) = uow.promotions.in_states()
        return found


def task(stage: Stage, project: int, title: str) -> dict[str, Any]:
    """The issue of a task, by the end of its subject."""
    (found,) = [issue for issue in stage.office.issues(project) if issue["subject"].endswith(title)]
    return stage.office.issue(found["id"])


def again(stage: Stage) -> None:
    """A second passes, and the bridge looks."""
    stage.pause()
    stage.once()


def dead(stage: Stage) -> list[Any]:
    """The dead letters."""
    with opened(stage) as bridge:
        return list(bridge.engine().dead())
