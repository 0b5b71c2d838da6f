"""Walking through lists, whatever the style of their pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from bridge.model.errors import RemoteUnavailable
from bridge.sources.http.calls import ListRequest, Paging, PagingStyle
from bridge.sources.http.client import HttpClient, understood
from bridge.sources.http.paths import compile_path
from bridge.sources.http_session import Answer
from bridge.sources.templates import Values

_COUNTED = frozenset({PagingStyle.PAGE, PagingStyle.OFFSET, PagingStyle.KEYSET})
"""Styles in which a page with fewer items than asked for is the last."""


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page. `token` says where the next one is (text or number), None: there is none."""

    items: list[Any]
    token: Any
    total: int | None
    answer: Answer


def is_short(page: ListPage, paging: Paging) -> bool:
    """Whether a first page has fewer items than it was asked for, though the system tells of more."""
    counted = paging.style in _COUNTED and page.total is not None
    return counted and len(page.items) < min(page.total or 0, paging.size)


class Pager:
    """Gets the pages of one configured list."""

    def __init__(self, client: HttpClient, request: ListRequest) -> None:
        self._client = client
        self._request = request
        self._items = compile_path(request.items)
        self._total = compile_path(request.total)
        self._next = compile_path(request.paging.next)
        self._last = compile_path(request.paging.last)

    def page(self, values: Values, token: Any = None) -> ListPage:
        """The page at a token, None being the first."""
        paging = self._request.paging
        if paging.style is PagingStyle.NEXT_LINK and token is not None:
            answer = self._client.follow(self._request, values, str(token))
        else:
            answer = self._client.call(self._request, values, _params(paging, token))
        value = answer.json()
        with understood(answer):
            return self._page(value, token, answer)

    def _page(self, value: Any, token: Any, answer: Answer) -> ListPage:
        items = self._items(value)
        if items is None and self._request.absent_is_empty:
            items = []
        if not isinstance(items, list):
            there = "nothing" if items is None else type(items).__name__
            what = f"there is {there} and no list at “{self._request.items}” in the answer: {answer.body[:200]!r}."
            raise RemoteUnavailable(answer.where, what, "Is it an error in disguise (`errors`)? Else correct `items`.")
        following = self._following(value, items, token, answer)
        if token is not None and following == token:
            raise RemoteUnavailable(answer.where, "the next page is said to be this one again.", "Correct `paging`.")
        total = self._total(value)
        return ListPage(items, following, total if isinstance(total, int) else None, answer)

    def require_full(self, page: ListPage) -> None:
        """Raises RemoteUnavailable for a first page that is short though there are more: each would seem the last."""
        paging, count = self._request.paging, len(page.items)
        if count and is_short(page, paging):
            what = f"asked for {paging.size} items a page, the system gave {count} of {page.total}."
            raise RemoteUnavailable(page.answer.where, what, f"Set `paging.size` of this list to {count}.")

    def all(self, values: Values) -> list[Any]:
        """The items of all pages."""
        page = self.page(values)
        found = list(page.items)
        while page.token is not None:
            page = self.page(values, page.token)
            found += page.items
        return found

    def _following(self, value: Any, items: list[Any], token: Any, answer: Answer) -> Any:
        paging = self._request.paging
        following: Any = None
        if paging.style is PagingStyle.NEXT_LINK:
            link = self._next(value)
            following = urljoin(answer.url, str(link)) if link else None
        elif paging.style is PagingStyle.CURSOR:
            following = self._next(value) or None
        elif len(items) >= paging.size:
            match paging.style:
                case PagingStyle.PAGE:
                    following = (paging.first if token is None else token) + 1
                case PagingStyle.OFFSET:
                    following = (token or 0) + len(items)
                case PagingStyle.KEYSET:
                    following = self._last(items[-1])
                    if following is None:
                        message = f"the last item of a full page has nothing at “{paging.last}” (`paging.last`)"
                        raise ValueError(message)
        return following


def _params(paging: Paging, token: Any) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if paging.size_param:
        params[paging.size_param] = paging.size
    first = {PagingStyle.PAGE: paging.first, PagingStyle.OFFSET: 0}.get(paging.style)
    value = first if token is None else token
    if value is not None:
        params[paging.param] = value
    return params
