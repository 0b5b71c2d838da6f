"""What a gate lacks when somebody closes it."""

from __future__ import annotations

import pytest

from bridge.planning.gates import Closing, Gate, GateKind, Lack, change_number, lacking

WRITTEN = "Write the way back.\n\nStep 3.2 of the plan.\n\n[bridge prod · promotion 7 · task back]"
LIST = "Hand it over.\n\n* Documents:{}\n* Training:{}\n* Operations owner:{}\n\n[bridge prod · task h]"


def row(kind: GateKind, by=(), written=WRITTEN, checklist=("Documents", "Training", "Operations owner"), **more):
    return Gate(kind, **more).row(by, checklist, written)


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
    assert change_number(prefix, [text]) == number


def test_a_change_needs_its_number_in_a_note_or_in_the_description():
    gate = row(GateKind.CHANGE, prefix="CHG")
    assert lacking(gate, Closing(WRITTEN, notes=["done"])) == [Lack("number", ("CHG",))]
    assert lacking(gate, Closing(WRITTEN, notes=["done", "it is CHG0031"])) == []
    assert lacking(gate, Closing(WRITTEN + "\nCHG0031")) == []
    asked = row(GateKind.CHANGE, written="Such as CHG0001.")
    assert lacking(asked, Closing("Such as CHG0001.")) == [Lack("number")], "the bridge's own example does not count"


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
