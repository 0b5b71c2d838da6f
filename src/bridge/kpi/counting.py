"""The population of a report with what is computed of it once, and what was judged of its clocks."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.kpi.columns import Facts, Ints, Mask, Taken
from bridge.kpi.meaning import Meaning, Population
from bridge.kpi.report_model import Asked


@dataclass(frozen=True, slots=True)
class Judged:
    """What our policies say of one clock, and the source: `told` is 1 for broken, 0 for kept, -1 for nothing."""

    clock: str
    judged: Mask
    met: Mask
    adjusted_judged: Mask
    adjusted_met: Mask
    told: Ints


@dataclass(frozen=True, slots=True)
class Counting:
    """The population with what is computed of it once."""

    facts: Facts
    asked: Asked
    end: Ints
    resolved: Mask
    taken: Taken
    reopened: Ints
    reassigned: Ints

    @property
    def raw(self) -> Ints:
        """The time to the resolution of those that were resolved."""
        lengths: Ints = (self.end - self.facts.opened)[self.resolved]
        return lengths

    @property
    def kept(self) -> Mask:
        """Who is in the adjusted measure."""
        return self.resolved & ~self.taken.removed

    @property
    def adjusted(self) -> Ints:
        """The time that counts, of `kept`."""
        lengths: Ints = (self.end - self.facts.opened - self.taken.off)[self.kept]
        return lengths

    def meaning(self, population: Population) -> Meaning:
        """What a figure of some of these is about."""
        return Meaning(population, self.asked.basis.value, self.asked.month.value)
