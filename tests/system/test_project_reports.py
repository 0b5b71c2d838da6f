"""Reports and knowledge pages in Redmine: pictures are seen, and what people write around them stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge.app.publishing import published, turn
from bridge.planning.knowledge import filled
from bridge.sandbox import Sandbox
from tests.servers.redmine import RedmineServer
from tests.servers.rt import RtServer
from tests.system.commands import command
from tests.system.stage import Stage, opened, real_bridge, sandbox_bridge

REPORTS = {
    "cost_per_hour": 80,
    "currency": "EUR",
    "folder": "reports",
    "schedule": {
        "weekly": {"what": "portfolio", "at": "0 6 * * mon"},
        "each": {"what": "projects", "at": "0 6 * * mon"},
        "files": {"what": "projects", "at": "0 6 * * mon", "to": "folder"},
    },
}
SUMMARY = "Router core-1 CPU above 95 %"


@pytest.fixture
def sandbox_stage(tmp_path: Path) -> Iterator[Stage]:
    """A bridge between the sandbox's two servers."""
    with Sandbox(clock_start=datetime(2026, 11, 2, 8, 0, tzinfo=UTC)) as sandbox:
        stage = sandbox_bridge(sandbox, tmp_path)
        stage.write(clock=f"{sandbox.redmine.url}/_control/clock", reports=REPORTS)
        yield stage


@pytest.fixture
def real_stage(fresh_redmine: RedmineServer, fresh_rt: RtServer, tmp_path: Path) -> Stage:
    """A bridge between the real RT and the real Redmine."""
    stage = real_bridge(fresh_redmine, fresh_rt, tmp_path)
    stage.write()
    return stage


def project_of(stage: Stage) -> int:
    """The project that five tickets about one router made."""
    stage.once()
    stage.pause()
    for _ in range(5):
        stage.desk.open(SUMMARY, key="core-1")
    stage.once()
    (project,) = stage.office.projects()
    return int(project["id"])


def publish(stage: Stage, what: str, promotion: int | None = None) -> str:
    """Writes a report to its page; the page's address."""
    with opened(stage) as app:
        done = published(app, {"what": what, "promotion": promotion})
    assert done["warnings"] == []
    return str(done["page"])


def edit(stage: Stage, project: int, title: str, text: str) -> None:
    path = f"/projects/{project}/wiki/{title}.json"
    stage.office.as_user("admin").ok("PUT", path, {"wiki_page": {"text": text}})


def files(stage: Stage, project: int, title: str) -> list[str]:
    path = f"/projects/{project}/wiki/{title}.json?include=attachments"
    found: list[dict[str, Any]] = stage.office.as_user("admin").ok("GET", path)["wiki_page"]["attachments"]
    return [row["filename"] for row in found]


@pytest.mark.real
def test_pages_show_figures_and_keep_what_people_write(real_stage: Stage) -> None:
    """The project's report twice, its knowledge page, and the portfolio on the parent's wiki."""
    stage = real_stage
    project, office = project_of(stage), stage.office

    knowledge = office.page(project, "Knowledge").replace("\r\n", "\n")
    assert knowledge.startswith("h2. Cause")
    assert "There was none." in knowledge
    assert filled(knowledge).missing == ("cause", "workaround", "fix", "rollback", "lessons")
    edit(stage, project, "Knowledge", knowledge.replace("h2. Cause", "h2. Cause\n\nA leak.", 1))

    address = publish(stage, "projects", 1)
    first = office.page(project, "Report")
    assert "Forecast end" in first
    shown = files(stage, project, "Report")
    assert [name.rpartition("-")[0] for name in shown] == ["gantt"]
    edit(stage, project, "Report", f"Before.\n\n{first}\n\nAfter.")
    (task, *_) = [one for one in office.issues(project) if one["subject"].startswith("1 ")]
    office.change(task["id"], done_ratio=50, as_="admin")
    assert publish(stage, "projects", 1) == address
    second = office.page(project, "Report")
    assert second.startswith("Before.")
    assert second.rstrip().endswith("After.")
    assert second.count("Forecast end") == 1
    assert "50%" in second
    assert set(shown) < set(files(stage, project, "Report"))
    publish(stage, "projects", 1)
    assert len(files(stage, project, "Report")) == 1 + len(shown)

    stage.pause()
    stage.once()
    assert filled(office.page(project, "Knowledge")).cause == "A leak."
    publish(stage, "portfolio")
    (found,) = office.projects()
    assert found["name"] in office.page(found["parent"]["id"], "Projects")
    _pictures_are_seen(address, office.url)


