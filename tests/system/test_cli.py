"""The command line: what each command prints as text and as JSON, its exit code, and what it leaves alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

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


def test_readme_and_commands_agree() -> None:
    """Every command of README's table exists, and every command stands there."""
    told: set[str] = set()
    for cell in re.findall(r"^\| (`.*?) \|", README.read_text(encoding="utf-8"), re.MULTILINE):
        for quoted in re.findall(r"`([^`]+)`", cell):
            words = [word for word in quoted.split() if not re.match(r"[\[\]…]|-", word)]
            parts = words[-1].replace("\\", "").split("|")
            told |= {" ".join([*words[:-1], part]) for part in parts}
    assert told == set(COMMANDS)


def test_the_version_as_an_option() -> None:
    """As the command says it."""
    assert command(None, "--version").text() == command(None, "version").text() == f"itsm-bridge {__version__}\n"


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
    path = scene.config
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
    path = scene.config
    scene.sandbox.control.change_role("Bridge", remove=("edit_wiki_pages",))
    assert "`queue dead` says why" in command(path, "once").text(1)
    dead = command(path, "queue", "dead").text(1)
    assert "Tick “Edit wiki pages” in Administration" in dead
    letters = command(path, "queue", "dead", "--json").json(1)["dead"]
    assert [(one["kind"], one["promotion"], one["attempts"]) for one in letters] == [
        ("page.write", 1, 1),
        ("page.plan", 1, 1),
        ("page.knowledge", 1, 1),
    ]
    assert all(one["error"].startswith("RB-1204 ") for one in letters)
    refused = command(path, "queue", "drop", "4711", "--reason", "no")
    assert refused.text(1) == ""
    assert "is not dead" in refused.err
    scene.sandbox.control.change_role("Bridge", add=("edit_wiki_pages",))
    refused = command(path, "queue", "retry", "4711")
    assert refused.text(1) == ""
    assert refused.err.strip() == "RB-1205 effect 4711: is not dead. `queue dead` lists those that are."
    for letter in letters:
        assert command(path, "queue", "retry", str(letter["effect"])).text() == "1 effect(s) will be tried again.\n"
    assert "0 dead" in command(path, "once").text()
    scene.assert_undisturbed()


def test_a_dead_letter_is_given_up(scene: Scene) -> None:
    """Nobody wants that page: what waits behind it goes on, and who gave it up and why is kept."""
    path = scene.config
    scene.sandbox.control.change_role("Bridge", remove=("edit_wiki_pages",))
    command(path, "once").text(1)
    dead = command(path, "queue", "dead", "--json").json(1)["dead"]
    (row,) = command(path, "promotions", "list", "--json").json()["promotions"]
    assert "page.write" in row["attention"]
    for letter in dead:
        told = command(path, "queue", "drop", str(letter["effect"]), "--reason", "we keep no pages").text()
        assert told == f"effect {letter['effect']} ({letter['kind']}) is given up; what waited for it goes on.\n"
    scene.sandbox.control.change_role("Bridge", add=("edit_wiki_pages",))
    assert command(path, "queue", "dead").text() == "No dead letter.\n"
    command(path, "once").text()
    (row,) = command(path, "promotions", "list", "--json").json()["promotions"]
    assert row["state"] == "active"
    assert "page.write" not in row["attention"]
    with scene.store() as store:
        found = store.execute("SELECT detail FROM audit WHERE action = 'effect given up'").fetchall()
    assert len(found) == len(dead)
    assert all("we keep no pages" in detail for (detail,) in found)


@pytest.mark.parametrize("decision", [("show",), ("approve",), ("reject", "--reason", "no")], ids=" ".join)
def test_a_number_that_is_not_there(scene: Scene, decision: tuple[str, ...]) -> None:
    """One clear line, whatever one wants of it."""
    name, *options = decision
    found = command(scene.config, "promotions", name, "7", *options)
    assert found.text(1) == ""
    assert (
        found.err.strip() == "RB-1205 promotion 7: is not in the store. Look at `promotions list` for those there are."
    )


