"""Draws charts: SVG whose text stays text and whose colours the page decides, and PNG for where there is no CSS."""

from __future__ import annotations

import io
import math
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

from bridge.model.report import Bars, Chart, Gantt, GanttRow, Lines
from bridge.report import fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, DPI = 9.0, 130
MOST_ROWS = 40
"""Bars of a Gantt chart and labels below a bar chart; the table beside it has the rest."""
LONGEST_LABEL, LONGEST_NAME = 38, 24
_NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
_EPOCH = date(1970, 1, 1)
"""Where the axis begins to count (matplotlib.dates.get_epoch)."""
_DRAWING = threading.Lock()  # matplotlib's settings are the process's


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by what they stand for."""

    ink: str
    faint: str
    paper: str
    series: tuple[str, ...]
    critical: str
    plan: str


ON_PAPER = Palette("#1f2933", "#d3d9e0", "#ffffff", ("#2b6cb0", "#c05621", "#2f855a", "#6b46c1"), "#c53030", "#8895a7")
# Colours that nobody chooses, each replaced by a variable of the page: matplotlib does not write CSS.
_ASIDE = Palette(
    "#010101", "#010102", "#010103", tuple(f"#01011{n}" for n in range(4)), "#010104", "#010105"
)  # fmt: skip
_VARIABLES = {
    _ASIDE.ink: "var(--ink)",
    _ASIDE.faint: "var(--faint)",
    _ASIDE.paper: "var(--paper)",
    _ASIDE.critical: "var(--critical)",
    _ASIDE.plan: "var(--plan)",
    **{colour: f"var(--series-{number})" for number, colour in enumerate(_ASIDE.series)},
}


def svg(chart: Chart, number: int, font: str = "") -> str:
    """A chart as an SVG element for a page with the variables of report.html; `number` tells its ids from others'."""
    buffer = io.StringIO()
    with _drawn(chart, _ASIDE, font) as figure:
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, variable)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r'( id="|url\(#|href="#)', rf"\1c{number}-", text)
    text = re.sub(r"font(-family)?: ([^;\"]*?)'DejaVu Sans'[^;\"]*", r"font\1: \2system-ui, sans-serif", text)
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)
    box = f'viewBox="0 0 {size[1]} {size[2]}"' if size else ""
    head = f'<svg class="chart" role="img" aria-label="{escape(chart.title)}" {box} {_NAMESPACES}'
    return re.sub(r"<svg[^>]*", lambda _: head, text, count=1).strip()


def png(chart: Chart, font: str = "") -> bytes:
    """A chart as a picture on white; the same chart is the same bytes."""
    buffer = io.BytesIO()
    with _drawn(chart, ON_PAPER, font) as figure:
        figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def texts_of(chart: Chart) -> Iterator[str]:
    """Everything that is written in a chart."""
    yield chart.title
    if isinstance(chart, Gantt):
        yield from (row.label for row in chart.rows)
        yield from chart.words
    else:
        yield chart.unit
        yield from (one.name for one in chart.series) if isinstance(chart, Lines) else (n for n, _ in chart.series)
    yield from chart.labels if isinstance(chart, Bars) else ([chart.today[1]] if chart.today else [])


