"""The command line: what each command prints as text and as JSON, its exit code, and what it leaves alone."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from bridge import __version__
from bridge.cli.main import cli
from bridge.sandbox import Sandbox
from tests.system.commands import command
from tests.system.scene import START, Scene
from tests.system.stage import RULE

README = Path(__file__).parents[2] / "README.md"


def tree(group: Any, name: str = "") -> dict[str, Any]:
    """All commands by their full names."""
    if not hasattr(group, "commands"):
        return {name: group}
    found: dict[str, Any] = {}
    for part, inner in group.commands.items():
        found |= tree(inner, f"{name} {part}".strip())
    return found


COMMANDS = tree(typer.main.get_command(cli))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The scene with a promotion that waits for a decision when it is played."""
    with Sandbox(clock_start=START) as sandbox:
        scene = Scene.set_up(sandbox, tmp_path_factory.mktemp("cli"))
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


def config(scene: Scene) -> Path:
    """The settings file."""
    return scene.stage.folder / "bridge.yaml"


def change(scene: Scene, **settings: Any) -> Path:
    """Changes settings; a dictionary is merged into the one that is there."""
    path = config(scene)
    found = yaml.safe_load(path.read_text())
    for name, value in settings.items():
        found[name] = {**found[name], **value} if isinstance(value, dict) else value
    path.write_text(yaml.safe_dump(found))
    return path


def test_readme_and_commands_agree() -> None:
    """Every command of README's table exists, and every command stands there."""
    told: set[str] = set()
    for cell in re.findall(r"^\| (`.*?) \|", README.read_text(encoding="utf-8"), re.MULTILINE):
        for quoted in re.findall(r"`([^`]+)`", cell):
            words = [word for word in quoted.split() if not re.match(r"[\[\]…]|-", word)]
            parts = words[-1].replace("\\", "").split("|")
            told |= {" ".join([*words[:-1], part]) for part in parts}
    assert told == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help(name: str) -> None:
    """Each command says what it is for and what each of its options means."""
    shown = command(None, *name.split(), "--help").text()
    assert "Usage: itsm-bridge " + name in shown
    for option in COMMANDS[name].params:
        assert option.opts[0] in shown or option.metavar in shown or option.name in shown
        if option.opts[0].startswith("-") and option.name != "help":
            assert option.help, f"{name} {option.name} says nothing"


def test_before_and_after(scene: Scene) -> None:
    """Every command that shows something, with nothing there, with a project, and as JSON."""
    path = config(scene)
    assert command(None, "version").text() == f"itsm-bridge {__version__}\n"
    assert command(None, "version", "--json").json()["version"] == __version__
    assert command(path, "promotions", "list").text() == "No promotion yet.\n"
    assert command(path, "promotions", "list", "--json").json() == {"schema": "bridge/promotions/1", "promotions": []}
    assert command(path, "links", "list").text() == "No link yet.\n"
    assert command(path, "queue", "dead").text() == "No dead letter.\n"
    assert command(path, "db", "upgrade").text() == "The store is up to date.\n"
    assert command(path, "db", "upgrade", "--json").json() == {"schema": "bridge/upgrade/1", "upgraded": True}

    once = command(path, "once").text()
    assert "6 incident(s) and" in once
    assert "router-cpu: network · core-1: open" in once
    assert "0 to be tried again, 0 dead." in once
    again = command(path, "once", "--json").json()
    assert (again["incidents"], again["delivered"]["dead"], again["failures"]) == (0, 0, {})

    (project,) = scene.stage.office.projects()
    url = f"{scene.stage.office.url}/projects/{project['identifier']}"
    listed = command(path, "promotions", "list").text()
    assert url in listed, "an address is not folded where nobody looks at a screen"
    assert "active" in listed
    (row,) = command(path, "promotions", "list", "--json").json()["promotions"]
    assert (row["state"], row["project"], row["incidents"], row["open"]) == ("active", url, 5, 3)
    assert command(path, "promotions", "list", "--state", "candidate").text() == "No promotion yet.\n"
    shown = command(path, "promotions", "show", "1").text()
    assert all(f"itsm #{i}" in shown for i in scene.resolved + scene.waiting)
    assert "approved_by  rule router-cpu" in shown
    document = command(path, "promotions", "show", "1", "--json").json()
    assert document["schema"] == "bridge/promotion/1"
    assert len(document["evidence"]) == 5
    links = command(path, "links", "list").text()
    assert links.count(f"{scene.stage.office.url}/issues/") == 3
    rows = command(path, "links", "list", "--promotion", "1", "--json").json()["links"]
    assert [one["incident"] for one in rows] == [f"itsm #{i}" for i in scene.waiting]
    assert command(path, "links", "list", "--promotion", "2", "--json").json()["links"] == []
    stats = command(path, "queue", "stats", "--json").json()
    assert stats["done"] > 40
    assert (stats["ready"], stats["running"], stats["dead"], stats["due"]) == (0, 0, 0, 0)
    assert str(stats["done"]) in command(path, "queue", "stats").text()
    assert command(path, "queue", "retry").text() == "0 effect(s) will be tried again.\n"


