"""Files, the work log and relations of RT's tickets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import BinaryIO

from bridge.model.files import RemoteFile, Upload, Written
from bridge.ports import Extras
from bridge.sources.build import clean
from bridge.sources.marks import ends_with
from bridge.sources.read_back import after_sending
from bridge.sources.rt.client import Row, RtClient, refused
from bridge.sources.rt.translate import moment

_MESSAGES = "Type = 'Create' OR Type = 'Comment' OR Type = 'Correspond'"
_LENGTH = re.compile(r"^Content-Length:\s*(\d+)", re.IGNORECASE | re.MULTILINE)
_OPAQUE = "application/octet-stream"
_LIMITS = "Look at RT's MaxAttachmentSize, and grant the account ShowTicketComments."


def rt_extras(name: str, client: RtClient) -> Extras:
    """All that RT's tickets have."""
    return Extras(RtFiles(name, client), RtWorkLog(name, client), RtRelations(name, client))


class RtFiles:
    """Files that came with messages; the bridge's own come with comments, which callers do not see."""

    hides = True

    def __init__(self, name: str, client: RtClient) -> None:
        self._name = name
        self._client = client

    def list(self, external_id: str) -> Sequence[RemoteFile]:
        """Two requests, one where nobody wrote anything."""
        kinds = {str(row["id"]): row["Type"] for row in self._client.transactions([external_id], _MESSAGES)}
        rows = self._client.files(list(kinds)) if kinds else []
        return [_file(row, private=kinds[_id(row["TransactionId"])] == "Comment") for row in rows]

    def fetch(self, external_id: str, file: RemoteFile, into: BinaryIO, limit: int) -> None:  # noqa: ARG002 - a file's number says it all
        """RT gives a file as a whole, encoded: up to the limit is held in memory."""
        into.write(self._client.content(file.id, limit))

    def add(self, external_id: str, upload: Upload, text: str) -> Written:
        """A comment with the file."""
        where = f"{self._name} #{external_id}"
        # RT recodes texts, which would change their bytes
        kind = _OPAQUE if upload.content_type.startswith("text/") else upload.content_type or _OPAQUE
        sent = Upload(upload.name, kind, upload.size, upload.sha256, upload.content)
        created = self._client.write(external_id, "comment", clean(text), sent)
        with after_sending(where):
            found = [_file(row, private=True) for row in self._client.files([created])]
            if not found:
                raise refused(where, f"transaction {created} does not have the file “{upload.name}”.", [_LIMITS])
            if found[0].size != upload.size:
                what = f"“{upload.name}” has {found[0].size} of {upload.size} bytes in transaction {created}."
                raise refused(where, what, [_LIMITS])
        return Written(found[0].id, (created,))


class RtWorkLog:
    """The minutes worked on a ticket, booked by comments."""

    takes_back = True

    def __init__(self, name: str, client: RtClient) -> None:
        self._name = name
        self._client = client

    def find(self, external_id: str, marker: str) -> Written | None:
        """A comment that ends with the marker."""
        created = [str(row["id"]) for row in self._client.transactions([external_id], "Type = 'Comment'")]
        for one, text in (self._client.texts(created) if created else {}).items():
            if ends_with(text, marker):
                return Written(one, (one,))
        return None

    def book(self, external_id: str, minutes: int, day: date, text: str) -> Written:  # noqa: ARG002 - the text tells the day
        """A comment with the minutes; RT books at the moment it is told."""
        created = self._client.write(external_id, "comment", clean(text), minutes=minutes)
        where = f"{self._name} #{external_id}"
        with after_sending(where):
            booked = self._client.minutes(created)
            if booked != minutes:
                advice = "Grant the account ModifyTicket."
                raise refused(where, f"transaction {created} booked {booked} of {minutes} minutes.", [advice])
        return Written(created, (created,))


class RtRelations:
    """Links between tickets."""

    def __init__(self, name: str, client: RtClient) -> None:
        self._name = name
        self._client = client

    def of(self, external_id: str) -> frozenset[str]:
        """Tickets that are linked in any way, either direction."""
        links = self._client.ticket(external_id).get("_hyperlinks") or ()
        return frozenset(
            str(link["id"]) for link in links if link.get("type") == "ticket" and link.get("ref") != "self"
        )

    def relate(self, external_id: str, other: str) -> None:
        """`RefersTo`, unless they are linked already."""
        if other in self.of(external_id):
            return
        said = self._client.update(external_id, {"AddRefersTo": [other]})
        if other not in self.of(external_id):
            raise refused(f"{self._name} #{external_id}", f"does not refer to ticket {other}.", said)


def _file(row: Row, *, private: bool) -> RemoteFile:
    length = _LENGTH.search(str(row.get("Headers") or ""))
    return RemoteFile(
        id=str(row["id"]),
        name=str(row.get("Filename") or ""),
        content_type=str(row.get("ContentType") or ""),
        size=int(length[1]) if length else None,
        author=_id(row.get("Creator")),
        created_at=moment(row.get("Created")),
        private=private,
        note=_id(row["TransactionId"]),
    )


def _id(value: object) -> str:
    """The number in a reference, which lists give as a text and single objects as a mapping."""
    return str(value.get("id") or "") if isinstance(value, dict) else str(value or "")
