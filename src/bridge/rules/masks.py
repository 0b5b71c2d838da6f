r"""What a fingerprint leaves out: ids, numbers, hosts, addresses, times. Patterns, in their order, and their version.

Patterns see the text in NFKC and lower case, so `srv-[0-9]+` finds `SRV-17` in any width. Chinese runs on without
spaces, and its characters are `\w`: `(?<![a-z0-9])` begins a word there where `\b` does not.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path as FilePath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, field_validator

from bridge.model.errors import Problem
from bridge.rules.conditions import STRICT
from bridge.rules.opposites import BUILT_IN as OPPOSITES
from bridge.rules.opposites import Apart
from bridge.rules.regex import compile_regex
from bridge.rules.spelling import plain
from bridge.yamlfile import did_you_mean, load, refused, validate

LONGEST_TEXT = 500
"""Characters of a summary that a fingerprint looks at."""

MOST_MASKS = 100
METHOD = 1
"""Raised when anything but the patterns changes what a fingerprint is: rules then group anew."""

MARK = "#"
"""Stands in a fingerprint for whatever a mask found: one character, so that it weighs little in a comparison."""

_WORD = r"(?<![a-z0-9])"
_DAYS = r"(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so)"
_MONTHS = r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)"


def _bounded(pattern: str) -> str:
    found = compile_regex(pattern)
    if found.limit < LONGEST_TEXT:
        raise refused(
            f"the pattern may take too long on {LONGEST_TEXT} characters", "use fewer parts like .*, or \\w++ and .*+"
        )
    if found.pattern.match(""):
        raise refused("the pattern is found in an empty text", "let it ask for at least one character")
    return pattern


class Mask(BaseModel):
    """A pattern. What it finds counts as “some value”; with `drop` it counts as not there at all."""

    model_config = STRICT

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    regex: Annotated[str, AfterValidator(_bounded)] = Field(min_length=1)
    drop: bool = False


def _built_in(name: str, *patterns: str, drop: bool = False) -> list[Mask]:
    return [Mask(name=name, regex=pattern, drop=drop) for pattern in patterns]


BUILT_IN: tuple[Mask, ...] = (
    *_built_in("reply", _WORD + r"(?:re|aw|wg|fw|fwd|sv|tr|antwort|回复|答复|转发)\s?:", drop=True),
    *_built_in("url", _WORD + r"[a-z][a-z0-9+.-]{1,19}://[!-~]++", _WORD + r"www\.[!-~]++"),
    *_built_in("mail", r"[a-z0-9._%+-]++@[a-z0-9.-]++"),
    *_built_in(
        "path",
        _WORD + r"[a-z]:[\\/][!-~]*+",
        _WORD + r"[a-z]:(?![!-~])",
        r"\\\\[!-~]++",
        r"(?<![a-zß-ɏ0-9#/])/[a-z0-9_.-][a-z0-9_./-]*+",
    ),
    *_built_in(
        "mac",
        _WORD + r"[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?![a-z0-9])",
        _WORD + r"[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}(?![a-z0-9])",
    ),
    *_built_in("ipv6", r"(?<![a-z0-9:])[0-9a-f]{0,4}:[0-9a-f]{0,4}:[0-9a-f:]*+(?:/\d++)?"),
    *_built_in("ipv4", _WORD + r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d++)?(?:/\d++)?"),
    *_built_in(
        "date",
        r"\d{4}-\d{2}-\d{2}(?:[t ]\s*+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d++)?)?)?(?:z|[+-]\d{2}:?\d{2}| uhr)?(?![a-z0-9])",
        r"(?:\d++年)?\d++月(?:\d++[日号])?",
        _WORD + rf"(?:{_DAYS}[.,]? )?{_MONTHS}[a-zä]{{0,6}}+\.? \d{{1,2}}(?!\d)",
        rf"(?:{_DAYS}[.,]? )?\d{{1,2}}\.? {_MONTHS}[a-zä]{{0,6}}+\.?(?: \d{{4}}+)?",
    ),
    *_built_in(
        "time",
        r"(?:上午|下午|凌晨|早上|晚上|中午)?\d++[点时](?:\d++分|半)?(?:\d++秒)?",
        r"\d{1,2}:\d{2}(?::\d{2})?(?:\s?(?:uhr|am|pm|utc|cet|cest|z))?(?![a-z0-9])",
        _WORD + r"\d{1,2}\s?(?:uhr|am|pm)(?![a-z0-9])",
    ),
    *_built_in("uuid", _WORD + r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    *_built_in(
        "host",
        _WORD + r"[a-z0-9_-]++(?:\.[a-z0-9_-]{2,}+){2,10}+",
        _WORD + r"[a-z0-9_-]++\.(?:com|net|org|io|de|at|ch|eu|cn|local|corp|lan|intern|internal)(?![a-z0-9])",
    ),
    *_built_in("id", _WORD + r"[a-z]++(?:[-_][a-z]++)*[-_#]?\d[a-z0-9]*+(?:[-_.:/]\d[a-z0-9]*+)*+"),
    *_built_in(
        "number",
        r"[-+]?#?\d++(?:[.,:/_-]\d++)*+\s?(?:%|[kmgt]i?b|ms)(?![a-z0-9])",
        r"#?\d[a-z0-9]*+(?:[-_.,:/]\d[a-z0-9]*+)*+",
    ),
)
_NAMES = tuple(dict.fromkeys(mask.name for mask in BUILT_IN))


def _known(name: str) -> str:
    if name not in _NAMES:
        raise refused(f"no built-in mask is called “{name[:60]}”", did_you_mean(name, _NAMES, "there are"))
    return name


def _exclusive(sides: Apart) -> Apart:
    words = [word for side in sides for word in plain(side).split()]
    empty = next((side for side in sides if not any(map(str.isalnum, side))), None)
    if empty is not None:
        raise refused(f"“{empty[:60]}” holds no word", "for example [red, blue]")
    twice = next((word for word in words if words.count(word) > 1), None)
    if twice is not None:
        raise refused(f"“{twice[:60]}” is there twice", "name every word once")
    return sides


_Side = Annotated[str, Field(max_length=400)]
_Apart = Annotated[tuple[_Side, ...], Field(min_length=1, max_length=10), AfterValidator(_exclusive)]


class MaskFile(BaseModel):
    """The file of masks: a site's own ones, which come first, and which of the built-in ones are left out.

    `apart` are further words that exclude each other, see bridge.rules.opposites.
    """

    model_config = STRICT

    version: Literal[1]
    masks: tuple[Mask, ...] = Field((), max_length=MOST_MASKS)
    without: tuple[Annotated[str, AfterValidator(_known)], ...] = Field((), max_length=MOST_MASKS)
    apart: tuple[_Apart, ...] = Field((), max_length=MOST_MASKS)

    @field_validator("masks")
    @classmethod
    def _told_apart(cls, masks: tuple[Mask, ...]) -> tuple[Mask, ...]:
        names = [mask.name for mask in masks]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise refused(f"“{twice}” is the name of two masks", "give one of them another name")
        return masks


@dataclass(frozen=True)
class Masks:
    """Masks in the order in which they are tried, and the words that keep summaries apart."""

    masks: tuple[Mask, ...] = BUILT_IN
    apart: tuple[Apart, ...] = OPPOSITES

    @cached_property
    def version(self) -> str:
        """12 hex digits: other patterns or words, or another order of them, make another version."""
        content = [METHOD, [[mask.name, mask.regex, mask.drop] for mask in self.masks], self.apart]
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]

    @cached_property
    def patterns(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """(pattern, what stands in its place)."""
        return tuple((compile_regex(mask.regex).pattern, " " if mask.drop else MARK) for mask in self.masks)


STANDARD = Masks()


def load_masks(path: FilePath | None) -> tuple[Masks | None, list[Problem]]:
    """The masks of a file (None: the built-in ones), None when the file has an error."""
    if path is None:
        return STANDARD, []
    marked, problems = load(path)
    if marked is None:
        return None, problems
    file, found = validate(MaskFile, marked)
    if file is None:
        return None, problems + found
    kept = (mask for mask in BUILT_IN if mask.name not in file.without)
    return Masks((*file.masks, *kept), (*OPPOSITES, *file.apart)), problems + found