@pytest.mark.parametrize(
    ("option", "given", "said"),
    [("--due", "2026-13-01", "is no date"), ("--owner", "jnae", "did you mean “jane”?"),
     ("--owner", "ben", ""), ("--owner", "bem", "there are: jane, li, mia, network-team"),
     ("--template", "standrad", "there is no template")],
)  # fmt: skip
def test_a_form_with_a_typing_mistake(scene: Scene, option: str, given: str, said: str) -> None:
    """A code of its own and exit code 2; nobody is offered who has left."""
    people = scene.stage.folder / "directory.yaml"
    people.write_text(people.read_text().replace("  ben:\n", "  ben:\n    active: false\n"))
    (scene.stage.folder / "rules" / "network.yaml").write_text(RULE.replace("mode: auto", "mode: propose"))
    command(scene.config, "once").text()
    found = command(scene.config, "promotions", "edit", "1", option, given)
    assert found.code == (2 if said else 0), found
    assert said in found.err
    assert found.err.startswith("RB-1212 promotion 1" if said else "")
    assert "Traceback" not in found.err


def test_a_dry_run_after_a_run_has_nothing_to_write(scene: Scene) -> None:
    """What the bridge itself has just written is read again, and reading is no writing."""
    command(scene.config, "once").text()
    scene.sandbox.clock.advance(60)
    assert command(scene.config, "once", "--dry-run").text() == "Nothing would be written.\n"
    assert command(scene.config, "once", "--dry-run", "--json").json()["effects"] == []


def test_dry_run_tells_everything_and_writes_nothing(scene: Scene) -> None:
    """The list of effects is what `once` then does; neither server nor the store changes by telling it."""
    path = scene.config
    before = scene.sandbox.dump(times=True), content(scene)
    scene.sandbox.log.clear()
    told = command(path, "once", "--dry-run", "--json").json()
    text = command(path, "once", "--dry-run").text()
    assert not [entry for entry in scene.sandbox.requests() if entry.is_write]
    assert (scene.sandbox.dump(times=True), content(scene)) == before
    assert told["schema"] == "bridge/dry-run/1"
    assert [e["kind"] for e in told["effects"]][:2] == ["project.open", "task.create"]
    assert "promotion “Router CPU keeps alerting: network · core-1”" in text, "what it is about, in people's words"
    assert "link=" not in text
    assert text.count("task.create") == sum(e["kind"] == "task.create" for e in told["effects"]) == 16
    done = command(path, "once", "--json").json()["delivered"]["done"]
    assert done >= len(told["effects"])
    assert command(path, "once", "--dry-run").text() == "Nothing would be written.\n"
    scene.sandbox.clock.advance(60)
    scene.stage.desk.work_note(scene.waiting[0], "log files attached")
    before = scene.sandbox.dump(times=True), content(scene)
    again = command(path, "once", "--dry-run").text()
    assert f"itsm #{scene.waiting[0]} “" in again
    assert "(issue #" in again
    assert "issue.note" in again, "what the comparison of both sides would write, too"
    assert (scene.sandbox.dump(times=True), content(scene)) == before


def content(scene: Scene) -> dict[str, list[Any]]:
    """All rows of all tables of the store."""
    with scene.store() as store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(store.execute(f"SELECT * FROM {name}"), key=repr) for name in sorted(tables)}


def test_check_is_clean_on_a_healthy_sandbox(scene: Scene) -> None:
    """All is well, exit code 0, and nothing written."""
    path = scene.change(redmine={"creator_role": "Bridge"})
    assert command(path, "check").text() == "All is well.\n"
    assert command(path, "check", "--json").json() == {"schema": "bridge/check/1", "problems": []}
    assert not [entry for entry in scene.sandbox.requests() if entry.is_write]


def test_check_names_what_is_missing(scene: Scene) -> None:
    """Every problem at once, exit code 1, and nothing about connections with --offline."""
    path = scene.change(redmine={"creator_role": "Bridge", "member_role": "Developr", "delivered_statuses": ["Done"]})
    scene.sandbox.control.change_role("Bridge", remove=("manage_members", "edit_wiki_pages"))
    try:
        found = command(path, "check").text(1)
    finally:
        scene.sandbox.control.change_role("Bridge", add=("manage_members", "edit_wiki_pages"))
    for words in ("Manage members", "Edit wiki pages", "no status “Done”", "no role “Developr”", "Developer"):
        assert words in found
    assert command(path, "check", "--offline").text() == "All is well.\n"
