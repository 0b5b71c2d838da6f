"""Files as records, each with the place in the file where it ends."""

from __future__ import annotations

import csv
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import IO, Any, cast
from zlib import crc32

from bridge.model.errors import RemoteUnavailable
from bridge.sources.file.options import FileFormat, FileOptions
from bridge.sources.json_text import loads

csv.field_size_limit(1 << 27)

_CHUNK = 1 << 20
_UNREADABLE = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, csv.Error)
_SUFFIXES = {".csv": FileFormat.CSV, ".tsv": FileFormat.CSV, ".txt": FileFormat.CSV}


@dataclass(frozen=True, slots=True)
class Part:
    """A file, or a member of an archive. `size` and `changed` (nanoseconds) are those of the file on the disk."""

    path: Path
    member: str
    size: int
    changed: int

    @property
    def name(self) -> str:
        """Tells the part apart from others."""
        return f"{self.path}!{self.member}" if self.member else str(self.path)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The bytes, unpacked. Raises RemoteUnavailable for what cannot be read inside, and what is no CSV there."""
        with _named(self.name), self._unpacked() as stream:
            yield stream

    @contextmanager
    def _unpacked(self) -> Iterator[IO[bytes]]:
        if self.member:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as packed:
                yield packed
        elif self.path.suffix.lower() == ".gz":
            with gzip.open(self.path) as unpacked:
                yield cast("IO[bytes]", unpacked)
        else:
            with self.path.open("rb") as plain:
                yield plain


@dataclass(frozen=True, slots=True)
class Place:
    """How much of a part was read: bytes after unpacking, and their checksum."""

    offset: int = 0
    crc: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """A row by column names, and the place where it ends.

    `mark` differs for different contents. `whole`: its line is complete. `error`: why it is no row.
    """

    values: dict[str, Any]
    mark: int
    end: Place
    whole: bool
    error: str = ""


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Raises RemoteUnavailable, naming the file, for what cannot be read or is not what its name says."""
    try:
        yield
    except _UNREADABLE as error:
        advice = "Is it still being written, damaged, or not what its name says? It is tried again."
        raise RemoteUnavailable(f"file {name}", f"cannot be read: {error}.", advice) from error


def parts(pattern: str) -> list[Part]:
    """The files that a pattern names, in the order of their names, archives by their members.

    What macOS and others hide in archives is left out. Raises RemoteUnavailable for a broken archive.
    """
    found = []
    for name in sorted(glob(pattern, recursive=True)):  # noqa: PTH207 - a pattern may be absolute
        path = Path(name)
        if not path.is_file():
            continue
        stat = path.stat()
        members = [""]
        if path.suffix.lower() == ".zip":
            with _named(name), zipfile.ZipFile(path) as archive:
                members = sorted(one.filename for one in archive.infolist() if not one.is_dir() and not _hidden(one))
        found += [Part(path, member, stat.st_size, stat.st_mtime_ns) for member in members]
    return found


def _hidden(member: zipfile.ZipInfo) -> bool:
    return any(name.startswith((".", "__MACOSX")) for name in member.filename.split("/"))


def format_of(part: Part, options: FileOptions) -> FileFormat:
    """As the options say, else by the name."""
    name = Path((part.member or str(part.path)).lower().removesuffix(".gz"))
    return options.format or _SUFFIXES.get(name.suffix, FileFormat.JSONL)


def header_of(part: Part, options: FileOptions) -> list[str]:
    """The names of a CSV file's columns. Raises RemoteUnavailable."""
    with part.open() as stream:
        return _header(stream, options)


def unchanged(part: Part, place: Place) -> bool:
    """Whether what was read of a part is still what it begins with."""
    crc, left = 0, place.offset
    with part.open() as stream:
        while left and (chunk := stream.read(min(left, _CHUNK))):
            crc = crc32(chunk, crc)
            left -= len(chunk)
    return left == 0 and crc == place.crc


def end_of(part: Part) -> Place:
    """The place after the last complete line."""
    crc = offset = 0
    with part.open() as stream:
        for line in stream:
            if not line.endswith(b"\n"):
                break
            crc = crc32(line, crc)
            offset += len(line)
    return Place(offset, crc)


def records(part: Part, options: FileOptions, start: Place = Place()) -> Iterator[Record]:
    """The records after a place. A last line that is still being written is left out."""
    with part.open() as stream:
        if format_of(part, options) is FileFormat.JSONL:
            stream.seek(start.offset)
            yield from _json_lines(_Lines(stream, options.encoding, start))
        else:
            yield from _csv(stream, options, start)


class _Lines:
    """Decoded lines, and the place after the last one given."""

    def __init__(self, stream: IO[bytes], encoding: str, start: Place) -> None:
        self._stream = stream
        self._encoding = encoding
        self.place = start
        self.whole = True
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        offset, crc, encoding = self.place.offset, self.place.crc, self._encoding
        for line in self._stream:
            offset += len(line)
            crc = crc32(line, crc)
            self.place = Place(offset, crc)
            self.whole = line.endswith(b"\n")
            yield line.replace(b"\0", b"").decode(encoding, "replace")
            if encoding == "utf-8-sig":
                encoding = "utf-8"  # the mark stands only at the beginning
        self.ended = True


def _json_lines(lines: _Lines) -> Iterator[Record]:
    for line in lines:
        if not line.strip():
            continue
        try:
            value = loads(line.encode())
            error = "" if isinstance(value, dict) else "is not an object"
        except ValueError as problem:
            value, error = {}, f"is not JSON: {problem}"
        if lines.whole or not error:
            yield Record(value if not error else {"": line}, crc32(line.encode()), lines.place, lines.whole, error)


def _header(stream: IO[bytes], options: FileOptions) -> list[str]:
    return next(csv.reader(_Lines(stream, options.encoding, Place()), delimiter=options.delimiter), [])


def _csv(stream: IO[bytes], options: FileOptions, start: Place) -> Iterator[Record]:
    header = _header(stream, options)
    if start.offset:
        stream.seek(start.offset)
        lines = _Lines(stream, options.encoding.removesuffix("-sig"), start)
    else:
        stream.seek(0)
        lines = _Lines(stream, options.encoding, start)
    reader = csv.reader(lines, delimiter=options.delimiter, strict=True)
    if not start.offset:
        next(reader, None)
    while True:
        try:
            values = next(reader)
            error = "" if len(values) in {0, len(header)} else f"has {len(values)} of {len(header)} columns"
        except StopIteration:
            return
        except csv.Error as problem:
            values, error = [], str(problem)
            if lines.ended:
                return  # a quote is still open: the rest is not written yet
        if not values and not error:
            continue  # an empty line
        if lines.whole or not error:
            mark = crc32("\x1f".join(values).encode())
            yield Record(dict(zip(header, values, strict=False)), mark, lines.place, lines.whole, error)
