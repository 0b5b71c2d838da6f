"""Options that describe requests."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from bridge.sources.build import Words
from bridge.sources.connection import STRICT
from bridge.sources.http.paths import compile_path
from bridge.sources.templates import placeholders
from bridge.sources.times import Times


def _checked(expression: str) -> str:
    compile_path(expression)
    return expression


Path = Annotated[str, AfterValidator(_checked)]
"""A dotted name or JMESPath; empty: none."""


Method = Annotated[
    Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
]


class Request(BaseModel):
    """One request. Placeholders in braces are filled in `path`, `params`, `headers`, `body` and `form`.

    `body` is sent as JSON: a text that consists of one placeholder becomes the value itself. `form` is sent as a web
    form, whose values are sent as JSON where they are not texts.
    """

    model_config = STRICT
    PLACEHOLDERS: ClassVar[frozenset[str]] = frozenset({"id"})

    method: Method = "GET"
    path: str
    params: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    form: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_placeholders(self) -> Request:
        used = {*placeholders([self.path, self.params, self.headers, self.body, self.form])}
        if unknown := used - self.PLACEHOLDERS:
            known = ", ".join(f"{{{name}}}" for name in sorted(self.PLACEHOLDERS)) or "none"
            message = f"there is no {{{min(unknown)}}} here; there is: {known}"
            raise ValueError(message)
        return self


class PagingStyle(StrEnum):
    """How the next page is asked for."""

    NONE = "none"
    PAGE = "page"
    OFFSET = "offset"
    CURSOR = "cursor"
    NEXT_LINK = "next_link"
    KEYSET = "keyset"


class Paging(BaseModel):
    """Paging of a list.

    page: the page's number goes to `param`, beginning with `first`; offset: the number of items before it. cursor: the
    value at `next` goes to `param`. next_link: the address at `next` is followed, on the same host only. keyset:
    `last` of a page's last item goes to `param`. `size` items are asked for in `size_param`. Fewer than `size` are the
    last page (page, offset, keyset); nothing at `next` means the same (cursor, next_link).
    """

    model_config = STRICT

    style: PagingStyle = PagingStyle.NONE
    size: int = Field(100, ge=1)
    size_param: str = ""
    param: str = ""
    first: int = 1
    next: Path = ""
    last: Path = "id"

    @model_validator(mode="after")
    def _complete(self) -> Paging:
        needs = {"next": self.style in {PagingStyle.CURSOR, PagingStyle.NEXT_LINK}}
        needs["param"] = self.style not in {PagingStyle.NONE, PagingStyle.NEXT_LINK}
        for name, needed in needs.items():
            if needed and not getattr(self, name):
                message = f"style {self.style} needs `{name}`"
                raise ValueError(message)
        return self


class ListRequest(Request):
    """A request that lists; `items` is where the list stands in the answer, `total` how many there are in all.

    `absent_is_empty`: the system leaves an empty list out (OTOBO) or says null (iTop). Else that is an error, for a
    system that answers something else altogether would look as if nothing ever happened in it.
    """

    items: Path = "@"
    absent_is_empty: bool = False
    total: Path = ""
    paging: Paging = Paging()


class HistoryRequest(ListRequest):
    """Lists incidents opened in [`{since}`, `{until}`), in an order in which new ones come last."""

    PLACEHOLDERS = frozenset({"since", "until"})


class ChangesRequest(ListRequest):
    """Lists incidents changed at or after `{since}`, oldest change first (`ordered: false` if the system cannot).

    `overlap` (seconds) is subtracted from the last change seen; what comes again is recognised. `since` is the format
    of `{since}` where it differs from `times`. `only` takes in incidents it holds for, and follows those already
    known. `read_each`: items are not whole incidents, `item_id` is read from each and the incident by `read`.
    """

    PLACEHOLDERS = frozenset({"since"})

    overlap: float = Field(2, ge=0)
    since: Times | None = None
    ordered: bool = True
    only: Path = ""
    read_each: bool = False
    item_id: Path = ""


class ReadRequest(Request):
    """Reads one incident; `item` is where it stands in the answer."""

    item: Path = "@"


class NotesRequest(ListRequest):
    """Lists an incident's notes, oldest first; the other fields are found within a note. `html`: texts are HTML."""

    id: Path = "id"
    author: Path = "author"
    created_at: Path = "created_at"
    text: Path = "text"
    private: Path = "private"
    html: bool = False


class LinksRequest(ListRequest):
    """Lists an incident's external links; `url` is found within an item."""

    url: Path = "url"


class StateRequest(Request):
    """Changes an incident's state."""

    PLACEHOLDERS = frozenset({"id", "reason"})


class NoteRequest(Request):
    """Adds a note; `id` is where the answer has its id (empty: it is found by reading the notes)."""

    PLACEHOLDERS = frozenset({"id", "text"})

    id: Path = ""


class LinkRequest(Request):
    """Adds a link."""

    PLACEHOLDERS = frozenset({"id", "url", "title"})


class AssignRequest(Request):
    """Gives an incident to a person."""

    PLACEHOLDERS = frozenset({"id", "login"})


class OpenChangeRequest(Request):
    """Opens a request for change; `id` is where the answer has its number, as people use it.

    A text that is `{incidents}` alone becomes the list of the incidents' ids. `{text}` ends with `{marker}`.
    """

    PLACEHOLDERS = frozenset({"incidents", "title", "text", "marker"})

    id: Path


class FindRequest(ListRequest):
    """Lists requests for change that may have a marker in their text."""

    PLACEHOLDERS = frozenset({"marker"})


class ChangeRequests(BaseModel):
    """How requests for change are read back (`read`) and found again (`find`), and where their values stand.

    `read` has all values, items of `find` only `id`. `approved` and `rejected` are words of `state`, any other is
    pending; without `approved` the system does not tell. `url` is where people find one, or `web_url` with `{id}`.
    `private` and `incidents` (the ids of those it is about) are verified where they are named.
    """

    model_config = STRICT

    read: ReadRequest
    find: FindRequest
    id: Path
    text: Path = "text"
    state: Path = "state"
    url: Path = ""
    web_url: str = ""
    private: Path = ""
    incidents: Path = ""
    approved: Words = frozenset()
    rejected: Words = frozenset()


class Writes(BaseModel):
    """Requests that change an incident; what is absent the source cannot do.

    `resume` ends a hold or begins the work, `reopen` brings back what was resolved (absent: as `resume`), `unassign`
    takes an incident from its person (absent: `assign` with an empty login). `change` opens a request for change.
    """

    model_config = STRICT

    private_note: NoteRequest | None = None
    public_note: NoteRequest | None = None
    link: LinkRequest | None = None
    assign: AssignRequest | None = None
    unassign: Request | None = None
    hold: StateRequest | None = None
    resume: StateRequest | None = None
    resolve: StateRequest | None = None
    reopen: StateRequest | None = None
    cancel: StateRequest | None = None
    close: StateRequest | None = None
    change: OpenChangeRequest | None = None
