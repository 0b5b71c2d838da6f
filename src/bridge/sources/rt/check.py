"""Whether an RT and the bridge's account there are as configured. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.model.errors import AuthenticationFailed, BridgeError, Problem, problem_of
from bridge.sources.rt.change_requests import RtChangeRequests
from bridge.sources.rt.client import Row, RtClient
from bridge.sources.rt.options import RtOptions
from bridge.sources.rt.translate import moment, query_time

_HALF_A_YEAR = timedelta(days=182)
_FIELDS = {"fields": "Created"}


def check(name: str, options: RtOptions, client: RtClient, changes: RtChangeRequests) -> list[Problem]:
    """Problems of the connection, the query, the account's time zone and rights, of custom fields and `changes`."""
    where = f"source {name}"
    try:
        client.version()
        return [*changes.check(), *_incidents(where, options, client)]
    except AuthenticationFailed as error:
        return [Problem(where, f"RT does not accept the token: {error.what}", error.advice)]
    except BridgeError as error:
        return [problem_of(where, error)]


def _incidents(where: str, options: RtOptions, client: RtClient) -> list[Problem]:
    newest, _ = client.tickets(options.query, {**_FIELDS, "order": "DESC"}, 1)
    if not newest:
        what = f"the query “{options.query}” finds no ticket"
        advice = "an unknown queue finds nothing either; the account's time zone could not be verified"
        return [Problem(where, what, advice, "warning")]
    number = str(newest[0]["id"])
    return [*_zone(where, options, client, newest[0]), *_rights(where, options, client.ticket(number))]


def _zone(where: str, options: RtOptions, client: RtClient, newest: Row) -> list[Problem]:
    """Searches for tickets by the second they were created in: found means that RT reads dates as we write them.

    One in summer and one in winter, for zones may agree in one of them.
    """
    zone = ZoneInfo(options.timezone)
    samples = [newest]
    created = moment(newest["Created"])
    if created is not None:
        before = query_time(created - _HALF_A_YEAR, zone)
        samples += client.tickets(f"({options.query}) AND Created < '{before}'", {**_FIELDS, "order": "DESC"}, 1)[0]
    for sample in samples:
        at = moment(sample["Created"])
        if at is not None and not _found(client, str(sample["id"]), at, zone):
            seen = f"ticket {sample['id']} is not found by its date"
            what = f"RT does not read dates from this account in {options.timezone}: {seen}"
            advice = f"set that account's Timezone to {options.timezone} in RT, or `timezone` to the account's"
            return [Problem(where, what, advice)]
    return []


def _found(client: RtClient, number: str, at: datetime, zone: ZoneInfo) -> bool:
    first, last = query_time(at, zone), query_time(at + timedelta(seconds=1), zone)
    _, total = client.tickets(f"id = {number} AND Created >= '{first}' AND Created < '{last}'", _FIELDS, 1)
    return total == 1


def _rights(where: str, options: RtOptions, ticket: Row) -> Iterable[Problem]:
    refs = {str(link.get("ref")) for link in ticket.get("_hyperlinks") or ()}
    number = ticket["id"]
    if "comment" not in refs:
        yield Problem(where, f"the account may not comment on ticket {number}", "grant CommentOnTicket", "warning")
    if "correspond" not in refs:
        yield Problem(where, f"the account may not reply to ticket {number}", "grant ReplyToTicket", "warning")
    there = {str(one["name"]) for one in ticket.get("CustomFields") or ()}
    for field, path in options.fields:
        if path.startswith("CF.") and path[3:] not in there:
            what = f"fields.{field}: ticket {number} has no custom field “{path[3:]}”"
            advice = f"the account sees: {', '.join(sorted(there)) or 'none; grant SeeCustomField'}"
            yield Problem(where, what, advice, "warning")
