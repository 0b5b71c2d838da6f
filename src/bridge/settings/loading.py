"""Reads the settings and tells everything that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import BaseModel

from bridge.model.errors import ConfigurationError, Problem
from bridge.settings.environment import overlaid
from bridge.settings.model import Settings, SourceHead, StoreSettings
from bridge.sources.file.options import FileOptions
from bridge.sources.registry import OPTIONS, options_of
from bridge.yamlfile import Marked, Path, did_you_mean, load, validate

M = TypeVar("M", bound=BaseModel)

SHARED_SOURCE_KEYS = frozenset(SourceHead.model_fields)
SQLITE = "sqlite:///"
SECRET_FILE = "_file"  # noqa: S105 - how the names of such settings end


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """A configured source. `options` are its kind's; `start_from` is None for “now”; `place` is where it is written."""

    name: str
    kind: str
    start_from: datetime | None
    options: BaseModel
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings ready for use: paths absolute, every source with its options; `marked` tells where each value stands."""

    settings: Settings
    sources: tuple[SourceSettings, ...]
    folder: FilePath
    marked: Marked = field(compare=False, repr=False)


def load_settings(path: FilePath) -> tuple[Loaded | None, list[Problem]]:
    """Reads the settings file, secret files and the environment; None when anything is wrong. Never raises.

    Relative paths count from the file's folder. No problem shows a secret.
    """
    marked, problems = load(path)
    if marked is None:
        if not path.exists():
            problems = [replace(one, advice="name the settings file with -c, or in BRIDGE_CONFIG") for one in problems]
        return None, problems
    folder = path.parent.resolve()
    marked, found = overlaid(marked, folder)
    problems += found
    settings, found = validate(Settings, marked)
    problems += found
    entries = marked.data.get("sources")
    sources, found = _sources(marked, entries if isinstance(entries, list) else [], folder)
    problems += found
    if settings is None:
        return None, problems
    settings = _absolute(settings, folder)
    problems += _secrets(marked, settings)
    named = sorted({*(source.name for source in sources), *_names(entries)})
    place = ("sync",) if "sync" in marked.data else ("redmine",)
    problems += [
        replace(found, where=marked.where((*place, *below)))
        for below, found in settings.sync.problems(settings.redmine, named)
    ]
    if settings.hooks is not None:
        problems += [
            replace(found, where=marked.where(tuple(found.where.split("."))))
            for found in settings.hooks.problems(named)
        ]
    problems += [marked.problem(path, what, advice) for path, what, advice in settings.notify.problems()]
    problems += [
        replace(marked.problem(*wrong), severity=severity)
        for wrong, severity in settings.notes.problems(named, settings.redmine.text_formatting)
    ]
    if any(problem.severity == "error" for problem in problems):
        return None, problems
    return Loaded(settings, sources, folder, marked), problems


def _names(entries: object) -> Iterator[str]:
    """What sources are called, also those with a mistake: one mistake is not told at every place that names them."""
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and isinstance(name := entry.get("name"), str):
            yield name


def _secrets(marked: Marked, settings: Settings) -> list[Problem]:
    """What keeps the bridge from logging in to Redmine."""
    redmine = settings.redmine
    if redmine.api_key is None and redmine.api_key_file is None:
        advice = "set redmine.api_key_file, or BRIDGE_REDMINE__API_KEY in the environment"
        return [marked.problem(("redmine",), "“api_key” is missing", advice)]
    if unreadable := _unreadable(marked, redmine, ("redmine",)):
        return unreadable
    try:
        redmine.key()
    except ConfigurationError as error:
        return [marked.problem(("redmine",), problem.what, problem.advice) for problem in error.problems]
    return []


def _sources(marked: Marked, entries: list[Any], folder: FilePath) -> tuple[tuple[SourceSettings, ...], list[Problem]]:
    made: list[SourceSettings] = []
    problems: list[Problem] = []
    names: set[str] = set()
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            continue
        head, found = validate(SourceHead, _part(marked, number, entry))
        problems += found
        if head is None:
            continue
        if head.name in names:
            problems.append(marked.problem(("sources", number, "name"), f"“{head.name}” is the name of two sources"))
        names.add(head.name)
        try:
            model = options_of(head.kind)
        except ConfigurationError:
            what, advice = f"“{head.kind[:60]}” is no kind of source", did_you_mean(head.kind, OPTIONS)
            problems.append(marked.problem(("sources", number, "kind"), what, advice))
            continue
        own = {key: value for key, value in entry.items() if key not in SHARED_SOURCE_KEYS}
        options, found = validate(model, replace(_part(marked, number, own), whole=f"source {head.name}"))
        variable = head.name.replace("-", "_").upper()
        problems += [replace(problem, advice=problem.advice.replace("<NAME>", variable)) for problem in found]
        if options is not None:
            options = _rooted(options, folder)
            problems += _unreadable(marked, options, ("sources", number))
            place = marked.where(("sources", number))
            made.append(SourceSettings(head.name, head.kind, head.start_from, options, place))
    return tuple(made), problems


def _part(marked: Marked, number: int, data: dict[str, Any]) -> Marked:
    """One entry of `sources` as a document of its own, with the places it has in the file.

    Its traps are left out: they are told for the file as a whole.
    """
    head = ("sources", number)

    def below(places: Mapping[Path, Any]) -> dict[Path, Any]:
        return {place[2:]: value for place, value in places.items() if place[:2] == head}

    return Marked(
        data, marked.name, below(marked.marks), below(marked.keys), origins=below(marked.origins), whole="source"
    )


def _absolute(settings: Settings, folder: FilePath) -> Settings:
    url = settings.store.url
    if url.startswith(SQLITE) and not url.startswith(SQLITE + "/") and url != SQLITE:
        url = f"{SQLITE}{folder / url.removeprefix(SQLITE)}"
    rooted = _rooted(settings, folder)
    rules = tuple(str(folder / pattern) for pattern in settings.rules)
    return rooted.model_copy(update={"store": StoreSettings(url=url), "rules": rules, "sources": ()})


def _rooted(model: M, folder: FilePath) -> M:
    """The model with every path in it counted from a folder."""
    changes: dict[str, Any] = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, FilePath):
            changes[name] = folder / value
        elif isinstance(value, BaseModel):
            changes[name] = _rooted(value, folder)
        elif isinstance(value, dict):
            changes[name] = {k: _rooted(v, folder) if isinstance(v, BaseModel) else v for k, v in value.items()}
    if isinstance(model, FileOptions):
        changes["path"] = str(folder / model.path)
    return model.model_copy(update=changes)


def _unreadable(marked: Marked, model: BaseModel, path: Path) -> list[Problem]:
    """Files that are named for a secret or a certificate and cannot be read."""
    problems = []
    for place, file in _files(model, path):
        try:
            with file.open("rb"):
                pass
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no file's name"
            problems.append(marked.problem(place, f"the file {file} cannot be read: {reason}", "check path and rights"))
    return problems


def _files(model: BaseModel, path: Path) -> Iterator[tuple[Path, FilePath]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, FilePath) and name.endswith(SECRET_FILE):
            yield (*path, name), value
        elif isinstance(value, BaseModel):
            yield from _files(value, (*path, name))
