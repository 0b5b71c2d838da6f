"""What the settings decide about notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.sync.markup import Markup


@dataclass(frozen=True, slots=True)
class NotePolicy:
    """How notes are carried over.

    `tracker` is the markup of issues, `sources` that of the notes that are written to a source (plain unless named).
    Without `convert` a text is carried as it is written. A note on a root issue that begins with `mark` goes to the
    promotion's open incidents, one that begins with `public_mark` so that callers can read it; at most `most_per_day`.
    """

    tracker: Markup = Markup.TEXTILE
    sources: Mapping[str, Markup] = field(default_factory=dict)
    convert: bool = True
    mark: str = "!all"
    public_mark: str = "!all public"
    most_per_day: int = 10

    def of(self, source: str) -> Markup:
        """The markup of notes that are written to a source."""
        return self.sources.get(source, Markup.PLAIN)