def test_dead_letters(scene: Scene) -> None:
    """`once` ends with 1 and says where to look, `queue dead` says why and ends with 1, `queue retry` mends."""
    path = config(scene)
    scene.sandbox.control.change_role("Bridge", remove=("edit_wiki_pages",))
    assert "`queue dead` says why" in command(path, "once").text(1)
    dead = command(path, "queue", "dead").text(1)
    assert "Tick “Edit wiki pages” in Administration" in dead
    (letter,) = command(path, "queue", "dead", "--json").json(1)["dead"]
    assert (letter["kind"], letter["promotion"], letter["attempts"]) == ("page.write", 1, 1)
    assert letter["error"].startswith("RB-1204 ")
    scene.sandbox.control.change_role("Bridge", add=("edit_wiki_pages",))
    refused = command(path, "queue", "retry", "4711")
    assert refused.text(1) == ""
    assert refused.err.strip() == "RB-1205 effect 4711: is not dead. `queue dead` lists those that are."
    assert command(path, "queue", "retry", str(letter["effect"])).text() == "1 effect(s) will be tried again.\n"
    assert "0 dead" in command(path, "once").text()
    scene.assert_undisturbed()


@pytest.mark.parametrize("decision", [("show",), ("approve",), ("reject", "--reason", "no")], ids=" ".join)
def test_a_number_that_is_not_there(scene: Scene, decision: tuple[str, ...]) -> None:
    """One clear line, whatever one wants of it."""
    name, *options = decision
    found = command(config(scene), "promotions", name, "7", *options)
    assert found.text(1) == ""
    assert (
        found.err.strip() == "RB-1205 promotion 7: is not in the store. Look at `promotions list` for those there are."
    )


def test_dry_run_tells_everything_and_writes_nothing(scene: Scene) -> None:
    """The list of effects is what `once` then does; neither server nor the store changes by telling it."""
    path = config(scene)
    before = scene.sandbox.dump(times=True), content(scene)
    scene.sandbox.log.clear()
    told = command(path, "once", "--dry-run", "--json").json()
    text = command(path, "once", "--dry-run").text()
    assert not [entry for entry in scene.sandbox.requests() if entry.is_write]
    assert (scene.sandbox.dump(times=True), content(scene)) == before
    assert told["schema"] == "bridge/dry-run/1"
    assert [e["kind"] for e in told["effects"]][:2] == ["project.open", "task.create"]
    assert text.count("task.create") == sum(e["kind"] == "task.create" for e in told["effects"]) == 16
    done = command(path, "once", "--json").json()["delivered"]["done"]
    assert done >= len(told["effects"])
    assert command(path, "once", "--dry-run").text() == "Nothing would be written.\n"


def content(scene: Scene) -> dict[str, list[Any]]:
    """All rows of all tables of the store."""
    with scene.store() as store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(store.execute(f"SELECT * FROM {name}"), key=repr) for name in sorted(tables)}


def test_check_is_clean_on_a_healthy_sandbox(scene: Scene) -> None:
    """All is well, exit code 0, and nothing written."""
    path = change(scene, redmine={"creator_role": "Bridge"})
    assert command(path, "check").text() == "All is well.\n"
    assert command(path, "check", "--json").json() == {"schema": "bridge/check/1", "problems": []}
    assert not [entry for entry in scene.sandbox.requests() if entry.is_write]


