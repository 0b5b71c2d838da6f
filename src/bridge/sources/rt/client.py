"""The requests to RT's REST 2 interface, as few as will do: with RT's default settings each costs it 0.2 s of CPU."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from bridge.model.errors import NotApplied, NotFound, Rejected, RemoteUnavailable
from bridge.model.files import Upload
from bridge.ports import Clock
from bridge.sources.connection import read_secret
from bridge.sources.html_text import to_text
from bridge.sources.http_session import HttpSession
from bridge.sources.rt.options import RtOptions

Row = Mapping[str, Any]

PAGE = 100
_TICKET = "ObjectType = 'RT::Ticket'"
_NO_MAIL = "Type != 'EmailRecord' AND Type != 'CommentEmailRecord'"
_ALWAYS_VISIBLE = "(Type = 'Create' OR Type = 'Status' OR Type = 'Set' OR Type = 'Correspond')"
_TRANSACTION = "Type,Field,OldValue,NewValue,Created,Creator,ObjectId"
_TEXTS_AT_ONCE = 20
_TEXT = "Content,ContentType,TransactionId"
_FILE = "Filename,ContentType,Headers,TransactionId,Created,Creator"


class RtClient:
    """REST 2 of Request Tracker 5 (seen: 5.0.3).

    Transactions are searched by TransactionSQL, not by a JSON query: for SQL, RT filters by right in the database;
    for JSON it drops invisible rows from a page after counting them, so that a short page is not the last one.
    """

    def __init__(self, name: str, options: RtOptions, clock: Clock) -> None:
        token = read_secret(options.token, options.token_file, f"source {name}: token")
        self.session = HttpSession(options, name, clock, headers={"Authorization": f"token {token}"})
        self._base = f"{options.url}/REST/2.0"
        self._page = options.page_size

    def version(self) -> str:
        """The version, such as `5.0.3`. Raises AuthenticationFailed when the token is not accepted."""
        return str(self._get("/rt").get("Version", ""))

    def feed(self, after: int, page: int = 1) -> list[Row]:
        """The next transactions of tickets with ids above `after`; fewer than a page mean the end.

        An account without ShowTicketComments, or that may not see some custom field, gets short pages there.
        """
        return self._transactions(f"{_TICKET} AND id > {after} AND {_NO_MAIL}", page=page)

    def newest(self) -> int:
        """The highest id of a visible transaction; 0 when there is none."""
        for condition in (_NO_MAIL, _ALWAYS_VISIBLE):
            if rows := self._transactions(f"{_TICKET} AND {condition}", order="DESC", per_page=1):
                return int(rows[0]["id"])
        return 0

    def transactions(self, ids: Sequence[str], where: str, after: int = 0) -> Iterator[Row]:
        """All transactions of some tickets that a condition in TransactionSQL holds for, by id."""
        condition = f"{_TICKET} AND {_any('ObjectId', ids)} AND ({where})"
        while True:
            rows = self._transactions(f"{condition} AND id > {after}")
            yield from rows
            if len(rows) < self._page:
                return
            after = int(rows[-1]["id"])

    def tickets(self, query: str, params: Mapping[str, str], per_page: int = PAGE) -> tuple[list[Row], int]:
        """The first tickets by id that a TicketSQL query finds, and how many it finds in all."""
        answer = self._get("/tickets", {"query": query, "orderby": "id", "per_page": str(per_page), **params})
        return answer["items"], int(answer["total"] or 0)

    def tickets_by_id(self, ids: Sequence[str], query: str, params: Mapping[str, str]) -> dict[str, Row]:
        """Those of some tickets that a query holds for (empty: any)."""
        condition = _any("id", ids)
        items, _ = self.tickets(f"({query}) AND {condition}" if query else condition, params)
        return {str(item["id"]): item for item in items}

    def ticket(self, external_id: str) -> Row:
        """One ticket in full. A merged one answers as the ticket it was merged into. Raises NotFound, Forbidden."""
        if not external_id.isdecimal():
            raise NotFound(f"RT ticket “{external_id}”", "is not a ticket's number.")
        return self._get(f"/ticket/{external_id}")

    def update(self, external_id: str, change: Mapping[str, Any]) -> tuple[str, ...]:
        """Sends a change and returns what RT says about it, which is no proof: it answers 200 to everything."""
        said = self.session.send("PUT", f"{self._base}/ticket/{external_id}", json=change).json()
        return tuple(str(message) for message in said) if isinstance(said, list) else (str(said),)

    def create(self, fields: Mapping[str, Any]) -> str:
        """Makes a ticket; returns its number."""
        answer = self.session.send("POST", f"{self._base}/ticket", json=fields)
        value = answer.json()
        created = str(value.get("id", "")) if isinstance(value, dict) else ""
        if not created.isdecimal():
            raise RemoteUnavailable(answer.where, "RT did not say which ticket it made.")
        return created

    def write(self, external_id: str, kind: str, text: str, upload: Upload | None = None, minutes: int = 0) -> str:
        """Adds a `comment` (internal) or `correspond` (public), with a file or minutes worked; the transaction's id."""
        body: dict[str, Any] = {"Content": text, "ContentType": "text/plain"}
        if minutes:
            body["TimeTaken"] = minutes
        sent: dict[str, Any] = {"json": body}
        if upload is not None:
            with upload.content() as content:
                file = (upload.name, content.read(), upload.content_type)
            sent = {"files": {"JSON": (None, json.dumps(body)), "Attachments": file}}
        answer = self.session.send("POST", f"{self._base}/ticket/{external_id}/{kind}", **sent)
        created = answer.headers.get("Location", "").rpartition("/")[2]
        if not created.isdecimal():
            raise RemoteUnavailable(answer.where, "RT did not say which transaction it made.")
        return created

    def texts(self, transaction_ids: Sequence[str]) -> dict[str, str]:
        """The text of some transactions, plain where there is plain text, else from HTML."""
        return {owner: text for owner, (text, _) in self.bodies(transaction_ids).items()}

    def bodies(self, transaction_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """The text of some transactions, and the HTML it was written as where there is no plain text ("" elsewhere)."""
        best: dict[str, tuple[str, str]] = {}
        for start in range(0, len(transaction_ids), _TEXTS_AT_ONCE):
            wanted = transaction_ids[start : start + _TEXTS_AT_ONCE]
            of_these = {"field": "TransactionId", "operator": "IN", "value": wanted}
            # without what has a file's name, whose content RT would send along
            for part in self._attachments([of_these, _no_file("IS")], _TEXT):
                kind, content = part.get("ContentType", ""), part.get("Content", "")
                if content and kind.startswith("text/"):
                    text, html = (to_text(content), content) if kind == "text/html" else (content, "")
                    owner = str(part["TransactionId"])
                    if owner not in best or (best[owner][1] and not html):
                        best[owner] = (text, html)
        return best

    def files(self, transaction_ids: Sequence[str]) -> list[Row]:
        """The files of some transactions by id, without their content."""
        found: list[Row] = []
        for start in range(0, len(transaction_ids), _TEXTS_AT_ONCE):
            wanted = transaction_ids[start : start + _TEXTS_AT_ONCE]
            of_these = {"field": "TransactionId", "operator": "IN", "value": wanted}
            found += self._attachments([of_these, _no_file("IS NOT")], _FILE)
        return sorted(found, key=lambda row: int(row["id"]))

    def content(self, file_id: str, limit: int) -> bytes:
        """A file's bytes, which RT sends as base64. Raises Rejected when there are more than `limit`."""
        # base64 in lines of JSON takes less than 1.4 times as much, headers some more
        answer = self.session.send("GET", f"{self._base}/attachment/{int(file_id)}", limit=limit * 7 // 5 + 65_536)
        value = answer.json()
        content = base64.b64decode(value.get("Content") or "") if isinstance(value, dict) else b""
        if len(content) > limit:
            raise Rejected(answer.where, (f"the file has more than {limit} bytes.",))
        return content

    def minutes(self, transaction_id: str) -> int:
        """The minutes worked that a transaction booked."""
        query = {"query": f"{_TICKET} AND id = {int(transaction_id)}", "fields": "TimeTaken"}
        return int(next((row.get("TimeTaken") or 0 for row in self._get("/transactions", query)["items"]), 0))

    def user(self, user_id: str) -> str:
        """A login by the number that transactions carry. Raises NotFound, Forbidden."""
        return str(self._get(f"/user/{user_id}").get("Name", ""))

    def queue(self, name: str) -> Row:
        """A queue by name. Raises NotFound, Forbidden."""
        return self._get(f"/queue/{quote(name, safe='')}")

    def queues(self) -> dict[str, str]:
        """Names of the visible queues by id."""
        items = self._get("/queues/all", {"fields": "Name", "per_page": str(PAGE), "find_disabled_rows": "1"})["items"]
        return {str(item["id"]): str(item["Name"]) for item in items}

    def _attachments(self, search: list[dict[str, Any]], fields: str) -> Iterator[Row]:
        page = 1
        while True:
            params = {"fields": fields, "orderby": "id", "per_page": str(PAGE)}
            url = f"{self._base}/attachments"
            answer = self.session.send("POST", url, params={**params, "page": str(page)}, json=search)
            items = _items(answer.json(), answer.where)
            yield from items
            if len(items) < PAGE:
                return
            page += 1

    def _transactions(self, query: str, page: int = 1, order: str = "ASC", per_page: int = 0) -> list[Row]:
        params = {"fields": _TRANSACTION, "orderby": "id", "order": order, "per_page": str(per_page or self._page)}
        return list(self._get("/transactions", {"query": query, "page": str(page), **params})["items"])

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        answer = self.session.send("GET", self._base + path, params=params)
        value = answer.json()
        if not isinstance(value, dict):
            raise RemoteUnavailable(answer.where, f"expected an object, got {type(value).__name__}.")
        if params is not None:
            _items(value, answer.where)
        return value


def refused(where: str, what: str, messages: Sequence[str], allowed: Sequence[str] = ()) -> NotApplied:
    """RT said 200 and did something else; `allowed` are the states its life cycle offers now."""
    said = f" RT said: {'; '.join(messages).rstrip('.')}." if messages else " RT said nothing."
    offers = f" Possible from here: {', '.join(allowed)}." if allowed else ""
    return NotApplied(where, f"{what}{said}", f"Look at the ticket and the account's rights in RT.{offers}")


def _no_file(operator: str) -> dict[str, Any]:
    return {"field": "Filename", "operator": operator, "value": "NULL"}


def _any(field: str, ids: Sequence[str]) -> str:
    return "(" + " OR ".join(f"{field} = {int(one)}" for one in ids) + ")"


def _items(value: Any, where: str) -> list[Row]:
    items = value.get("items") if isinstance(value, dict) else None
    if not isinstance(items, list):
        raise RemoteUnavailable(where, "the answer has no list of items.", "Is the address that of RT's REST 2?")
    return items
