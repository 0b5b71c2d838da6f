"""The five ways in which the sandbox's incident system hands out a list."""

from __future__ import annotations

import pytest

COUNT = 23


@pytest.fixture
def filled(anna, sandbox):
    for number in range(COUNT):
        sandbox.clock.advance(1)
        anna.ok("POST", "/api/incidents", {"title": f"incident {number}"})
    return anna


def by_page(agent):
    first = agent.ok("GET", "/api/incidents?page=1&per_page=5")
    assert (first["pages"], first["total"], first["per_page"]) == (5, COUNT, 5)
    yield first["items"]
    for page in range(2, first["pages"] + 1):
        yield agent.ok("GET", f"/api/incidents?page={page}&per_page=5")["items"]
    assert agent.ok("GET", "/api/incidents?page=9&per_page=5")["items"] == []


def by_offset(agent):
    for offset in range(0, COUNT, 5):
        answer = agent.ok("GET", f"/api/incidents?offset={offset}&limit=5")
        assert answer["total"] == COUNT
        yield answer["items"]


def by_cursor(agent):
    cursor = ""
    while cursor is not None:
        answer = agent.ok("GET", "/api/incidents", params={"cursor": cursor, "limit": 5})
        cursor = answer["next_cursor"]
        yield answer["items"]


def by_next(agent):
    address = "/api/incidents?paging=next&limit=5&state=new"
    while address:
        answer = agent("GET", address)
        following = answer.json()["next"]
        assert ("next" in answer.links) is bool(following)
        if following:
            assert answer.links["next"]["url"] == following
            assert following.startswith(agent.url)
        address = following.removeprefix(agent.url) if following else ""
        yield answer.json()["items"]


def by_key(agent):
    last = 0
    while True:
        items = agent.ok("GET", f"/api/incidents?after_id={last}&limit=5")["items"]
        yield items
        if len(items) < 5:
            return
        last = items[-1]["id"]


@pytest.mark.parametrize("way", [by_page, by_offset, by_cursor, by_next, by_key])
def test_every_way_gives_every_incident_once(filled, way):
    pages = list(way(filled))
    numbers = [row["id"] for page in pages for row in page]
    assert sorted(numbers) == list(range(1, COUNT + 1))
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]


def test_order_is_arbitrary_but_stable_unless_asked_for(filled):
    def ids(query):
        return [row["id"] for row in filled.ok("GET", f"/api/incidents?per_page=50{query}")["items"]]

    assert ids("") == ids("")
    assert ids("") != sorted(ids(""))
    assert ids("&order=id") == sorted(ids(""))
    filled.ok("PATCH", "/api/incidents/3", {"title": "later"})
    assert ids("&order=updated")[-2:] == [3, COUNT] or ids("&order=updated")[-2:] == [COUNT, 3]


def test_equal_update_times_are_ordered_by_id(anna):
    for _ in range(5):
        anna.ok("POST", "/api/incidents", {"title": "x"})
    assert [row["id"] for row in anna.ok("GET", "/api/incidents?order=updated")["items"]] == [1, 2, 3, 4, 5]


def test_page_is_never_larger_than_200(filled):
    assert filled.ok("GET", "/api/incidents?page=1&per_page=5000")["per_page"] == 200
    assert filled.ok("GET", "/api/incidents?page=1&per_page=0")["per_page"] == 50


@pytest.mark.parametrize("query", ["paging=bogus", "cursor=bogus", "cursor=e30="])
def test_nonsense_is_refused(filled, query):
    answer = filled("GET", f"/api/incidents?{query}")
    assert answer.json()["error"]["code"] == "bad_request"