def test_check_names_what_is_missing(scene: Scene) -> None:
    """Every problem at once, exit code 1, and nothing about connections with --offline."""
    path = change(scene, redmine={"creator_role": "Bridge", "member_role": "Developr", "delivered_statuses": ["Done"]})
    scene.sandbox.control.change_role("Bridge", remove=("manage_members", "edit_wiki_pages"))
    try:
        found = command(path, "check").text(1)
    finally:
        scene.sandbox.control.change_role("Bridge", add=("manage_members", "edit_wiki_pages"))
    for words in ("Manage members", "Edit wiki pages", "no status “Done”", "no role “Developr”", "Developer"):
        assert words in found
    assert command(path, "check", "--offline").text() == "All is well.\n"


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
        found = command(config(scene), *arguments)
        assert found.text(2) == ""
        assert re.search(words, found.err), found.err
        assert all(re.match(r"\S+:\d+:\d+: ", line) for line in found.err.splitlines()), found.err
    assert not scene.sandbox.requests()


def test_all_files_are_told_at_once(scene: Scene) -> None:
    """Three broken files, and a check: one run tells all of it."""
    folder = scene.stage.folder
    (folder / "rules" / "network.yaml").write_text(RULE.replace("at_least", "at_leest"))
    (folder / "directory.yaml").write_text("version: 1\npeople: 7\n")
    found = command(config(scene), "once")
    assert found.code == 2
    assert "network.yaml:" in found.err
    assert "directory.yaml:" in found.err
    checked = command(config(scene), "check", "--offline")
    assert checked.code in {1, 2}
    assert "network.yaml:" in checked.out + checked.err
    assert "Traceback" not in checked.err


def test_a_settings_file_that_is_not_there(tmp_path: Path) -> None:
    """One line, exit code 2."""
    found = command(tmp_path / "nowhere.yaml", "once")
    assert found.text(2) == ""
    assert "nowhere.yaml" in found.err
    assert len(found.err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("once", "--nonsense"), ("promotions", "approve", "x"), ("promotions", "reject", "1"),
     ("backfill",), ("backfill", "--since", "yesterday"), ("promotions", "list", "--state", "lost")],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    """Exit code 2 and a word about it, no traceback."""
    found = command(None, *arguments)
    assert found.text(2) == ""
    assert "Usage: itsm-bridge" in found.err


def test_unreachable_systems(scene: Scene) -> None:
    """Exit code 3 and who cannot be reached; the other side is still served."""
    redmine = change(scene, redmine={"url": "http://127.0.0.1:9", "connect_timeout": 0.5})
    found = command(redmine, "once")
    assert "6 incident(s)" in found.text(3)
    assert "redmine: RB-1201 Redmine GET /issues.json: no usable answer" in found.err
    assert "Is Redmine up, and redmine.url right?" in found.err
    told = command(redmine, "once", "--json").json(3)
    assert set(told["failures"]) == {"redmine"}
    assert "127.0.0.1" in command(redmine, "check").text(1) or "Redmine" in command(redmine, "check").text(1)

    scene.rewind()
    scene.sandbox.fault("reset", app="itsm", times=None)
    found = command(config(scene), "backfill", "--since", "2026-01-01")
    assert found.text(3) == ""
    assert "itsm GET /api/incidents" in found.err


def test_a_clock_that_cannot_be_reached(scene: Scene) -> None:
    """The sandbox has ended, and its clock with it."""
    found = command(change(scene, clock="http://127.0.0.1:9/_control/clock"), "once")
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
    path = change(scene, store={"url": STORES[name].format(folder=scene.stage.folder)})
    for arguments in (("promotions", "list"), ("run",)):
        found = command(path, *arguments)
        assert found.text(3) == ""
        assert re.match(r"RB-1201 store (sqlite|postgresql)\S+ cannot be opened: ", found.err), found.err
        assert len(found.err.splitlines()) == 1
        assert "geheim" not in found.err


class TestBackfill:
    """`backfill` builds history and nothing else."""

    def test_it_proposes_and_writes_nothing(self, scene: Scene) -> None:
        """What the rules would propose is printed; only --propose stores candidates; no server is written to."""
        path = config(scene)
        document = command(path, "backfill", "--since", "2026-10-01", "--json").json()
        assert document["schema"] == "bridge/backfill/1"
        assert document["sources"] == {"itsm": {"incidents": 6, "changed": 6, "parked": 0}}
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
        path = config(scene)
        document = command(path, "backfill", "--since", "2026-10-01", "--until", "2026-11-01", "--json").json()
        assert document["sources"]["itsm"]["incidents"] == 0
        refused = command(path, "backfill", "--since", "2026-10-01", "--source", "rt")
        assert refused.text(2) == ""
        assert "there is no source “rt”; there is: itsm" in refused.err

    def test_it_goes_on_where_it_was_killed(self, scene: Scene) -> None:
        """Killed between two pages, the next run reads from there on, and nothing is missing."""
        path = config(scene)
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
