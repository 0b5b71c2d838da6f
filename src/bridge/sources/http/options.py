"""Options of the source kind `http`: a JSON interface described by configuration alone."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, SecretStr, field_validator

from bridge.model.incident import EventKind
from bridge.sources.connection import STRICT, ConnectionOptions
from bridge.sources.tables import Priorities, States
from bridge.sources.times import Times


class BasicAuth(BaseModel):
    """User name and password with each request."""

    model_config = STRICT

    type: Literal["basic"]
    user: str
    password: SecretStr | None = None
    password_file: Path | None = None


class BearerAuth(BaseModel):
    """`Authorization: Bearer …` with each request."""

    model_config = STRICT

    type: Literal["bearer"]
    token: SecretStr | None = None
    token_file: Path | None = None


class HeaderAuth(BaseModel):
    """A header of any name; `prefix` stands before the value."""

    model_config = STRICT

    type: Literal["header"]
    header: str
    prefix: str = ""
    value: SecretStr | None = None
    value_file: Path | None = None


class OAuth2(BaseModel):
    """OAuth 2 client credentials; the access token is kept until it expires and renewed once when it is refused."""

    model_config = STRICT

    type: Literal["oauth2"]
    token_url: str
    client_id: str
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    scope: str = ""
    extra: dict[str, str] = Field(default_factory=dict)


class NoAuth(BaseModel):
    """Requests carry no credentials."""

    model_config = STRICT

    type: Literal["none"] = "none"


Auth = Annotated[BasicAuth | BearerAuth | HeaderAuth | OAuth2 | NoAuth, Field(discriminator="type")]


class Request(BaseModel):
    """One request. Placeholders in braces are filled in `path`, `params`, `body` and `form`.

    `body` is sent as JSON: a text that consists of one placeholder becomes the value itself. `form` is sent as a web
    form; values that are not texts are sent as JSON.
    """

    model_config = STRICT

    method: str = "GET"
    path: str
    params: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    form: dict[str, Any] = Field(default_factory=dict)

    @field_validator("method")
    @classmethod
    def _upper(cls, method: str) -> str:
        return method.upper()


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

    page, offset: a number in `param`, beginning with `first` (0 for offset). cursor: the value at `next` goes to
    `param`. next_link: the address at `next` is followed, on the same host only. keyset: `last` of the page's last
    item goes to `param`. `size` items are asked for in `size_param`; fewer mean the end.
    """

    model_config = STRICT

    style: PagingStyle = PagingStyle.NONE
    size: int = Field(100, ge=1)
    size_param: str = ""
    param: str = ""
    first: int = 1
    next: str = ""
    last: str = "id"


class ListRequest(Request):
    """A request that lists; `items` is where the list stands in the answer (JMESPath)."""

    items: str = "@"
    paging: Paging = Paging()


class ChangesRequest(ListRequest):
    """Lists incidents changed at or after `{since}`, oldest change first.

    `overlap` (seconds) is subtracted from the last change seen; repeated incidents are recognised. `only` (JMESPath)
    takes in incidents that it holds for, and follows those already known. `read_each`: the list has only ids.
    """

    overlap: float = Field(2, ge=0)
    since: Times | None = None
    only: str = ""
    read_each: bool = False


class ReadRequest(Request):
    """Reads one incident; `item` is where it stands in the answer."""

    item: str = "@"


class NotesRequest(ListRequest):
    """Lists an incident's notes, oldest first; the fields are JMESPath within a note."""

    id: str = "id"
    author: str = "author"
    created_at: str = "created_at"
    text: str = "text"
    private: str = "private"


class LinksRequest(ListRequest):
    """Lists an incident's external links; `url` is JMESPath within an item."""

    url: str = "url"


class WriteRequest(Request):
    """Changes something; `id` is where the answer gives a new note's id (empty: found by reading back)."""

    id: str = ""


class Writes(BaseModel):
    """Requests that change an incident; what is absent the source cannot do.

    Placeholders: `{id}`, `{text}` (notes), `{url}` `{title}` (link), `{login}` (assign), `{reason}` (states).
    """

    model_config = STRICT

    private_note: WriteRequest | None = None
    public_note: WriteRequest | None = None
    link: WriteRequest | None = None
    assign: WriteRequest | None = None
    hold: WriteRequest | None = None
    resume: WriteRequest | None = None
    resolve: WriteRequest | None = None
    reopen: WriteRequest | None = None
    cancel: WriteRequest | None = None
    close: WriteRequest | None = None


class Meaning(StrEnum):
    """What an error in an answer's body means."""

    AUTHENTICATION = "authentication"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    REJECTED = "rejected"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"


class ErrorSign(BaseModel):
    """An error told in the body, whatever the status: `when` (JMESPath) is true, or has the value `equals`."""

    model_config = STRICT

    when: str
    equals: Any = None
    message: str = ""
    means: Meaning = Meaning.REJECTED


class Timeline(BaseModel):
    """The history that an incident carries: `items` within it, one change each.

    `kinds` maps the source's name of a field to the kind of event.
    """

    model_config = STRICT

    items: str
    id: str = "id"
    at: str = "at"
    field: str = "field"
    value: str = "new"
    kinds: dict[str, EventKind]


class Mapping(BaseModel):
    """Which value (JMESPath) of the answer feeds which field of an incident; empty: none."""

    model_config = STRICT

    id: str = "id"
    summary: str = "summary"
    state: str = "state"
    opened_at: str = "opened_at"
    updated_at: str = "updated_at"
    url: str = ""
    description: str = ""
    hold_reason: str = ""
    priority: str = ""
    impact: str = ""
    urgency: str = ""
    type: str = ""
    service: str = ""
    category: str = ""
    subcategory: str = ""
    ci: str = ""
    site: str = ""
    caller: str = ""
    team: str = ""
    person: str = ""
    acknowledged_at: str = ""
    resolved_at: str = ""
    closed_at: str = ""
    reopen_count: str = ""
    reassignment_count: str = ""
    tags: str = ""
    parent: str = ""
    problem: str = ""


class HttpOptions(ConnectionOptions):
    """An incident system with a JSON interface.

    `extra` names further values kept in `fields`. `web_url` is the address a person opens, with `{id}`.
    """

    base_url: str
    auth: Auth = NoAuth()
    headers: dict[str, str] = Field(default_factory=dict)
    times: Times = Times()
    unset_times: frozenset[str] = frozenset({"", "0000-00-00 00:00:00", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z"})
    changes: ChangesRequest
    history: ListRequest | None = None
    read: ReadRequest
    notes: NotesRequest | None = None
    links: LinksRequest | None = None
    fields: Mapping = Mapping()
    extra: dict[str, str] = Field(default_factory=dict)
    web_url: str = ""
    timeline: Timeline | None = None
    states: States
    priorities: Priorities = Field(default_factory=dict)
    impacts: Priorities = Field(default_factory=dict)
    urgencies: Priorities = Field(default_factory=dict)
    writes: Writes = Writes()
    errors: tuple[ErrorSign, ...] = ()
