"""`rules diff`: what other rules would make of what the store knows."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.app import App
from bridge.configuration import load
from bridge.model.incident import State
from bridge.model.promotion import PromotionState
from tests.system.commands import command
from tests.system.shelf import Shelf

Document = dict[str, Any]


def rule(number: str, **more: Any) -> dict[str, Any]:
    """A rule that proposes."""
    return {
        "id": number,
        "title": f"Rule {number}",
        "match": {"field": "service", "equals": "Network"},
        "group_by": ["fields.Correlation Key"],
        "when": {"any": [{"recurs": {"at_least": 3, "within": "14d"}}]},
        "project": {"template": "network-problem", "owner": "jane"},
    } | more


OLD = (rule("routers"), rule("vpn", match={"field": "service", "equals": "VPN"}))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Two rules in force: a candidate of three routers' alerts, two of which are open, and one open VPN incident."""
    found = Shelf.at(tmp_path)
    found.rules(*OLD)
    found.take_in(
        found.incident(1, 3),
        found.incident(2, 2, state=State.NEW, priority=3),
        found.incident(3, 1, state=State.NEW),
        found.incident(4, 1, state=State.NEW, service="VPN", fields={"Correlation Key": "vpn-1"}),
    )
    return found


def written(shelf: Shelf, *rules: dict[str, Any]) -> str:
    """A folder with other rules."""
    folder = shelf.folder / "other"
    folder.mkdir(exist_ok=True)
    (folder / "rules.yaml").write_text(yaml.safe_dump({"version": 1, "rules": list(rules)}), encoding="utf-8")
    return str(folder)


def diff(shelf: Shelf, *rules: dict[str, Any], code: int = 1) -> Document:
    """What is told about other rules than those in force."""
    other = written(shelf, *rules)
    return command(shelf.config, "rules", "diff", str(shelf.folder / "rules"), other, "--json").json(code)


def digest(shelf: Shelf) -> str:
    """The store's file as it is."""
    return hashlib.sha256((shelf.folder / "bridge.sqlite3").read_bytes()).hexdigest()


def test_the_same_rules(shelf: Shelf) -> None:
    """0, as a folder, a file or a pattern, also with what is usual written out."""
    told = diff(shelf, rule("routers", mode="propose"), OLD[1], code=0)
    assert told["schema"] == "bridge/rules-diff/1"
    assert not told["differs"]
    assert [one["change"] for one in told["rules"]] == ["unchanged", "unchanged"]
    assert (told["incidents"], told["findings"], told["candidates"]) == ([], [], [])
    file, pattern = shelf.folder / "rules" / "network.yaml", shelf.folder / "rules" / "*.yaml"
    out = command(shelf.config, "rules", "diff", str(file), str(pattern)).text()
    assert out == "Rules: 2 unchanged, 0 not\nThere is no difference.\n"


def test_another_group_by(shelf: Shelf) -> None:
    """Open incidents change their group, and the candidate loses its own; nothing is written."""
    before = digest(shelf)
    told = diff(shelf, rule("routers", group_by=["service"]), OLD[1])
    assert digest(shelf) == before
    (change, _) = told["rules"]
    assert (change["id"], change["change"]) == ("routers", "changed")
    assert change["what"] == ['group_by: ["fields.Correlation Key"] → ["service"]']
    assert [one["incident"] for one in told["incidents"]] == ["rt #2", "rt #3"]
    for one in told["incidents"]:
        assert [(each["rule"], each["group"]) for each in one["before"]] == [("routers", "core-1")]
        assert [(each["rule"], each["group"]) for each in one["after"]] == [("routers", "Network")]
    (candidate,) = told["candidates"]
    assert candidate["before"]["justified"]
    assert candidate["before"]["incidents"] == 3
    assert candidate["after"] == {"justified": False, "what": "its group is gone", "incidents": 0}


def test_a_stricter_match(shelf: Shelf) -> None:
    """An incident is covered no more, and the candidate keeps its group but not its reasons."""
    strict = {"all": [{"field": "service", "equals": "Network"}, {"field": "priority", "at_most": 2}]}
    told = diff(shelf, rule("routers", match=strict), OLD[1])
    (moved,) = told["incidents"]
    assert (moved["incident"], len(moved["before"]), moved["after"]) == ("rt #2", 1, [])
    (candidate,) = told["candidates"]
    assert not candidate["after"]["justified"]
    assert candidate["after"]["incidents"] == 2
    assert "2 incidents" in candidate["after"]["what"]
    assert "needed: 3 within 14d" in candidate["after"]["what"]


def test_another_mode(shelf: Shelf) -> None:
    """Off covers nothing and justifies nothing; the other way round is told the other way round."""
    told = diff(shelf, rule("routers", mode="off"), OLD[1])
    assert told["rules"][0]["what"] == ["mode: propose → off"]
    assert [(one["incident"], one["after"]) for one in told["incidents"]] == [("rt #2", []), ("rt #3", [])]
    assert told["candidates"][0]["after"]["what"] == "the rule is off"
    other, rules = str(shelf.folder / "other"), str(shelf.folder / "rules")
    back = command(shelf.config, "rules", "diff", other, rules, "--json").json(1)
    assert [(one["before"], len(one["after"])) for one in back["incidents"]] == [([], 1), ([], 1)]