@contextmanager
def _drawn(chart: Chart, palette: Palette, font: str) -> Iterator[Figure]:
    fonts.needed()
    from matplotlib import rc_context  # noqa: PLC0415 - takes a second, and only reports need it
    from matplotlib.figure import Figure  # noqa: PLC0415

    settings: dict[Any, Any] = {
        "font.family": list(fonts.chosen(font)),
        "font.size": 10,
        "svg.fonttype": "none",
        "svg.hashsalt": "bridge",
        "text.parse_math": False,
        "axes.unicode_minus": False,
        "text.color": palette.ink,
        "axes.labelcolor": palette.ink,
        "axes.edgecolor": palette.faint,
        "axes.facecolor": "none",
        "xtick.color": palette.ink,
        "ytick.color": palette.ink,
        "grid.color": palette.faint,
        "figure.facecolor": palette.paper,
    }
    with _DRAWING, rc_context(settings):
        figure = Figure(figsize=(WIDTH, _height(chart)), layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_axisbelow(True)
        if isinstance(chart, Lines):
            _lines(axes, chart, palette)
        elif isinstance(chart, Bars):
            _bars(axes, chart, palette)
        else:
            _gantt(axes, chart, palette)
        yield figure


def _height(chart: Chart) -> float:
    return 1.2 + 0.3 * max(3, min(len(chart.rows), MOST_ROWS)) if isinstance(chart, Gantt) else 3.4


def _lines(axes: Axes, chart: Lines, palette: Palette) -> None:
    colours = iter(palette.series * len(chart.series))
    for one in chart.series:
        days: list[Any] = [day for day, _ in one.points]
        values = [value for _, value in one.points]
        style: dict[str, Any] = {"color": palette.plan, "linestyle": "--", "linewidth": 1.4}
        if not one.plan:
            style = {"color": next(colours), "linewidth": 2.2, "drawstyle": "steps-post"}
        axes.plot(days, values, label=_short(one.name, LONGEST_NAME), **style)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(_short(chart.unit, LONGEST_NAME))
    axes.grid(axis="y")
    _dates(axes)
    if chart.today:
        _today(axes, chart.today, palette)
    _legend(axes, len(chart.series))


def _bars(axes: Axes, chart: Bars, palette: Palette) -> None:
    labels = chart.labels[:MOST_ROWS]
    width = 0.8 / max(1, len(chart.series))
    for number, (name, values) in enumerate(chart.series):
        places = [place - 0.4 + width * (number + 0.5) for place in range(len(labels))]
        heights = [math.nan if value is None else value for value in values[: len(labels)]]
        axes.bar(
            places,
            heights,
            width * 0.92,
            label=_short(name, LONGEST_NAME),
            color=palette.series[number % len(palette.series)],
        )
    crowded = len(labels) > 8 or max(map(len, labels), default=0) > 12
    names = [_short(label, LONGEST_NAME) for label in labels]
    axes.set_xticks(range(len(labels)), names, rotation=35 if crowded else 0, ha="right" if crowded else "center")
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel(_short(chart.unit, LONGEST_NAME))
    axes.grid(axis="y")
    _legend(axes, len(chart.series))


def _gantt(axes: Axes, chart: Gantt, palette: Palette) -> None:
    from matplotlib.patches import Patch  # noqa: PLC0415 - takes a second, and only reports need it

    rows = chart.rows[:MOST_ROWS]
    for place, row in enumerate(rows):
        if row.planned_start and row.planned_due:
            start, length = _number(row.planned_start), (row.planned_due - row.planned_start).days + 1
            axes.barh(place + 0.3, length, 0.14, left=start, color=palette.plan)
        _task(axes, place, row, palette)
    axes.set_yticks(range(len(rows)), [_short(row.label, LONGEST_LABEL) for row in rows])
    axes.set_ylim(max(len(rows), 3) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    _dates(axes)
    if chart.today:
        _today(axes, chart.today, palette)
    now, done, critical, planned = (_short(word, LONGEST_NAME) for word in chart.words)
    keys = [(palette.series[0], now, 0.45), (palette.series[0], done, 1), (palette.critical, critical, 0.45)]
    patches = [Patch(color=colour, alpha=alpha, label=word) for colour, word, alpha in keys]
    axes.legend(handles=[*patches, Patch(color=palette.plan, label=planned)], ncols=4, frameon=False,
                loc="upper center", bbox_to_anchor=(0.5, -0.22 if len(rows) < 6 else -0.1), fontsize=9)  # fmt: skip


def _task(axes: Axes, place: int, row: GanttRow, palette: Palette) -> None:
    colour = palette.critical if row.critical else palette.series[0]
    start, length = _number(row.start), (row.due - row.start).days + 1
    axes.barh(place, length, 0.42, left=start, color=colour, alpha=0.45)
    if row.done > 0:
        axes.barh(place, length * min(1.0, row.done), 0.42, left=start, color=colour)


def _number(day: date) -> float:
    """A day as the axis counts it, made a date by `_dates`."""
    return float((day - _EPOCH).days)


def _dates(axes: Axes) -> None:
    dates: Any = import_module("matplotlib.dates")  # it has no types
    axes.xaxis.set_major_locator(dates.AutoDateLocator(minticks=3, maxticks=7))
    axes.xaxis.set_major_formatter(dates.DateFormatter("%Y-%m-%d"))


def _today(axes: Axes, today: tuple[Any, str], palette: Palette) -> None:
    day, word = today
    axes.axvline(day, color=palette.critical, linewidth=1.2, linestyle=":")
    place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "xytext": (3, -2), "textcoords": "offset points"}
    axes.annotate(_short(word, LONGEST_NAME), (day, 1), fontsize=8, va="top", color=palette.critical, **place)


def _legend(axes: Axes, count: int) -> None:
    if count > 1:
        axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=min(count, 4), fontsize=9)


def _short(label: str, limit: int) -> str:
    return label if len(label) <= limit else label[: limit - 1].rstrip() + "…"
