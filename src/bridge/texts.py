"""The templates of every text that is written to people or remote systems."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bridge import quoting
from bridge.model.errors import BridgeError, Problem
from bridge.shipped import shipped
from bridge.yamlfile import did_you_mean

FALLBACK_LANGUAGE = "en"
# MySQL's TEXT column holds 65,535 bytes; the origin line that follows a text needs some of them.
LONGEST_TEXT = 60_000
_CODE = re.compile(r"\{#-?\s*code:\s*(RB-\d{4})\b[^\n]*#\}")
_VALUE = re.compile(r"^\s+(\w+) — ", re.MULTILINE)
# What a template may trip over: its own mistakes and values that are not what it expects.
_RENDER_ERRORS = (TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)


class TextBroken(BridgeError):  # noqa: N818 - named by what it says
    """A text could not be made from its template."""

    code = "RB-2001"
    permanent = True


@dataclass(frozen=True, slots=True)
class _Source:
    """A template file: which text in which language, and what stands in it."""

    name: str
    language: str
    path: Path
    text: str

    @property
    def id(self) -> str:
        return f"{self.language}/{self.name}.txt"

    @property
    def is_part(self) -> bool:
        """True for files that other templates include; they are no message of their own."""
        return self.name.startswith("_")

    @property
    def code(self) -> str:
        """The stable message code in the first line."""
        found = _CODE.match(self.text)
        return found[1] if found else ""

    @property
    def values(self) -> frozenset[str]:
        """The names that the comment at the top explains."""
        return frozenset(_VALUE.findall(self.text.partition("#}\n{#")[2].partition("#}")[0]))


class _Environment(ImmutableSandboxedEnvironment):
    """A sandbox in which a template finds the parts it includes in its own language, else in English."""

    def join_path(self, template: str, parent: str) -> str:
        own = f"{parent.partition('/')[0]}/{template}"
        return own if self.loader and own in self.loader.list_templates() else f"{FALLBACK_LANGUAGE}/{template}"


class JinjaTexts:
    """Texts from templates by name and language, each compiled when first written; see bridge.ports.Texts."""

    def __init__(self, sources: Iterable[_Source], default_language: str) -> None:
        found = list(sources)
        self._environment = _environment({source.id: source.text for source in found})
        self._ids = {(source.name, source.language): source.id for source in found if not source.is_part}
        self._default = default_language

    def render(self, name: str, language: str = "", **values: Any) -> str:
        """The text `name` in a language, else in the default language, else in English; at most 60,000 bytes of UTF-8.

        A language with a region falls back to the language itself. Raises TextBroken.
        """
        wanted = [language, language.partition("-")[0], self._default, FALLBACK_LANGUAGE]
        for one in wanted:
            found = self._ids.get((name, one))
            if found is not None:
                return _rendered(self._environment, found, f"text {name} ({one})", values)
        raise TextBroken(
            f"text {name}", "there is no template of this name.", "Reinstall the bridge: files are missing."
        )

    @property
    def languages(self) -> frozenset[str]:
        """The languages that there are texts in."""
        return frozenset(language for _, language in self._ids)

    @property
    def names(self) -> frozenset[str]:
        """The names of all texts."""
        return frozenset(name for name, _ in self._ids)


def load_texts(directories: Sequence[Path], default_language: str) -> tuple[JinjaTexts, list[Problem]]:
    """The shipped texts, each replaced by the first of `directories` that has a file `<language>/<name>.txt` for it.

    Returns what can be used, a shipped text in place of a broken one, and all problems.
    """
    own: list[_Source] = []
    problems: list[Problem] = []
    shipped_sources = {source.id: source for source in _read(shipped("templates", "text"), problems)}
    for directory in reversed(directories):
        if not directory.is_dir():
            problems.append(
                Problem(str(directory), "there is no such folder of texts", "create it or change the setting")
            )
            continue
        own += _read(directory, problems)
    chosen = dict(shipped_sources)
    for source in own:
        if source.text == getattr(shipped_sources.get(source.id), "text", None):
            # a folder of texts usually begins as a copy of the shipped one, and checking all of it takes a second
            chosen[source.id] = source
            continue
        found = _check(source, shipped_sources)
        problems += found
        if not found:
            chosen[source.id] = source
    if default_language not in {source.language for source in chosen.values()}:
        languages = sorted({source.language for source in chosen.values()})
        problems.append(
            Problem(
                "language", f"there are no texts in “{default_language}”", f"right would be {' or '.join(languages)}"
            )
        )
    return JinjaTexts(chosen.values(), default_language), problems


def _environment(sources: Mapping[str, str]) -> ImmutableSandboxedEnvironment:
    environment = _Environment(
        loader=DictLoader(sources), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    for function in (
        quoting.address,
        quoting.cell,
        quoting.clean,
        quoting.day,
        quoting.hours,
        quoting.moment,
        quoting.plain,
        quoting.quoted,
        quoting.quoted_plain,
    ):
        environment.filters[function.__name__] = function
    return environment


def _rendered(environment: Environment, template: str, where: str, values: Mapping[str, Any]) -> str:
    pieces, size = [], 0
    try:
        for piece in environment.get_template(template).generate(**values):
            pieces.append(piece)
            size += len(piece.encode(errors="replace"))
            if size > LONGEST_TEXT:
                break
    except _RENDER_ERRORS as error:
        raise TextBroken(
            where, f"could not be written: {error}.", "Mend the template; nothing is lost, the text is written then."
        ) from error
    text = "".join(pieces).strip()
    if size <= LONGEST_TEXT:
        return text
    room = LONGEST_TEXT - len(" …".encode())
    return text.encode(errors="replace")[:room].decode(errors="ignore").rstrip() + " …"


def _read(directory: Path, problems: list[Problem]) -> list[_Source]:
    sources = []
    for path in sorted(directory.glob("*/*.txt")):
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(f"{path}:1:1", f"cannot be read: {error}", "save it as UTF-8"))
            continue
        sources.append(_Source(path.stem, path.parent.name, path, text))
    return sources


def _check(source: _Source, shipped_sources: Mapping[str, _Source]) -> list[Problem]:
    """What is wrong with an admin's template, compared with the shipped text of the same name."""
    original = shipped_sources.get(source.id) or shipped_sources.get(f"{FALLBACK_LANGUAGE}/{source.name}.txt")
    top = f"{source.path}:1:1"
    if original is None:
        names = {one.name for one in shipped_sources.values()}
        return [Problem(top, f"there is no text called “{source.name}”", did_you_mean(source.name, names, "texts are"))]
    environment = _environment({})
    try:
        tree = environment.parse(source.text)
        used = meta.find_undeclared_variables(tree)
    except TemplateSyntaxError as error:
        return [Problem(f"{source.path}:{error.lineno}:1", f"the template is broken: {error.message}")]
    problems = []
    if source.code != original.code:
        first = f"{{# code: {original.code} … #}}"
        problems.append(Problem(top, f"its first line must name the message code {original.code}", f"write {first}"))
    if not source.is_part:
        for name in sorted(used - original.values):
            advice = did_you_mean(name, original.values, "it is given")
            where = f"{source.path}:{_line_of(tree, name)}:1"
            problems.append(Problem(where, f"this text is not given a value “{name}”", advice))
    return problems


def _line_of(tree: nodes.Template, name: str) -> int:
    """The line that first uses a name."""
    return min((node.lineno for node in tree.find_all(nodes.Name) if node.name == name), default=1)