def test_a_rule_that_is_gone(shelf: Shelf) -> None:
    told = diff(shelf, OLD[1])
    assert [(one["id"], one["change"]) for one in told["rules"]] == [("vpn", "unchanged"), ("routers", "gone")]
    assert [one["incident"] for one in told["incidents"]] == ["rt #2", "rt #3"]
    assert told["candidates"][0]["after"]["what"] == "there is no such rule"
    assert told["exclusions"]["policies"] == [{"rule": "routers", "before": "pause", "after": None}]


def test_a_new_finding(shelf: Shelf) -> None:
    """A lower threshold finds the VPN's incident: a candidate also where the rule acts by itself, because it is old."""
    auto = rule("vpn", match=OLD[1]["match"], when={"any": [{"recurs": {"at_least": 1, "within": "14d"}}]}, mode="auto")
    told = diff(shelf, OLD[0], auto)
    (found,) = told["findings"]
    assert (found["rule"], found["group"], found["before"], found["after"]) == ("vpn", "vpn-1", "nothing", "candidate")
    assert "all of this happened before it became active" in found["why"]
    assert (told["incidents"], told["candidates"], told["findings_in_all"]) == ([], [], 1)
    shadow = diff(shelf, OLD[0], auto | {"mode": "shadow"})
    assert shadow["findings"][0]["after"] == "candidate (in shadow: only recorded)"


def test_another_order_changes_who_claims(shelf: Shelf) -> None:
    both = rule("anything", match={"field": "priority", "exists": True}, group_by=["service"])
    first = diff(shelf, *OLD, both)
    assert not first["reordered"]
    assert [one["after"][-1]["rule"] for one in first["incidents"]] == ["anything"] * 3
    told = diff(shelf, both | {"priority": 1}, *OLD)
    assert [[each["rule"] for each in one["after"]] for one in told["incidents"]] == [
        ["anything", "routers"],
        ["anything", "routers"],
        ["anything", "vpn"],
    ]


def test_similar_summaries_are_grouped_as_an_activation_would(shelf: Shelf) -> None:
    told = diff(shelf, rule("routers", group_by=["fingerprint"], similar=80), OLD[1])
    groups = {one["after"][0]["group_key"] for one in told["incidents"]}
    assert len(groups) == 1
    assert [one["before"][0]["group"] for one in told["incidents"]] == ["core-1", "core-1"]


def test_running_projects_keep_their_terms(shelf: Shelf) -> None:
    with App(load(shelf.config)) as app, app.database.transaction() as uow:
        (promotion,) = uow.promotions.in_states()
        uow.promotions.save(replace(promotion, state=PromotionState.ACTIVE))
    told = diff(shelf, rule("routers", kpi="remove"), OLD[1])
    assert told["exclusions"]["policies"] == [{"rule": "routers", "before": "pause", "after": "remove"}]
    (running,) = told["exclusions"]["running"]
    assert (running["kept"], running["new_ones"], running["takes_later_incidents"]) == (
        "pause",
        {"before": "pause", "after": "remove"},
        True,
    )
    assert told["candidates"] == []
    out = command(shelf.config, "rules", "diff", str(shelf.folder / "rules"), str(shelf.folder / "other")).text(1)
    assert "Running projects keep the terms that they were opened with:\n" in out
    assert "kpi: pause → remove" in out


def test_the_table(shelf: Shelf) -> None:
    other = written(shelf, rule("routers", group_by=["service"]))
    out = command(shelf.config, "rules", "diff", str(shelf.folder / "rules"), other).text(1)
    parts = out.split("\n\n")
    assert parts[0].startswith("Rules: 0 unchanged, 2 not\n")
    assert parts[1].startswith("Open incidents that other rules cover, in another order, or in another group (3)\n")
    assert "routers: core-1" in parts[1]
    assert "no rule" in parts[1]
    assert [part.splitlines()[0] for part in parts[2:]] == [
        "Groups about which something else is decided now",
        "Candidates that wait",
        "Exclusions from the KPIs",
    ]
    assert "not justified, 0 incidents: its group is gone" in parts[3]


def test_wrong_files_are_told_all_at_once(shelf: Shelf) -> None:
    """2, with the place of every problem of both; a name that is not there as well."""
    other = Path(written(shelf, rule("routers", mode="sometimes"), rule("vpn", group_by=["sight"])))
    rules = shelf.folder / "rules" / "network.yaml"
    broken = shelf.folder / "broken.yaml"
    broken.write_text(rules.read_text(encoding="utf-8").replace("at_least", "at_leest"), encoding="utf-8")
    refused = command(shelf.config, "rules", "diff", str(broken), str(other))
    assert refused.text(2) == ""
    assert f"{broken}:" in refused.err
    assert refused.err.count("unknown key “at_leest”") == 2
    lines = [line for line in refused.err.splitlines() if line.startswith(f"{other / 'rules.yaml'}:")]
    assert len(lines) == 2
    assert all(line.split(":")[1].isdigit() and line.split(":")[2].isdigit() for line in lines)
    missing = command(shelf.config, "rules", "diff", str(rules), str(shelf.folder / "nowhere"))
    assert missing.code == 2
    assert "no file of rules was found" in missing.err
