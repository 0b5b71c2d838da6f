"""Hooks as far as nothing of the extra is needed: whether it is there, and what a check says about them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bridge.app.opening import is_ready
from bridge.model.errors import ConfigurationError, Problem
from bridge.settings.hooks import HookSettings
from bridge.store.database import Database
from bridge.usecases.coverage import Trust, silence
from bridge.usecases.policy import TRACKER_ENDPOINT

if TYPE_CHECKING:
    from bridge.app.app import App
    from bridge.app.hooks import Hooks

NEEDED = ("starlette", "uvicorn", "prometheus_client")


def open_hooks(app: App, unready: Callable[[], list[str]]) -> Hooks | None:
    """What receives hooks, None where the settings do not ask for it. Raises ConfigurationError when it cannot."""
    settings = app.configuration.settings.hooks
    if settings is None:
        return None
    if missing := missing_extra():
        raise ConfigurationError(missing)
    from bridge.app.hooks import Hooks  # noqa: PLC0415 - only settings with `hooks` need the extra

    return Hooks(app, settings, unready)


def missing_extra(needed: tuple[str, ...] = NEEDED) -> list[Problem]:
    """The packages that receiving hooks needs and that are not installed."""
    missing = [name for name in needed if find_spec(name) is None]
    if not missing:
        return []
    what = f"{', '.join(missing)} is not installed"
    return [Problem("hooks", what, "install redmine-itsm-bridge[hooks], or remove `hooks` from the settings")]


def hook_problems(settings: HookSettings, database: Database) -> list[Problem]:
    """The missing extra as an error, silent hooks as warnings. A store that cannot be read tells nothing here."""
    problems = missing_extra()
    trust = Trust(settings.trust_after, settings.silent_after)
    if not is_ready(database):
        return problems
    with database.reading() as uow:
        coverages = uow.inbox.coverage()
    for _, name, _ in settings.senders():
        coverage = coverages.get(name or TRACKER_ENDPOINT)
        if coverage is not None and trust.is_silent(coverage):
            where = f"source {name}" if name else "redmine"
            problems.append(Problem(where, f"hooks: {silence(coverage)}", severity="warning"))
    return problems
