"""`itsm-bridge run` with hooks: what they tell is there at once, whatever happens to them, and it is measured."""

from __future__ import annotations

import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from bridge.sandbox import Sandbox
from tests.system.commands import Daemon, command
from tests.system.stage import Stage, next_second, sandbox_bridge
from tests.system.test_story import promoted

SECRET = "a secret of this test alone"
HOUR = 3600


@dataclass
class Site:
    """A promoted project in step and a daemon that is told by hooks."""

    stage: Stage
    sandbox: Sandbox
    incident: str
    issue: int

    def configure(self, every: float, **hooks: Any) -> Daemon:
        both = {"redmine": {"secret": SECRET}, "sources": {"itsm": {"secret": SECRET}}}
        settings = {"listen": "127.0.0.1:0", "poll_seconds": HOUR, **both, **hooks}
        return Daemon(self.stage.write(poll_seconds=every, hooks=settings))

    def url(self, daemon: Daemon) -> str:
        return re.findall(r"at=(http://127\.0\.0\.1:\d+)", re.sub("\x1b\\[[0-9;]*m", "", daemon.log))[-1]

    def connect(self, daemon: Daemon) -> str:
        """Both servers send their hooks to the daemon, which has looked once; its address."""
        url = self.url(daemon)
        for name in ("itsm", "redmine"):
            self.sandbox.hooks.receiver(name, f"{url}/hooks/{name}", SECRET)
        daemon.until(lambda: self.metric(url, "bridge_polls_total", outcome="done") >= 2, "the first polls")
        return url

    def metric(self, url: str, name: str, **labels: str) -> float:
        """The sum over the samples with these labels."""
        samples = [
            sample
            for family in text_string_to_metric_families(requests.get(f"{url}/metrics", timeout=30).text)
            for sample in family.samples
        ]
        return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())

    def notes(self, text: str) -> int:
        """How many notes in Redmine have it."""
        return sum(text in note for note, _ in self.stage.office.notes(self.issue))

    def answers(self, text: str) -> int:
        """How many notes at the desk have it."""
        return sum(text in note for note, _ in self.stage.desk.notes(self.incident))

    def unread(self) -> int:
        with closing(sqlite3.connect(f"file:{self.stage.folder}/bridge.sqlite3?mode=ro", uri=True)) as store:
            return int(store.execute("SELECT count(*) FROM inbox WHERE handled_at IS NULL").fetchone()[0])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Sandbox() as sandbox:
        stage = sandbox_bridge(sandbox, tmp_path)
        stage.pause = next_second
        stage.write()
        project, _, (incident, *_) = promoted(stage)
        next_second()
        stage.once()
        yield Site(stage, sandbox, incident, stage.office.own_issue(project, f"itsm #{incident}")["id"])


def test_both_sides_follow_hooks_while_polls_are_an_hour_apart(site: Site) -> None:
    """Notes and a state in both directions, ready and healthy, and a clean end."""
    with site.configure(HOUR) as daemon:
        url = site.connect(daemon)
        site.stage.desk.work_note(site.incident, "log files attached")
        daemon.until(lambda: site.notes("log files attached") == 1, "a note in Redmine")
        site.stage.office.note(site.issue, "the vendor is asked", private=True)
        daemon.until(lambda: site.answers("the vendor is asked") == 1, "a note at the desk")
        site.stage.desk.take(site.incident, as_="bob")
        daemon.until(
            lambda: site.stage.office.issue(site.issue)["status"]["name"] == "In Progress", "a status in Redmine"
        )
        assert requests.get(f"{url}/healthz", timeout=30).status_code == 200
        assert requests.get(f"{url}/readyz", timeout=30).json() == {"ready": True, "reasons": []}
        assert site.metric(url, "bridge_hints_total", system="itsm", outcome="taken") >= 2
        daemon.until(lambda: site.metric(url, "bridge_effects") == 0, "nothing waits")
        assert daemon.stop()[0] == 0
    assert (site.notes("log files attached"), site.answers("the vendor is asked")) == (1, 1)


def test_dropped_doubled_late_and_swapped_hooks(site: Site) -> None:
    """Everything arrives once: what no hook tells, a poll does."""
    with site.configure(0.5, poll_seconds=0.5) as daemon:
        site.connect(daemon)
        for kind in ("drop", "double", "late", "swap"):
            site.sandbox.hooks.fault(kind=kind, app="itsm", times=2)
        for number in range(10):
            site.stage.desk.work_note(site.incident, f"remark number {number};")
        daemon.until(
            lambda: all(site.notes(f"remark number {number};") for number in range(10)), "all notes are in Redmine"
        )
        daemon.until(lambda: len(site.sandbox.hooks.sent) >= 10, "the late ones came, too")
        daemon.until(lambda: site.unread() == 0, "all hooks were followed")
        next_second()
        next_second()
        assert daemon.stop()[0] == 0
    assert [site.notes(f"remark number {number};") for number in range(10)] == [1] * 10


def test_polls_become_rare_while_hooks_work_and_usual_when_they_stop(site: Site) -> None:
    """And whoever looks learns that they stopped: in the log, the metrics and from `check`."""
    settings = {"poll_seconds": 4, "trust_after": 2, "silent_after": 3, "grace_seconds": 0.2}
    with site.configure(0.5, **settings) as daemon:
        url = site.connect(daemon)

        def interval() -> float:
            return site.metric(url, "bridge_poll_interval_seconds", system="itsm")

        def note(text: str) -> None:
            site.stage.desk.work_note(site.incident, text)
            daemon.until(lambda: site.notes(text) == 1, f"{text} in Redmine")
            next_second()

        assert interval() == 0.5
        for number in range(3):
            note(f"by hook {number};")
        daemon.until(lambda: interval() == 4, "polls become rare")
        assert site.metric(url, "bridge_changes_total", system="itsm", by="hook") >= 2
        site.sandbox.hooks.receiver("itsm", "", "")
        note("by poll 0;")
        daemon.until(lambda: interval() == 0.5, "polls are usual again")
        for number in range(1, 4):
            note(f"by poll {number};")
        daemon.until(lambda: site.metric(url, "bridge_hooks_silent", system="itsm") == 1, "it is measured")
        assert "changes came only by poll" in daemon.log
        told = command(site.stage.folder / "bridge.yaml", "check").out
        assert "warning: source itsm: hooks: the last" in told
        assert "Is the hook still set up" in told
        assert daemon.stop()[0] == 0


def test_a_hook_that_was_acknowledged_survives_kill_9(site: Site) -> None:
    """It is on disk: the next start follows it, before the first poll would."""
    held = site.sandbox.fault("timeout", app="itsm", method="GET", path=r"/incidents/\d+$", seconds=60, times=9)
    with site.configure(HOUR) as daemon:
        site.connect(daemon)
        site.stage.desk.work_note(site.incident, "log files attached")
        daemon.until(lambda: held.times < 9 and site.unread() == 1, "the daemon looks at the incident")
        assert daemon.stop(signal.SIGKILL)[0] == -signal.SIGKILL
        site.sandbox.faults.clear()
        daemon.start()
        daemon.until(lambda: site.unread() == 0, "it was followed")
        daemon.until(lambda: site.notes("log files attached") == 1, "the note is in Redmine")
        assert daemon.stop()[0] == 0
