"""Which rows of a history a rule covers. Each question is asked once for each distinct value of its column.

What columns of few values are asked is answered for all rows together: as one number with a byte for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import compress
from operator import and_

from bridge.rules.history import Column, History
from bridge.rules.questions import AllOf, AnyOf, Holds, Question, Tree, age, questions

FULL = bytes(range(256))


class _Answers(dict[int, bool]):
    """What a question says to the codes of a column; asked when a code is first met."""

    def __init__(self, column: Column, holds: Holds) -> None:
        super().__init__()
        self._values, self._holds = column.values, holds

    def __missing__(self, code: int) -> bool:
        answer = self[code] = self._holds(self._values[code])
        return answer


def covered(history: History, tree: Tree, *, over: bool = True) -> Sequence[int]:
    """The rows that a tree covers, ascending; with `over=False` as they were while their incidents were open."""
    return _Selection(lambda name: history.column(name, over=over), history.rows).among(tree, None)


@dataclass(frozen=True, slots=True)
class _Selection:
    column: Callable[[str], Column]
    rows: int

    def among(self, tree: Tree, rows: Sequence[int] | None) -> Sequence[int]:
        """Those of some rows (None: all) that the tree covers, in their order."""
        if isinstance(tree, AllOf):
            return self._all_of(tree, rows)
        mask = self._mask(tree) if rows is None else None
        if mask is not None:
            return self._picked(mask)
        if isinstance(tree, Question):
            return self._asked(tree, rows)
        those = range(self.rows) if rows is None else rows
        if isinstance(tree, AnyOf):
            found = {row for part in tree.parts for row in self.among(part, rows)}
            return [row for row in those if row in found]
        excluded = set(self.among(tree.part, rows))
        return [row for row in those if row not in excluded]

    def _all_of(self, tree: AllOf, rows: Sequence[int] | None) -> Sequence[int]:
        parts = list(_flat(tree))
        if rows is None:
            masks = [self._mask(part) for part in parts]
            common = [mask for mask in masks if mask is not None]
            if common:
                rows = self._picked(reduce(and_, common))
                parts = [part for part, mask in zip(parts, masks, strict=True) if mask is None]
        for part in sorted(parts, key=self._cost):
            rows = self.among(part, rows)
        return range(self.rows) if rows is None else rows

    def _mask(self, tree: Tree) -> int | None:
        """A byte for each row, 1 where the tree covers it; None where not all of its columns keep a byte per row."""
        if isinstance(tree, Question):
            column = self.column(tree.field.name)
            if tree.reference is not None or not isinstance(column.codes, bytes):
                return None
            answers = bytes(tree.holds(value) for value in column.values)
            return int.from_bytes(column.codes.translate(answers + FULL[len(answers) :]), "little")
        every = int.from_bytes(b"\1" * self.rows, "little")
        if not isinstance(tree, AllOf | AnyOf):
            mask = self._mask(tree.part)
            return None if mask is None else every ^ mask
        mask = every if isinstance(tree, AllOf) else 0
        for part in tree.parts:
            more = self._mask(part)
            if more is None:
                return None
            mask = mask & more if isinstance(tree, AllOf) else mask | more
        return mask

    def _picked(self, mask: int) -> list[int]:
        return list(compress(range(self.rows), mask.to_bytes(self.rows, "little")))

    def _cost(self, tree: Tree) -> int:
        """What little is asked comes first: the values to look at, for ages every row."""
        return sum(
            self.rows if one.reference is not None else len(self.column(one.field.name).values)
            for one in questions(tree)
        )

    def _asked(self, question: Question, rows: Sequence[int] | None) -> Sequence[int]:
        column, holds = self.column(question.field.name), question.holds
        if question.reference is not None:
            reference = self.column(question.reference.name)
            those = range(self.rows) if rows is None else rows
            return [row for row in those if holds(age(column[row], reference[row]))]
        codes, answers_of = column.codes, _Answers(column, holds)
        if rows is None:
            return list(compress(range(self.rows), map(answers_of.__getitem__, codes)))
        return [row for row in rows if answers_of[codes[row]]]


def _flat(tree: AllOf) -> Iterator[Tree]:
    for part in tree.parts:
        if isinstance(part, AllOf):
            yield from _flat(part)
        else:
            yield part
