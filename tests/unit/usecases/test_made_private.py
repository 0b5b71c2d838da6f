"""A note that people make private after everybody could read its copy: a person is asked to hide the copy, once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.convergence.test_convergence import Sync

from bridge.model.incident import Note
from bridge.model.project import IssueChange
from bridge.usecases.comparing import compare_effect

ISSUE = 2


def carry(sync: Sync) -> None:
    """The note goes to the other side."""
    sync.clock.advance(70)
    sync.poll()
    sync.engine.run_until_idle(5)
    assert any("rosebud" in one.text for one in sync.desk.written["1"])
    assert any("rosebud" in one.notes for one in sync.office.held[ISSUE].journals)


def looked(sync: Sync) -> str:
    """What stands under the promotion's attention after one more comparison."""
    sync.clock.advance(700)
    with sync.database.transaction() as uow:
        link = uow.links.all()[0]
        uow.effects.enqueue([compare_effect(link, sync.clock.now().isoformat())])
    sync.engine.run_until_idle(5)
    with sync.database.reading() as uow:
        return uow.promotions.get(link.promotion_id).attention


def hidden(sync: Sync, words: str) -> None:
    """Somebody makes the notes with these words private, on both sides."""
    sync.desk.written["1"] = [replace(one, private=one.private or words in one.text) for one in sync.desk.written["1"]]
    issue = sync.office.held[ISSUE]
    journals = tuple(replace(one, private=one.private or words in one.notes) for one in issue.journals)
    sync.office.held[ISSUE] = replace(issue, journals=journals)


def followed(sync: Sync) -> list[tuple[str, bool]]:
    notes = [Note("", "", sync.clock.now(), one.notes, one.private) for one in sync.office.held[ISSUE].journals]
    return [(one.text, one.private) for one in [*sync.desk.written["1"], *notes] if "Made private" in one.text]


@pytest.mark.parametrize("side", ["incident", "issue"])
def test_a_person_is_asked_once_until_the_copy_is_hidden(in_step: Sync, side: str) -> None:
    if side == "incident":
        in_step.desk.write("1", "anna", "the password is rosebud", private=False)
    else:
        in_step.office.edit(ISSUE, 12, IssueChange(note="the password is rosebud", note_private=False))
    carry(in_step)
    assert looked(in_step) == ""
    # Only the note itself: its copy quotes it and ends with the bridge's line.
    here = [replace(one, private="[bridge" not in one.text) for one in in_step.desk.written["1"]]
    there = [replace(one, private="[bridge" not in one.notes) for one in in_step.office.held[ISSUE].journals]
    if side == "incident":
        in_step.desk.written["1"] = here
    else:
        in_step.office.held[ISSUE] = replace(in_step.office.held[ISSUE], journals=tuple(there))

    asked = looked(in_step)
    assert "desk #1" in asked
    assert f"of the {side} was made private" in asked
    assert ("Redmine issue #2" in asked) == (side == "incident")
    (told,) = followed(in_step)
    assert told[1] is True
    assert "rosebud" not in told[0]
    assert looked(in_step) == asked
    assert followed(in_step) == [told]

    hidden(in_step, "rosebud")
    assert looked(in_step) == ""
    assert followed(in_step) == [told]


def test_nobody_is_asked_where_the_copy_is_private_already(in_step: Sync) -> None:
    """As where callers never read the project's notes."""
    in_step.configured = replace(in_step.configured, policy=replace(in_step.configured.policy, public_notes=False))
    in_step.office.edit(ISSUE, 12, IssueChange(note="the password is rosebud", note_private=False))
    carry(in_step)
    hidden(in_step, "rosebud")
    assert looked(in_step) == ""
    assert followed(in_step) == []


def test_notes_of_a_private_issue_are_no_answers_to_callers(in_step: Sync) -> None:
    """Not even where public notes go to callers: few may see the issue. Nor does what such a note reads later."""
    in_step.office.held[ISSUE] = replace(in_step.office.held[ISSUE], private=True)
    in_step.office.edit(ISSUE, 12, IssueChange(note="the password is rosebud", note_private=False))
    carry(in_step)
    assert [one.private for one in in_step.desk.written["1"] if "rosebud" in one.text] == [True]
    issue = in_step.office.held[ISSUE]
    journals = tuple(replace(one, notes=one.notes.replace("rosebud", "tulip")) for one in issue.journals)
    in_step.office.held[ISSUE] = replace(issue, journals=journals)
    assert looked(in_step) == ""
    assert [one.private for one in in_step.desk.written["1"] if "tulip" in one.text] == [True]


def test_an_edit_after_the_issue_became_private_is_no_answer_to_callers(in_step: Sync) -> None:
    in_step.office.edit(ISSUE, 12, IssueChange(note="the password is rosebud", note_private=False))
    carry(in_step)
    assert [one.private for one in in_step.desk.written["1"] if "rosebud" in one.text] == [False]
    issue = in_step.office.held[ISSUE]
    journals = tuple(replace(one, notes=one.notes.replace("rosebud", "tulip")) for one in issue.journals)
    in_step.office.held[ISSUE] = replace(issue, journals=journals, private=True)
    looked(in_step)
    assert [one.private for one in in_step.desk.written["1"] if "tulip" in one.text] == [True]
