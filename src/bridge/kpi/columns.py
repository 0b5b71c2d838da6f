"""Facts of many incidents in columns: what reports compute with. Needs numpy (the extra `report`).

Moments are microseconds since 1970 UTC, durations microseconds; NONE where there is no moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

NONE = -(1 << 63)
HOUR = 3_600_000_000
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

COLUMNS = (
    "number", "opened", "responded", "reported", "timeline", "left", "hold", "hold_reported", "hold_timeline",
    "priority", "reopened", "reassigned", "told_reopened", "told_reassigned", "told_response", "told_resolution",
    "cancelled", "effort", "team", "first_team", "service", "person", "type", "source",
)  # fmt: skip
"""What a row of facts has, in order: numbers, then the effort, then texts. A priority of 0 is none; a verdict is 1 for
broken, 0 for kept, -1 for none; `cancelled` is 1 for what was called off."""

MARKS = "marks"
"""May stand for four columns, for what is read from a store: ((priority * 2 + cancelled) * 4 + told_response + 1) * 4 +
told_resolution + 1. A million small numbers are spared three times."""
MARKED = frozenset({"priority", "cancelled", "told_response", "told_resolution"})

_TEXTS = frozenset({"team", "first_team", "service", "person", "type", "source"})
_MOMENTS = frozenset({"opened", "responded", "reported", "timeline", "left"})


@dataclass(frozen=True, slots=True)
class Coded:
    """Texts: each distinct one once, and for every row which of them is there."""

    names: Sequence[str]
    codes: Ints

    def at(self, row: int) -> str:
        """The text of a row."""
        return self.names[int(self.codes[row])]

    def among(self, wanted: Iterable[str]) -> Mask:
        """Which rows have one of these texts, without regard to case."""
        folded = {one.casefold() for one in wanted}
        return np.array([name.casefold() in folded for name in self.names], dtype=bool)[self.codes]


@dataclass(frozen=True, slots=True)
class Facts:
    """The columns. `number` is the incident's id in the store, or its place in a history."""

    number: Ints
    opened: Ints
    responded: Ints
    reported: Ints
    timeline: Ints
    left: Ints
    hold: Ints
    hold_reported: Ints
    hold_timeline: Ints
    priority: Ints
    reopened: Ints
    reassigned: Ints
    told_reopened: Ints
    told_reassigned: Ints
    told_response: Ints
    told_resolution: Ints
    cancelled: Ints
    effort: Floats
    team: Coded
    first_team: Coded
    service: Coded
    person: Coded
    type: Coded
    source: Coded

    def __len__(self) -> int:
        return len(self.number)

    def where(self, mask: Mask) -> Facts:
        """Some of the rows."""
        made: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            made[one.name] = Coded(value.names, value.codes[mask]) if isinstance(value, Coded) else value[mask]
        return Facts(**made)


class _Codes(dict[str, int]):
    """Numbers texts as they are first met."""

    def __missing__(self, text: str) -> int:
        code = self[text] = len(self)
        return code


@dataclass(slots=True)
class Builder:
    """Makes columns of rows that come in parts, so that never all of them are in memory as Python objects.

    Rows have the columns of `names` (of COLUMNS, or MARKS), in this order. The others are empty in every row: no
    moment, 0 or "".
    """

    names: Sequence[str] = COLUMNS
    _parts: dict[str, list[NDArray[Any]]] = field(init=False)
    _index: dict[str, _Codes] = field(default_factory=lambda: {name: _Codes() for name in _TEXTS})
    _size: int = 0

    def __post_init__(self) -> None:
        self._parts = {name: [] for name in self.names}

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """More rows."""
        if not rows:
            return
        self._size += len(rows)
        for name, column in zip(self.names, zip(*rows, strict=True), strict=True):
            if name in _TEXTS:
                code = self._index[name].__getitem__
                made: NDArray[Any] = np.fromiter(map(code, column), dtype=np.int64, count=len(rows))
            else:
                made = np.fromiter(column, dtype=np.float64 if name == "effort" else np.int64, count=len(rows))
            self._parts[name].append(made)

    def facts(self) -> Facts:
        """All rows so far."""
        made: dict[str, Any] = {}
        if MARKS in self._parts:
            self._unpack()
        for name in COLUMNS:
            parts = self._parts.get(name)
            kind = np.float64 if name == "effort" else np.int64
            whole: NDArray[Any] = (
                np.concatenate(parts) if parts else np.full(self._size, NONE if name in _MOMENTS else 0, dtype=kind)
            )
            made[name] = Coded(list(self._index[name]) or [""], whole) if name in _TEXTS else whole
            if parts:
                parts.clear()
        return Facts(**made)

    def _unpack(self) -> None:
        packed = self._parts.pop(MARKS)
        self._parts |= {
            "priority": [marks // 32 for marks in packed],
            "cancelled": [marks // 16 % 2 for marks in packed],
            "told_response": [marks // 4 % 4 - 1 for marks in packed],
            "told_resolution": [marks % 4 - 1 for marks in packed],
        }


@dataclass(frozen=True, slots=True)
class Holds:
    """Intervals on hold: of which incident (its number), from, to (NONE while it lasts), why. Sorted by incident."""

    number: Ints
    start: Ints
    end: Ints
    reason: Coded

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int | None, str]]) -> Holds:
        """From intervals in any order."""
        numbers, starts, ends, reasons = tuple(zip(*rows, strict=True)) or ((), (), (), ())
        index = _Codes()
        number, start = np.array(numbers, dtype=np.int64), np.array(starts, dtype=np.int64)
        end = np.array([NONE if one is None else one for one in ends], dtype=np.int64)
        reason = np.fromiter(map(index.__getitem__, reasons), dtype=np.int64, count=len(reasons))
        order = np.lexsort((start, number))
        return cls(number[order], start[order], end[order], Coded(list(index), reason[order]))

    def rows(self) -> list[tuple[int, int, int | None, str]]:
        """The intervals one by one."""
        columns = (self.number.tolist(), self.start.tolist(), self.end.tolist(), self.reason.codes.tolist())
        return [
            (number, start, None if end == NONE else end, self.reason.names[code])
            for number, start, end, code in zip(*columns, strict=True)
        ]

    def instead(self, numbers: Collection[int], rows: Iterable[tuple[int, int, int | None, str]]) -> Holds:
        """The same with other intervals for some incidents."""
        known = frozenset(numbers)
        return Holds.of([*(one for one in self.rows() if one[0] not in known), *rows])


NO_HOLDS = Holds.of(())


@dataclass(frozen=True, slots=True)
class Taken:
    """What exclusions do to the facts of a basis, by row.

    `off` is the time they take off the resolution, `removed` who left the measure. `of` says for each row with an
    exclusion that counts which promotion began it first.
    """

    off: Ints
    removed: Mask
    of: Mapping[int, int]
