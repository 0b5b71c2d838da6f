"""What the settings file may say about notes, and about the slow comparison of both sides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bridge.redmine.options import Formatting
from bridge.sync.markup import Markup, missing
from bridge.usecases.drift import DriftPolicy
from bridge.usecases.note_policy import NotePolicy
from bridge.yamlfile import refused

STRICT = ConfigDict(extra="forbid", frozen=True)
_TRACKER: dict[Formatting, Markup] = {
    "textile": Markup.TEXTILE,
    "markdown": Markup.MARKDOWN,
    "common_mark": Markup.MARKDOWN,
}
_INSTALL = "install redmine-itsm-bridge[markup]"
Wrong = tuple[tuple[str, ...], str, str]
"""The place in the settings, what is wrong there, and what would be right."""


class BroadcastSettings(BaseModel):
    """How a note on a root issue goes to all open incidents of its project: by what it begins with."""

    model_config = STRICT

    mark: str = Field("!all", max_length=40, pattern=r"^\S.*\S$")
    public_mark: str = Field("!all public", max_length=40, pattern=r"^\S.*\S$")
    most_per_day: int = Field(10, ge=0, le=1000)

    @model_validator(mode="after")
    def _two_marks(self) -> Self:
        if self.mark.casefold() == self.public_mark.casefold():
            raise refused("mark and public_mark are the same", "nobody could tell what callers are to read")
        return self


class NoteSettings(BaseModel):
    """How notes are carried over. `sources` names the markup of notes that are written to a source."""

    model_config = STRICT

    convert: bool = True
    sources: dict[str, Literal["plain", "markdown"]] = Field(default_factory=dict)
    broadcast: BroadcastSettings = BroadcastSettings()

    def problems(self, sources: Iterable[str], formatting: Formatting) -> list[tuple[Wrong, str]]:
        """What is wrong, each with its severity. `sources` by name."""
        named = sorted(sources)
        found: list[tuple[Wrong, str]] = []
        for name, markup in self.sources.items():
            place = ("notes", "sources", name)
            if name not in named:
                found.append(((place, "there is no such source", f"there is {', '.join(named)}"), "error"))
            lacks = missing(Markup(markup), Markup.TEXTILE) or missing(_TRACKER[formatting], Markup(markup))
            if markup == "markdown" and lacks:
                found.append(((place, f"needs the library {', '.join(lacks)}", _INSTALL), "error"))
        lacks = missing(_TRACKER[formatting], Markup.PLAIN) + missing(Markup.HTML, _TRACKER[formatting])
        if self.convert and lacks and not found:
            what = f"notes are carried as they are written: the library {', '.join(lacks)} is not installed"
            found.append(((("notes", "convert"), what, f"{_INSTALL}, or set `notes.convert: false`"), "warning"))
        return found

    def policy(self, formatting: Formatting) -> NotePolicy:
        """The same in the use cases' words; nothing is converted where a library is missing."""
        tracker, marks = _TRACKER[formatting], self.broadcast
        lacks = missing(tracker, Markup.PLAIN) + missing(Markup.HTML, tracker)
        sources = {name: Markup(markup) for name, markup in self.sources.items()}
        return NotePolicy(
            tracker, sources, self.convert and not lacks, marks.mark, marks.public_mark, marks.most_per_day
        )


class DriftSettings(BaseModel):
    """The slow comparison of both sides: so many links every so many seconds.

    A system that shows less than `share` of `least` or more linked items is stopped until a person resumes it.
    """

    model_config = STRICT

    every_seconds: float = Field(60, ge=1, le=86_400)
    links: int = Field(20, ge=1, le=100)
    share: float = Field(0.5, ge=0, le=1)
    least: int = Field(5, ge=1)

    def policy(self) -> DriftPolicy:
        """The same in the use cases' words."""
        return DriftPolicy(self.links, self.share, self.least)
