"""Files, the work log and relations as the options describe them, each read back."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import date
from typing import Any, BinaryIO

from bridge.model.errors import NotApplied, Rejected
from bridge.model.files import RemoteFile, Upload, Written
from bridge.ports import Extras
from bridge.sources.build import EffortUnit, clean, effort_of, text_of
from bridge.sources.http.client import HttpClient
from bridge.sources.http.extra_options import Attachments, Relations, Work
from bridge.sources.http.options import HttpOptions
from bridge.sources.http.paging import Pager
from bridge.sources.http.paths import compile_path
from bridge.sources.marks import ends_with
from bridge.sources.read_back import after_sending
from bridge.sources.times import TimeCodec

_ADVICE = "Look at the incident, and at the rights of the bridge's account."
_UNKNOWN = "application/octet-stream"


def http_extras(name: str, options: HttpOptions, client: HttpClient) -> Extras:
    """What there are requests for."""
    times = TimeCodec(options.times)
    return Extras(
        HttpFiles(name, client, options.attachments, times) if options.attachments else None,
        HttpWorkLog(name, client, options.work_log) if options.work_log else None,
        HttpRelations(name, client, options.relations) if options.relations else None,
    )


class HttpFiles:
    """Files of incidents."""

    def __init__(self, name: str, client: HttpClient, options: Attachments, times: TimeCodec) -> None:
        self.hides = options.private
        self._name = name
        self._client = client
        self._options = options
        self._pager = Pager(client, options.all)
        fields = ("id", "name", "type", "size", "author", "created_at", "private", "note")
        self._paths = {field: compile_path(path) for field in fields if (path := getattr(options.all, field))}
        self._told_id = compile_path(options.add.id) if options.add.id else None
        self._encoded = compile_path(options.fetch.base64) if options.fetch.base64 else None
        self._times = times

    def list(self, external_id: str) -> Sequence[RemoteFile]:
        """All there are."""
        return [self._file(item) for item in self._pager.all({"id": external_id})]

    def fetch(self, external_id: str, file: RemoteFile, into: BinaryIO, limit: int) -> None:
        """The answer is read as a whole: up to the limit is held in memory."""
        # base64 takes a third more, with line ends some more
        most = limit if self._encoded is None else limit * 7 // 5 + 65_536
        answer = self._client.call(self._options.fetch, {"id": external_id, "file": file.id}, limit=most)
        body = answer.body if self._encoded is None else base64.b64decode(text_of(self._encoded(answer.json())))
        if len(body) > limit:
            raise Rejected(answer.where, (f"the file has more than {limit} bytes.",))
        into.write(body)

    def add(self, external_id: str, upload: Upload, text: str) -> Written:
        """Sent as the options say."""
        where, add = f"{self._name} #{external_id}", self._options.add
        kind = upload.content_type or _UNKNOWN
        values: dict[str, Any] = {"id": external_id, "name": upload.name, "type": kind, "text": clean(text)}
        before = {file.id for file in self.list(external_id)}
        with upload.content() as content:
            sent: dict[str, Any] = {}
            if add.part:
                sent = {"files": {add.part: (upload.name, content, kind)}}
            elif add.raw:
                sent = {"data": content}
            else:
                values["base64"] = base64.b64encode(content.read()).decode()
            answer = self._client.call(add, values, **sent)
        with after_sending(where):
            told = text_of(self._told_id(answer.json())) if self._told_id else ""
            new = [file for file in self.list(external_id) if file.id not in before]
            made = next((file for file in reversed(new) if file.id == told or not told), None)
            if made is None:
                raise NotApplied(where, f"does not have the file “{upload.name}”.", _ADVICE)
            if made.size not in {upload.size, None}:
                what = f"“{upload.name}” has {made.size} of {upload.size} bytes."
                raise NotApplied(where, what, "Look at the limits of the system.")
            if self.hides and not made.private and "private" in self._paths:
                raise NotApplied(where, f"its caller can open “{upload.name}”, which should be private.", _ADVICE)
        return Written(made.id, (made.note,) if made.note else ())

    def _file(self, item: Any) -> RemoteFile:
        found = {field: path(item) for field, path in self._paths.items()}
        size, at = found.get("size"), found.get("created_at")
        return RemoteFile(
            id=text_of(found.get("id")),
            name=text_of(found.get("name")),
            content_type=text_of(found.get("type")),
            size=int(size) if size not in (None, "") else None,
            author=text_of(found.get("author")),
            created_at=self._times.read(at) if at else None,
            private=bool(found.get("private")),
            note=text_of(found.get("note")),
        )


class HttpWorkLog:
    """The work that was booked on incidents."""

    def __init__(self, name: str, client: HttpClient, options: Work) -> None:
        self.takes_back = options.takes_back
        self._name = name
        self._client = client
        self._options = options
        self._pager = Pager(client, options.all)
        fields = ("id", "text", "spent", "note")
        self._paths = {field: compile_path(path) for field in fields if (path := getattr(options.all, field))}

    def find(self, external_id: str, marker: str) -> Written | None:
        """An entry that ends with the marker."""
        item = self._item(external_id, marker)
        return None if item is None else self._written(item)

    def book(self, external_id: str, minutes: int, day: date, text: str) -> Written:
        """Sent as the options say, and found again by its last line."""
        values = {
            "id": external_id,
            "text": clean(text),
            "hours": f"{minutes / 60:.2f}",
            "minutes": str(minutes),
            "seconds": str(minutes * 60),
            "day": day.isoformat(),
        }
        self._client.call(self._options.book, values)
        where = f"{self._name} #{external_id}"
        with after_sending(where):
            item = self._item(external_id, text.rstrip().rpartition("\n")[2])
            if item is None:
                raise NotApplied(where, "does not have the time in its work log.", _ADVICE)
            booked = round(_hours(self._text(item, "spent"), self._options.all.unit) * 60)
            if abs(booked - minutes) > 1:  # hours with two decimals are not exact
                raise NotApplied(where, f"booked {booked} of {minutes} minutes.", _ADVICE)
            return self._written(item)

    def _item(self, external_id: str, marker: str) -> Any:
        items = list(self._pager.all({"id": external_id}))
        return next((one for one in reversed(items) if ends_with(self._text(one, "text"), marker)), None)

    def _written(self, item: Any) -> Written:
        note = self._text(item, "note")
        return Written(self._text(item, "id"), (note,) if note else ())

    def _text(self, item: Any, field: str) -> str:
        path = self._paths.get(field)
        return text_of(path(item)) if path is not None else ""


class HttpRelations:
    """Relations between incidents."""

    def __init__(self, name: str, client: HttpClient, options: Relations) -> None:
        self._name = name
        self._client = client
        self._add = options.add
        self._pager = Pager(client, options.all)
        self._other = compile_path(options.all.other)

    def of(self, external_id: str) -> frozenset[str]:
        """All that the list has."""
        return frozenset(text_of(self._other(item)) for item in self._pager.all({"id": external_id}))

    def relate(self, external_id: str, other: str) -> None:
        """Sent unless they are related already."""
        if other in self.of(external_id):
            return
        self._client.call(self._add, {"id": external_id, "other": other})
        if other not in self.of(external_id):
            raise NotApplied(f"{self._name} #{external_id}", f"is not related to {other}.", _ADVICE)


def _hours(value: str, unit: EffortUnit) -> float:
    """Hours, less than 0 where something was taken back."""
    return -effort_of(value[1:], unit) if value.startswith("-") else effort_of(value, unit)
