"""Options that describe files, the work log and relations: how each is written, and how it is read back."""

from __future__ import annotations

from pydantic import BaseModel, Field, model_validator

from bridge.sources.build import EffortUnit
from bridge.sources.connection import STRICT
from bridge.sources.http.calls import ListRequest, Path, Request
from bridge.sources.templates import placeholders


class AddFile(Request):
    """Adds a file: its bytes are sent as `part` of a web form together with `form`, are the whole body (`raw: true`),
    or stand in `body` as `{base64}`. `id` is where the answer has its id (empty: it is found by reading the files).
    """

    PLACEHOLDERS = frozenset({"id", "name", "type", "text", "base64"})

    part: str = ""
    raw: bool = False
    id: Path = ""

    @model_validator(mode="after")
    def _one_way(self) -> AddFile:
        in_body = "base64" in {*placeholders([self.body, self.form])}
        if [bool(self.part), self.raw, in_body].count(True) != 1:
            message = "needs one of `part`, `raw: true` and {base64} in `body`"
            raise ValueError(message)
        return self


class ListFiles(ListRequest):
    """Lists an incident's files; the other fields are found within one. `note` is the id of the note it came with."""

    id: Path = "id"
    name: Path = "name"
    type: Path = "type"
    size: Path = "size"
    author: Path = "author"
    created_at: Path = "created_at"
    private: Path = "private"
    note: Path = ""


class FetchFile(Request):
    """Reads a file's bytes; `base64` is where the answer has them encoded (empty: they are the answer)."""

    PLACEHOLDERS = frozenset({"id", "file"})

    base64: Path = ""


class Attachments(BaseModel):
    """Files of incidents. `private`: callers do not see what is added."""

    model_config = STRICT

    add: AddFile
    all: ListFiles = Field(alias="list")
    fetch: FetchFile
    private: bool = False


class Book(Request):
    """Books work: `{hours}` with two decimals, `{minutes}`, `{seconds}`, `{day}` as 2026-01-31, `{text}`."""

    PLACEHOLDERS = frozenset({"id", "text", "hours", "minutes", "seconds", "day"})


class ListWork(ListRequest):
    """Lists the work booked on an incident; `spent` is counted in `unit`, `note` is the id of the note it came with."""

    id: Path = "id"
    text: Path = "text"
    spent: Path = "minutes"
    unit: EffortUnit = "minutes"
    note: Path = ""


class Work(BaseModel):
    """The work log of incidents. `takes_back`: less than nothing may be booked, which corrects."""

    model_config = STRICT

    book: Book
    all: ListWork = Field(alias="list")
    takes_back: bool = False


class Relate(Request):
    """Lets an incident refer to another one, `{other}`."""

    PLACEHOLDERS = frozenset({"id", "other"})


class ListRelated(ListRequest):
    """Lists the incidents that one is related to, either direction; `other` is found within an item."""

    other: Path = "id"


class Relations(BaseModel):
    """Relations between incidents."""

    model_config = STRICT

    add: Relate
    all: ListRelated = Field(alias="list")
