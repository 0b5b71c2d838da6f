"""What the settings decide about a promotion's life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class LifePolicy:
    """Settings in the use cases' words.

    `owner_roles` are the tracker's roles whose holders may give a root issue to another owner, beside the owner and
    the leads and deputies of the team and of the teams above. `knowledge`: whether nothing is handed back before the
    knowledge page has a cause and a fix, where the rule does not say. Every `look_every` a running project is looked at
    for what no poll sees: it was closed, archived, moved or renamed, tasks were removed, its owner's account is locked.
    """

    owner_roles: tuple[str, ...] = ("Manager",)
    knowledge: bool = False
    look_every: timedelta = timedelta(hours=6)
