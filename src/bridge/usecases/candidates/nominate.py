"""Nomination by a person: a command, a tag or field on an incident, a new issue in the intake project. Each once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bridge.model.errors import NotFound, NotPossible, WrongArgument
from bridge.model.incident import Incident, IncidentRef, SavedIncident
from bridge.model.promotion import RUNNING, WAITING, Member, Promotion, PromotionState, Role
from bridge.ports import UnitOfWork
from bridge.rules.decision import Decision, DecisionKind
from bridge.rules.fields import field as field_of
from bridge.rules.matching import CompiledRule, group_label
from bridge.rules.naming import LONGEST_NAME
from bridge.rules.needs import COUNTED
from bridge.usecases.candidates.form import checked, edit
from bridge.usecases.candidates.people import responsible_team
from bridge.usecases.candidates.policy import CandidatePolicy
from bridge.usecases.candidates.rules import nomination_rule
from bridge.usecases.claims import claimed_by, claims
from bridge.usecases.configured import Configured
from bridge.usecases.promote import Finding, add_candidate

_NO = frozenset({"", "0", "no", "false", "none", "()", "off"})
_YES = frozenset({"1", "yes", "true", "on"})
_REF = re.compile(r"(?P<source>[a-z][a-z0-9_-]{0,30})\s*#\s*(?P<id>[^\s,;#]+)\Z")


@dataclass(frozen=True, slots=True)
class Nomination:
    """What a person asks for: `incidents` as `rt#17`, or a `group` as `rule:key` or `rule:label`.

    `form` are fields of the candidate's form, see bridge.usecases.candidates.form.FIELDS.
    """

    actor: str
    reason: str
    incidents: tuple[str, ...] = ()
    group: str = ""
    name: str = ""
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def called(self) -> str:
        """The `name` as a project can have it: one line, cut; empty where none is asked for."""
        return " ".join(self.name.split())[:LONGEST_NAME]


def propose(uow: UnitOfWork, configured: Configured, asked: Nomination, now: datetime) -> Promotion:
    """Makes a candidate of incidents or of a rule's group; the same ones twice are one candidate.

    Raises NotFound for what is not in the store, NotPossible for what belongs to a promotion already.
    """
    if not asked.reason.strip():
        raise NotPossible("nomination", "a nomination needs a reason.", "Say with --reason why it should be a project.")
    if bool(asked.incidents) == bool(asked.group):
        raise WrongArgument("nomination", "name either incidents or a group.", "For example --incident rt#17.")
    if asked.group:
        found = _group_candidate(uow, configured, asked, now)
    else:
        found = _incident_candidate(uow, configured, asked, now)
    return edit(uow, configured, found.id, asked.form, asked.actor, now) if asked.form else found


def _group_candidate(uow: UnitOfWork, configured: Configured, asked: Nomination, now: datetime) -> Promotion:
    rule_id, _, name = asked.group.partition(":")
    rule = configured.rules.get(rule_id)
    if rule is None:
        raise NotFound("nomination", f"there is no rule “{rule_id}”.", "Write RULE:KEY, as `rules explain` shows it.")
    key = _key_of(uow, rule, name)
    there = uow.promotions.of_group(rule.id, key)
    if there is not None and there.state in WAITING:
        return there
    if there is not None and there.state in RUNNING:
        raise NotPossible("nomination", f"the group has a project: promotion {there.id} “{there.name}”.")
    newest = uow.groups.latest(rule.id, key, COUNTED)
    taken = claims(uow, [one for one, _ in newest], rule.id)
    if len(taken) == len(newest):
        raise _claimed(newest[0][1], taken[newest[0][0]])
    label = group_label(rule, newest[0][1])
    decision = Decision(DecisionKind.CANDIDATE, "a person proposes", (), tuple(i for i, _ in newest))
    added = add_candidate(uow, Finding(rule, key, label, decision, cut=len(newest) == COUNTED), now)
    return _signed(uow, added, asked, now)


def _key_of(uow: UnitOfWork, rule: CompiledRule, name: str) -> str:
    """The key of a group that is named by its key or its label. Raises NotFound."""
    if uow.groups.latest(rule.id, name, 1):
        return name
    for key in uow.groups.keys(rule.id):
        if any(group_label(rule, incident) == name for _, incident in uow.groups.latest(rule.id, key, 1)):
            return key
    raise NotFound("nomination", f"rule {rule.id} has no group “{name[:100]}”.", "See `rules explain INCIDENT`.")


def _incident_candidate(uow: UnitOfWork, configured: Configured, asked: Nomination, now: datetime) -> Promotion:
    ids = [_known(uow, text) for text in dict.fromkeys(asked.incidents)]
    incidents = uow.incidents.many(ids)
    key = key_of(incident.ref for incident in incidents.values())
    there = uow.promotions.of_group("", key)
    if there is not None and there.state in WAITING:
        return there
    for incident_id, incident in incidents.items():
        claimed = claimed_by(uow, incident_id, "")
        if claimed is not None:
            raise _claimed(incident, claimed)
    return nominated(uow, configured, key, incidents, asked, now)


def _claimed(incident: Incident, by: Promotion) -> NotPossible:
    what = f"{incident.ref} belongs to promotion {by.id} “{by.name}” ({by.state})."
    return NotPossible("nomination", what, f"Look at it with `promotions show {by.id}`.")


def _known(uow: UnitOfWork, text: str) -> int:
    match = _REF.match(text.strip())
    if match is None:
        raise WrongArgument("nomination", f"“{text[:60]}” is no incident.", "Write SOURCE#ID, for example rt#17.")
    found = uow.incidents.find(IncidentRef(match["source"], match["id"]))
    if found is None:
        raise NotFound(
            "nomination", f"the bridge does not know the incident {text[:60]}.", "Is it in the source's query?"
        )
    return found


def key_of(refs: Iterable[IncidentRef]) -> str:
    """The group key of nominated incidents."""
    return "incidents:" + json.dumps(sorted(map(str, refs)), ensure_ascii=False)


def nominated(
    uow: UnitOfWork,
    configured: Configured,
    key: str,
    incidents: Mapping[int, Incident],
    asked: Nomination,
    now: datetime,
) -> Promotion:
    """Stores a candidate that no rule found, its form filled in as far as the directory and the settings know."""
    template = configured.policy.candidates.template
    first = next(iter(incidents.values()), None)
    name = asked.called or " ".join((first.summary if first else "").split())[:LONGEST_NAME] or "Nomination"
    blank = Promotion(
        id=0,
        rule_id="",
        rule_version="",
        source="",
        group_key=key,
        label=name,
        name=name,
        state=PromotionState.CANDIDATE,
        reason="",
        created_at=now,
        waiting_since=now,
        owner=responsible_team(configured.directory, incidents.values()),
        template=template if template in configured.templates else "",
    )
    added = uow.promotions.add(replace(blank, terms=nomination_rule(blank).terms()))
    for incident_id in incidents:
        uow.promotions.add_member(Member(added.id, incident_id, Role.EVIDENCE, now))
    return _signed(uow, added, asked, now)


def _signed(uow: UnitOfWork, added: Promotion, asked: Nomination, now: datetime) -> Promotion:
    signed = replace(added, proposed_by=asked.actor, reason=asked.reason.strip(), name=asked.called or added.name)
    uow.promotions.save(signed)
    uow.ledger.audit(now, asked.actor, "nominated", f"promotion {signed.id}", {"reason": signed.reason})
    return signed


def nominate_marked(
    uow: UnitOfWork, configured: Configured, saved: Sequence[SavedIncident], now: datetime
) -> list[Promotion]:
    """Makes candidates of changed incidents that carry the tag or field of a nomination, each once for all time.

    One that a promotion has already stays there.
    """
    made = []
    for one in saved:
        why = mark(configured.policy.candidates, one.incident)
        key = key_of([one.incident.ref])
        if not why or uow.promotions.of_group("", key) or claimed_by(uow, one.id, "") is not None:
            continue
        actor = f"a mark at {one.incident.source}"
        made.append(nominated(uow, configured, key, {one.id: one.incident}, Nomination(actor, why), now))
    return made


def mark(policy: CandidatePolicy, incident: Incident) -> str:
    """Why an incident nominates itself, empty when it does not."""
    if policy.tag and policy.tag.casefold() in {tag.casefold() for tag in incident.tags}:
        return f"{incident.ref} has the tag “{policy.tag}”"
    found = field_of(policy.field) if policy.field else None
    value = "" if found is None else str(found.get(incident) or "").strip()
    if value.casefold() in _NO:
        return ""
    return f"{incident.ref} has “{policy.field}” set" if value.casefold() in _YES else value


def acceptable(
    configured: Configured, where: str, given: Mapping[str, str], now: datetime
) -> tuple[dict[str, str], list[str]]:
    """The values of a form that can be right, and what is wrong with the others."""
    values, problems = {}, []
    for name, value in given.items():
        try:
            checked(configured, where, name, value, now)
            values[name] = value
        except NotPossible as error:
            problems.append(f"{error.what} {error.advice}".strip())
    return values, problems