def _pictures_are_seen(address: str, url: str) -> None:
    """As a member of the project has the page in the browser."""
    browser = requests.Session()
    token = re.search(r'name="authenticity_token" value="([^"]+)"', browser.get(f"{url}/login", timeout=30).text)
    assert token is not None
    form = {"username": "jane", "password": "secret-pass-1", "authenticity_token": token[1]}
    assert "Sign out" in browser.post(f"{url}/login", form, timeout=30).text
    page = browser.get(address, timeout=30).text
    (picture,) = re.findall(r'<img src="([^"]*/gantt-[0-9a-f]+\.png)"', page)
    answer = browser.get(requests.compat.urljoin(url, picture), timeout=30)
    assert answer.content.startswith(b"\x89PNG")
    assert "bridge-begin" not in page


def _scheduled(stage: Stage) -> None:
    """Due once for all weeks that passed, delivered as effects, and a day's work is written down."""
    with opened(stage) as app:
        assert turn(app) == 1, "the knowledge page; what is due is counted from the first look on"
        with app.database.reading() as uow:
            assert sum(hours for _, hours in uow.project_figures.days(1)[""]) > 0
        clock = f"{stage.office.url}/_control/clock"
        requests.put(clock, json={"advance": 14 * 86_400}, timeout=10).raise_for_status()
        assert turn(app) == 3
        assert app.engine().run_until_idle(60).dead == 0
        assert turn(app) == 0
        with app.database.reading() as uow:
            assert len(uow.project_figures.days(1)[""]) == 2
    (project,) = stage.office.projects()
    assert "Forecast end" in stage.office.page(project["id"], "Report")
    assert ".html" in {path.suffix for path in (stage.folder / "reports").iterdir()}


def test_the_command_line_tells_one_project_and_all(sandbox_stage: Stage) -> None:
    """As JSON, as a page, as CSV, as text and on the wiki."""
    project_of(sandbox_stage)
    config, folder = sandbox_stage.folder / "bridge.yaml", sandbox_stage.folder
    one = command(config, "projects", "report", "--promotion", "1", "--json").json()["running"][0]
    assert (one["standing"], one["slip_days"]) == ("on_time", one["slip_days"])
    assert one["scope"]["added"] == 0
    assert one["scope"]["planned"] == one["scope"]["open"] > 0
    assert one["hours"]["planned"] == one["hours"]["left"]
    assert one["critical_path"]
    done = command(config, "projects", "report", "--html", str(folder / "all.html"), "--csv", str(folder / "csv"))
    assert "Written to" in done.text()
    assert "<svg" in (folder / "all.html").read_text("utf-8")
    assert sorted(path.name for path in (folder / "csv").iterdir()) == ["delivered.csv", "projects.csv"]
    assert "Work left" in command(config, "projects", "report", "-p", "1").text()
    assert "0 EUR" in command(config, "projects", "report", "-p", "1").text()
    page = command(config, "projects", "report", "--wiki", "--json").json()["page"]
    assert page.endswith("/projects/operations/wiki/Projects")
    page = command(config, "kpi", "report", "--since", "2026-01-01", "--wiki", "--json").json()["page"]
    assert page.endswith("/projects/operations/wiki/Operations")
    (project,) = sandbox_stage.office.projects()
    assert "Raw and adjusted" in sandbox_stage.office.page(project["parent"]["id"], "Operations")
    assert "Written to" in command(config, "kpi", "report", "--html", str(folder / "kpi.html")).text()
    assert "Raw and adjusted" in (folder / "kpi.html").read_text("utf-8")
    assert '"did_it_help": null' in command(config, "promotions", "show", "1", "--json").text()
    _scheduled(sandbox_stage)
    missing = command(config, "projects", "report", "-p", "99")
    assert missing.code == 1
    assert "99" in missing.err
