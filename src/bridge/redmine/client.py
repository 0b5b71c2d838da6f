"""Redmine's REST resources as plain dictionaries: python-redmine, one object per thread, on our engine."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import quote

from redminelib import Redmine

from bridge.model.errors import RemoteUnavailable
from bridge.redmine.engine import Answer, BridgeEngine
from bridge.redmine.failures import failure
from bridge.redmine.options import RedmineOptions

PAGE = 100
"""The most rows that Redmine gives at once."""

Raw = dict[str, Any]


class IssueList(NamedTuple):
    """One page of issues, how many there are in all, and the answer they came with (date, duration)."""

    rows: list[Raw]
    total: int
    answer: Answer


class Client:
    """Sends requests, from any thread. `requests` counts everything that was sent, tries that failed too."""

    def __init__(self, options: RedmineOptions) -> None:
        self.requests = 0
        self._options = options
        self._counting = threading.Lock()
        self._local = threading.local()
        self._opened: weakref.WeakSet[Redmine] = weakref.WeakSet()

    def close(self) -> None:
        """Closes all connections; a later request opens new ones."""
        with self._counting:
            for redmine in self._opened:
                redmine.engine.session.close()

    def get(self, path: str, container: str, params: Mapping[str, Any] | None = None) -> Any:
        """GET of a path such as /roles.json; what its answer has under `container`."""
        return self._get(path, container, params)[0][container]

    def issue_list(self, params: Mapping[str, Any]) -> IssueList:
        """One page of issues."""
        data, answer = self._get("/issues.json", "issues", params)
        return IssueList(data["issues"], data.get("total_count", len(data["issues"])), answer)

    def all_issues(self, params: Mapping[str, Any]) -> Iterator[Raw]:
        """All issues that match, by id, whatever is changed or deleted while they are read page by page."""
        last = 0
        while True:
            # by id and not by offset: a row that moves would push another one over the edge of a page
            query = {**params, "sort": "id", "limit": PAGE, "issue_id": f">={last + 1}"}
            page = self.issue_list(query)
            if page.rows and page.rows[0]["id"] <= last:
                what = "Redmine ignored the filter issue_id, so that the list cannot be read completely."
                raise RemoteUnavailable(page.answer.where, what, "Does a proxy change the query?")
            yield from page.rows
            if len(page.rows) < PAGE:
                return
            last = page.rows[-1]["id"]

    def project(self, project: int | str, include: str = "") -> Raw:
        """A project by id or identifier."""
        return self._one(lambda redmine: redmine.project.get(project, **_including(include)))

    def create_project(self, fields: Raw) -> Raw:
        """Creates a project; the 201 body."""
        return self._one(lambda redmine: redmine.project.create(**fields))

    def update_project(self, project_id: int, fields: Raw) -> None:
        """Changes a project; Redmine's 204 shows nothing."""
        self._redmine().project.update(project_id, **fields)

    def set_project_status(self, project_id: int, action: str) -> None:
        """`close` or `reopen`."""
        getattr(self._redmine().project, action)(project_id)

    def issue(self, issue_id: int, include: str = "") -> Raw:
        """An issue."""
        return self._one(lambda redmine: redmine.issue.get(issue_id, **_including(include)))

    def create_issue(self, fields: Raw) -> Raw:
        """Creates an issue; the 201 body."""
        return self._one(lambda redmine: redmine.issue.create(**fields))

    def update_issue(self, issue_id: int, fields: Raw) -> None:
        """Changes an issue; Redmine's 204 shows nothing."""
        self._redmine().issue.update(issue_id, **fields)

    def create_version(self, project_id: int, fields: Raw) -> Raw:
        """Creates a version; the 201 body."""
        return self._one(lambda redmine: redmine.version.create(project_id=project_id, **fields))

    def create_category(self, project_id: int, fields: Raw) -> Raw:
        """Creates an issue category; the 201 body."""
        return self._one(lambda redmine: redmine.issue_category.create(project_id=project_id, **fields))

    def relations(self, issue_id: int) -> list[Raw]:
        """The relations of an issue, either direction."""
        rows: list[Raw] = self.get(f"/issues/{issue_id}/relations.json", "relations")
        return rows

    def create_relation(self, issue_id: int, fields: Raw) -> Raw:
        """Relates an issue to another; the 201 body."""
        return self._one(lambda redmine: redmine.issue_relation.create(issue_id=issue_id, **fields))

    def create_membership(self, project_id: int, fields: Raw) -> Raw:
        """Adds a member; the 201 body."""
        return self._one(lambda redmine: redmine.project_membership.create(project_id=project_id, **fields))

    def page(self, project_id: int, title: str, include: str = "") -> Raw:
        """A wiki page with its text."""
        return self._one(lambda redmine: redmine.wiki_page.get(title, project_id=project_id, **_including(include)))

    def put_page(self, project_id: int, title: str, fields: Raw) -> None:
        """Writes a wiki page, new or not."""
        self._redmine().wiki_page.update(title, project_id=project_id, **fields)

    def upload(self, name: str, content: BinaryIO) -> str:
        """Sends a file, piece by piece; the token by which it is attached to something within a day."""
        engine: BridgeEngine = self._redmine().engine
        kind = {"Content-Type": "application/octet-stream"}
        url = f"{self._options.url}/uploads.json"
        answer = engine.exchange("post", url, params={"filename": name}, headers=kind, data=content)
        if answer.status >= 300:
            raise failure(answer.status, answer.headers, answer.body, answer.where)
        data = answer.data()
        token = data["upload"].get("token") if isinstance(data, dict) and isinstance(data.get("upload"), dict) else ""
        if not token:
            raise RemoteUnavailable(answer.where, "Redmine gave no token for the file.", "It is tried again.")
        return str(token)

    def download(self, attachment_id: int, name: str, into: BinaryIO, limit: int) -> None:
        """Writes a file's bytes. Raises Rejected as soon as there are more than `limit`."""
        engine: BridgeEngine = self._redmine().engine
        engine.download(f"{self._options.url}/attachments/download/{attachment_id}/{quote(name)}", into, limit)

    def _get(self, path: str, container: str, params: Mapping[str, Any] | None) -> tuple[Raw, Answer]:
        engine: BridgeEngine = self._redmine().engine
        data = engine.request("get", self._options.url + path, params=dict(params or {}))
        assert engine.last is not None
        if not isinstance(data, dict) or container not in data:
            what = "the answer is not what Redmine gives there."
            raise RemoteUnavailable(engine.last.where, what, "Is redmine.url the address of a Redmine?")
        return data, engine.last

    def _one(self, call: Callable[[Redmine], Any]) -> Raw:
        redmine = self._redmine()
        try:
            raw: Raw = call(redmine).raw()
        except (KeyError, TypeError) as error:  # python-redmine takes the shape of an answer for granted
            engine: BridgeEngine = redmine.engine
            where = engine.last.where if engine.last else "Redmine"
            what = "the answer is not what Redmine gives there; whether it was carried out is not known."
            raise RemoteUnavailable(where, what, "It is looked for before it is tried again.") from error
        return raw

    def _redmine(self) -> Redmine:
        redmine: Redmine | None = getattr(self._local, "redmine", None)
        if redmine is None:  # neither python-redmine nor requests promise to be thread-safe
            options = self._options
            redmine = Redmine(options.url, engine=BridgeEngine, options=options, on_request=self._count)
            self._local.redmine = redmine
            with self._counting:
                self._opened.add(redmine)
        return redmine

    def _count(self, _method: str, _path: str) -> None:
        with self._counting:
            self.requests += 1


def _including(include: str) -> dict[str, str]:
    return {"include": include} if include else {}
