"""Sends the same requests to a real Redmine and to the sandbox's, and collects where the answers differ."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import requests

SYNC = "itsm-sync"
EVERYTHING = "include=journals,relations,children,attachments,watchers,allowed_statuses"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def _differences(real: Any, made: Any, where: str) -> Iterator[str]:
    """The innermost places in which two answers differ, also in the order of their keys."""
    if isinstance(real, dict) and isinstance(made, dict) and list(real) == list(made):
        for key in real:
            yield from _differences(real[key], made[key], f"{where}.{key}")
    elif isinstance(real, list) and isinstance(made, list) and len(real) == len(made):
        for number, pair in enumerate(zip(real, made, strict=True)):
            yield from _differences(*pair, f"{where}[{number}]")
    elif real != made or isinstance(real, dict):
        yield f"{where}: real {json.dumps(real, ensure_ascii=False)}"
        yield f"{where}: sandbox {json.dumps(made, ensure_ascii=False)}"


class BothRedmines:
    """
    Status, content type, Location, challenge and body are compared; host names, times of day and API keys are not.

    Both have to be fresh: ids are compared too.
    """

    def __init__(self, real: tuple[str, dict[str, str]], sandbox: tuple[str, dict[str, str]]) -> None:
        self._sides = (real, sandbox)
        self._session = requests.Session()
        self.count = 0
        self.differences: list[str] = []

    def close(self) -> None:
        self._session.close()

    def __call__(self, method: str, path: str, body: Any = None, who: str = SYNC, **options: Any) -> Any:
        """The real one's answer, decoded. `who` is a login, or any other text as a wrong key, or "" for nobody."""
        self.count += 1
        answers = [self._ask(side, method, path, body, who, options) for side in self._sides]
        if any(_differences(answers[0], answers[1], "")):
            text = f"{method} {path} {json.dumps(body, ensure_ascii=False)} by {who or 'nobody'}"
            self.differences.append("\n  ".join([text, *_differences(answers[0], answers[1], "")])[:1500])
        return answers[0]["body"]

    def _ask(
        self, side: tuple[str, dict[str, str]], method: str, path: str, body: Any, who: str, options: dict[str, Any]
    ) -> dict[str, Any]:
        url, keys = side
        key = keys.get(who, who)
        headers = ({"X-Redmine-API-Key": key} if key else {}) | options.get("headers", {})
        data = options.get("data")
        answer = self._session.request(method, url + path, json=body, data=data, headers=headers, timeout=60)
        text = _TIME.sub("TIME", answer.text.strip().replace(url, "URL"))
        for number, known in enumerate(sorted(keys)):
            text = text.replace(keys[known], f"KEY {number}")
        if "html" in answer.headers.get("Content-Type", ""):
            text = "a page" if text else ""
        return {
            "status": answer.status_code,
            "type": answer.headers.get("Content-Type") if answer.content else None,
            "location": answer.headers.get("Location", "").replace(url, "URL"),
            "challenge": answer.headers.get("WWW-Authenticate"),
            "body": json.loads(text) if text[:1] in {"{", "["} else text,
        }

    # words for what the scripts do all the time

    def project(self, identifier: str, who: str = SYNC, **attributes: Any) -> None:
        wanted = {"name": identifier, "identifier": identifier, "parent_id": 1, "is_public": False} | attributes
        self("POST", "/projects.json", {"project": wanted}, who)

    def issue(self, who: str = SYNC, **attributes: Any) -> int:
        body = {"issue": {"project_id": 1, "subject": "s"} | attributes}
        answer = self("POST", "/issues.json", body, who)
        return int(answer["issue"]["id"]) if "issue" in answer else 0

    def put(self, number: int, who: str = SYNC, **attributes: Any) -> None:
        """Changes an issue and looks at it."""
        self("PUT", f"/issues/{number}.json", {"issue": attributes}, who)
        self.look(number)

    def look(self, *numbers: int, who: str = SYNC) -> None:
        for number in numbers:
            self("GET", f"/issues/{number}.json?{EVERYTHING}", who=who)

    def relate(self, number: int, other: Any, kind: str = "relates", who: str = SYNC, **more: Any) -> None:
        wanted = {"issue_to_id": other, "relation_type": kind} | more
        self("POST", f"/issues/{number}/relations.json", {"relation": wanted}, who)

    def join(self, project: str, who: str = SYNC, **attributes: Any) -> None:
        self("POST", f"/projects/{project}/memberships.json", {"membership": attributes}, who)

    def get(self, *paths: str, who: tuple[str, ...] = (SYNC,)) -> None:
        for login in who:
            for path in paths:
                self("GET", path, who=login)
