r"""Regular expressions that cannot be made to run for ever.

Python's engine backtracks, and whoever opens an incident chooses the text. So a pattern is looked at when it is loaded:
parts that can divide the same text among themselves in many ways (`(a+)+`, `(.*x){9}`) are refused. What is left costs
at most a power of the length of the text; a pattern looks at the first 2,000 characters, at fewer when it has several
parts like `.*`, and is refused when fewer than 200 would be left. Possessive quantifiers (`\w++`, `.*+`) and atomic
groups (`(?>…)`) never divide text anew and are always fine.
"""

from __future__ import annotations

import re
import re._parser as syntax  # type: ignore[import-not-found] # no public parser, and typeshed does not know this one
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bridge.yamlfile import refused

LONGEST_PATTERN = 1000
MOST_CHARACTERS = 2000
FEWEST_CHARACTERS = 200
_STEPS = 10_000_000
_MEND = "make it more exact, or use a possessive quantifier such as \\w++ or .*+"

Chars = frozenset[str]
_SAMPLE: Chars = frozenset([*map(chr, range(128)), *"\x85\xa0\u2028éÉß中文あ٣😀"])
_ANY_OTHER = "中"
_CATEGORIES: dict[str, Chars] = {
    name: frozenset(c for c in _SAMPLE if re.match(escape, c))
    for name, escape in {
        "CATEGORY_DIGIT": r"\d",
        "CATEGORY_NOT_DIGIT": r"\D",
        "CATEGORY_SPACE": r"\s",
        "CATEGORY_NOT_SPACE": r"\S",
        "CATEGORY_WORD": r"\w",
        "CATEGORY_NOT_WORD": r"\W",
    }.items()
}


class _Explodes(Exception):  # noqa: N818 - never leaves this module
    """The pattern may take exponential time."""


@dataclass(frozen=True, slots=True)
class SafeRegex:
    """A compiled pattern. It looks at the first `limit` characters of a text."""

    pattern: re.Pattern[str]
    limit: int

    def matcher(self) -> Callable[[str], bool]:
        """A function that tells whether the pattern is found in a text."""
        search, limit = self.pattern.search, self.limit
        return lambda text: search(text, 0, limit) is not None


def compile_regex(pattern: str) -> SafeRegex:
    """The compiled pattern. Raises PydanticCustomError when it is wrong or may take too long."""
    if len(pattern) > LONGEST_PATTERN:
        raise refused(f"the pattern is longer than {LONGEST_PATTERN} characters", "split it into several with `any`")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compiled = re.compile(pattern)
            tree = syntax.parse(pattern)
        limit = _limit(tree)
    except re.error as error:
        place = "" if error.pos is None else f" at character {error.pos + 1}"
        raise refused(f"does not compile: {error.msg}{place}") from error
    except (OverflowError, RecursionError, Warning) as error:
        raise refused(f"does not compile: {str(error)[:100]}") from error
    except _Explodes as error:
        raise refused("the pattern has a repeat within a repeat and may run for ever", _MEND) from error
    if limit < FEWEST_CHARACTERS:
        raise refused("the pattern has too many parts like .* and may take too long", _MEND)
    return SafeRegex(compiled, limit)


