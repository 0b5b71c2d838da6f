"""What is to be written to a project that people closed waits; it is not refused for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

import pytest
from tests.unit.convergence.test_convergence import Sync

from bridge.model.errors import Forbidden
from bridge.model.files import RemoteFile, Upload, Written
from bridge.model.link import Link
from bridge.model.project import Project
from bridge.ports import Extras
from bridge.sync.files import FileCopy
from bridge.sync.merge import Side
from bridge.usecases.deliver.effects import issue_effect
from bridge.usecases.files import _effect as file_effect
from bridge.usecases.relations import ON_ISSUE, RELATES

FILE = RemoteFile("7", "log.txt", "text/plain", 3, "anna", None)


class Closed:
    """A project that takes nothing until it is opened again, and what it took."""

    hides = True

    def __init__(self, sync: Sync) -> None:
        self.status = "closed"
        self.took: list[str] = []
        sync.office.project = lambda _number: Project(1, "p", "P", "", False, self.status, "")
        sync.office.files = self
        sync.office.relate = lambda *_: self._take("relation")
        sync.desk.extras = Extras(files=self)

    def fetch(self, _incident: str, file: RemoteFile, into: BinaryIO, limit: int) -> None:
        into.write(b"abc")

    def add(self, issue_id: int, upload: Upload, description: str) -> Written:
        self._take("file")
        return Written("70")

    def _take(self, what: str) -> None:
        if self.status != "active":
            raise Forbidden("Redmine issue #2", "403.")
        self.took.append(what)


def file_copy(link: Link) -> Any:
    return file_effect(link, FileCopy(Side.ISSUE, FILE))


def relation(link: Link) -> Any:
    return issue_effect(link, ON_ISSUE, "3:relates", other=3, relation=RELATES)


@pytest.mark.parametrize(("made", "what"), [(file_copy, "file"), (relation, "relation")])
def test_it_goes_on_when_the_project_is_reopened(in_step: Sync, made: Callable[[Link], Any], what: str) -> None:
    project = Closed(in_step)
    with in_step.database.transaction() as uow:
        link = uow.links.all()[0]
        uow.effects.enqueue([made(link)])
    in_step.engine.run_until_idle(5)
    assert project.took == []
    with in_step.database.reading() as uow:
        assert "closed" in uow.promotions.get(link.promotion_id).attention
    project.status = "active"
    in_step.clock.advance(700)
    in_step.engine.run_until_idle(5)
    assert project.took == [what]
