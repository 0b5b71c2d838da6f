"""No change is ever missed, whatever the moment of reading: a Redmine that shows whole seconds and commits late."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.redmine.changes import Changes
from bridge.redmine.client import IssueList
from bridge.redmine.cursor import Cursor
from bridge.redmine.options import RedmineOptions

EPOCH = datetime(2026, 11, 20, 18, 0, 0, tzinfo=UTC)
OVERLAP = 10.0
ROWS_PER_PAGE = 3
OPTIONS = RedmineOptions(url="http://redmine.invalid", api_key="k", parent_project="operations", overlap=OVERLAP)


@dataclass(frozen=True)
class Write:
    """A change that carries the time `stamp` and can be seen from `visible` on (seconds by Redmine's clock)."""

    issue: int
    stamp: float
    visible: float


@dataclass
class Answer:
    """What the gateway knows of an answer beside its body."""

    date: datetime | None
    seconds: float


@dataclass
class SlowRedmine:
    """Time passes while it answers. Its pages are small, so that few issues need several."""

    writes: list[Write]
    offset: float = 0.0  # of our clock against Redmine's
    dated: bool = True
    now_seconds: float = 0.0
    request_seconds: float = 0.2
    requests: list[dict[str, Any]] = field(default_factory=list)
    account_checks: int = 0
    read_at: dict[int, float] = field(default_factory=dict)

    def now(self) -> datetime:
        """Our clock."""
        return EPOCH + timedelta(seconds=self.now_seconds + self.offset)

    def issue_list(self, query: dict[str, Any]) -> IssueList:
        """A list, newest first."""
        assert query["sort"] == "updated_on:desc,id:desc"
        rows = self._rows(query)
        rows.sort(key=lambda row: (row["updated_on"], row["id"]), reverse=True)
        limit = min(query["limit"], ROWS_PER_PAGE)
        date = (EPOCH + timedelta(seconds=int(self.now_seconds))) if self.dated else None
        return IssueList(rows[:limit], len(rows), Answer(date, self.request_seconds))

    def all_issues(self, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Everything, by id, page by page."""
        last = 0
        while page := [row for row in sorted(self._rows(query), key=lambda r: r["id"]) if row["id"] > last]:
            yield from page[:ROWS_PER_PAGE]
            last = page[:ROWS_PER_PAGE][-1]["id"]

    def account(self, *, fresh: bool = False) -> None:
        """Whose key it is; the key is fine."""
        self.account_checks += fresh

    def _rows(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        assert query["status_id"] == "*"
        self.requests.append(query)
        self.now_seconds += self.request_seconds / 2
        shown: dict[int, float] = {}
        for write in self.writes:
            if write.visible <= self.now_seconds:
                shown[write.issue] = max(write.stamp, shown.get(write.issue, 0.0))
        since = query.get("updated_on")
        after = datetime.fromisoformat(since.removeprefix(">=")) - timedelta(seconds=1) if since else None
        rows = [self._row(issue, stamp) for issue, stamp in shown.items()]
        found = [row for row, stamp in zip(rows, shown.values(), strict=True) if after is None or _at(stamp) > after]
        for row in found:
            self.read_at[row["id"]] = self.now_seconds
        self.now_seconds += self.request_seconds / 2
        return found

    def _row(self, issue: int, stamp: float) -> dict[str, Any]:
        return {
            "id": issue,
            "project": {"id": 1},
            "status": {"name": "New"},
            "updated_on": _at(stamp).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


def _at(seconds: float) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


def follow(redmine: SlowRedmine, polls: list[float]) -> tuple[dict[int, float], str]:
    """Polls at these moments; when each issue was last delivered as it was read, and the last cursor."""
    changes = Changes(redmine, redmine, OPTIONS, redmine)
    cursor = changes.start()
    delivered: dict[int, float] = {}
    for moment in polls:
        redmine.now_seconds = max(redmine.now_seconds, moment)
        redmine.read_at.clear()
        page = changes.since(cursor)
        for issue in page.issues:
            delivered[issue.id] = redmine.read_at[issue.id]
        assert Cursor.from_json(page.cursor).to_json() == page.cursor
        cursor = page.cursor
    return delivered, cursor


def assert_nothing_missed(redmine: SlowRedmine, delivered: dict[int, float]) -> None:
    """Every issue was delivered from a reading that had seen its last change."""
    for issue in {write.issue for write in redmine.writes}:
        last = max(write.visible for write in redmine.writes if write.issue == issue)
        assert delivered.get(issue, -1.0) >= last, f"issue {issue} changed at {last}, delivered {delivered}"


@st.composite
def histories(draw: st.DrawFn) -> list[Write]:
    """Changes of a few issues; those of one issue become visible in order, as its row lock makes them."""
    writes: list[Write] = []
    moment = 1.0
    free: dict[int, float] = {}
    for _ in range(draw(st.integers(1, 14))):
        moment += draw(st.sampled_from([0.0, 0.05, 0.3, 0.7, 1.0, 4.0, 9.5, 12.0, 30.0]))
        issue = draw(st.integers(1, 7))
        stamp = max(moment, free.get(issue, 0.0))
        visible = stamp + draw(st.sampled_from([0.0, 0.1, 0.9, 3.0, 9.9]))
        free[issue] = visible
        writes.append(Write(issue, stamp, visible))
    return writes


@settings(max_examples=400)
@given(
    writes=histories(),
    gaps=st.lists(st.sampled_from([0.1, 0.5, 0.9, 1.0, 2.0, 5.0, 11.0, 40.0]), max_size=40),
    dated=st.booleans(),
    offset=st.sampled_from([0.0, -90.0, 7200.0]),
    request_seconds=st.sampled_from([0.0, 0.02, 0.8, 6.0]),
)
@example(
    writes=[Write(1, 1.2, 1.2), Write(1, 1.8, 11.7)], gaps=[0.5], dated=False, offset=0.0, request_seconds=0.0
)  # the same second, visible much later
@example(
    writes=[Write(1, 1.0, 1.0), Write(2, 9.0, 9.0), Write(1, 7.0, 16.9)],
    gaps=[3.0] * 4,
    dated=True,
    offset=0.0,
    request_seconds=0.02,
)  # visible after a newer change was seen
@example(
    writes=[Write(1, 1.0, 1.0), Write(1, 1.9, 11.8)], gaps=[], dated=True, offset=0.0, request_seconds=6.0
)  # the answer is dated after the change, the list was read before it
def test_nothing_is_ever_missed(
    writes: list[Write], gaps: list[float], dated: bool, offset: float, request_seconds: float
) -> None:
    """Whatever the moments of changes, commits and readings, the last state of each issue is delivered."""
    redmine = SlowRedmine(writes, offset=offset, dated=dated, request_seconds=request_seconds)
    polls = [sum(gaps[:count]) for count in range(len(gaps) + 1)]
    end = max([polls[-1], *(write.visible for write in writes)])
    delivered, _ = follow(redmine, [*polls, end + 1, end + 15, end + 30, end + 45, end + 60])
    assert_nothing_missed(redmine, delivered)


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_a_busy_redmine_with_many_pages_misses_nothing(seed: int, dated: bool) -> None:
    """Issues move while the list is read page by page."""
    luck = random.Random(seed)
    writes = sorted(
        (Write(luck.randint(1, 40), stamp, stamp) for stamp in (luck.uniform(0.5, 60) for _ in range(300))),
        key=lambda write: write.stamp,
    )
    redmine = SlowRedmine(writes, dated=dated, request_seconds=0.3)
    delivered, _ = follow(redmine, [*(3.0 * n for n in range(25)), 90.0, 110.0, 130.0])
    assert_nothing_missed(redmine, delivered)


@pytest.mark.parametrize("dated", [True, False])
def test_an_idle_redmine_costs_one_request_of_one_row(dated: bool) -> None:
    """Once everything is settled a poll asks for a single row and the cursor stays the same."""
    redmine = SlowRedmine([Write(n, 1.0 + n / 10, 1.0 + n / 10) for n in range(1, 30)], dated=dated)
    _, cursor = follow(redmine, [5.0, 20.0])
    redmine.requests.clear()
    checks = redmine.account_checks
    for moment in (30.0, 300.0, 3000.0):
        redmine.now_seconds = moment
        page = Changes(redmine, redmine, OPTIONS, redmine).since(cursor)
        assert page.issues == ()
        assert page.cursor == cursor
    assert [query["limit"] for query in redmine.requests] == [1, 1, 1]
    assert redmine.account_checks == checks


def test_a_change_seen_long_after_it_was_made_is_delivered_once() -> None:
    """Redmine's clock, told by its answers, proves that nothing of that second can follow."""
    redmine = SlowRedmine([Write(1, 1.0, 1.0), Write(2, 5.0, 5.0)])
    changes = Changes(redmine, redmine, OPTIONS, redmine)
    redmine.now_seconds = 2.0
    cursor = changes.start()
    deliveries = []
    for moment in (60.0, 70.0, 80.0):
        redmine.now_seconds = moment
        page = changes.since(cursor)
        deliveries.append([issue.id for issue in page.issues])
        cursor = page.cursor
    assert deliveries == [[1, 2], [], []]


def test_from_an_empty_redmine_everything_is_new() -> None:
    """A cursor taken before the first issue leads to all of them."""
    redmine = SlowRedmine([Write(1, 3.0, 3.0)])
    delivered, _ = follow(redmine, [1.0, 5.0])
    assert set(delivered) == {1}


@pytest.mark.parametrize("text", ["", "17", "{}", "null", '{"at": 1, "since": 2, "quiet": 3, "seen": 4}'])
def test_a_foreign_cursor_is_refused(text: str) -> None:
    """Not taken for “from the beginning”."""
    with pytest.raises(ValueError, match="no cursor of this tracker"):
        Cursor.from_json(text)
