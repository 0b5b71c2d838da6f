"""The places in files up to which everything was taken in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bridge.model.errors import ConfigurationError, Problem
from bridge.sources.file.records import Part, Place


@dataclass(frozen=True, slots=True)
class Mark:
    """A file as it was seen last, and how much of it was taken in. `size` -1: there is more to read."""

    size: int
    changed: int
    place: Place


@dataclass(frozen=True, slots=True)
class FileCursor:
    """One mark per file."""

    marks: Mapping[str, Mark] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, where: str) -> FileCursor:
        """The cursor that `str` wrote. Raises ConfigurationError for anything else."""
        try:
            stored = json.loads(text)
            return cls({name: Mark(size, at, Place(offset, crc)) for name, (size, at, offset, crc) in stored.items()})
        except (ValueError, TypeError, AttributeError) as error:
            problem = Problem(where, f"“{text[:80]}” is not a cursor of files", "Was the source's kind changed?")
            raise ConfigurationError([problem]) from error

    def __str__(self) -> str:
        marks = {
            name: [mark.size, mark.changed, mark.place.offset, mark.place.crc] for name, mark in self.marks.items()
        }
        return json.dumps(marks, separators=(",", ":"))

    def seen(self, part: Part) -> bool:
        """Whether the file is as it was when all of it was taken in."""
        mark = self.marks.get(part.name)
        return mark is not None and (mark.size, mark.changed) == (part.size, part.changed)

    def place(self, part: Part) -> Place:
        """How much of the file was taken in."""
        mark = self.marks.get(part.name)
        return mark.place if mark is not None else Place()

    def at(self, part: Part, place: Place, *, ended: bool) -> FileCursor:
        """The cursor after taking in a file up to a place."""
        mark = Mark(part.size if ended else -1, part.changed, place)
        return replace(self, marks={**self.marks, part.name: mark})
