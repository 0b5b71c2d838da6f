"""`--counting live`: the rules together, as the daemon lives with them: projects open, take in what comes, and end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush

from bridge.model.promotion import HANDED_OVER, RUNNING, WAITING, Member, Promotion, PromotionState, Role, move
from bridge.rules.decision import DecisionKind
from bridge.rules.matching import CompiledRule
from bridge.rules.moments import later
from bridge.rules.on_recurrence import AfterDelivery
from bridge.rules.schema import Mode
from bridge.usecases.backtest.acts import Act, Assumed, What
from bridge.usecases.backtest.book import Book
from bridge.usecases.backtest.delivered import Delivered
from bridge.usecases.backtest.joins import who_joins
from bridge.usecases.backtest.near import NONE, Near, Trace, near
from bridge.usecases.backtest.walk import INSTANT, Walk
from bridge.usecases.brake import mails_of_opening
from bridge.usecases.candidates.lapse import waiting_since
from bridge.usecases.claims import claimed_by
from bridge.usecases.configured import Configured
from bridge.usecases.hand_over import resume
from bridge.usecases.promote import Finding, Touched, add_candidate, look
from bridge.usecases.taking import add_evidence, add_open_ones, come_since

_S = PromotionState
_JOINING = frozenset({Mode.PROPOSE, Mode.AUTO})


@dataclass(slots=True)
class Life:
    """Promotions come, take in incidents, and end.

    `thorough`: a rule looks whenever anything happens, as the daemon does, also where it is plain that nothing comes of
    it. That is slow, and changes nothing.
    """

    walk: Walk
    book: Book
    configured: Configured
    assumed: Assumed = field(default_factory=Assumed)
    acts: list[Act] = field(default_factory=list)
    thorough: bool = False
    found: dict[int, Finding] = field(default_factory=dict)
    mails: dict[int, int] = field(default_factory=dict)
    _near: list[Near] = field(default_factory=list)
    _next: list[tuple[datetime, int, Act]] = field(default_factory=list)
    _going_back: list[int] = field(default_factory=list)
    _delivered: Delivered = field(init=False)

    def __post_init__(self) -> None:
        self._near = [near(rule, self._counts(rule.id)) for rule in self.walk.places.rules]
        self._next = [(act.at, number, act) for number, act in enumerate(self.acts)]
        heapify(self._next)
        self._delivered = Delivered(self.book, self.configured.rules)

    def _counts(self, rule_id: str) -> Callable[[int], bool]:
        """Whether an incident may count for a rule: no promotion of another one has it."""

        def counts(incident: int) -> bool:
            by = self.book.promotions.of_incident(incident)
            return by is None or by.rule_id == rule_id

        return counts

    def add(self, act: Act) -> None:
        """Has people do something more."""
        self.acts.append(act)
        heappush(self._next, (act.at, len(self.acts), act))

    def next_act(self) -> datetime | None:
        """See the protocol."""
        return self._next[0][0] if self._next else None

    def act(self, now: datetime) -> None:
        """See the protocol."""
        while self._next and self._next[0][0] <= now:
            _, _, act = heappop(self._next)
            promotion = self.book.promotions.of_group(act.rule_id, act.group_key)
            if promotion is not None:
                self._done(promotion, act.what, now)

    def happened(self, rule: int, trace: Trace, incidents: Sequence[int], now: datetime) -> None:
        """See the protocol."""
        self._delivered.happened(trace)
        if not self.thorough and self._needs_no_look(rule, trace, incidents, now):
            return
        compiled = self.walk.places.rules[rule]
        finding = look(self.book.as_uow(), self.configured, Touched(compiled, trace.key, tuple(incidents)), now)
        if finding is None:
            return
        if finding.decision.kind is DecisionKind.NOTHING:
            self.walk.wait(rule, trace, finding.decision, now)
        else:
            self._carry_out(rule, trace, finding, now)
            self._settle(trace, compiled.needs.members)

    def _needs_no_look(self, rule: int, trace: Trace, incidents: Sequence[int], now: datetime) -> bool:
        """Whether it is plain what a look would bring; then that is done."""
        compiled = self.walk.places.rules[rule]
        free = self._free(compiled, trace, incidents)
        promotion = None if trace.promotion == NONE else self.book.promotions.all[trace.promotion]
        if promotion is None or promotion.state not in RUNNING | WAITING:
            asked = compiled.rule.on_recurrence.delivered
            back = promotion is not None and promotion.state in HANDED_OVER and asked is not AfterDelivery.NEW
            return not back and not self._near[rule](trace, now)
        if compiled.mode not in _JOINING:
            return False
        if trace.unsettled or not all(map(self.walk.known.is_open, free)):
            joins = who_joins(self.book, self.walk.known, compiled, trace, incidents, now)
            self._attach(promotion, joins, now)
            self._settle(trace, compiled.needs.members)
        elif free:
            self._attach(promotion, free, now)
        return True

    def _free(self, rule: CompiledRule, trace: Trace, incidents: Sequence[int]) -> list[int]:
        """Those that no promotion has, as far as this is plain."""
        free = []
        for incident in incidents:
            by = self.book.promotions.of_incident(incident)
            if by is None:
                free.append(incident)
            elif by.id != trace.promotion:
                trace.contested = True
                trace.unsettled = trace.unsettled or by.rule_id == rule.id
        return free

    def _carry_out(self, rule: int, trace: Trace, finding: Finding, now: datetime) -> None:
        decision = finding.decision
        promotion = self.book.promotions.of_group(finding.rule.id, finding.group_key)
        if promotion is not None and decision.kind is DecisionKind.REOPEN:
            self._going_back.append(promotion.id)
        elif promotion is not None and promotion.state in RUNNING | WAITING:
            self._attach(promotion, decision.evidence, now)
        else:
            promotion = add_candidate(self.book.as_uow(), finding, now)
            trace.promotion, trace.since = promotion.id, None
            self.found[promotion.id] = finding
            self._contest(promotion)
            if decision.kind is DecisionKind.OPEN or (self.assumed.approve and not decision.brake):
                self._open(promotion, now)
            else:
                self.walk.look_at_promotion(rule, trace, later(now, self._patience))

    def _attach(self, promotion: Promotion, incidents: Iterable[int], now: datetime) -> None:
        if promotion.state in WAITING:
            add_evidence(self.book.as_uow(), promotion, incidents, now)
        else:
            for incident in incidents:
                if claimed_by(self.book.as_uow(), incident, promotion.rule_id) is None:
                    is_open = self.walk.known.is_open(incident)
                    role = Role.LATER if is_open else Role.EVIDENCE
                    self.book.promotions.add_member(Member(promotion.id, incident, role, now))
                    if is_open:
                        self._exclude(promotion, incident, now)
        self._contest(promotion, incidents)

    def decided(self, now: datetime) -> None:
        """See the protocol. A delivered project is asked to go back to work: what others took meanwhile is theirs."""
        for number in self._going_back:
            self._again(self.book.promotions.get(number), now)
        self._going_back.clear()
        self._delivered.look(now)

    def due(self, trace: Trace, now: datetime) -> None:
        """See the protocol. What an expired candidate or a verified project has is free then."""
        promotion = self.book.promotions.all[trace.promotion]
        verified = self._delivered.quiet(trace, now)
        if verified is not None:
            self._released(verified, now + INSTANT)
        elif promotion.state in WAITING and now - waiting_since(promotion) >= self._patience:
            self.book.promotions.save(replace(move(promotion, _S.EXPIRED), decided_at=now))
            self._released(promotion, now + INSTANT)

    def is_free(self, incident: int) -> bool:
        """See the protocol."""
        return self.book.promotions.of_incident(incident) is None

    def came_back(self, incident: int, now: datetime) -> None:
        """See the protocol."""
        promotion = self.book.promotions.of_incident(incident)
        if promotion is not None and promotion.state is _S.DELIVERED:
            self.book.promotions.save(move(promotion, _S.INEFFECTIVE))
        if promotion is None or promotion.state not in RUNNING:
            return
        if self.book.promotions.role(promotion.id, incident) is Role.EVIDENCE:
            self.book.promotions.add_member(Member(promotion.id, incident, Role.LATER, now))
            self._exclude(promotion, incident, now)

    def _open(self, promotion: Promotion, now: datetime) -> None:
        opening = replace(move(promotion, _S.OPENING), decided_at=now, opened_at=now)
        active = move(opening, _S.ACTIVE)
        self.book.promotions.save(active)
        for member in self.book.promotions.members(promotion.id):
            if self.walk.known.is_open(member.incident_id):
                self.book.promotions.add_member(replace(member, role=Role.OPEN))
                self._exclude(active, member.incident_id, now)
        if self.assumed.approve:
            rule = self.configured.rules.get(promotion.rule_id)
            assert rule is not None, "it has just found something"
            uow, key = self.book.as_uow(), promotion.group_key
            self.mails[promotion.id] = mails_of_opening(uow, self.configured, rule, key, now)
        if self.assumed.takes is not None:
            self.add(Act(now + self.assumed.takes, What.DELIVER, promotion.rule_id, promotion.group_key))

    def _done(self, promotion: Promotion, what: What, now: datetime) -> None:
        if what is What.APPROVE and promotion.state in WAITING:
            add_open_ones(self.book.as_uow(), promotion, now)
            self._contest(promotion)
            self._open(promotion, now)
        elif what is What.REJECT and promotion.state in WAITING:
            self.book.promotions.save(replace(move(promotion, _S.REJECTED), decided_at=now))
            self._released(promotion, now)
        elif what is What.DELIVER and promotion.state in RUNNING:
            self.book.promotions.save(replace(move(promotion, _S.DELIVERED), delivered_at=now))
            for member in self.book.promotions.members(promotion.id):
                self.book.exclusions.end(member.incident_id, promotion.id, now, "delivered")
            rule, trace = self._own(promotion)
            if trace is not None:
                self.walk.look_at_promotion(rule, trace, later(now, self.walk.places.rules[rule].quiet_for))
        elif what is What.RESUME and promotion.state in HANDED_OVER:
            self._again(promotion, now)

    def _again(self, promotion: Promotion, now: datetime) -> None:
        """The project goes back to work at once, and takes in what is open, and what came after its delivery."""
        active = self._resume(promotion, now)
        self._attach(active, come_since(self.book.as_uow(), active, promotion.delivered_at or now), now)

    def _resume(self, promotion: Promotion, now: datetime) -> Promotion:
        resume(self.book.as_uow(), promotion, now)
        for member in self.book.promotions.members(promotion.id):
            if member.role is not Role.EVIDENCE and self.walk.known.is_open(member.incident_id):
                self._exclude(promotion, member.incident_id, now)
        return self.book.promotions.get(promotion.id)

    def _exclude(self, promotion: Promotion, incident: int, now: datetime) -> None:
        policy = promotion.terms.get("kpi", "none")
        self.book.exclusions.start(incident, promotion.id, policy, now, promotion.reason, promotion.rule_version)

    def _contest(self, promotion: Promotion, incidents: Iterable[int] | None = None) -> None:
        """Other groups of these incidents can no longer count on them."""
        if incidents is None:
            incidents = [member.incident_id for member in self.book.promotions.members(promotion.id)]
        opened = self.walk.known.history.opened
        for incident in incidents:
            for _, trace in self.walk.groups_of(incident):
                if trace.promotion != promotion.id:
                    trace.contested = True
                elif self.book.promotions.has_member(promotion.id, incident):
                    if trace.since is not None and opened[incident] < trace.since:
                        trace.unsettled = True  # what is over and was opened since then may join, too
                    trace.since = min(trace.since or opened[incident], opened[incident])

    def _own(self, promotion: Promotion) -> tuple[int, Trace | None]:
        """The number of the promotion's rule, and its group."""
        number = next(n for n, rule in enumerate(self.walk.places.rules) if rule.id == promotion.rule_id)
        return number, self.walk.traces[number].get(promotion.group_key)

    @property
    def _patience(self) -> timedelta:
        """How long a candidate waits for a decision."""
        return self.configured.policy.candidates.expire_after

    def _released(self, promotion: Promotion, now: datetime) -> None:
        """The promotion's incidents are free again."""
        number, own = self._own(promotion)
        if own is not None and own.late:
            self.walk.look_again(number, own, now + self.walk.places.rules[number].quiet_for)
        for member in self.book.promotions.members(promotion.id):
            for number, trace in self.walk.groups_of(member.incident_id):
                trace.unsettled = True
                if trace is not own and trace.late:
                    self.walk.look_again(number, trace, now)

    def _settle(self, trace: Trace, looked_at: int) -> None:
        """Whether others of the group's incidents may still join although nothing happens to them."""
        promotions, known = self.book.promotions, self.walk.known
        rule_id = promotions.all[trace.promotion].rule_id
        trace.unsettled = False
        for incident in trace.newest(looked_at):
            by = promotions.of_incident(incident)
            if by is not None and (by.id == trace.promotion or by.rule_id != rule_id):
                continue
            if trace.since is None or known.history.opened[incident] >= trace.since or known.is_open(incident):
                trace.unsettled = True
                return
