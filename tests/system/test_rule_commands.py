"""`rules …`: what admins learn about their rules on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.app import App
from bridge.configuration import load
from bridge.model.incident import State
from bridge.usecases.explaining import explain_incident
from bridge.usecases.promote import Touched, look
from tests.system.commands import command
from tests.system.shelf import Shelf
from tests.system.stage import CONFIG

SCHEMA = CONFIG / "schema" / "rules.json"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """The shipped configuration."""
    return Shelf.at(tmp_path)


def rule(number: str, **more: Any) -> dict[str, Any]:
    """A rule that proposes."""
    return {
        "id": number,
        "title": f"Rule {number}",
        "match": {"field": "service", "equals": "Network"},
        "group_by": ["fields.Correlation Key"],
        "when": {"any": [{"recurs": {"at_least": 5, "within": "14d"}}]},
        "project": {"template": "network-problem", "owner": "jane"},
    } | more


def test_schema_is_the_shipped_one() -> None:
    assert command(None, "rules", "schema").text() == SCHEMA.read_text(encoding="utf-8")
    cases = SCHEMA.with_name("rule-tests.json").read_text(encoding="utf-8")
    assert command(None, "rules", "schema", "--tests").text() == cases


def test_check_of_good_rules(shelf: Shelf) -> None:
    assert command(shelf.config, "rules", "check").text() == "All is well.\n"
    assert command(shelf.config, "rules", "check", "--json").json() == {
        "schema": "bridge/rules-check/1",
        "problems": [],
    }


def test_check_tells_every_problem_of_every_file(shelf: Shelf) -> None:
    """Rules, and the directory that they name people of: each with its place and the nearest name; 2."""
    folder = shelf.folder
    network = folder / "rules" / "network.yaml"
    network.write_text(network.read_text().replace("at_least: 5", "at_leest: 5"))
    (folder / "rules" / "more.yaml").write_text("version: 1\nrules:\n  - {id: x, id: y}\n")
    directory = folder / "directory.yaml"
    directory.write_text(directory.read_text().replace("lead: mia", "lead: mai"))
    out = command(shelf.config, "rules", "check").text(2)
    assert f"error: {network}:17:20: unknown key “at_leest” (did you mean “at_least”?)" in out
    assert f"error: {folder / 'rules' / 'more.yaml'}:3:13: the key “id” stands here a second time" in out
    assert f"{directory}:" in out
    assert "did you mean “mia”?" in out
    problems = command(shelf.config, "rules", "check", "--json").json(2)["problems"]
    assert {problem["severity"] for problem in problems} == {"error"}
    assert all(problem["where"] and problem["what"] for problem in problems)


def test_check_ends_with_1_when_there_are_only_doubts(shelf: Shelf) -> None:
    """A rule that cannot fire, and one that another leaves nothing."""
    never = rule("never", match={"all": [{"field": "priority", "at_most": 2}, {"field": "priority", "at_least": 4}]})
    shelf.rules(rule("first"), rule("second"), never)
    out = command(shelf.config, "rules", "check").text(1)
    assert out.count("warning: ") == len(out.splitlines()) == 2
    assert "“never” can never fire" in out
    assert "“second” is left nothing: “first” at" in out
    assert len(command(shelf.config, "rules", "check", "--json").json(1)["problems"]) == 2


def test_explain(shelf: Shelf) -> None:
    """Every rule with every condition and reason, also the one that does not cover the incident."""
    passed = rule("vpn", match={"field": "service", "equals": "VPN"}, mode="auto")
    lacking = rule("sites", group_by=["fields.Site"])
    shelf.rules(rule("routers"), passed, lacking)
    shelf.take_in(*(shelf.incident(number, 10 - number) for number in range(1, 5)))
    out = command(shelf.config, "rules", "explain", "rt#4").text()
    assert out.startswith("rt #4 “Router R1: CPU at 99 %” (resolved), as the bridge saw it last\n")
    routers, vpn, sites = out.split("\n\n")[1:]
    assert routers.splitlines()[0].startswith("routers (propose, version ")
    assert routers.splitlines()[0].endswith("covers it")
    assert "yes service equals: Network; it is “Network”" in routers
    assert "nothing is done: no reason is there" in routers
    assert "no  recurs: 4 incidents, opened" in routers
    assert "(needed: 5 within 14d), window closes in" in routers
    assert vpn.splitlines()[0].endswith("passes over it")
    assert "no  service equals: VPN; it is “Network”" in vpn
    assert "no  recurs: no incident (needed: 5 within 14d)" in vpn
    assert "it is in no group of this rule: it has no fields.Site, by which the rule groups" in sites
    document = command(shelf.config, "rules", "explain", "rt#4", "--json").json()
    assert [one["covered"] for one in document["rules"]] == [True, False, True]
    assert [one["decision"] for one in document["rules"]] == ["nothing", None, None]
    (condition,) = [document["rules"][1]["conditions"]]
    assert condition == {
        "taken": "condition",
        "met": False,
        "where": "match",
        "asked": "service equals: VPN",
        "found": "“Network”",
    }
    assert document["rules"][0]["reasons"][0]["have"] == 4


def test_explain_tells_of_rules_that_come_round(shelf: Shelf) -> None:
    every = {
        "id": "patching",
        "title": "Patching",
        "when": {"any": [{"schedule": {"every": "month", "on": "last friday"}}]},
        "project": {"template": "routine", "owner": "jane", "to": "version", "in": "ops-routine"},
    }
    shelf.rules(rule("routers"), every)
    shelf.take_in(shelf.incident(1, 1))
    out = command(shelf.config, "rules", "explain", "rt#1").text()
    assert out.endswith("patching (propose) comes round every month on the last friday: no incident matters to it\n")
    document = command(shelf.config, "rules", "explain", "rt#1", "--json").json()
    assert document["scheduled"] == [{"id": "patching", "schedule": "every month on the last friday"}]
    assert [one["id"] for one in document["rules"]] == ["routers"]


def test_explain_names_what_is_not_there(shelf: Shelf) -> None:
    shelf.take_in(shelf.incident(1, 1))
    assert "RB-1205 rt #2: the store has no such incident." in command(shelf.config, "rules", "explain", "rt#2").err
    assert command(shelf.config, "rules", "explain", "rt#2").code == 1
    misspelt = command(shelf.config, "rules", "explain", "17")
    assert misspelt.text(2) == ""
    assert "For example rt#17." in misspelt.err
    other = command(shelf.config, "rules", "explain", "tr#1")
    assert other.text(2) == ""
    assert other.err == "RB-1212 incident “tr#1”: there is no source “tr”. sources are: rt\n"


def test_explain_agrees_with_the_daemon(shelf: Shelf) -> None:
    """The same decision as the daemon makes about the same incident; a similar summary in the group it was put in."""
    masked = rule("texts", group_by=["fingerprint"], similar=80)
    shelf.rules(rule("routers", mode="auto"), masked)
    shelf.take_in(
        *(shelf.incident(number, number, state=State.NEW) for number in range(1, 6)),
        shelf.incident(9, 0.5, summary="Router R1: CPU load at 97 %", fields={"Correlation Key": "core-2"}),
    )
    with App(load(shelf.config)) as app, app.database.reading() as uow:
        for number, incident in uow.incidents.scan(0, 99):
            for one in explain_incident(uow, app.configured, number, incident, shelf.now):
                assert one.view is not None
                (key,) = [
                    key
                    for key in uow.groups.keys(one.rule.id)
                    if number in dict(uow.groups.latest(one.rule.id, key, 99))
                ]
                assert one.view.key == key
                finding = look(uow, app.configured, Touched(one.rule, key, (number,)), shelf.now)
                assert finding is not None
                assert one.decision == finding.decision
                assert one.covered
        assert len(uow.groups.keys("texts")) == 1


def test_near_misses_are_told_the_nearest_first(shelf: Shelf) -> None:
    """4 of 5 before 3 of 5; what is far, promoted, too old or of a rule that is off is not told; at most so many."""
    shelf.rules(rule("routers"), rule("switched-off", mode="off"), rule("waiting", **OPEN_FOR))
    keys = {"three": 3, "four": 4, "two": 2, "five": 5}
    numbers = iter(range(1, 99))
    recent = [
        shelf.incident(next(numbers), day, fields={"Correlation Key": key})
        for key, count in keys.items()
        for day in range(1, count + 1)
    ]
    old = [shelf.incident(next(numbers), 100 + day, fields={"Correlation Key": "old"}) for day in range(4)]
    open_long = shelf.incident(next(numbers), 60, state=State.NEW, service="VPN", fields={"Correlation Key": "long"})
    shelf.take_in(*recent, *old, open_long)
    found = command(shelf.config, "rules", "near-misses", "--json").json()["near_misses"]
    told = [(one["rule"], one["group"], one["what"].split(",")[0]) for one in found]
    assert told == [
        ("waiting", "long", f"rt #{open_long.external_id} has been open for 60d"),
        ("routers", "four", "4 of 5"),
        ("routers", "three", "3 of 5"),
    ]
    assert "window closes in" in found[1]["what"]
    assert [one["nearness"] for one in found] == sorted((one["nearness"] for one in found), reverse=True)
    (first,) = command(shelf.config, "rules", "near-misses", "--limit", "1", "--json").json()["near_misses"]
    assert first == found[0] | {"nearness": first["nearness"]}
    assert "4 of 5, window closes in " in command(shelf.config, "rules", "near-misses").text()


OPEN_FOR: dict[str, Any] = {
    "match": {"field": "service", "equals": "VPN"},
    "when": {"any": [{"open_for": {"longer_than": "70d"}}]},
}


def test_no_near_miss(shelf: Shelf) -> None:
    shelf.take_in(shelf.incident(1, 1))
    assert command(shelf.config, "rules", "near-misses").text() == "No group is near.\n"
    assert json.loads(command(shelf.config, "rules", "near-misses", "--json").out)["near_misses"] == []


def test_cases_beside_the_rules_are_played(shelf: Shelf) -> None:
    """0 and what passed; 1 and what differs, with its place; 2 and what is wrong with a file."""
    out = command(shelf.config, "rules", "test").text()
    assert "pass  router-cpu: five alerts over three weeks are no reason\n" in out
    assert out.endswith("4 passed, 0 failed.\n")
    cases = shelf.folder / "rules" / "network.test.yaml"
    cases.write_text(CASES)
    out = command(shelf.config, "rules", "test").text(1)
    assert f"FAIL  router-cpu: four\n      {cases}:7:15: expected opened, but it was nothing: no reason is there" in out
    document = command(shelf.config, "rules", "test", str(cases), "--json").json(1)
    assert (document["schema"], document["passed"], document["failed"]) == ("bridge/rules-test/1", 0, 1)
    assert document["cases"][0]["where"] == f"{cases}:3:5"
    gap = {"rule": "router-cpu", "where": "when.any.0", "what": "no case in which the reason recurs is there"}
    assert gap in document["not_exercised"]
    cases.write_text(CASES.replace("opened", "nothing"))
    assert "Not exercised:\n" in command(shelf.config, "rules", "test", str(cases)).text()
    assert command(shelf.config, "rules", "test", str(cases), "--exercised").code == 1
    cases.write_text(CASES.replace("rule: router-cpu", "rule: router"))
    refused = command(shelf.config, "rules", "test")
    assert refused.text(2) == ""
    assert f"{cases}:4:11: no rule is called “router” (did you mean “router-cpu”?)" in refused.err
    assert f"error: {cases}:4:11: no rule is called" in command(shelf.config, "rules", "check").text(2)
    (shelf.folder / "rules" / "tests" / "network.yaml").unlink()
    cases.unlink()
    assert "There is no case" in command(shelf.config, "rules", "test").err


CASES = """\
version: 1
cases:
  - name: four
    rule: router-cpu
    usual: {summary: Router CPU, priority: 2, service: Network, state: resolved, fields: {Correlation Key: k}}
    incidents: [{at: 0d, times: 4, every: 1d}]
    expect: [ {at: 4d, outcome: opened} ]
