"""Why a row of a history is none. Asked only where one is: the files are read once more, up to that row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.sources.file.options import FileOptions
from bridge.sources.file.records import Part, Place, Record, parts, records
from bridge.sources.file.translate import FileTranslator

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that cannot be read: `file:line`, and what it has or is."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where} {self.why}"


def required(*, final: bool) -> tuple[str, ...]:
    """The fields without which FileHistory.read leaves a row out."""
    return ("external_id", "opened_at") if final else ("external_id", "opened_at", "updated_at")


def first_unreadable(name: str, options: FileOptions, *, final: bool) -> Unreadable:
    """The first row of a source's files that FileHistory.read leaves out; there has to be one."""
    translator = FileTranslator(name, options)
    when = required(final=final)
    where = options.path
    for part in parts(options.path):
        where = part.name
        for record in records(part, options):
            if why := record.error or _why(record, translator, when):
                return Unreadable(f"{where}:{_line(part, record.end)}", why)
    return Unreadable(where, "ends within a row (is a quote not closed?)")


def _why(record: Record, translator: FileTranslator, fields: Sequence[str]) -> str:
    for field in fields:
        column = ", ".join(translator.columns_of(field))
        try:
            if not translator.reader(field)(record.values):
                return f"has nothing in the column {column}"
        except ValueError as error:
            return f"in the column {column}: {error}"
    return ""


def _line(part: Part, end: Place) -> int:
    """The number of the line that ends there."""
    left, line = end.offset, 0
    last = b"\n"
    with part.open() as stream:
        while left and (chunk := stream.read(min(left, _CHUNK))):
            left -= len(chunk)
            line += chunk.count(b"\n")
            last = chunk[-1:]
    return line + (last != b"\n")
