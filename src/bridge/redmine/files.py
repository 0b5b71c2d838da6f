"""Files of issues: sent first, attached by their token, read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from bridge.model.errors import Forbidden, NotApplied, Rejected
from bridge.model.files import RemoteFile, Upload, Written
from bridge.redmine import translate
from bridge.redmine.client import Client
from bridge.redmine.explain import refusal
from bridge.redmine.options import RedmineOptions
from bridge.redmine.text import one_line

_LIMIT = "Raise “Maximum attachment size”, or look at the allowed extensions, in Administration → Settings → Files."


@dataclass(frozen=True, slots=True)
class Files:
    """What the gateway does with files. Whoever sees an issue can open its files: Redmine has no private ones."""

    client: Client
    options: RedmineOptions

    def fetch(self, file: RemoteFile, into: BinaryIO, limit: int) -> None:
        """See IssueFiles.fetch."""
        self.client.download(int(file.id), file.name, into, limit)

    def add(self, issue_id: int, upload: Upload, text: str) -> Written:
        """See IssueFiles.add. Redmine ignores files of an account that may not add any (5.0 to 7.0)."""
        where = f"Redmine issue #{issue_id}, file “{upload.name}”"
        before = {row["id"] for row in self.client.issue(issue_id, "attachments").get("attachments") or ()}
        try:
            with upload.content() as content:
                token = self.client.upload(upload.name, content)
            row = {"token": token, "filename": upload.name, "description": one_line(text)}
            if upload.content_type:
                row["content_type"] = upload.content_type
            self.client.update_issue(issue_id, {"uploads": [row]})
        except Forbidden as error:
            project = self.client.issue(issue_id)["project"]["id"]
            raise refusal(self.client, project, error, "Edit issues") from error
        except Rejected as error:
            raise Rejected(where, error.reasons, error.advice or _LIMIT) from error
        raw = self.client.issue(issue_id, "attachments,journals")
        made = [one for one in map(translate.file, raw.get("attachments") or ()) if int(one.id) not in before]
        ours = [one for one in made if one.size == upload.size]
        if not ours:
            what = "Redmine did not attach it." if not made else f"Redmine has {made[-1].size} of {upload.size} bytes."
            advice = "Tick “Edit issues” for the bridge's role (Administration → Roles and permissions)."
            raise NotApplied(where, what, advice)
        journals = (j for j in translate.journals(raw) if f"attachment_{ours[-1].id}" in j.changes)
        return Written(ours[-1].id, tuple(str(journal.id) for journal in journals))
