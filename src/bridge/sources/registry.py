"""Which kinds of sources there are, and how one is built."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Protocol, cast

from pydantic import BaseModel

from bridge.model.errors import ConfigurationError, Problem
from bridge.ports import Clock, IncidentSource
from bridge.sources.file.options import FileOptions
from bridge.sources.http.options import HttpOptions
from bridge.sources.rt.options import RtOptions

OPTIONS: dict[str, type[BaseModel]] = {"rt": RtOptions, "file": FileOptions, "http": HttpOptions}
"""A kind's options: an entry of `sources` without `name`, `kind` and `start_from`, which all kinds share."""

ADAPTERS = {
    "rt": "bridge.sources.rt.source:RtSource",
    "file": "bridge.sources.file.source:FileSource",
    "http": "bridge.sources.http.source:HttpSource",
}
GROUP = "redmine_itsm_bridge.sources"


class Adapter(Protocol):
    """A source's class; installed packages offer theirs in the entry-point group, under the kind's name."""

    OPTIONS: type[BaseModel]

    def __call__(self, name: str, options: BaseModel, clock: Clock) -> IncidentSource:
        """Makes the source; opens no connection yet."""


def options_of(kind: str) -> type[BaseModel]:
    """The model of a kind's options. Raises ConfigurationError when no such kind is installed."""
    return OPTIONS[kind] if kind in OPTIONS else _installed(kind).OPTIONS


def build(name: str, kind: str, options: BaseModel, clock: Clock) -> IncidentSource:
    """The source called `name`; its adapter is imported only now, and no connection is opened yet."""
    if kind not in ADAPTERS:
        return _installed(kind)(name, options, clock)
    module, _, attribute = ADAPTERS[kind].partition(":")
    return cast("Adapter", getattr(import_module(module), attribute))(name, options, clock)


def _installed(kind: str) -> Adapter:
    for point in entry_points(group=GROUP, name=kind):
        return cast("Adapter", point.load())
    raise ConfigurationError([Problem(f"source kind “{kind}”", "is not known", _kinds())])


def _kinds() -> str:
    names = sorted({*OPTIONS, *(point.name for point in entry_points(group=GROUP))})
    return f"Known kinds: {', '.join(names)}."
