"""Carries out what people did to a candidate's issue: form, decision, and answers to who may not decide."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.model.errors import BridgeError, InvalidTransition, NotPossible
from bridge.model.intake import Intake
from bridge.model.project import Issue
from bridge.model.promotion import RUNNING, WAITING, Promotion, PromotionState
from bridge.ports import UnitOfWork
from bridge.usecases.candidates.effects import tell, write_form
from bridge.usecases.candidates.form import edit, lacking
from bridge.usecases.candidates.journal import Ruling, Step, ruling, steps
from bridge.usecases.candidates.nominate import acceptable
from bridge.usecases.candidates.outcomes import approve, defer, merge, reject
from bridge.usecases.candidates.policy import Outcome
from bridge.usecases.candidates.sync import compare, issue_form, own_form
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM

_DECIDED = frozenset({PromotionState.REJECTED, PromotionState.EXPIRED, PromotionState.MERGED})


@dataclass(frozen=True, slots=True)
class Read:
    """A candidate's issue as it was read: who may decide in its project, and the names of statuses by id."""

    issue: Issue
    approvers: Collection[int]
    statuses: Mapping[str, str]


def settle(uow: UnitOfWork, configured: Configured, intake: Intake, read: Read, now: datetime) -> None:
    """Stores everything that follows from an issue. What is written to it are effects of their own."""
    issue = read.issue
    promotion = uow.promotions.get(intake.promotion_id)
    known = uow.own_writes.known(TRACKER_SYSTEM, str(issue.id), [str(j.id) for j in issue.journals])
    fresh = [j for j in issue.journals if j.id > intake.journal and str(j.id) not in known]
    actor = _name(configured, fresh[-1].user_id, fresh[-1].user_name) if fresh else "the issue"
    if promotion.state in WAITING:
        intake = _take_form(uow, configured, promotion, intake, issue, actor, now)
    found = ruling(steps(issue, intake.journal, known, read.statuses), read.approvers, configured.policy.candidates)
    last = max((j.id for j in issue.journals), default=intake.journal)
    uow.intakes.save(replace(intake, journal=max(last, intake.journal), gone=False))
    _rule(uow, configured, intake.promotion_id, issue, found, now)


def _take_form(
    uow: UnitOfWork,
    configured: Configured,
    promotion: Promotion,
    intake: Intake,
    issue: Issue,
    actor: str,
    now: datetime,
) -> Intake:
    """Takes over what people changed in the form; what cannot be right is answered and put back."""
    directory = configured.directory
    theirs = issue_form(directory, issue)
    compared = compare(intake.agreed, theirs, own_form(directory, promotion, intake.agreed))
    values, problems = acceptable(configured, f"promotion {promotion.id}", compared.take, now)
    if "owner" in compared.take and "owner" not in values:
        # Whoever has the issue stays with it; but nobody whom the directory does not know becomes an owner.
        values["owner"] = ""
    if values:
        edit(uow, configured, promotion.id, values, actor, now)
    wrong = set(compared.take) - set(values)
    agreed = {**intake.agreed, **theirs} | {name: intake.agreed.get(name, "") for name in compared.put}
    if problems:
        newest = max((j.id for j in issue.journals), default=0)
        tell(uow, promotion, f"form {newest} {len(problems)}", "candidate_form_refused", problems=problems)
    if wrong or compared.put:
        write_form(uow, promotion)
    return replace(intake, agreed=agreed)


def _rule(
    uow: UnitOfWork, configured: Configured, promotion_id: int, issue: Issue, found: Ruling, now: datetime
) -> None:
    promotion = uow.promotions.get(promotion_id)
    if found.decision is None or found.outcome is None:
        for step in found.refused:
            if promotion.state in WAITING or configured.policy.candidates.outcome_of(step.new) is Outcome.APPROVE:
                _not_theirs(uow, configured, promotion, step, found.refused[0])
        return
    step, outcome = found.decision, found.outcome
    if _is_settled(promotion, outcome):
        return
    try:
        with uow.savepoint():
            _carry_out(uow, configured, promotion, issue, step, outcome, now)
    except BridgeError as error:
        what = error.what if isinstance(error, NotPossible | InvalidTransition) else f"{error.where}: {error.what}"
        missing = lacking(promotion) if outcome is Outcome.APPROVE and promotion.state in WAITING else []
        back = _back(configured, promotion, step)
        tell(
            uow,
            promotion,
            f"refused {step.journal}",
            "candidate_not_decided",
            status=back,
            was=step.new,
            actor=_name(configured, step.user_id, step.user),
            outcome=str(outcome),
            missing=missing,
            problem=what,
            back=back,
        )


def _is_settled(promotion: Promotion, outcome: Outcome) -> bool:
    """Whether nothing is left to decide: it is decided, and nobody asks for a project after all."""
    if promotion.state in WAITING:
        return False
    return outcome is not Outcome.APPROVE or promotion.state not in _DECIDED


def _carry_out(
    uow: UnitOfWork,
    configured: Configured,
    promotion: Promotion,
    issue: Issue,
    step: Step,
    outcome: Outcome,
    now: datetime,
) -> None:
    actor = _name(configured, step.user_id, step.user)
    if outcome is Outcome.APPROVE:
        approve(uow, configured, promotion.id, actor, now, seen=True)
    elif outcome is Outcome.REJECT:
        reject(uow, configured, promotion.id, actor, step.note, now, seen=True)
    elif outcome is Outcome.DEFER:
        until = step.day or (issue.start if issue.start and issue.start > now.date() else None)
        if until is None:
            raise NotPossible("", "it does not say until when: write the day in a note, for example 2026-12-31.")
        defer(uow, configured, promotion.id, actor, until, now, step.note, seen=True)
    else:
        merge(uow, configured, promotion.id, _target(uow, step), actor, now, step.note, seen=True)


def _target(uow: UnitOfWork, step: Step) -> int:
    """The open project that a note names by one of its issues. Raises NotPossible."""
    for number in step.issues:
        task = uow.promotions.task_of_issue(number)
        if task is not None and uow.promotions.get(task.promotion_id).state in RUNNING:
            return task.promotion_id
    raise NotPossible("", "it does not say into what: name an issue of an open project in a note, for example #17.")


def _not_theirs(uow: UnitOfWork, configured: Configured, promotion: Promotion, step: Step, first: Step) -> None:
    """Answers somebody who may not decide, and sets the status back to what it was before."""
    back = _back(configured, promotion, first)
    policy = configured.policy.candidates
    tell(
        uow,
        promotion,
        f"refused {step.journal}",
        "candidate_not_yours",
        status=back,
        was=step.new,
        actor=_name(configured, step.user_id, step.user),
        outcome=str(policy.outcome_of(step.new)),
        role=policy.approver_role,
        back=back,
    )


def _back(configured: Configured, promotion: Promotion, step: Step) -> str:
    """The status to go back to: the one before, or the one that shows what the candidate is."""
    policy = configured.policy.candidates
    shown = {
        PromotionState.CANDIDATE: Outcome.WAIT,
        PromotionState.DEFERRED: Outcome.DEFER,
        PromotionState.REJECTED: Outcome.REJECT,
        PromotionState.EXPIRED: Outcome.EXPIRE,
        PromotionState.MERGED: Outcome.MERGE,
    }.get(promotion.state, Outcome.APPROVE)
    if promotion.state is PromotionState.CANDIDATE and policy.outcome_of(step.old) is None:
        return step.old
    return policy.status_for(shown)


def _name(configured: Configured, user_id: int, name: str) -> str:
    person = configured.directory.person_by_redmine(user_id)
    return person.key if person else name or f"Redmine user {user_id}"
