"""Marks on incidents by which people nominate, and how nominated incidents are known again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.model.incident import Incident, IncidentRef, State
from bridge.usecases.candidates.nominate import key_of, mark
from bridge.usecases.candidates.policy import CandidatePolicy

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def incident(tags: tuple[str, ...] = (), **fields: str) -> Incident:
    return Incident("rt", "17", "Mail is slow", State.NEW, AT, AT, tags=tags, fields=fields)


def test_a_tag_nominates_whatever_its_case() -> None:
    policy = CandidatePolicy(tag="Project")
    assert mark(policy, incident(("vpn", "PROJECT"))) == "rt #17 has the tag “Project”"
    assert mark(policy, incident(("projects",))) == ""
    assert mark(CandidatePolicy(), incident(("",))) == ""


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("yes", "rt #17 has “fields.Project” set"),
        ("it never ends", "it never ends"),
        ("No", ""),
        ("0", ""),
        (" ", ""),
        ("", ""),
    ],
)
def test_a_field_nominates_when_it_says_so(value: str, why: str) -> None:
    assert mark(CandidatePolicy(field="fields.Project"), incident(Project=value)) == why
    assert mark(CandidatePolicy(field="fields.Project"), incident()) == ""


def test_the_same_incidents_have_the_same_key_in_any_order() -> None:
    first, second = IncidentRef("rt", "1"), IncidentRef("itsm", "2")
    assert key_of([first, second]) == key_of([second, first]) != key_of([first])
