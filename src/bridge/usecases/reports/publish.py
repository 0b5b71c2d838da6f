"""Writes reports to wiki pages and into a folder; scheduled ones as effects, so that none is lost or written twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.kpi.report_model import OperationsReport
from bridge.model.effect import Effect, EffectSpec
from bridge.model.errors import Forbidden, NotFound, NotPossible
from bridge.model.report import Report
from bridge.planning.knowledge import KNOWLEDGE_PAGE, KNOWLEDGE_SECTION
from bridge.ports import Clock, ProjectTracker, ReportRenderer, Store, UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import nothing
from bridge.usecases.knowledge import KIND as KNOWLEDGE
from bridge.usecases.knowledge import first_text, knowledge_text
from bridge.usecases.place import page_name, page_title
from bridge.usecases.policy import TRACKER_ENDPOINT
from bridge.usecases.reports.looking import DONE, ProjectView, look, running
from bridge.usecases.reports.operations_report import operations_report
from bridge.usecases.reports.policy import What
from bridge.usecases.reports.portfolio import portfolio_report
from bridge.usecases.reports.project_report import Costs, Shown, project_report
from bridge.usecases.reports.words import words_of

Save = Callable[[UnitOfWork], None]
PUBLISH = "report.publish"
PAGES = {What.PORTFOLIO: "Projects", What.PROJECTS: "Report", What.OPERATIONS: "Operations"}
"""The wiki pages: those of the parent project, and one of each project."""
SECTION = "report"
DELIVERED_LATELY = timedelta(days=180)


def schedule(uow: UnitOfWork, name: str, what: What, to: str, at: datetime) -> int:
    """Stores the effects of a scheduled report that is due since `at`; how many are new."""
    numbers: list[int | None] = [*running(uow)] if what is What.PROJECTS else [None]
    return uow.effects.enqueue(
        [
            EffectSpec(
                kind=PUBLISH,
                key=f"report:{name}",
                unique=f"report:{name}:{at.isoformat()}:{number or ''}",
                endpoint=TRACKER_ENDPOINT,
                payload={"what": what.value, "to": to, "promotion": number},
            )
            for number in numbers
        ]
    )


@dataclass(frozen=True, slots=True)
class Reporting:
    """Makes and publishes reports. `operations` makes the figures on incidents."""

    store: Store
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock
    renderer: ReportRenderer
    operations: Callable[[], OperationsReport]

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {PUBLISH: self.publish, KNOWLEDGE: self.write_knowledge}

    def publish(self, effect: Effect) -> Save:
        """Writes a scheduled report; a project that is gone or ended meanwhile has none."""
        payload = effect.payload
        report = self.report(What(payload["what"]), payload["promotion"])
        if report is None:
            return nothing
        if payload["to"] == "folder":
            self.save(report, What(payload["what"]), payload["promotion"])
        else:
            self.write(report, What(payload["what"]), payload["promotion"])
        return nothing

    def report(self, what: What, promotion_id: int | None = None) -> Report | None:
        """A report as it is now; None for a promotion without a project. Raises NotFound for one that is gone."""
        now = self.clock.now()
        if what is What.PORTFOLIO:
            return self._portfolio(now)
        if what is What.OPERATIONS:
            return operations_report(self.operations(), self.shown.words)
        view = self.view(promotion_id or 0)
        return None if view is None else project_report(view, self.shown, now)

    def view(self, promotion_id: int) -> ProjectView | None:
        """A project as it stands."""
        return look(self.store, self.tracker, self.configured(), promotion_id, self.clock.now())

    def views(self) -> tuple[list[ProjectView], list[ProjectView], list[str]]:
        """The projects that are worked on, those delivered lately, and why others could not be read."""
        now = self.clock.now()
        with self.store.reading() as uow:
            open_ones = running(uow)
            ended = [one for one in uow.promotions.in_states(DONE) if one.delivered_at and one.project_id]
            lately = [one.id for one in ended if one.delivered_at and now - one.delivered_at <= DELIVERED_LATELY]
        unseen: list[str] = []
        return self._looked(open_ones, unseen), self._looked(reversed(lately), unseen), unseen

    def write(self, report: Report, what: What, promotion_id: int | None = None) -> str:
        """Writes a report into its section of its wiki page; the page's address."""
        text, files = self.renderer.wiki(report)
        policy = self.configured().policy
        if promotion_id is None:
            title = PAGES[what]
            self.tracker.write_page(self.tracker.project(policy.parent_project).id, title, SECTION, text, files)
            return policy.page_url(policy.parent_project, title)
        with self.store.reading() as uow:
            promotion = uow.promotions.get(promotion_id)
        if promotion.project_id is None:
            raise NotFound(f"promotion {promotion_id}", "has no project yet.", "See `promotions show`.")
        self.tracker.write_page(promotion.project_id, page_title(promotion, PAGES[what]), SECTION, text, files)
        return policy.page_url(promotion.identifier, page_name(promotion, PAGES[what]))

    def save(self, report: Report, what: What, promotion_id: int | None = None) -> None:
        """Writes a report as a page and CSV files into the folder of the settings. Raises NotPossible without one."""
        folder = self.configured().policy.reports.folder
        if folder is None:
            raise NotPossible("report", "there is no folder to write it to.", "Set reports.folder.")
        name = what.value if promotion_id is None else f"project-{promotion_id}"
        self.renderer.save(report, folder, f"{name}-{report.as_of:%Y-%m-%d}")

    def write_knowledge(self, effect: Effect) -> Save:
        """Brings a knowledge page up to date; a new one begins with the headings that people fill in."""
        configured = self.configured()
        with self.store.reading() as uow:
            promotion = uow.promotions.get(effect.payload["promotion"])
            text = knowledge_text(uow, configured, self.renderer, promotion, self.clock.now())
        if promotion.project_id is None:
            return nothing
        title = page_title(promotion, KNOWLEDGE_PAGE)
        first = first_text(configured, self.renderer)
        self.tracker.write_page(promotion.project_id, title, KNOWLEDGE_SECTION, text, first=first)
        return nothing

    def write_days(self) -> int:
        """Writes down the work that is left in every project that is worked on, for the burn-down; how many were."""
        with self.store.reading() as uow:
            numbers = running(uow)
        views = self._looked(numbers, [])
        with self.store.transaction() as uow:
            for view in views:
                left = {burn.name: burn.actual[-1][1] for burn in view.progress.burns}
                day = view.progress.burns[0].actual[-1][0]
                uow.project_figures.write_day(view.promotion.id, day, left)
        return len(views)

    @property
    def shown(self) -> Shown:
        """What reports on projects are made with."""
        configured = self.configured()
        policy = configured.policy
        costs = Costs(policy.reports.cost_per_hour, policy.reports.currency)
        return Shown(words_of(configured.texts, policy.language), policy.issue_url, policy.project_url, costs)

    def _portfolio(self, now: datetime) -> Report:
        return portfolio_report(*self.views(), self.shown, now)

    def _looked(self, numbers: Iterable[int], unseen: list[str]) -> list[ProjectView]:
        found = []
        for number in numbers:
            try:
                view = self.view(number)
            except (Forbidden, NotFound) as error:
                unseen.append(self.shown.words("portfolio.unseen", project=f"#{number}", why=error.what))
            else:
                found += [view] if view else []
        return found
