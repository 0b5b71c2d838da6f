"""Callers that speak to the sandbox as one of its people, and the ids of its seed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import requests

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
TIMEOUT = 10


class Api:
    """Requests to one server with one person's credentials. `ok` wants success and gives the JSON (None: no body)."""

    def __init__(self, url: str, headers: dict[str, str], session: requests.Session) -> None:
        self.url = url
        self.headers = headers
        self._session = session

    def __call__(self, method: str, path: str, json: Any = None, **options: Any) -> requests.Response:
        headers = self.headers | options.pop("headers", {})
        return self._session.request(method, self.url + path, json=json, headers=headers, timeout=TIMEOUT, **options)

    def ok(self, method: str, path: str, json: Any = None, **options: Any) -> Any:
        answer = self(method, path, json, **options)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def errors(self, method: str, path: str, json: Any = None) -> list[str]:
        answer = self(method, path, json)
        assert answer.status_code == 422, f"{method} {path}: {answer.status_code} {answer.text}"
        found: list[str] = answer.json()["errors"]
        return found


class Redmine(Api):
    """Redmine with shorter words for what the tests do all the time."""

    def project(self, identifier: str, **attributes: Any) -> dict[str, Any]:
        wanted = {"name": identifier.title(), "identifier": identifier, "parent_id": 1, "is_public": False} | attributes
        found: dict[str, Any] = self.ok("POST", "/projects.json", {"project": wanted})["project"]
        return found

    def issue(self, subject: str = "Something", **attributes: Any) -> int:
        wanted = {"project_id": 1, "subject": subject} | attributes
        found: int = self.ok("POST", "/issues.json", {"issue": wanted})["issue"]["id"]
        return found

    def put(self, number: int, **attributes: Any) -> requests.Response:
        return self("PUT", f"/issues/{number}.json", {"issue": attributes})

    def get(self, number: int, include: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.ok("GET", f"/issues/{number}.json", params={"include": include})["issue"]
        return found

    def journals(self, number: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(number, "journals")["journals"]
        return found

    def ids(self, **query: Any) -> list[int]:
        rows = self.ok("GET", "/issues.json", params={"status_id": "*", "sort": "id"} | query)["issues"]
        return [row["id"] for row in rows]

    def relate(self, number: int, other: int, kind: str = "relates", **more: Any) -> requests.Response:
        wanted = {"issue_to_id": other, "relation_type": kind} | more
        return self("POST", f"/issues/{number}/relations.json", {"relation": wanted})

    def join(self, project: int | str, user_id: int, role_id: int) -> int:
        wanted = {"user_id": user_id, "role_ids": [role_id]}
        path = f"/projects/{project}/memberships.json"
        found: int = self.ok("POST", path, {"membership": wanted})["membership"]["id"]
        return found


SYNC, JANE, BEN, MIA, LI, GONE = 5, 6, 7, 8, 9, 10
MANAGER, DEVELOPER, REPORTER, BRIDGE = 3, 4, 5, 6
