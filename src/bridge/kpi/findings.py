"""What in the exclusions and projects asks for a second look: each finding with its threshold and its incidents.

A finding accuses nobody: it names what an auditor would ask about, with the figures behind it. And two classic
mistakes: a project that was routine, and an incident that was a project.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sized
from datetime import datetime, timedelta

from bridge.kpi.finding_model import Case, Evidence, Finding, FindingKind, ProjectCase, Thresholds
from bridge.model.exclusion import Ending, Exclusion

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def findings(evidence: Evidence, thresholds: Thresholds, now: datetime) -> list[Finding]:
    """Everything that asks for a second look, by kind."""
    looks: tuple[Callable[[Evidence, Thresholds, datetime], Iterable[Finding]], ...] = (
        _near_breach,
        _team_share,
        _idle,
        _again,
        _unserved,
        _demoted,
        _routine,
        _was_project,
    )
    return [found for look in looks for found in look(evidence, thresholds, now)]


def _near_breach(evidence: Evidence, thresholds: Thresholds, now: datetime) -> Iterable[Finding]:
    del now
    before: list[Case] = []
    after: list[Case] = []
    for one in evidence.exclusions:
        case = evidence.cases[one.incident_id]
        over = case.over_at is not None and case.over_at <= one.started_at
        if case.due_at is None or over or abs(one.started_at - case.due_at) > thresholds.near_breach:
            continue
        (before if one.started_at <= case.due_at else after).append(case)
    limit = _hours(thresholds.near_breach)
    for cases, word in ((before, "before"), (after, "after")):
        if cases:
            yield Finding(
                FindingKind.NEAR_BREACH,
                f"{word} the resolution target",
                f"within {limit} h",
                f"{_count(cases)} excluded from the KPIs no more than {limit} h {word} the resolution target would have"
                " been broken or was. Was the reason for the project known earlier?",
                _refs(cases),
            )


def _team_share(evidence: Evidence, thresholds: Thresholds, now: datetime) -> Iterable[Finding]:
    del now
    excluded = {one.incident_id for one in evidence.exclusions}
    teams: dict[str, list[Case]] = defaultdict(list)
    for case in evidence.cases.values():
        teams[case.team].append(case)
    every = len(evidence.cases)
    for team, cases in sorted(teams.items()):
        out = [case for case in cases if case.id in excluded]
        others = every - len(cases)
        if len(out) < thresholds.team_least or not others:
            continue
        share, rest = len(out) / len(cases), (len(excluded) - len(out)) / others
        if share >= thresholds.team_factor * rest and share > rest:
            yield Finding(
                FindingKind.TEAM_SHARE,
                team or "(no team)",
                f"{thresholds.team_factor:g} times the share of all other teams, at least {thresholds.team_least}",
                f"{len(out)} of {len(cases)} incidents of “{team}” ({share:.1%}) are excluded; of all other teams'"
                f" {rest:.1%} are. Has it other work, or another habit?",
                _refs(out),
                figures={"share": share, "others": rest},
            )


def _idle(evidence: Evidence, thresholds: Thresholds, now: datetime) -> Iterable[Finding]:
    del thresholds
    for project in evidence.projects:
        if project.closed_at is None and project.idle_since is not None and project.idle_since <= now:
            those = [one for one in evidence.exclusions if one.promotion_id == project.id]
            yield Finding(
                FindingKind.IDLE,
                project.name,
                "no progress within the lease",
                f"Nobody has done anything in this project by {project.idle_since:%Y-%m-%d}, the end of its lease: the"
                " clocks of its incidents run again.",
                _refs(evidence.cases[one.incident_id] for one in those),
                (project.id,),
            )


def _again(evidence: Evidence, thresholds: Thresholds, now: datetime) -> Iterable[Finding]:
    del now
    times: dict[int, list[Exclusion]] = defaultdict(list)
    for one in evidence.exclusions:
        times[one.incident_id].append(one)
    many = {incident: those for incident, those in times.items() if len(those) >= thresholds.again}
    if many:
        yield Finding(
            FindingKind.AGAIN,
            f"{len(many)} of {len(times)} excluded incidents",
            f"{thresholds.again} exclusions of one incident",
            "These incidents were excluded more than once: after a lapse, a delivery that was taken back, or in another"
            " project.",
            _refs(evidence.cases[incident] for incident in many),
            tuple(sorted({one.promotion_id for those in many.values() for one in those})),
            {"most": float(max(map(len, many.values())))},
        )


def _unserved(evidence: Evidence, thresholds: Thresholds, now: datetime) -> Iterable[Finding]:
    for project in evidence.projects:
        if project.closed_at is None or now - project.closed_at < thresholds.unserved:
            continue
        waiting = [evidence.cases[one] for one in project.incidents if one in evidence.cases]
        waiting = [case for case in waiting if case.over_at is None and case.opened_at <= project.closed_at]
        if waiting:
            yield Finding(
                FindingKind.UNSERVED,
                project.name,
                f"open {_days(thresholds.unserved)} days after its project was closed",
                f"The project was closed on {project.closed_at:%Y-%m-%d}, and {_count(waiting)} not resolved since: the"
                " work counts as done while users wait.",
                _refs(waiting),
                (project.id,),
            )


def _demoted(evidence: Evidence, thresholds: Thresholds, now: datetime) -> Iterable[Finding]:
    del thresholds, now
    for project in evidence.projects:
        both = {project.id, *project.took_in}
        those = [one for one in evidence.exclusions if one.promotion_id in both]
        if project.demoted and those:
            lapsed = sum(one.ended_because == Ending.LAPSED for one in those)
            yield Finding(
                FindingKind.DEMOTED,
                project.name,
                "any exclusion of a demoted project",
                f"This was no project after all. {_count({one.incident_id for one in those})} excluded while it ran"
                f" ({lapsed} lapsed before){_also(project)}; their time counts again.",
                _refs(evidence.cases[one.incident_id] for one in those),
                (project.id, *project.took_in),
            )


def _also(project: ProjectCase) -> str:
    names = ", ".join(map(str, project.took_in))
    return f", or while what was merged into it did (promotion {names})" if names else ""


def _routine(evidence: Evidence, thresholds: Thresholds, now: datetime) -> Iterable[Finding]:
    del now
    small: dict[str, list[ProjectCase]] = defaultdict(list)
    for project in evidence.projects:
        if project.closed_at is None or project.demoted:
            continue
        effort = project.closed_at - project.opened_at if project.effort is None else project.effort
        if project.tasks <= thresholds.routine_tasks and effort <= thresholds.routine_effort:
            small[project.rule_id].append(project)
    for rule, those in sorted(small.items()):
        if len(those) >= thresholds.routine_times:
            incidents = {number for project in those for number in project.incidents}
            yield Finding(
                FindingKind.ROUTINE,
                f"rule {rule}" if rule else "nominated by people",
                f"at most {thresholds.routine_tasks} tasks and {_hours(thresholds.routine_effort)} h,"
                f" {thresholds.routine_times} times",
                f"{len(those)} projects {'of this rule' if rule else 'that people nominated'} were small enough to be"
                f" routine. {'Let the rule wait for more, or let' if rule else 'Let'} operations keep this work.",
                _refs(evidence.cases[number] for number in incidents if number in evidence.cases),
                tuple(project.id for project in those),
            )


def _was_project(evidence: Evidence, thresholds: Thresholds, now: datetime) -> Iterable[Finding]:
    teams: dict[str, list[Case]] = defaultdict(list)
    for case in evidence.cases.values():
        length = (case.over_at or now) - case.opened_at
        if not case.claimed and (length > thresholds.long_open or case.reassigned > thresholds.reassigned):
            teams[case.team].append(case)
    for team, cases in sorted(teams.items()):
        hours = sum(((case.over_at or now) - case.opened_at) / _HOUR for case in cases)
        effort = sum(case.effort for case in cases)
        worked = f", {effort:.1f} of them worked" if effort else ""
        yield Finding(
            FindingKind.WAS_PROJECT,
            team or "(no team)",
            f"longer than {_days(thresholds.long_open)} days or more than {thresholds.reassigned} reassignments",
            f"{_count(cases)} of this kind and no candidate: {hours:.1f} h of resolution time of “{team}”{worked}."
            " A rule, or a person, might have made a project of them.",
            _refs(cases),
            figures={"hours": hours, "effort": effort},
        )


def _refs(cases: Iterable[Case]) -> tuple[str, ...]:
    return tuple(case.ref for case in sorted(set(cases), key=lambda case: (case.opened_at, case.id)))


def _count(many: Sized) -> str:
    return f"{len(many)} incident was" if len(many) == 1 else f"{len(many)} incidents were"


def _hours(length: timedelta) -> str:
    return f"{length / _HOUR:g}"


def _days(length: timedelta) -> str:
    return f"{length / _DAY:g}"
