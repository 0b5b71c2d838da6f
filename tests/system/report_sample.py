"""A report with everything in it, and with everything that people might write to do harm."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from bridge.model.report import (
    Bars,
    Fact,
    Facts,
    Gantt,
    GanttRow,
    Lines,
    Link,
    Report,
    Section,
    Series,
    Table,
    Text,
    Tone,
)

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> $x_1$ {{include(x)}} |a|"
DAY = date(2026, 11, 2)
TODAY = (DAY + timedelta(14), "today")


def full_report(name: str = "Router core-1", count: int = 6) -> Report:
    """Every kind of block, with `name` wherever a text stands."""
    rows = tuple(
        GanttRow(name, DAY + timedelta(3 * n), DAY + timedelta(3 * n + 4), DAY, DAY + timedelta(2), 0.5, n % 2 == 1)
        for n in range(count)
    )
    burn = Series("planned", ((DAY, 40.0), (DAY + timedelta(20), 0.0)), plan=True)
    left = Series(name, tuple((DAY + timedelta(n), 40 - 1.5 * n) for n in range(15)))
    blocks = (
        Facts((Fact(name, date(2026, 12, 4), name, Tone.BAD), Fact("Effort", 12.5, "of 40 h", Tone.GOOD))),
        Text(name, Tone.WARNING),
        Lines("burn-down", name, "hours", (burn, left), TODAY),
        Gantt("gantt", name, rows, ("now", "done", "critical", "planned"), TODAY),
        Bars("mttr", name, "h", ("2026-09", name), (("raw", (178.2, 160.0)), ("adjusted", (85.7, None)))),
    )
    table = Table(
        "tasks",
        ("task", "from", "hours", name),
        (
            (Link(name, "https://redmine.example/issues/1"), DAY, 4.0, name),
            (Link("no address", "javascript:alert(3)"), None, 1234.5, "=1+1"),
        ),
    )
    sections = (Section(name, blocks), Section("Tasks", (table,), 3), Section("None", (Table("none", ("a",), ()),)))
    return Report(f"Projects {name}", datetime(2026, 11, 21, 18, 0, tzinfo=UTC), "en", (name,), sections)
