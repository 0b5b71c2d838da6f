"""The demo's narration: one line per event, and what the bridge made of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape

from bridge.app import App, Cycle
from bridge.model.effect import Effect
from bridge.model.promotion import WAITING, Promotion, PromotionState, TaskKind
from bridge.ports import UnitOfWork
from bridge.sandbox import Sandbox
from bridge.sandbox.requestlog import Entry
from bridge.sandbox.story import Event

_PLACES = {"desk": "yellow", "Redmine": "magenta", "decision": "green", "bridge": "cyan", "": "white"}
BRIDGE_ACCOUNTS = {("redmine", "itsm-sync"), ("itsm", "bridge")}


class Watched:
    """What the bridge delivers and asks for, as it happens. Called from several threads."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._effects: list[Effect] = []
        self._requests: list[Entry] = []
        sandbox.watch(self._request)

    def boundary(self, point: str, effect: Effect) -> None:
        """Sees every effect on its way; those that were stored as done count."""
        if point == "committed":
            self._effects.append(effect)

    def _request(self, phase: str, entry: Entry) -> None:
        if phase == "after" and (entry.app, entry.user) in BRIDGE_ACCOUNTS:
            self._requests.append(entry)

    def take(self) -> tuple[list[Effect], list[Entry]]:
        """Effects and requests since the last call."""
        effects, self._effects = self._effects, []
        requests, self._requests = self._requests, []
        return sorted(effects, key=lambda effect: effect.id), requests


@dataclass
class Teller:
    """Prints the narration; `pace` are the seconds it waits after each event."""

    console: Console
    pace: float
    _before: dict[int, Promotion] = field(default_factory=dict)

    def begin(self, sandbox: Sandbox, app: App) -> None:
        """Says what there is before the story begins."""
        rules = ", ".join(f"{rule.title} ({rule.mode})" for rule in app.configured.rules.rules)
        self.console.print(f"[bold]Five weeks of operations, in fast time[/] (from {sandbox.clock.now():%A, %d %B %Y})")
        self.console.print(
            f"  incident system  {sandbox.itsm.url}", f"  Redmine          {sandbox.redmine.url}", sep="\n"
        )
        self.console.print(f"  rules            {escape(rules)}")
        self.console.print("  desk: the incident system. Redmine: projects. bridge: what it does between them.\n")
        self._line(sandbox.clock.now(), "bridge", "starts. What was before it is never acted upon.")

    def event(self, event: Event) -> None:
        """Tells what somebody did."""
        text = f"[bold]{escape(event.who)}[/] {escape(event.text)}" if event.who else f"[dim]{escape(event.text)}[/]"
        self._line(event.at, event.where, text)

    def before(self, app: App) -> None:
        """Remembers the promotions as they are before the bridge looks."""
        with app.database.reading() as uow:
            self._before = {one.id: one for one in uow.promotions.in_states()}

    def after(self, app: App, event: Event, cycle: Cycle, watched: Watched) -> None:
        """Tells what the bridge made of it, and waits a little."""
        effects, requests = watched.take()
        with app.database.reading() as uow:
            lines = told(uow, self._before, effects)
        if not event.who and not lines:
            writes = sum(request.is_write for request in requests)
            lines = [f"[dim]has a look: {len(requests)} requests, {writes or 'nothing'} to write[/]"]
        lines += [
            f"[bold red]could not reach {escape(system)}: {escape(str(error))}[/]"
            for system, error in cycle.failures.items()
        ]
        for line in lines:
            self._line(None, "bridge", line)
        if self.pace:
            time.sleep(self.pace)

    def _line(self, at: datetime | None, place: str, text: str) -> None:
        moment = f"{at:%a %d %b %H:%M}" if at else ""
        self.console.print(f"[dim]{moment:<16}[/]  [{_PLACES[place]}]{place:<8}[/]  {text}")


