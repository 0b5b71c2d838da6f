"""Figures for Prometheus, in its conventions: base units, `_total` for what only grows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bridge import __version__

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@dataclass(frozen=True, slots=True)
class Moment:
    """What the daemon is like at one moment. Dictionaries are by effect state, promotion state or system."""

    effects: dict[str, int] = field(default_factory=dict)
    oldest_effect_seconds: float = 0.0
    promotions: dict[str, int] = field(default_factory=dict)
    hooks_to_commit: int = 0
    hooks_to_read: int = 0
    duplicates: dict[str, int] = field(default_factory=dict)
    heard: dict[str, int] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)
    silent: dict[str, bool] = field(default_factory=dict)
    intervals: dict[str, float] = field(default_factory=dict)


class Metrics:
    """Every figure of one daemon."""

    def __init__(self, figures: Callable[[], Moment]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # theirs has no types; a series that nobody reads
        self._registry = CollectorRegistry()
        self._hooks = Counter(
            "bridge_hooks", "Hooks by what was answered.", ("system", "outcome"), registry=self._registry
        )
        self._hints = Counter(
            "bridge_hints", "Hooks by what came of them.", ("system", "outcome"), registry=self._registry
        )
        self._polls = Counter(
            "bridge_polls", "Polls by how they ended.", ("system", "outcome"), registry=self._registry
        )
        self._seconds = Histogram(
            "bridge_poll_duration_seconds",
            "How long polls took.",
            ("system",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._last = Gauge(
            "bridge_poll_last_success_timestamp_seconds",
            "When a system was last polled without an error, in seconds since 1970.",
            ("system",),
            registry=self._registry,
        )
        Gauge("bridge_build_info", "1; the version is in the label.", ("version",), registry=self._registry).labels(
            __version__
        ).set(1)
        self._registry.register(_Present(figures))

    def hook(self, system: str, outcome: str) -> None:
        """A hook was answered."""
        self._hooks.labels(system, outcome).inc()

    def hints(self, system: str, outcome: str, count: int) -> None:
        """Something came of hooks."""
        self._hints.labels(system, outcome).inc(count)

    def poll(self, system: str, seconds: float, at: float, *, failed: bool) -> None:
        """A poll ended at a moment, in seconds since 1970."""
        self._polls.labels(system, "failed" if failed else "done").inc()
        self._seconds.labels(system).observe(seconds)
        if not failed:
            self._last.labels(system).set(at)

    def text(self) -> bytes:
        """The exposition, text format 0.0.4."""
        return generate_latest(self._registry)


class _Present(Collector):
    """What is looked up at each scrape."""

    def __init__(self, figures: Callable[[], Moment]) -> None:
        self._figures = figures

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering asks nobody."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """See Collector."""
        now = self._figures()
        yield _gauge("bridge_effects", "Effects that are not done, by state.", "state", now.effects)
        yield _gauge("bridge_promotions", "Promotions by state.", "state", now.promotions)
        yield GaugeMetricFamily(
            "bridge_effect_lag_seconds", "How long the oldest effect that is due waits.", now.oldest_effect_seconds
        )
        yield GaugeMetricFamily("bridge_hooks_uncommitted", "Hooks that wait for their commit.", now.hooks_to_commit)
        yield GaugeMetricFamily("bridge_hooks_unread", "Stored hooks whose object was not re-read.", now.hooks_to_read)
        yield _counter("bridge_hook_duplicates", "Hooks that were stored before.", now.duplicates)
        changes = CounterMetricFamily(
            "bridge_changes", "Changes that polls told, by whether a hook told them.", labels=("system", "by")
        )
        for by, counts in (("hook", now.heard), ("poll", now.missed)):
            for system, count in sorted(counts.items()):
                changes.add_metric((system, by), count)
        yield changes
        silent = {system: int(value) for system, value in now.silent.items()}
        yield _gauge("bridge_hooks_silent", "1 while changes come only by poll.", "system", silent)
        yield _gauge("bridge_poll_interval_seconds", "How often a system is polled.", "system", now.intervals)


def _gauge(name: str, text: str, label: str, values: dict[str, int] | dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for key, value in sorted(values.items()):
        family.add_metric((key,), value)
    return family


def _counter(name: str, text: str, values: dict[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=("system",))
    for key, value in sorted(values.items()):
        family.add_metric((key,), value)
    return family
