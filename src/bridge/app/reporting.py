"""Wires operations reports: a history file or the store in, a report out. Needs the extra `report`."""

from __future__ import annotations

from datetime import datetime

from bridge.app.app import App
from bridge.app.replay import file_history, file_source, uncollected
from bridge.configuration import Configuration
from bridge.kpi.judging import judge
from bridge.kpi.operations import operations
from bridge.kpi.population import Material
from bridge.kpi.report_model import Asked, OperationsReport
from bridge.settings.sla import calendars_of
from bridge.sources.fills import fills_of
from bridge.usecases.backtest.replay import Asked as AskedReplay
from bridge.usecases.backtest.replay import AsOf, taken_for_granted
from bridge.usecases.operations.from_history import FIELDS, material, replayed
from bridge.usecases.operations.from_store import stored_material


def report_of_file(
    configuration: Configuration, path: str, source: str | None, as_of: AsOf, asked: Asked, now: datetime
) -> OperationsReport:
    """The report on a file of past incidents, read as one of the configuration's `file` sources says.

    Exclusions are what a replay of the rules makes. Raises ConfigurationError when there is no such source, and
    RemoteUnavailable when the file cannot be read.
    """
    chosen = file_source(configuration.loaded.sources, source)
    with uncollected():
        history, skipped = file_history(configuration, path, source, AsOf.EVENT, FIELDS)
        known = history if as_of is AsOf.EVENT else file_history(configuration, path, source, as_of)[0]
        configured, replay = configuration.configured(""), AskedReplay(as_of)
        excluded = replayed(known, configured, replay)
        notes = [
            f"exclusions are what the rules would have done, as of {as_of.value}, each acting by itself",
            *taken_for_granted(configured, replay.takes),
        ]
        notes += [str(skipped)] if skipped else []
        told = fills_of(chosen.options).fields or ()
        made = material(history, excluded, asked, tuple(told), f"file {path}", notes)
    return _report(made, configuration, asked, made.at, now)


def report_of_store(app: App, asked: Asked) -> OperationsReport:
    """The report on the incidents that the store has."""
    fills = {one.name: fills_of(one.options).fields or () for one in app.configuration.loaded.sources}
    with uncollected(), app.database.reading() as uow:
        now = app.clock.now()
        made = stored_material(uow, asked, fills, now, app.configuration.sla)
        return _report(made, app.configuration, asked, now, now)


def _report(
    made: Material, configuration: Configuration, asked: Asked, at: datetime, now: datetime
) -> OperationsReport:
    """The report on some material; clocks that run are judged as of a moment."""
    judged = judge(made, configuration.sla, calendars_of(configuration.directory), asked.basis, at)
    return operations(made, asked, judged, now)
