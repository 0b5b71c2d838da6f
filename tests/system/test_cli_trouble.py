"""The command line when something is wrong: files, usage, servers, the store; and a backfill that is killed."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bridge.sandbox import Sandbox
from tests.system.commands import command
from tests.system.scene import START, Scene
from tests.system.stage import RULE


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The scene with a promotion that waits for a decision when it is played."""
    with Sandbox(clock_start=START) as sandbox:
        scene = Scene.set_up(sandbox, tmp_path_factory.mktemp("trouble"))
        sandbox.redmine.app.state.settings.creator_role = "Bridge"
        yield scene


@pytest.fixture
def scene(played: Scene) -> Iterator[Scene]:
    """The moment before the bridge looks, with the configuration as it was."""
    played.rewind()
    folder = played.stage.folder
    files = {path: path.read_text() for path in [*folder.glob("*.yaml"), *folder.glob("rules/*.yaml")]}
    yield played
    for path, text in files.items():
        path.write_text(text)


BROKEN = {
    "an unknown key": (("bridge.yaml", "poll_seconds: 60\npol_seconds: 3\n"), r"bridge\.yaml:\d+:1: .*pol_seconds"),
    "broken YAML": (("rules/network.yaml", "rules: [\n"), r"network\.yaml:\d+:\d+: "),
    "a rule": (("rules/network.yaml", RULE.replace("at_least", "at_leest")), r"network\.yaml:\d+:\d+: .*at_least"),
    "an owner": (("rules/network.yaml", RULE.replace("owner: jane", "owner: jan")), r"network\.yaml:\d+:\d+: .*jane"),
    "the directory": (("directory.yaml", "version: 1\npeople: 7\n"), r"directory\.yaml:2:\d+: "),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_told_with_its_place(scene: Scene, name: str) -> None:
    """file:line:column and what would be right, exit code 2, no traceback, whatever the command."""
    (file, text), words = BROKEN[name]
    path = scene.stage.folder / file
    path.write_text(path.read_text() + text if file == "bridge.yaml" else text)
    for arguments in (("once",), ("promotions", "list", "--json"), ("run",)):
        found = command(scene.config, *arguments)
        assert found.text(2) == ""
        assert re.search(words, found.err), found.err
        assert all(re.match(r"\S+:\d+:\d+: ", line) for line in found.err.splitlines()), found.err
    assert not scene.sandbox.requests()


def test_all_files_are_told_at_once(scene: Scene) -> None:
    """Three broken files, and a check: one run tells all of it."""
    folder = scene.stage.folder
    (folder / "rules" / "network.yaml").write_text(RULE.replace("at_least", "at_leest"))
    (folder / "directory.yaml").write_text("version: 1\npeople: 7\n")
    found = command(scene.config, "once")
    assert found.code == 2
    assert "network.yaml:" in found.err
    assert "directory.yaml:" in found.err
    checked = command(scene.config, "check", "--offline")
    assert checked.code == 2
    assert "network.yaml:" in checked.out + checked.err
    assert "Traceback" not in checked.err


def test_a_missing_secret_is_configuration(scene: Scene) -> None:
    """Exit code 2 with and without --offline, its place, and by which key or variable it can be given."""
    path = scene.change(redmine={"api_key": None})
    for arguments in (("check",), ("check", "--offline")):
        told = command(path, *arguments).text(2)
        assert re.search(r"bridge\.yaml:\d+:\d+: “api_key” is missing", told)
        assert "redmine.api_key_file" in told
        assert "BRIDGE_REDMINE__API_KEY" in told
    assert not scene.sandbox.requests()


def test_a_settings_file_that_is_not_there(tmp_path: Path) -> None:
    """One line, exit code 2."""
    found = command(tmp_path / "nowhere.yaml", "once")
    assert found.text(2) == ""
    assert "nowhere.yaml" in found.err
    assert "with -c" in found.err
    assert len(found.err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("once", "--nonsense"), ("promotions", "approve", "x"), ("promotions", "reject", "1"),
     ("backfill",), ("backfill", "--since", "yesterday"), ("promotions", "list", "--state", "lost"),
     ("sandbox", "--itsm-port", "99999"), ("sandbox", "--redmine-version", "9.9")],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    """Exit code 2 and a word about it, no traceback."""
    found = command(None, *arguments)
    assert found.text(2) == ""
    assert "Usage: itsm-bridge" in found.err


@pytest.mark.parametrize(
    "arguments",
    [("projects", "report", "--html"), ("kpi", "report", "--csv"), ("kpi", "ledger", "export"),
     ("rules", "backtest", "--since", "2026-01-01", "--html")],
    ids=" ".join,
)  # fmt: skip
def test_a_place_that_cannot_be_written(scene: Scene, arguments: tuple[str, ...]) -> None:
    """A file or folder below a file: exit code 2 and its name, no traceback."""
    place = scene.config / "page"
    found = command(scene.config, *arguments, str(place))
    assert found.text(2) == ""
    assert found.err.splitlines()[-1].startswith(f"{place}: cannot be written: Not a directory")
    assert "Traceback" not in found.err


def test_a_port_of_the_sandbox_that_is_taken(scene: Scene) -> None:
    """Which one, exit code 2."""
    taken = scene.sandbox.itsm.url.removeprefix("http://")
    found = command(None, "sandbox", "--itsm-port", taken.rpartition(":")[2])
    assert found.text(2) == ""
    assert found.err == f"{taken}: cannot be listened at: Address already in use ({PORT_ADVICE})\n"


def test_a_span_that_ends_before_it_begins(scene: Scene) -> None:
    """Refused instead of a report on nothing."""
    for arguments in (("backfill",), ("kpi", "report")):
        found = command(scene.config, *arguments, "--since", "2026-03-02", "--until", "2026-03-01")
        assert found.text(2) == ""
        assert "is not after 2026-03-02" in found.err


def test_unreachable_systems(scene: Scene) -> None:
    """Exit code 3 and who cannot be reached; the other side is still served."""
    redmine = scene.change(redmine={"url": "http://127.0.0.1:9", "connect_timeout": 0.5})
    found = command(redmine, "once")
    assert "6 incident(s)" in found.text(3)
    assert "redmine: RB-1201 Redmine GET /issues.json: no usable answer" in found.err
    assert "Is Redmine up, and redmine.url right?" in found.err
    told = command(redmine, "once", "--json").json(3)
    assert set(told["failures"]) == {"redmine"}
    assert "redmine.url: Redmine GET /users/current.json" in command(redmine, "check").text(3)

    rehearsed = command(redmine, "once", "--dry-run")
    assert "Nothing would be written as far as the systems that answered tell." in rehearsed.text(3)
    assert "redmine could not be asked; what it would lead to is missing here: RB-1201" in rehearsed.err

    scene.rewind()
    scene.sandbox.fault("reset", app="itsm", times=None)
    found = command(scene.config, "backfill", "--since", "2026-01-01")
    assert found.text(3) == ""
    assert "itsm GET /api/incidents" in found.err


def test_a_clock_that_cannot_be_reached(scene: Scene) -> None:
    """The sandbox has ended, and its clock with it."""
    found = command(scene.change(clock="http://127.0.0.1:9/_control/clock"), "once")
    assert found.text(3) == ""
    assert "clock" in found.err


STORES = {
    "no database": "sqlite:///{folder}/bridge.yaml",
    "a folder that is none": "sqlite:///{folder}/bridge.yaml/store.sqlite3",
    "a server that is down": "postgresql://bridge:geheim@127.0.0.1:9/bridge",
}


@pytest.mark.parametrize("name", STORES)
def test_a_store_that_cannot_be_opened(scene: Scene, name: str) -> None:
    """One line with the reason and the address, without the password."""
    path = scene.change(store={"url": STORES[name].format(folder=scene.stage.folder)})
    for arguments in (("promotions", "list"), ("run",)):
        found = command(path, *arguments)
        assert found.text(3) == ""
        assert re.match(r"RB-1201 store (sqlite|postgresql)\S+ cannot be opened: ", found.err), found.err
        assert len(found.err.splitlines()) == 1
        assert "geheim" not in found.err
    told = command(path, "check", "--json").json(3)["problems"]
    assert next(one["what"] for one in told if one["where"].startswith("store ")).startswith("cannot be opened: ")


PORT_ADVICE = "choose another port, or 0 for a free one"
UNWRITABLE = {"the file": ("bridge.sqlite3", 0o444), "the folder": (".", 0o555)}


@pytest.mark.parametrize("name", UNWRITABLE)
def test_a_store_that_may_not_be_written(scene: Scene, name: str) -> None:
    """One line: which file or folder, whose it is; no SQL. Who only looks is not kept from it by a file's rights."""
    place, rights = UNWRITABLE[name]
    path = scene.stage.folder / place
    before = path.stat().st_mode
    for left in scene.stage.folder.glob("bridge.sqlite3?*"):
        left.unlink()
    path.chmod(rights)
    try:
        for arguments in (("once",), ("run",), ("promotions", "approve", "1")):
            found = command(scene.config, *arguments, within_rights=True)
            assert found.text(3) == ""
            assert re.match(r"RB-1201 store sqlite\S+bridge\.sqlite3: cannot be (used|opened): ", found.err), found.err
            assert f"{path.resolve()} belongs to {path.owner()} (mode {rights:o})" in found.err
            assert len(found.err.splitlines()) == 1
    finally:
        path.chmod(before)
    assert not scene.written()


def test_who_only_looks_makes_nothing(scene: Scene) -> None:
    """A store that is not there is not made by a look: exit code 2 and what to do. A check and a dry run need none."""
    folder = scene.stage.folder / "new"
    path = scene.change(store={"url": f"sqlite:///{folder}/bridge.sqlite3"}, redmine={"creator_role": "Bridge"})
    for arguments in (("promotions", "list"), ("links", "list"), ("queue", "stats"), ("queue", "dead")):
        found = command(path, *arguments)
        assert found.text(2) == ""
        assert "there is no store yet (run `itsm-bridge db upgrade`, or start the daemon)" in found.err
    assert f"the folder {folder} is not there; it would be created." in command(path, "check").text()
    command(path, "once", "--dry-run").text()
    scene.stage.folder.chmod(0o555)
    refused = command(path, "check", within_rights=True).text(1)
    scene.stage.folder.chmod(0o755)
    assert f"error: store sqlite:///{folder}/bridge.sqlite3: the folder {folder} is not there and may not be" in refused
    assert not folder.exists()
    assert command(path, "db", "upgrade").text() == "The store is up to date.\n"
    assert command(path, "promotions", "list").text() == "No promotion yet.\n"


class TestBackfill:
    """`backfill` builds history and nothing else."""

    def test_it_proposes_and_writes_nothing(self, scene: Scene) -> None:
        """What the rules would propose is printed; only --propose stores candidates; no server is written to."""
        path = scene.config
        document = command(path, "backfill", "--since", "2026-10-01", "--json").json()
        assert document["schema"] == "bridge/backfill/1"
        assert document["sources"] == {"itsm": {"incidents": 6, "changed": 6, "parked": 0, "left_to_polls": 0}}
        (proposal,) = document["proposals"]
        assert (proposal["rule"], proposal["group"]) == ("router-cpu", "network · core-1")
        assert "5 incidents" in proposal["why"][0]
        text = command(path, "backfill", "--since", "2026-10-01").text()
        assert "itsm: 6 incident(s) read, 0 new or changed, 0 parked." in text
        assert "router-cpu" in text
        assert command(path, "promotions", "list").text() == "No promotion yet.\n"
        command(path, "backfill", "--since", "2026-10-01", "--propose").text()
        (row,) = command(path, "promotions", "list", "--json").json()["promotions"]
        assert row["state"] == "candidate"
        assert not [entry for entry in scene.sandbox.requests() if entry.is_write]
        assert command(path, "queue", "stats", "--json").json()["ready"] == 0

    def test_of_a_range_and_of_a_source(self, scene: Scene) -> None:
        """--until leaves out what was opened later; a source that does not exist is refused."""
        path = scene.config
        document = command(path, "backfill", "--since", "2026-10-01", "--until", "2026-11-01", "--json").json()
        assert document["sources"]["itsm"]["incidents"] == 0
        refused = command(path, "backfill", "--since", "2026-10-01", "--source", "rt")
        assert refused.text(2) == ""
        assert "there is no source “rt”; there is: itsm" in refused.err

    def test_it_goes_on_where_it_was_killed(self, scene: Scene) -> None:
        """Killed between two pages, the next run reads from there on, and nothing is missing."""
        path = scene.config
        settings = yaml.safe_load(path.read_text())
        settings["sources"][0]["history"]["paging"]["size"] = 100
        settings["sources"][0]["read_timeout"] = 60
        settings["sources"][0]["total_timeout"] = 60
        path.write_text(yaml.safe_dump(settings))
        for number in range(350):
            scene.stage.desk.open(f"Disk full on db-{number}", key=f"db-{number}")
        scene.sandbox.fault("timeout", app="itsm", path="after_id=200", seconds=60)
        scene.sandbox.log.clear()
        killed = command(path, "backfill", "--since", "2026-10-01", kill_after=lambda: asked(scene, "after_id=200"))
        assert killed.code == -signal.SIGKILL
        scene.sandbox.faults.clear()
        scene.sandbox.log.clear()
        document = command(path, "backfill", "--since", "2026-10-01", "--json").json()
        assert document["sources"]["itsm"]["incidents"] == 156, "the first 200 are there already"
        assert not asked(scene, "after_id=100")
        with scene.store() as store:
            assert store.execute("SELECT count(*) FROM incident").fetchone() == (356,)


def asked(scene: Scene, query: str) -> bool:
    """Whether the incident system was asked with that in the query, or is being asked."""
    waiting = [fault for fault in scene.sandbox.faults.all() if fault.path == query]
    if waiting:
        return all(fault.times == 0 for fault in waiting)
    return any(query in entry.query for entry in scene.sandbox.requests("itsm"))
