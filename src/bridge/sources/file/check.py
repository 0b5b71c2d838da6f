"""Whether files can be read as the options say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from bridge.model.errors import Problem, RemoteUnavailable
from bridge.sources.file.options import FileFormat, FileOptions
from bridge.sources.file.records import Part, Record, format_of, header_of, records
from bridge.sources.file.translate import FileTranslator

_SAMPLE = 1000
_CORRECT = "correct the source's options"
_REPLACED = "\N{REPLACEMENT CHARACTER}"

Fault = tuple[str, str, str]
"""What, advice and severity."""


def check(where: str, found: Sequence[Part], options: FileOptions, translator: FileTranslator) -> list[Problem]:
    """Files that cannot be read, columns that are missing, what the first rows have that no table covers; each once."""
    problems: dict[str, Problem] = {}
    for part in found:
        place = f"{where}: {part.name}"
        try:
            for what, advice, severity in _faults(part, options, translator):
                problems.setdefault(what, Problem(place, what, advice, severity))
        except RemoteUnavailable as error:
            problems[part.name] = Problem(place, error.what, error.advice)
    return list(problems.values())


def _faults(part: Part, options: FileOptions, translator: FileTranslator) -> Iterator[Fault]:
    is_csv = format_of(part, options) is FileFormat.CSV
    there = dict.fromkeys(header_of(part, options) if is_csv else ())
    for record in islice(records(part, options), _SAMPLE):
        there |= dict.fromkeys(record.values)
        if any(isinstance(value, str) and _REPLACED in value for value in record.values.values()):
            what = f"there are characters that are not {options.encoding.removesuffix('-sig')}"
            yield what, "set `encoding` to what the file is written in, for example gb18030 or cp1252", "warning"
        yield from _row_faults(record, translator)
    if missing := sorted(translator.columns - there.keys()):
        what = f"there is no column {', '.join(missing)}"
        # a line of JSON leaves out what it has no value for; that ids and times are there was seen above
        yield what, f"there is: {', '.join(there) or 'nothing'}", "error" if is_csv else "warning"


def _row_faults(record: Record, translator: FileTranslator) -> Iterator[Fault]:
    if record.error:
        yield f"a row {record.error}", _CORRECT, "error"
        return
    try:
        for name, value in translator.incident(record.values).unknown:
            yield f"{name} “{value}” is in no table", _CORRECT, "warning"
    except (ValueError, TypeError) as error:
        yield str(error), _CORRECT, "error"
