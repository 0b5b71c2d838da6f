"""What a gate lacks when somebody closes it."""

from __future__ import annotations

import pytest

from bridge.model.incident import ChangeState
from bridge.planning.gates import Closing, Gate, GateKind, Lack, change_numbers, change_numbers_of, lacking

WRITTEN = "Write the way back.\n\nStep 3.2 of the plan.\n\n[bridge prod · promotion 7 · task back]"
LIST = "Hand it over.\n\n* Documents:{}\n* Training:{}\n* Operations owner:{}\n\n[bridge prod · task h]"


def row(kind, by=(), written=WRITTEN, checklist=("Documents", "Training", "Operations owner"), source="", **more):
    return Gate(kind, **more).row(by, checklist, written, source)


@pytest.mark.parametrize(
    ("closer", "missing"), [("jane", []), ("ben", [Lack("closer", ("jane",))]), ("", [Lack("closer", ("jane",))])]
)
def test_only_the_named_people_approve(closer, missing):
    closing = Closing(WRITTEN, closer=closer, allowed=frozenset({"jane"}))
    assert lacking(row(GateKind.APPROVAL, by=("jane",)), closing) == missing


def test_a_gate_that_names_nobody_may_be_closed_by_everybody():
    assert lacking(row(GateKind.ROLLBACK), Closing(WRITTEN + "\nReload the old image.")) == []


@pytest.mark.parametrize(
    ("prefix", "text", "number"),
    [
        ("", "approved as CHG0031, see there", "CHG0031"),
        ("", "RFC-17", "RFC-17"),
        ("", "RFC #17 (CAB of Monday)", "RFC #17"),
        ("", "approved at 10:30 on 12.3.", ""),
        ("", "the CHG will follow", ""),
        ("CHG", "RFC 17", ""),
        ("CHG", "XCHG0031", ""),
        ("变更-", "变更-0031 已批准", "变更-0031"),
        ("", "C" * 200_000 + " CHG0031", ""),
    ],
)
def test_the_number_of_a_change_request(prefix, text, number):
    assert change_numbers(prefix, [text, text]) == ([number] if number else [])


def test_a_change_needs_its_number_in_a_note_or_in_the_description():
    gate = row(GateKind.CHANGE, prefix="CHG")
    assert lacking(gate, Closing(WRITTEN, notes=["done"])) == [Lack("number", ("CHG",))]
    assert lacking(gate, Closing(WRITTEN, notes=["done", "it is CHG0031"])) == []
    assert lacking(gate, Closing(WRITTEN + "\nCHG0031")) == []
    asked = row(GateKind.CHANGE, written="Such as CHG0001.")
    assert lacking(asked, Closing("Such as CHG0001.")) == [Lack("number")], "the bridge's own example does not count"


PENDING, APPROVED, REJECTED, UNKNOWN = ChangeState
OURS = "CHG0001"


@pytest.mark.parametrize(
    ("told", "note", "missing"),
    [
        ({OURS: APPROVED}, "", []),
        ({OURS: PENDING}, "", [Lack("pending", (OURS,))]),
        ({OURS: REJECTED}, "", [Lack("rejected", (OURS,))]),
        ({OURS: PENDING}, "see CHG0042", [Lack("pending", (OURS,))]),
        ({OURS: REJECTED, "CHG0042": APPROVED}, "see CHG0042", []),
        ({OURS: REJECTED, "CHG0042": PENDING}, "see CHG0042", [Lack("pending", ("CHG0042",))]),
        ({OURS: UNKNOWN}, "", [Lack("number", ("CHG",))]),
        ({OURS: UNKNOWN}, "approved: CHG0001", []),
        ({}, "", [Lack("number", ("CHG",))]),
        ({}, "approved: CHG0042", []),
    ],
)
def test_a_change_that_the_bridge_opened_must_be_approved(told, note, missing):
    """Where its system does not tell, or has lost it, people name the number as they do everywhere else."""
    gate = row(GateKind.CHANGE, prefix="CHG", source="itsm") | {"change": {"id": OURS, "url": "http://x"}}
    closing = Closing(WRITTEN, notes=[note] if note else [], changes=told)
    assert change_numbers_of(gate, closing) == list(dict.fromkeys([OURS, *(["CHG0042"] if "42" in note else [])]))
    assert lacking(gate, closing) == missing


@pytest.mark.parametrize(
    ("told", "missing"),
    [
        ({}, []),
        ({"CHG0042": APPROVED}, []),
        ({"CHG0042": UNKNOWN}, []),
        ({"CHG0042": PENDING}, [Lack("pending", ("CHG0042",))]),
        ({"CHG0042": REJECTED}, [Lack("rejected", ("CHG0042",))]),
    ],
)
def test_a_number_that_people_write_is_looked_up(told, missing):
    """One that the incident system does not know counts as it always did: it may be another system's."""
    closing = Closing(WRITTEN, notes=["it is CHG0042"], changes=told)
    assert lacking(row(GateKind.CHANGE, prefix="CHG"), closing) == missing


@pytest.mark.parametrize("blank", ["", "\n\n", "\n---\n* \n_ _", "\nStep 3.2 of the plan.  "])
def test_an_empty_way_back_is_none(blank):
    assert lacking(row(GateKind.ROLLBACK), Closing(WRITTEN + blank, page="h1. \n\n---")) == [Lack("plan")]


def test_a_way_back_stands_in_the_description_or_on_its_page():
    assert lacking(row(GateKind.ROLLBACK), Closing(WRITTEN.replace("[bridge", "1. flash 7.2 back\n\n[bridge"))) == []
    assert lacking(row(GateKind.ROLLBACK), Closing(WRITTEN, page="h1. Rollback\n\nFlash 7.2 back.")) == []


def test_a_handover_needs_every_point_of_its_list():
    gate = row(GateKind.HANDOVER, written=LIST.format("", "", ""))
    assert lacking(gate, Closing(LIST.format("", "", ""))) == [
        Lack("checklist", ("Documents", "Training", "Operations owner"))
    ]
    half = LIST.format(" runbook 17", " -", " *?*")
    assert lacking(gate, Closing(half)) == [Lack("checklist", ("Training", "Operations owner"))]
    assert lacking(gate, Closing(LIST.format(" [[Runbook]]", " 12 March", " Mia Wolf"))) == []


def test_a_handover_asks_for_the_points_of_its_template():
    gate = row(GateKind.HANDOVER, written="", checklist=("文档", "Schulung"))
    assert lacking(gate, Closing("* 文档\N{FULLWIDTH COLON} [[手册]]\n- *Schulung*: am 12.")) == []
    assert lacking(gate, Closing("* 文档\N{FULLWIDTH COLON}\n- Schulung: am 12.")) == [Lack("checklist", ("文档",))]


def test_a_description_of_megabytes_is_read_in_parts():
    gate = row(GateKind.HANDOVER, written="")
    assert lacking(gate, Closing("x\n" * 5_000_000 + "* Documents: y")) != []
