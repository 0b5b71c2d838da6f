"""Gates: tasks that may only be closed when something has been done, and what is still missing when somebody does."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bridge.model.incident import ChangeState

ROLLBACK_PAGE = "Rollback plan"
LONGEST_LOOKED_AT = 100_000
MOST_LOOKED_UP = 10
_BULLETS = " \t*#-+•>|"
_EMPHASIS = "*_ \t"
_EMPTY = re.compile(r"[\W_]*")
_HEADING = re.compile(r"\s*(h[1-6]\.|#{1,6}\s)")


class GateKind(StrEnum):
    """What a gate waits for."""

    APPROVAL = "approval"  # one of the named people closes it
    CHANGE = "change"  # a change request is approved, or named where its system does not tell
    ROLLBACK = "rollback"  # the way back is written down
    HANDOVER = "handover"  # operations have what they need


HOLDING = frozenset({GateKind.ROLLBACK, GateKind.HANDOVER})
"""Gates without which no incident is resolved when the project is delivered."""


class GateState(StrEnum):
    """How a gate stands. `asked`: it is being looked at. `gone`: people removed its issue, which is their decision."""

    OPEN = "open"
    ASKED = "asked"
    REFUSED = "refused"
    PASSED = "passed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Gate:
    """What a task guards, as its template says.

    `closed_by` holds roles of the template, or people and teams of the directory: only they may close it (empty:
    everybody). `blocks` are the keys of tasks that cannot be closed before. `checklist` are a handover's points (empty:
    the usual ones). `prefix` is how the numbers of change requests begin (empty: capital letters). `open` says whether
    the bridge opens the change request: True and False as they say, None where the incident system can.
    """

    kind: GateKind
    closed_by: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    checklist: tuple[str, ...] = ()
    prefix: str = ""
    open: bool | None = None

    def row(self, by: Collection[str], checklist: Collection[str], written: str, source: str = "") -> dict[str, Any]:
        """How the gate is stored with its task.

        `by` are keys of the directory, `checklist` the points to be answered, `written` the description as created.
        `source` is where change requests are looked up (empty: nowhere). What the bridge opened there is `change`
        later: its `id` and `url`.
        """
        return {
            "kind": self.kind.value,
            "state": GateState.OPEN.value,
            "by": list(by),
            "checklist": list(checklist),
            "prefix": self.prefix,
            "written": written,
            "source": source,
        }


@dataclass(frozen=True, slots=True)
class Closing:
    """A gate's issue as somebody closed it: `closer` is a key of the directory, "" somebody it does not know.

    `notes` are what people wrote on it, `page` the text of the wiki page for the way back. `allowed` may close it.
    `changes` are those of `change_numbers_of` that the incident system knows, and what it says of them.
    """

    description: str
    notes: Sequence[str] = ()
    page: str = ""
    closer: str = ""
    allowed: frozenset[str] = frozenset()
    changes: Mapping[str, ChangeState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lack:
    """What is missing: `code` is `closer`, `number`, `pending`, `rejected`, `plan` or `checklist`; `items` names it."""

    code: str
    items: tuple[str, ...] = field(default=())


def lacking(gate: Mapping[str, Any], closing: Closing) -> list[Lack]:
    """What keeps a closed gate (a stored row) from counting as passed; empty when nothing does."""
    kind = GateKind(gate["kind"])
    found = []
    if gate["by"] and closing.closer not in closing.allowed:
        found.append(Lack("closer", tuple(gate["by"])))
    if kind is GateKind.CHANGE:
        found += _change(gate, closing)
    if kind is GateKind.ROLLBACK and not (_added(gate, closing.description) or _says_something(closing.page)):
        found.append(Lack("plan"))
    if kind is GateKind.HANDOVER and (empty := _unfilled(gate["checklist"], closing.description)):
        found.append(Lack("checklist", empty))
    return found


def change_numbers(prefix: str, texts: Iterable[str]) -> list[str]:
    """The numbers of change requests in some texts, such as CHG0031, each once."""
    begin = re.escape(prefix) if prefix else r"[A-Z]{2,10}"
    pattern = re.compile(rf"(?<![A-Za-z0-9]){begin}[-_ #]{{0,2}}\d{{1,20}}(?![A-Za-z0-9])")
    return list(dict.fromkeys(found for text in texts for found in pattern.findall(text[:LONGEST_LOOKED_AT])))


def change_numbers_of(gate: Mapping[str, Any], closing: Closing) -> list[str]:
    """What is to be looked up for a closed gate: what the bridge opened, then the last numbers that people wrote."""
    opened = [gate["change"]["id"]] if gate.get("change") else []
    return [*opened, *(one for one in _named(gate, closing)[-MOST_LOOKED_UP:] if one not in opened)]


def _named(gate: Mapping[str, Any], closing: Closing) -> list[str]:
    return change_numbers(gate["prefix"], [*_new_lines(gate["written"], closing.description), *closing.notes])


def _change(gate: Mapping[str, Any], closing: Closing) -> Iterator[Lack]:
    """An approved one is enough. What the incident system does not know or tell of counts as soon as it is named.

    But not beside one that the bridge opened there: as long as that waits, no other word for it will do.
    """
    told = {number: state for number, state in closing.changes.items() if state is not ChangeState.UNKNOWN}
    if ChangeState.APPROVED in told.values():
        return
    opened = gate.get("change", {}).get("id", "")
    if opened not in told and any(number not in told for number in _named(gate, closing)):
        return
    for state in (ChangeState.PENDING, ChangeState.REJECTED):
        if numbers := tuple(number for number in told if told[number] is state):
            yield Lack(state.value, numbers)
            return
    yield Lack("number", (gate["prefix"],) if gate["prefix"] else ())


def _added(gate: Mapping[str, Any], description: str) -> bool:
    """Whether people wrote anything into the description."""
    return any(_says_something(line) for line in _new_lines(gate["written"], description))


def _new_lines(before: str, now: str) -> list[str]:
    known = {line.strip() for line in before.splitlines()}
    return [line for line in now[:LONGEST_LOOKED_AT].splitlines() if line.strip() not in known]


def _says_something(text: str) -> bool:
    """Whether there is a word in it that is no heading."""
    lines = (line for line in text[:LONGEST_LOOKED_AT].splitlines() if not _HEADING.match(line))
    return any(_EMPTY.fullmatch(line) is None for line in lines)


def _unfilled(checklist: Iterable[str], description: str) -> tuple[str, ...]:
    """The points that no line of the description answers: `* Training: on 12 March, all shifts`."""
    answers: dict[str, str] = {}
    for line in description[:LONGEST_LOOKED_AT].splitlines():
        point, colon, answer = line.replace("\N{FULLWIDTH COLON}", ":").partition(":")
        if colon:
            name = point.strip(_BULLETS).casefold()
            answers[name] = answers.get(name, "") + answer
    return tuple(
        point for point in checklist if not _says_something(answers.get(point.casefold(), "").strip(_EMPHASIS))
    )
