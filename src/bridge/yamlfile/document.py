"""YAML 1.2 files with the place of every value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bridge.model.errors import Problem

Path = tuple[str | int, ...]
"""The way to a value: keys and indexes (from 0), () for the whole document."""

Mark = tuple[int, int]
"""Line and column, from 1."""

MOST_BYTES = 2 * 1024 * 1024
MOST_VALUES = 200_000
DEEPEST = 50
_LONGEST_NUMBER = 40

_PLAIN = "plain"
_STR = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_BOOL = "tag:yaml.org,2002:bool"
_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"
_MAP = "tag:yaml.org,2002:map"
_SEQ = "tag:yaml.org,2002:seq"
# The core schema, https://yaml.org/spec/1.2.2/#1032-tag-resolution
_CORE = (
    (_NULL, re.compile(r"(?:null|Null|NULL|~|)\Z")),
    (_BOOL, re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")),
    (_INT, re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")),
    (
        _FLOAT,
        re.compile(
            r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
        ),
    ),
)
# What YAML 1.1 tools read as something else; the second half says what they would read.
_TRAPS = (
    (re.compile(r"(?:[yY]es|YES|[nN]o|NO|[oO]n|ON|[oO]ff|OFF)\Z"), "true or false"),
    (re.compile(r"[-+]?[1-9][0-9]*(?::[0-5]?[0-9])+(?:\.[0-9]*)?\Z"), "a number of minutes or seconds"),
    (re.compile(r"[-+]?0[0-7_]+\Z"), "an octal number"),
)


_NO_TABS = "indent with spaces, not with tabs"
_MENDS = {
    "tab character that violates indentation": _NO_TABS,
    "unknown escape character": "in double quotes a backslash begins an escape: use single quotes",
    "mapping values are not allowed": "a text with a colon and a space in it needs quotes",
}
_LINES = "write `key: value` lines"
# What YAML allows beside tab and line breaks, https://yaml.org/spec/1.2.2/#51-character-set
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Loader(yaml.CSafeLoader):
    """Leaves plain values as they are: which of them are numbers is decided here, by YAML 1.2."""

    yaml_implicit_resolvers = {None: [(_PLAIN, re.compile(""))]}  # noqa: RUF012 - PyYAML's own way to declare them
    yaml_path_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - the same


@dataclass(frozen=True, slots=True)
class Marked:
    """A document's data with the place where each value and each key stands.

    Keys are always texts, as written. `traps` are the plain values that a YAML 1.1 tool would read differently, with
    what it would read. `origins` names where a value comes from that does not stand in the file. `whole` is what the
    document is called in messages.
    """

    data: dict[str, Any]
    name: str
    marks: Mapping[Path, Mark] = field(default_factory=dict)
    keys: Mapping[Path, Mark] = field(default_factory=dict)
    traps: Mapping[Path, str] = field(default_factory=dict)
    origins: Mapping[Path, str] = field(default_factory=dict)
    whole: str = "the file"

    def where(self, path: Path, *, key: bool = False) -> str:
        """`file:line:column` of a value, of its key, or of the nearest thing around it that the file has."""
        marks = self.keys if key else self.marks
        for length in range(len(path), -1, -1):
            if path[:length] in self.origins:
                return self.origins[path[:length]]
            mark = marks.get(path[:length]) or self.marks.get(path[:length])
            if mark:
                return f"{self.name}:{mark[0]}:{mark[1]}"
        return self.name

    def problem(
        self, path: Path, what: str, advice: str = "", *, severity: str = "error", key: bool = False
    ) -> Problem:
        """A problem with the value (or the key) at a path."""
        return Problem(self.where(path, key=key), what, advice, severity)


class _Refused(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, mark: Any, what: str, advice: str = "") -> None:
        super().__init__(what)
        self.mark, self.what, self.advice = mark, what, advice


def load(path: FilePath, *, empty: str = _LINES) -> tuple[Marked | None, list[Problem]]:
    """Reads a file. Its name in problems is the path as given. Unreadable is a problem too.

    `empty` is what to do about a file that is empty.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return None, [Problem(str(path), f"cannot be read: {reason}", "check the path and the rights")]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(raw) > MOST_BYTES:
            return None, [_too_large(str(path))]
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        return None, [Problem(f"{path}:{line}:{column}", "is not UTF-8 text", "save the file as UTF-8")]
    return parse(text, str(path), empty=empty)


def parse(text: str, name: str, *, empty: str = _LINES) -> tuple[Marked | None, list[Problem]]:
    """Reads a text whose name in problems is `name`."""
    if len(text) > MOST_BYTES:
        return None, [_too_large(name)]
    control = _CONTROL.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        column = control.start() - text.rfind("\n", 0, control.start())
        what = f"holds the control character U+{ord(control[0]):04X}"
        return None, [Problem(f"{name}:{line}:{column}", what, "remove it, or check that this is a text file")]
    try:
        _check_depth(text)
        root = yaml.compose(text, Loader=_Loader)
        if root is None:
            return None, [_at(name, None, "the file is empty", empty)]
        return _Builder(name).build(root)
    except _Refused as refused:
        return None, [_at(name, refused.mark, refused.what, refused.advice)]
    except yaml.MarkedYAMLError as error:
        what = ": ".join(filter(None, (error.context, error.problem)))
        mark = error.problem_mark or error.context_mark
        return None, [_at(name, mark, f"is not valid YAML: {what}", _mend(text, error.problem or "", mark))]


