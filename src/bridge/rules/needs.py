"""What a rule's reasons have to be told of a group: how many members, which of their values, which counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bridge.rules.fields import Field, field
from bridge.rules.sla import SlaTargets
from bridge.rules.when import Rate, Trigger

LOOKED_AT = 100
"""How many of a group's newest members a rule looks at for reasons that one incident alone can be."""
COUNTED = 1000
"""How many of them for reasons that sum up or tell different values apart. What is older than these is not counted."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a decision needs beside the group's identity.

    `members` is how many of the newest members it looks at; more change nothing. `free` is how many of these no other
    promotion may have, so that more are looked at where one has some; those opened longer than twice `lately` ago are
    in no window. `fields` are those whose values are told apart. `waits` are the lengths of time after
    which an open incident may be a reason although nothing changed. `facts`: whether it matters since when incidents
    are on hold, or when they were taken up. `breaches`: whether the SLA targets matter. `rates` are the reasons that
    want counts, in the order of the file.
    """

    members: int
    free: int
    lately: timedelta
    fields: tuple[Field, ...]
    waits: tuple[timedelta, ...]
    facts: bool
    breaches: bool
    rates: tuple[Rate, ...]

    def wait(self, targets: SlaTargets) -> timedelta | None:
        """The shortest time after which an open incident is worth a look although nothing changed; None: never."""
        own = (*self.waits, targets.shortest) if self.breaches and targets.shortest else self.waits
        return min(own, default=None)


def needs_of(triggers: Sequence[Trigger]) -> Needs:
    """What these reasons need."""
    names = [one.recurs.distinct for one in triggers if one.recurs and one.recurs.distinct]
    names += [one.affected.field for one in triggers if one.affected]
    plain = [one.recurs for one in triggers if one.recurs and not one.recurs.distinct]
    waits = [one.open_for.longer_than for one in triggers if one.open_for]
    waits += [one.on_hold_for.longer_than for one in triggers if one.on_hold_for]
    return Needs(
        members=max(_members(one) for one in triggers),
        free=max((one.at_least for one in plain), default=0),
        lately=max((one.within for one in plain), default=timedelta()),
        fields=tuple(found for name in dict.fromkeys(names) if (found := field(name))),
        waits=tuple(waits),
        facts=any(one.on_hold_for or one.breached for one in triggers),
        breaches=any(one.breached for one in triggers),
        rates=tuple(one.rate for one in triggers if one.rate),
    )


def _members(trigger: Trigger) -> int:
    if trigger.recurs is not None and trigger.recurs.distinct is None:
        return trigger.recurs.at_least
    if trigger.recurs or trigger.affected or trigger.effort or trigger.breached:
        return COUNTED
    return LOOKED_AT