def _limit(tree: Any) -> int:
    """How many characters may be looked at so that the worst text costs some ten million steps."""
    shape = _sequence(list(tree), None)
    anchored = bool(tree) and _name(tree[0]) == "AT" and str(tree[0][1]) in {"AT_BEGINNING", "AT_BEGINNING_STRING"}
    factors = list(shape.repeats) if anchored and not tree.state.flags & re.MULTILINE else [1, *shape.repeats]
    if shape.scans or not factors:
        factors.append(1)
    factors[-1] = 1  # the innermost part is tried at every character, whatever stands behind it
    parts = len(factors)
    spread: float = _STEPS / shape.times
    for apart in factors:
        spread *= apart
    return min(MOST_CHARACTERS, int(parts * spread ** (1 / parts)))


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a part of a pattern can do.

    `first` are the characters it can begin with, `empty` whether it can match nothing. `repeats` has an entry for each
    unbounded repeat that can give characters back, namely how far apart the texts behind it must stand. `scans`:
    there are other unbounded repeats. `times` is how often bounded choices multiply the work.
    """

    first: Chars
    empty: bool
    repeats: tuple[int, ...] = ()
    scans: bool = False
    times: int = 1

    @property
    def ambiguous(self) -> bool:
        return bool(self.repeats) or self.times > 1


def _sequence(items: list[Any], follow: Chars | None) -> _Shape:
    """What a sequence can do. `follow` is what may come behind it, None when the match is complete there."""
    first: Chars = frozenset()
    repeats: list[int] = []
    empty, scans, times = True, False, 1
    for index in range(len(items) - 1, -1, -1):
        shape = _item(items[index], follow, _apart(items[index + 1 :]))
        repeats[:0] = shape.repeats
        scans, times = scans or shape.scans, times * shape.times
        if _name(items[index]) == "AT":
            follow = frozenset() if "END" in str(items[index][1]) else follow
            continue
        first = shape.first | first if shape.empty else shape.first
        follow = shape.first | follow if shape.empty and follow is not None else None if shape.empty else shape.first
        empty = empty and shape.empty
    return _Shape(first, empty, tuple(repeats), scans, times)


def _item(item: Any, follow: Chars | None, apart: int) -> _Shape:
    name, value = _name(item), item[1]
    if name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
        return _repeat(name, value, follow, apart)
    if name == "BRANCH":
        return _branch([_sequence(list(one), follow) for one in value[1]], follow)
    if name in {"SUBPATTERN", "ATOMIC_GROUP"}:
        return _sequence(list(value[-1]), follow) if name == "SUBPATTERN" else _sequence(list(value), None)
    if name in {"ASSERT", "ASSERT_NOT"}:
        inside = _sequence(list(value[1]), None)
        return _Shape(frozenset(), empty=True, repeats=inside.repeats, scans=inside.scans, times=inside.times)
    if name == "GROUPREF_EXISTS":
        raise refused("(?(…)…) is not supported here", "write the two cases as two conditions under `any`")
    if name in {"GROUPREF", "GROUPREF_IGNORE"}:
        return _Shape(_SAMPLE, empty=True, repeats=(1,))
    return _Shape(frozenset() if name == "AT" else _chars(item), empty=name == "AT")


def _repeat(name: str, value: Any, follow: Chars | None, apart: int) -> _Shape:
    low, high, inside = int(value[0]), int(value[1]), list(value[2])
    simple = len(inside) == 1 and _name(inside[0]) in {"LITERAL", "NOT_LITERAL", "ANY", "IN"}
    body = _sequence(inside, None if high <= 1 and follow is None else (follow or frozenset()))
    if high > 1 and not simple:
        body = _sequence(inside, body.first | (follow or frozenset()))
        if body.ambiguous or body.empty:
            raise _Explodes
    repeats, times = body.repeats, body.times
    unbounded = high - low > MOST_CHARACTERS
    gives_back = name != "POSSESSIVE_REPEAT" and high > low and follow is not None and bool(follow & body.first)
    if unbounded and gives_back:
        repeats = (apart, *repeats)
    elif gives_back:
        times *= high - low + 1
    scans = body.scans or (unbounded and not gives_back)
    return _Shape(body.first, body.empty or not low, repeats, scans, times)


def _branch(shapes: list[_Shape], follow: Chars | None) -> _Shape:
    first = frozenset().union(*(shape.first for shape in shapes))
    begins = [shape.first | (follow or frozenset()) if shape.empty else shape.first for shape in shapes]
    overlap = sum(map(len, begins)) > len(frozenset().union(*begins)) or sum(shape.empty for shape in shapes) > 1
    worst = max(shapes, key=lambda shape: (len(shape.repeats), shape.times))
    times = max(shape.times for shape in shapes) * (len(shapes) if overlap else 1)
    scans = any(shape.scans for shape in shapes)
    return _Shape(first, any(shape.empty for shape in shapes), worst.repeats, scans, times)


def _chars(item: Any) -> Chars:
    name, value = _name(item), item[1]
    if name == "LITERAL":
        found = _literals(value)
    elif name == "NOT_LITERAL":
        return _SAMPLE - _chars((syntax.LITERAL, value))
    elif name == "IN":
        found = frozenset().union(*(_chars(one) for one in value if _name(one) != "NEGATE"))
        if _name(value[0]) == "NEGATE":
            return _SAMPLE - found
    elif name == "RANGE":
        found = frozenset(c for c in _SAMPLE if value[0] <= ord(c) <= value[1]) | _literals(*value)
    elif name == "CATEGORY":
        found = _CATEGORIES.get(str(value), _SAMPLE)
    else:  # ANY, and whatever later versions of Python may add
        return _SAMPLE
    return found | {c.swapcase() for c in found}  # as if case never mattered: flags may hold for a part only


def _literals(*codes: int) -> Chars:
    found = frozenset(map(chr, codes))
    return found if found <= _SAMPLE else found | {_ANY_OTHER}


def _name(item: Any) -> str:
    return str(item[0])


def _apart(items: list[Any]) -> int:
    """How far apart the literal text at the beginning of these items must stand: “on” 2, “--” 1, nothing literal 1."""
    text = ""
    for item in items:
        if _name(item) != "LITERAL":
            break
        text += chr(item[1])
    return next((n for n in range(1, len(text)) if text[n:] == text[:-n]), max(len(text), 1))