def _mend(text: str, problem: str, mark: Any) -> str:
    """What is meant by far most often where YAML cannot be read, empty when that is not clear."""
    if "cannot start any token" in problem and mark:
        line = text.split("\n")[mark.line : mark.line + 1]
        return _NO_TABS if "".join(line)[mark.column :][:1] == "\t" else "put it in quotes"
    return next((advice for part, advice in _MENDS.items() if part in problem), "")


def _too_large(name: str) -> Problem:
    return Problem(name, f"is larger than {MOST_BYTES // 1024 // 1024} MiB", "split it into several files")


def _at(name: str, mark: Any, what: str, advice: str = "") -> Problem:
    where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else f"{name}:1:1"
    return Problem(where, what, advice)


def _check_depth(text: str) -> None:
    """PyYAML composes recursively in C: nesting that is too deep would end the process, so it is looked at first."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise _Refused(event.start_mark, f"is nested more than {DEEPEST} levels deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Builder:
    """Turns nodes into data, remembers the places, and collects what is wrong."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.marks: dict[Path, Mark] = {}
        self.keys: dict[Path, Mark] = {}
        self.traps: dict[Path, str] = {}
        self.problems: list[Problem] = []
        self.values = 0

    def build(self, root: Node) -> tuple[Marked | None, list[Problem]]:
        if not isinstance(root, MappingNode):
            mark = root.start_mark
            raise _Refused(mark, "the file must be a mapping at its top level", _LINES)
        data = self._value(root, ())
        if self.problems:
            return None, self.problems
        return Marked(data, self.name, self.marks, self.keys, self.traps), []

    def _value(self, node: Node, path: Path) -> Any:
        self.values += 1
        if self.values > MOST_VALUES:
            raise _Refused(node.start_mark, f"has more than {MOST_VALUES} values, aliases counted where they are used")
        if len(path) > DEEPEST:
            raise _Refused(node.start_mark, f"is nested more than {DEEPEST} levels deep", "an alias may contain itself")
        self.marks[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if node.tag != (_SEQ if isinstance(node, SequenceNode) else _MAP):
            self._unknown_tag(node)
            return None
        if isinstance(node, SequenceNode):
            return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
        return {key: self._value(value, (*path, key)) for key, value in self._pairs(node, path)}

    def _pairs(self, node: Node, path: Path) -> Iterator[tuple[str, Node]]:
        seen: dict[str, Mark] = {}
        for key_node, value in node.value:
            mark = key_node.start_mark
            if not isinstance(key_node, ScalarNode):
                self.problems.append(_at(self.name, mark, "a key must be a text, not a list or mapping"))
                continue
            key = key_node.value
            if key == "<<" and key_node.tag == _PLAIN:
                self.problems.append(
                    _at(self.name, mark, "merge keys (<<) are not part of YAML 1.2", "write the keys out")
                )
            elif key in seen:
                line, column = seen[key]
                what = f"the key “{key[:60]}” stands here a second time"
                self.problems.append(_at(self.name, mark, what, f"the first one is at {line}:{column}; remove one"))
            else:
                seen[key] = self.keys[*path, key] = (mark.line + 1, mark.column + 1)
                yield key, value

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        text: str = node.value
        tag = node.tag
        if tag == _PLAIN:
            tag = next((tag for tag, pattern in _CORE if pattern.match(text)), _STR)
            trap = next((read for pattern, read in _TRAPS if pattern.match(text)), "")
            if trap and not (tag == _INT and int(text, 8) == int(text)):
                here = "text" if tag == _STR else "decimal number"
                self.traps[path] = f"“{text[:60]}” is a {here} here, but {trap} for older YAML tools"
        elif tag not in {_STR, _NULL, _BOOL, _INT, _FLOAT}:
            self._unknown_tag(node)
            return None
        elif tag != _STR and not next(pattern for core, pattern in _CORE if core == tag).match(text):
            self.problems.append(_at(self.name, node.start_mark, "is not of the type that its tag says"))
            return None
        if tag in {_INT, _FLOAT} and len(text) > _LONGEST_NUMBER:
            self.problems.append(_at(self.name, node.start_mark, "is too long for a number", "put it in quotes"))
            return None
        return _convert(tag, text)

    def _unknown_tag(self, node: Node) -> None:
        # its name is not shown: it may be a password that begins with an exclamation mark
        advice = "remove it; a text that begins with ! needs quotes"
        self.problems.append(
            _at(self.name, node.start_mark, "has a tag (!…) that is not known or does not fit", advice)
        )


def _convert(tag: str, text: str) -> Any:
    if tag == _NULL:
        return None
    if tag == _BOOL:
        return text.casefold() == "true"
    if tag == _INT:
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    if tag == _FLOAT:
        return float(re.sub(r"\.(?=[iInN])", "", text))
    return text