"""


def test_a_nomination_is_called_by_a_name_that_a_project_can_have(shelf: Shelf) -> None:
    """One line of at most 200 characters, as of what rules find; a name without letters is none."""
    shelf.take_in(shelf.incident(1, 1), shelf.incident(2, 1))
    for number, name in ((1, "VPN\n " + "x" * 400), (2, "  ")):
        asked = ("promotions", "propose", "--incident", f"rt#{number}", "--reason", "again", "--name", name)
        command(shelf.config, *asked).text()
    rows = command(shelf.config, "promotions", "list", "--json").json()["promotions"]
    assert [row["name"] for row in rows] == ["VPN " + "x" * 196, "Router R1: CPU at 99 %"]


def test_near_misses_of_what_came_back_and_is_open(shelf: Shelf) -> None:
    """However long ago it was opened: it is open."""
    shelf.rules(rule("back", when={"any": [{"reopened": {"at_least": 3, "within": "30d"}}]}))
    shelf.take_in(shelf.incident(1, 90, state=State.IN_PROGRESS, reopen_count=2))
    near = command(shelf.config, "rules", "near-misses", "--json").json()["near_misses"]
    assert [one["what"] for one in near] == ["2 of 3 reopenings"]


def test_a_group_that_another_promotion_has_whole_is_no_candidate(shelf: Shelf) -> None:
    """It would become a project about nothing."""
    shelf.rules(rule("routers"), rule("others"))
    shelf.take_in(*(shelf.incident(number, 10 - number) for number in range(1, 6)))
    asked = ("promotions", "propose", "--group", "others:core-1", "--reason", "again")
    refused = command(shelf.config, *asked)
    assert refused.code == 1
    assert "rt #5 belongs to promotion 1 “Rule routers: core-1” (candidate)." in refused.err
    command(shelf.config, "promotions", "reject", "1", "--reason", "no").text()
    assert "promotion 2" in command(shelf.config, *asked).text()
