"""The operations report in words: raw and adjusted side by side, and what makes the difference."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.kpi.meaning import BY_SOURCE, ELSE_TIMELINE, THE_STORE, AgeGroup, Meaning, Population
from bridge.kpi.report_model import Counted, Difference, OperationsReport, Part, Spread
from bridge.model.report import Bars, Cell, Fact, Facts, Report, Section, Table, Text, Tone
from bridge.usecases.reports.words import Words

MOST_MONTHS = 24
NOBODY = "-"


def operations_report(made: OperationsReport, word: Words) -> Report:
    """The report. Every section names whose incidents, which word on the resolution and which month count."""
    asked = made.asked
    whole = asked.since is None and asked.until is None
    span = word("ops.ever") if whole else word("ops.span", since=_day(asked.since), until=_day(asked.until))
    lead = (word("ops.lead", origin=_origin(made.origin, word), span=span), _meaning(made.resolution.meaning, word))

    def about(*meanings: Meaning) -> list[Text]:
        return [Text(_meaning(one, word)) for one in dict.fromkeys(meanings)]

    sections = [
        Section(word("project.glance"), (_glance(made, word),)),
        Section(word("ops.both"), (*_both(made, word), *about(*(one.meaning for _, one in _spreads(made, word))))),
        Section(word("ops.explained"), (_explained(made, word), *about(made.adjusted.meaning))),
        Section(word("ops.targets"), (*_targets(made, word), *about(*(one.meaning for one in made.sla)))),
        Section(word("ops.backlog"), (*_backlog(made, word), *about(made.backlog.meaning))),
        Section(word("ops.quality"), (*_quality(made, word), *about(*_quality_meanings(made)))),
        Section(word("ops.hold"), (_hold(made, word), *about(made.on_hold.meaning))),
        *([Section(word(f"ops.by.{asked.by}"), tuple(_parts(made, word)))] if asked.by else []),
        *([Section(word("ops.notes"), tuple(Text(note) for note in made.notes))] if made.notes else []),
    ]
    return Report(word("ops.title"), made.made_at, word.language, lead, tuple(sections))


def _glance(made: OperationsReport, word: Words) -> Facts:
    hours = word("unit.hours")
    removed = f"{hours}; {word('ops.removed', count=made.removed)}" if made.removed else hours
    reopened = _percent(made.reopened.share)
    return Facts(
        (
            Fact(word("ops.incidents"), made.incidents, word("ops.resolved", count=made.resolved)),
            Fact(word("ops.mtta"), _hours(made.response.mean), word("unit.hours")),
            Fact(word("ops.mttr_raw"), _hours(made.resolution.mean), word("unit.hours")),
            Fact(word("ops.mttr_adjusted"), _hours(made.adjusted.mean), removed),
            *(
                Fact(
                    word("ops.sla", clock=word(f"clock.{one.clock}")),
                    _percent(one.share if one.judged else one.told_share),
                    word("ops.sla_adjusted", share=_percent(one.adjusted_share) or NOBODY) if one.judged else "",
                )
                for one in made.sla
                if one.judged or one.told
            ),
            Fact(word("ops.open"), made.backlog.open, word("ops.excluded", count=made.backlog.excluded)),
            Fact(word("ops.reopened"), reopened, word("ops.of", count=made.reopened.incidents, of=made.reopened.of)),
        )
    )


def _both(made: OperationsReport, word: Words) -> list[Bars | Table]:
    rows = [_spread(name, one) for name, one in _spreads(made, word)]
    names = ("measure", "count", "mean_h", "p50_h", "p90_h", "p95_h", "p99_h", "total_h")
    blocks: list[Bars | Table] = [Table("measures", tuple(word(f"column.{n}") for n in names), tuple(rows))]
    months = made.months[-MOST_MONTHS:]
    if months:
        series = (
            (word("ops.raw"), tuple(one.resolution for one in months)),
            (word("ops.adjusted"), tuple(one.adjusted for one in months)),
        )
        labels = tuple(one.name for one in months)
        blocks.append(Bars("mttr", word("ops.by_month"), word("unit.hours"), labels, series))
        blocks.append(_part_table("months", made.months, word, "month"))
    return blocks


def _spreads(made: OperationsReport, word: Words) -> Sequence[tuple[str, Spread]]:
    return (
        (word("ops.response"), made.response),
        (word("ops.resolution_raw"), made.resolution),
        (word("ops.resolution_adjusted"), made.adjusted),
        (word("ops.resolution_net"), made.on_hold.net),
    )


def _spread(name: str, one: Spread) -> tuple[Cell, ...]:
    return (name, one.count, one.mean, one.p50, one.p90, one.p95, one.p99, one.total)


def _explained(made: OperationsReport, word: Words) -> Table:
    rows = [
        (one.promotion, one.label, one.rule, one.incidents, one.removed, one.paused_hours, one.difference)
        for one in made.explained
    ]
    names = ("promotion", "group", "rule", "incidents", "removed", "paused_h", "difference_h")
    columns = tuple(word(f"column.{name}") for name in names)
    return Table("explained", columns, tuple(rows), word("ops.no_difference"))


def _targets(made: OperationsReport, word: Words) -> list[Table | Text]:
    rows: list[tuple[Cell, ...]] = [
        (
            word(f"clock.{one.clock}"),
            *(one.judged, _percent(one.share), _percent(one.adjusted_share)),
            *(one.told, _percent(one.told_share), one.differ),
        )
        for one in made.sla
    ]
    names = ("clock", "judged", "kept_raw", "kept_adjusted", "told", "kept_told", "differ")
    columns = tuple(word(f"column.{name}") for name in names)
    found: list[Table | Text] = [Table("targets", columns, tuple(rows), word("ops.no_targets"))]
    differences = [(d.incident, *_verdicts(d, word)) for one in made.sla for d in one.differences]
    if differences:
        columns = tuple(word(f"column.{name}") for name in ("incident", "clock", "ours", "theirs"))
        found += [Text(word("ops.differ"), Tone.WARNING), Table("differences", columns, tuple(differences))]
    return found


def _backlog(made: OperationsReport, word: Words) -> list[Table | Text]:
    found = made.backlog
    said = word("ops.ages", median=_hours(found.median_age) or NOBODY, oldest=_hours(found.oldest_age) or NOBODY)
    rows = tuple((word(f"age.{AgeGroup(one.label).name.lower()}"), one.incidents) for one in found.ages)
    return [Text(said), Table("backlog", (word("column.age"), word("column.incidents")), rows)]


def _quality(made: OperationsReport, word: Words) -> list[Table]:
    routing, work = made.routing, made.work
    counted = [
        (word(f"ops.{name}"), one.incidents, one.of, _percent(one.share), _counted_by(one, word))
        for name, one in (("reopened", made.reopened), ("reassigned", made.reassigned), ("first_time", made.first_time))
    ]
    counted.append((word("ops.misrouted"), routing.moved, routing.routed, _percent(routing.share), ""))
    names = ("measure", "incidents", "of", "share", "counted_by")
    ways = tuple((one.first, one.last, one.incidents) for one in routing.ways)
    return [
        Table("quality", tuple(word(f"column.{name}") for name in names), tuple(counted)),
        Table("routing", tuple(word(f"column.{n}") for n in ("first_team", "last_team", "incidents")), ways),
        Table(
            "work",
            tuple(word(f"column.{name}") for name in ("work", "hours", "effort_h")),
            (
                (word("ops.planned"), work.planned_hours, work.planned_effort),
                (word("ops.unplanned"), work.unplanned_hours, work.unplanned_effort),
            ),
        ),
    ]


def _quality_meanings(made: OperationsReport) -> Sequence[Meaning]:
    counted = (made.reopened.meaning, made.reassigned.meaning, made.first_time.meaning)
    return (*counted, made.routing.meaning, made.work.meaning)


def _hold(made: OperationsReport, word: Words) -> Table:
    rows = tuple((one.reason or word("ops.no_reason"), one.incidents, one.hours) for one in made.on_hold.reasons)
    columns = tuple(word(f"column.{name}") for name in ("reason", "incidents", "hours"))
    return Table("on-hold", columns, rows, word("ops.no_hold"))


def _parts(made: OperationsReport, word: Words) -> list[Table | Text]:
    table = _part_table("parts", made.parts, word, "part")
    return [table, Text(word("ops.hidden", count=made.hidden))] if made.hidden else [table]


def _part_table(name: str, parts: Sequence[Part], word: Words, first: str) -> Table:
    rows = tuple(
        (
            *(one.name, one.incidents, one.resolved, one.removed, one.response, one.resolution, one.adjusted, one.p90),
            *(_percent(one.sla), _percent(one.told_sla), one.reopened, one.reassigned, one.open),
        )
        for one in parts
    )
    names = (
        *(first, "incidents", "resolved", "removed", "mtta_h", "mttr_raw_h", "mttr_adjusted_h", "p90_h"),
        *("kept_raw", "kept_told", "reopened", "reassigned", "open"),
    )
    return Table(name, tuple(word(f"column.{one}") for one in names), rows, word("ops.nothing"))


def _meaning(meaning: Meaning, word: Words) -> str:
    return word(
        "ops.meaning",
        population=_population(meaning.population, word),
        basis=word(f"basis.{meaning.basis}"),
        month=word(f"month.{meaning.month}"),
    )


def _population(population: str, word: Words) -> str:
    return word(f"population.{Population(population).name.lower()}")


def _verdicts(one: Difference, word: Words) -> tuple[str, str, str]:
    return (word(f"clock.{one.clock}"), word(f"verdict.{one.ours}"), word(f"verdict.{one.theirs}"))


def _counted_by(one: Counted, word: Words) -> str:
    sources, both, _ = one.counted_by.partition(ELSE_TIMELINE)
    if both:
        return word("counted.both", sources=sources)
    return word("counted.source" if sources == BY_SOURCE else "counted.timeline")


def _origin(origin: str, word: Words) -> str:
    return word("ops.store") if origin == THE_STORE else origin


def _hours(hours: float | None) -> str | None:
    return None if hours is None else f"{hours:,.1f}"


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"


def _day(at: object) -> str:
    return str(at)[:10] if at else "…"
