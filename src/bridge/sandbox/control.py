"""The control API under /_control on both servers, for tests, the demo and the daemon's clock. Loopback only.

GET    clock      {"now", "mode"}
PUT    clock      {"now": "2026-11-20T08:00:00Z", "ticking": true?} | {"advance": seconds}
                  | {"mode": real|frozen|ticking}
GET    faults     the faults that are set
POST   faults     one fault, see bridge.sandbox.faults.Fault
DELETE faults     none any more
GET    requests   the request log; ?app=redmine|itsm, ?summary=1 for counts
DELETE requests   empties it
GET    mails      the mails that Redmine would have sent; DELETE forgets them
GET    dump       the state of both applications in canonical order; ?times=1 with times
POST   reset      both applications back to the seed; faults, log and clock stay
POST   hooks      {"app": "itsm", "url": "http://…/hooks/itsm", "secret": "…"}: who gets its hooks; url "" for nobody
POST   hook_faults  one fault of hooks, see bridge.sandbox.hooks.HookFault
GET    roles      {role: [permissions]} of Redmine
POST   roles      {"role": "Bridge", "add": [...], "remove": [...], "readonly": [fields]?}
POST   settings   {"redmine": {...}, "itsm": {...}}: any of the Settings of either application
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from bridge.sandbox.clock import Clock, iso
from bridge.sandbox.faults import Faults
from bridge.sandbox.hooks import HookSender
from bridge.sandbox.http import Handler, Request, Response, Router, json_response
from bridge.sandbox.itsm.app import ItsmApp
from bridge.sandbox.redmine.app import RedmineApp
from bridge.sandbox.requestlog import RequestLog


class Control:
    """Also the Python side of the same switches."""

    def __init__(
        self,
        clock: Clock,
        faults: Faults,
        log: RequestLog,
        redmine: RedmineApp,
        itsm: ItsmApp,
        hooks: HookSender,
    ) -> None:
        self.clock = clock
        self.faults = faults
        self.log = log
        self.redmine = redmine
        self.itsm = itsm
        self.hooks = hooks
        self._routes = Router(
            (
                ("GET", "/_control/clock", lambda _: json_response(self.clock_state())),
                ("PUT", "/_control/clock", self._put_clock),
                ("POST", "/_control/clock", self._put_clock),
                ("GET", "/_control/faults", lambda _: json_response([asdict(fault) for fault in self.faults.all()])),
                ("POST", "/_control/faults", self._add_fault),
                ("DELETE", "/_control/faults", _doing(lambda _: self.faults.clear())),
                ("GET", "/_control/requests", self._requests),
                ("DELETE", "/_control/requests", _doing(lambda _: self.log.clear())),
                ("GET", "/_control/mails", lambda _: json_response(self.mails())),
                ("DELETE", "/_control/mails", _doing(lambda _: self.redmine.state.mails.clear())),
                ("GET", "/_control/dump", lambda r: json_response(self.dump(times=r.query.get("times") == "1"))),
                ("POST", "/_control/reset", _doing(lambda _: self.reset())),
                ("POST", "/_control/hooks", _doing(lambda r: self.hooks.receiver(**_body(r)))),
                ("POST", "/_control/hook_faults", _doing(lambda r: self.hooks.fault(**_body(r)))),
                ("GET", "/_control/roles", lambda _: json_response(self.roles())),
                ("POST", "/_control/roles", lambda r: json_response(self.change_role(**_body(r)))),
                ("POST", "/_control/settings", _doing(lambda r: self.change_settings(**_body(r)))),
            )
        )

    def handle(self, request: Request) -> Response:
        """400 with the reason for what cannot be done, 403 for who is not on this machine."""
        if not ipaddress.ip_address(request.client.partition("%")[0]).is_loopback:
            return json_response({"error": "the control API is for this machine only"}, 403)
        found = self._routes.find(request.method, request.path.rstrip("/"))
        if found is None:
            return json_response({"error": f"no {request.method} {request.path}"}, 404)
        try:
            return found[0](request)
        except (TypeError, ValueError, KeyError) as error:
            return json_response({"error": f"{type(error).__name__}: {error}"}, 400)

    def clock_state(self) -> dict[str, str]:
        return {"now": iso(self.clock.now()), "mode": self.clock.mode}

    def _put_clock(self, request: Request) -> Response:
        wish = _body(request)
        if "now" in wish:
            self.clock.set(datetime.fromisoformat(wish["now"]), ticking=bool(wish.get("ticking")))
        if "advance" in wish:
            self.clock.advance(float(wish["advance"]))
        if "mode" in wish:
            {"real": self.clock.real, "frozen": self.clock.freeze, "ticking": self.clock.tick}[wish["mode"]]()
        return json_response(self.clock_state())

    def _add_fault(self, request: Request) -> Response:
        return json_response(asdict(self.faults.add(**_body(request))), 201)

    def _requests(self, request: Request) -> Response:
        if request.query.get("summary") == "1":
            return json_response(self.log.summary())
        return json_response(self.log.as_json(request.query.get("app", "")))

    def mails(self) -> list[dict[str, Any]]:
        return [{**asdict(mail), "at": iso(mail.at)} for mail in self.redmine.state.mails]

    def dump(self, *, times: bool = False) -> dict[str, Any]:
        return {app.name: app.dump(times=times) for app in (self.redmine, self.itsm)}

    def reset(self) -> None:
        self.redmine.reset()
        self.itsm.reset()
        self.hooks.reset()

    def roles(self) -> dict[str, list[str]]:
        return {role.name: sorted(role.permissions) for role in self.redmine.state.roles.values()}

    def change_role(
        self, role: str, add: tuple[str, ...] = (), remove: tuple[str, ...] = (), readonly: list[str] | None = None
    ) -> dict[str, Any]:
        """Gives and takes permissions; `readonly` names the issue fields that the role's workflow makes read-only."""
        found = self.redmine.state.role_by_name(role)
        if found is None:
            raise ValueError(f"there is no role {role!r}")
        kept = [name for name in found.permissions if name not in remove]
        found.permissions = list(dict.fromkeys([*kept, *add]))
        if readonly is not None:
            found.readonly = set(readonly)
        return {"role": role, "permissions": sorted(found.permissions), "readonly": sorted(found.readonly)}

    def change_settings(self, redmine: Mapping[str, Any] | None = None, itsm: Mapping[str, Any] | None = None) -> None:
        for settings, wishes in ((self.redmine.state.settings, redmine), (self.itsm.state.settings, itsm)):
            known = {field.name for field in fields(settings)}
            for name, value in (wishes or {}).items():
                if name not in known:
                    raise ValueError(f"there is no setting {name!r}: one of {', '.join(sorted(known))}")
                setattr(settings, name, tuple(value) if isinstance(value, list) else value)


def _body(request: Request) -> dict[str, Any]:
    data = json.loads(request.body or b"{}")
    if not isinstance(data, dict):
        raise TypeError("the body has to be an object")
    return data


def _doing(action: Callable[[Request], object]) -> Handler:
    def handler(request: Request) -> Response:
        action(request)
        return json_response({"ok": True})

    return handler
