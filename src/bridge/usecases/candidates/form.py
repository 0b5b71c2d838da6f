"""A candidate's form: owner, objective, due date, template, business impact. Edited where it is decided."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from bridge.model.errors import NotPossible, WrongArgument
from bridge.model.promotion import WAITING, Promotion
from bridge.ports import UnitOfWork
from bridge.usecases.configured import Configured
from bridge.yamlfile import did_you_mean

FIELDS = ("owner", "objective", "due", "template", "impact")
LABELS: Mapping[str, Mapping[str, str]] = {
    "objective": {"en": "Objective", "zh": "目标"},
    "template": {"en": "Template", "zh": "模板"},
    "impact": {"en": "Business impact", "zh": "业务影响"},
}
"""Fields that stand in the text of a candidate's issue, by language; any of them is understood."""
LONGEST = 1000
_FIELD_OF = {label.casefold(): name for name, labels in LABELS.items() for label in labels.values()}
_LINE = re.compile(
    r"^[ \t]*[*_]{0,2}(?P<label>" + "|".join(map(re.escape, _FIELD_OF)) + r")[*_]{0,2}[ \t]*[:\uFF1A][*_]{0,2}"
    r"(?P<value>.*)$",
    re.IGNORECASE,
)


def label(name: str, language: str) -> str:
    """What a field is called in the text of an issue."""
    labels = LABELS[name]
    return labels.get(language.partition("-")[0], labels["en"])


def read_form(text: str) -> dict[str, str]:
    """The fields that a text states on lines of their own, each up to the next empty line or field."""
    found: dict[str, str] = {}
    current = ""
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is not None:
            current = _FIELD_OF[match["label"].casefold()]
            found[current] = match["value"]
        elif not line.strip() or line.startswith("["):
            current = ""
        elif current:
            found[current] += " " + line
    return {name: " ".join(value.split()) for name, value in found.items()}


def write_form(text: str, values: Mapping[str, str], language: str) -> str:
    """The text with these fields as given; a field that it does not have yet comes after the last one, or first."""
    lines: list[str] = []
    left, current, last = dict(values), "", 0
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is not None:
            current = _FIELD_OF[match["label"].casefold()]
        elif not line.strip() or line.startswith("["):
            current = ""
        if current in values:
            if match is not None and current in left:
                lines.append(_line(match["label"], left.pop(current)))
        else:
            lines.append(line)
        if current:
            last = len(lines)
    added = [_line(label(name, language), value) for name, value in left.items()]
    if added and not last:
        added.append("")
    return "\n".join([*lines[:last], *added, *lines[last:]]).rstrip()


def _line(name: str, value: str) -> str:
    return f"*{name}:* {value}".rstrip()


def lacking(promotion: Promotion) -> list[str]:
    """The fields without which nobody can approve: `owner`, `objective`, and `template` where no rule names one."""
    needed = ("owner", "objective") if promotion.rule_id else ("owner", "objective", "template")
    return [name for name in needed if not getattr(promotion, name)]


def edit(
    uow: UnitOfWork,
    configured: Configured,
    promotion_id: int,
    changes: Mapping[str, str],
    actor: str,
    now: datetime,
) -> Promotion:
    """Changes fields of a waiting candidate; dates as 2026-12-31, "" clears a field.

    Raises NotFound, and NotPossible for a candidate that is decided or a value that cannot be right.
    """
    promotion = uow.promotions.get(promotion_id)
    where = f"promotion {promotion.id} “{promotion.name}”"
    if promotion.state not in WAITING:
        raise NotPossible(where, f"is {promotion.state}: its form is closed.")
    values = {name: checked(configured, where, name, value, now) for name, value in changes.items()}
    edited = replace(promotion, **values, from_history=False)
    if edited != promotion:
        uow.promotions.save(edited)
        changed = {name: str(value or "") for name, value in values.items() if value != getattr(promotion, name)}
        uow.ledger.audit(now, actor, "edited", f"promotion {promotion.id}", changed)
    return edited


def checked(configured: Configured, where: str, name: str, value: str, now: datetime) -> Any:
    """A field's value as a promotion holds it. Raises WrongArgument."""
    text = " ".join(value.split())
    if name == "due":
        return _day(where, text, now.date()) if text else None
    if name == "owner" and text and not configured.directory.knows(text):
        people = configured.directory.people.values()
        known = [*(person.key for person in people if person.active), *configured.directory.teams]
        raise WrongArgument(
            where, f"“{text[:60]}” is no person or team of the directory.", did_you_mean(text, known, "there are")
        )
    if name == "template" and text and text not in configured.templates:
        raise WrongArgument(
            where, f"there is no template “{text[:60]}”.", did_you_mean(text, configured.templates, "there are")
        )
    if len(text) > LONGEST:
        raise WrongArgument(where, f"its {name} is longer than {LONGEST} characters.", "Put the rest on a wiki page.")
    return text


def _day(where: str, text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise WrongArgument(where, f"“{text[:40]}” is no date.", "Right would be 2026-12-31.") from None
    if day < today:
        raise WrongArgument(where, f"{day} is over.", "Choose a day that is still to come.")
    return day