def told(uow: UnitOfWork, before: Mapping[int, Promotion], effects: Iterable[Effect]) -> list[str]:
    """What became of promotions and incidents, one line each, as markup."""
    lines: list[str] = []
    opened: set[int] = set()
    for promotion in uow.promotions.in_states():
        was = before.get(promotion.id)
        if promotion.opened_at is not None and (was is None or was.opened_at is None):
            opened.add(promotion.id)
            lines += _opened(uow, promotion)
        elif was is None and promotion.state in WAITING:
            lines.append(f"[bold]proposes a project “{escape(promotion.name)}”[/] and waits for a decision")
            lines.append(f"[dim]because {escape(_because(promotion))}[/]")
        elif was is not None and was.state is not promotion.state:
            lines += _moved(promotion)
    lines += _steps(uow, [effect for effect in effects if effect.promotion_id not in opened])
    return lines


def _opened(uow: UnitOfWork, promotion: Promotion) -> list[str]:
    tasks = sum(task.kind is TaskKind.WORK for task in uow.promotions.tasks(promotion.id).values())
    members = uow.promotions.members(promotion.id)
    links = len(uow.links.all(promotion.id))
    over = len(members) - links
    line = f"[bold green]opens the private project “{escape(promotion.name)}”[/]"
    detail = f"{tasks} tasks, owner {promotion.owner}; {links} open incident(s) told and linked"
    detail += f", {over} resolved one(s) not touched" if over else ""
    because = f"[dim]because {escape(_because(promotion))}[/]"
    return [line, escape(detail), *([because] if promotion.approved_by.startswith("rule ") else [])]


def _because(promotion: Promotion) -> str:
    return promotion.reason.replace("\n", "; ")


def _moved(promotion: Promotion) -> list[str]:
    if promotion.state is PromotionState.DELIVERED:
        return [f"[bold green]hands “{escape(promotion.name)}” back to operations[/]"]
    if promotion.state is PromotionState.BLOCKED:
        return [f"[bold red]“{escape(promotion.name)}” is blocked[/]: see `queue dead`"]
    if promotion.state is PromotionState.REJECTED:
        return [f"[dim]stays silent about “{escape(promotion.label)}” for a while[/]"]
    return []


def _steps(uow: UnitOfWork, effects: Iterable[Effect]) -> list[str]:
    """Delivered effects in words; the same done to several incidents is one line."""
    lines: dict[tuple[str, str], list[str]] = {}
    for effect in effects:
        if step := _step(uow, effect.kind, effect.payload):
            begin, what, end = step
            lines.setdefault((begin, end), []).append(what)
    return [escape(f"{begin} {', '.join(sorted(what))}{end}") for (begin, end), what in lines.items()]


def _step(uow: UnitOfWork, kind: str, payload: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """One delivered effect as (what is done to, incident or issue, how); None for what nobody needs to be told."""
    if "link" not in payload:
        return None
    link = uow.links.get(payload["link"])
    number = uow.incidents.get(link.incident_id).fields.get("number", str(link.ref))
    issue = f"#{link.issue_id}"
    change = f"sets {' and '.join(filter(None, (_state(payload), _person(payload))))} of"
    private = " as a private note" if payload.get("private") else ""
    return {
        "task.create": ("adds", number, f" to the project, as {issue}"),
        "issue.note": ("copies the note to", issue, private),
        "issue.update": (change, issue, ""),
        "incident.note": ("copies the note to", number, private),
        "incident.state": (change, number, ""),
        "incident.assign": (change, number, ""),
        "incident.tell": ("writes a private note to the handler of", number, ""),
    }.get(kind)


def _state(payload: Mapping[str, Any]) -> str:
    return f"the status ({str(payload['state']).replace('_', ' ')})" if "state" in payload else ""


def _person(payload: Mapping[str, Any]) -> str:
    return f"the handler ({payload['person'] or 'nobody'})" if "person" in payload else ""
