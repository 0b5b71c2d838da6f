"""Which rows of a history a rule covers. Each question is asked once for each distinct value of its column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress

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
        if isinstance(tree, Question):
            return self._asked(tree, rows)
        if isinstance(tree, AllOf):
            for part in sorted(tree.parts, key=self._cost):
                rows = self.among(part, rows)
            return range(self.rows) if rows is None else rows
        those = range(self.rows) if rows is None else rows
        if isinstance(tree, AnyOf):
            found = {row for part in tree.parts for row in self.among(part, rows)}
            return [row for row in those if row in found]
        excluded = set(self.among(tree.part, rows))
        return [row for row in those if row not in excluded]

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
        codes = column.codes
        if rows is None and isinstance(codes, bytes):
            answers = bytes(holds(value) for value in column.values)
            return _picked(range(self.rows), codes.translate(answers + FULL[len(answers) :]))
        answers_of = _Answers(column, holds)
        if rows is None:
            return _picked(range(self.rows), map(answers_of.__getitem__, codes))
        return [row for row in rows if answers_of[codes[row]]]


def _picked(rows: range, wanted: Iterable[int]) -> list[int]:
    return list(compress(rows, wanted))
