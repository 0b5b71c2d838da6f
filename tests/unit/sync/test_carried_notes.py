"""What became of notes that were carried over, decided without any system."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model.carried import CarriedNote
from bridge.model.incident import Note
from bridge.sync.notes import CONFIRM_AFTER, digest, follow_ups

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def note(number: str, text: str = "a", *, private: bool = False) -> Note:
    return Note(number, "bob", NOW, text, private)


def carried(number: str, text: str = "a", *, private: bool = False) -> CarriedNote:
    return CarriedNote(1, "issue", number, "bob", NOW, digest(text), private)


def test_blanks_and_line_ends_are_no_edit() -> None:
    assert follow_ups([carried("1", "a b\nc")], [note("1", "a  b\r\nc\n")], NOW) == ([], [])


def test_an_edit_is_told_once_and_again_when_it_is_edited_back() -> None:
    one = carried("1", "a")
    (first,), _ = follow_ups([one], [note("1", "b")], NOW)
    assert first.carried.revision == 1
    assert follow_ups([first.carried], [note("1", "b")], NOW) == ([], [])
    (second,), _ = follow_ups([first.carried], [note("1", "a")], NOW)
    assert second.carried.revision == 2
    assert second.carried.digest == one.digest


def test_what_was_or_became_private_is_told_privately() -> None:
    (was,), _ = follow_ups([carried("1", private=True)], [note("1", "b")], NOW)
    (became,), _ = follow_ups([carried("1")], [note("1", "b", private=True)], NOW)
    assert was.private
    assert became.private
    assert became.carried.private


def test_a_missing_note_was_deleted_when_another_like_it_is_seen() -> None:
    (told,), silent = follow_ups([carried("1", private=True)], [note("2", private=True)], NOW)
    assert told.note is None
    assert told.carried.gone_at == NOW
    assert silent == []


def test_a_private_note_is_not_deleted_when_no_private_note_is_seen_at_all() -> None:
    """The right to see them may be what is gone; however long it lasts."""
    one = carried("1", private=True)
    told, (missed,) = follow_ups([one], [note("2")], NOW)
    assert told == []
    assert missed == replace(one, missed_at=NOW)
    assert follow_ups([missed], [note("2")], NOW + timedelta(days=9)) == ([], [])


def test_an_empty_list_deletes_a_public_note_only_when_it_stays_empty() -> None:
    told, (missed,) = follow_ups([carried("1")], [], NOW)
    assert told == []
    assert follow_ups([missed], [], NOW + CONFIRM_AFTER - timedelta(seconds=1)) == ([], [])
    (gone,), _ = follow_ups([missed], [], NOW + CONFIRM_AFTER)
    assert gone.note is None


def test_a_note_that_is_back_was_never_missing() -> None:
    _, (missed,) = follow_ups([carried("1")], [], NOW)
    told, (back,) = follow_ups([missed], [note("1")], NOW)
    assert told == []
    assert back == carried("1")


NOTES = st.dictionaries(st.sampled_from("123"), st.tuples(st.sampled_from("abc"), st.booleans()), max_size=3)


@given(st.lists(NOTES, min_size=1, max_size=6))
@settings(max_examples=60)
def test_looking_twice_tells_nothing_new(states: list[dict[str, tuple[str, bool]]]) -> None:
    """Whatever people do between two looks, each change is told once."""
    known = [carried(number) for number in "123"]
    for state in states:
        present = [note(number, text, private=private) for number, (text, private) in state.items()]
        told, silent = follow_ups(known, present, NOW)
        changed = {one.remote_id: one for one in [*(follow.carried for follow in told), *silent]}
        known = [changed.get(one.remote_id, one) for one in known]
        known = [one for one in known if one.gone_at is None]
        assert follow_ups(known, present, NOW) == ([], [])
