"""Wires suggestions: a file or the store in, rules out. Nothing is connected to and nothing is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bridge.app.app import App
from bridge.app.replay import REPORTED, file_history, uncollected
from bridge.configuration import Configuration
from bridge.rules.fields import FINGERPRINT, OWN_FIELD
from bridge.sources.file.options import FileOptions
from bridge.usecases.backtest.members import fields_asked
from bridge.usecases.backtest.replay import Asked, AsOf
from bridge.usecases.backtest.stored import stored_history
from bridge.usecases.mining import SHARED
from bridge.usecases.suggest import Suggested, suggest

LOOKED_AT = 1000
"""So many incidents of the store tell which own fields there are."""


def suggest_from_file(configuration: Configuration, path: str, source: str | None, asked: Asked, top: int) -> Suggested:
    """Rules that a file suggests, read as one of the configuration's `file` sources says; see replay_file.

    Own fields are those that the source names under `fields`, but those of which only the end of an incident tells.
    """
    own: set[str] = set()
    for one in configuration.loaded.sources:
        if isinstance(one.options, FileOptions) and source in {None, one.name}:
            own |= {*one.options.fields} - one.options.final - {"*"}
    with uncollected():
        history, skipped = file_history(configuration, path, source, asked.as_of, _columns(own))
        asked = replace(asked, skipped=skipped)
        return suggest(history, configuration.configured(""), configuration.names, own, asked, top)


def suggest_from_store(
    app: App, configuration: Configuration, since: datetime | None, asked: Asked, top: int
) -> Suggested:
    """Rules that the incidents of the store suggest, those opened since a moment (None: all)."""
    with uncollected():
        with app.database.reading() as uow:
            own = {name for _, incident in uow.incidents.scan(0, LOOKED_AT) for name in incident.fields}
            fields = [*fields_asked(app.configured.rules.rules), *REPORTED, *_columns(own)]
            history, _ = stored_history(uow, fields, since, final=asked.as_of is AsOf.FINAL)
        return suggest(history, app.configured, configuration.names, own, asked, top)


def _columns(own: Iterable[str]) -> list[str]:
    shared = ["summary" if one == FINGERPRINT else one for one in SHARED]
    return [*shared, *sorted(OWN_FIELD + one for one in own)]
