"""Wires replays: a file or the store in, figures out. Nothing is connected to and nothing is written."""

from __future__ import annotations

import gc
import glob
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from bridge.app.app import App
from bridge.configuration import Configuration
from bridge.model.errors import ConfigurationError, Problem
from bridge.rules.history import History
from bridge.rules.ruleset import RuleSet
from bridge.settings.loading import SourceSettings
from bridge.sources.file.history import FileHistory
from bridge.sources.file.options import FileOptions
from bridge.sources.file.unreadable import first_unreadable
from bridge.usecases.backtest.figures import Figures, Skipped
from bridge.usecases.backtest.members import fields_asked
from bridge.usecases.backtest.replay import Asked, AsOf, backtest
from bridge.usecases.backtest.stored import stored_history

REPORTED = ("resolved_at",)
"""What figures need beside what the rules ask for."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Keeps the collector of garbage away: a replay makes millions of objects and no cycles worth looking for."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def replay_file(configuration: Configuration, path: str, source: str | None, asked: Asked) -> Figures:
    """Replays the configuration's rules over a file, read as one of its `file` sources says.

    `source` names that source, None: the only one. Raises ConfigurationError when there is no such source, and
    RemoteUnavailable when the file cannot be read.
    """
    with uncollected():
        history, skipped = file_history(configuration, path, source, asked.as_of)
        return backtest(history, configuration.configured(""), replace(asked, skipped=skipped))


def replay_store(app: App, rules: RuleSet, since: datetime | None, asked: Asked) -> Figures:
    """Replays rules over the incidents that the store has, those opened since a moment (None: all)."""
    fields = [*fields_asked(rules.rules), *REPORTED]
    with uncollected():
        with app.database.reading() as uow:
            history, _ = stored_history(uow, fields, since, final=asked.as_of is AsOf.FINAL)
        return backtest(history, replace(app.configured, rules=rules), asked)


def file_history(
    configuration: Configuration, path: str, source: str | None, as_of: AsOf, more: Collection[str] = ()
) -> tuple[History, Skipped]:
    """The history in a file with the fields that the rules ask for and `more`, and which rows were left out.

    Raises ConfigurationError when there are rows and none can be read.
    """
    chosen = file_source(configuration.loaded.sources, source)
    assert isinstance(chosen.options, FileOptions), "chosen by that"
    name = path if glob.has_magic(path) else str(Path(path).resolve())
    options = chosen.options.model_copy(update={"path": name})
    reader = FileHistory(chosen.name, options)
    fields = [*fields_asked(configuration.rules.rules), *REPORTED, *more]
    history = reader.read(fields, final=as_of is AsOf.FINAL)
    if not reader.skipped:
        return history, Skipped()
    first = first_unreadable(chosen.name, options, final=as_of is AsOf.FINAL)
    if not history.incidents:
        what = f"none of {reader.skipped} row(s) can be read; the first {first.why}"
        raise ConfigurationError([Problem(first.where, what, f"correct the options of source {chosen.name}")])
    return history, Skipped(reader.skipped, str(first))


def file_source(sources: Sequence[SourceSettings], name: str | None) -> SourceSettings:
    found = [one for one in sources if isinstance(one.options, FileOptions) and name in {None, one.name}]
    if len(found) == 1:
        return found[0]
    files = [one.name for one in sources if isinstance(one.options, FileOptions)]
    if not files:
        what = "there is no source of kind file, which would say what the columns of a history mean"
        raise ConfigurationError([Problem("sources", what, "add one, see config/sources/uci.yaml")])
    what = f"there is no file source “{name}”" if name else "several sources are of kind file"
    raise ConfigurationError([Problem("sources", what, f"name one with --source: {', '.join(files)}")])
