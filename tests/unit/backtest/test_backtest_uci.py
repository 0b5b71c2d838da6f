"""The public ServiceNow log through the shipped examples, against its reference figures."""

from __future__ import annotations

import json

import pytest
import yaml
from tests.unit.backtest.uci import EXAMPLES, LOG, REPOSITORY, needs_log, replayed
from typer.testing import CliRunner

from bridge.cli.main import cli
from bridge.usecases.backtest.replay import AsOf

REFERENCE = {
    "symptom-5-in-14d": (1349, 268, 3101),
    "subcategory-5-in-14d": (336, 164, 4728),
    "plain-subcategory-5-in-14d": (245, 123, 4774),
    "symptom-at-location-5-in-14d": (5273, 343, 1728),
    "caller-5-in-14d": (5244, 711, 1356),
    "symptom-3-in-7d": (1349, 395, 5357),
    "symptom-10-in-30d": (1349, 184, 1481),
}


def backtest(*options: str) -> str:
    """What the command prints."""
    command = ["rules", "backtest", "-c", str(EXAMPLES / "bridge.yaml"), "--history", str(LOG), *options]
    done = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@needs_log
def test_the_seven_rows_of_the_reference_table() -> None:
    """Each rule alone, by the last values, through the command."""
    told = json.loads(backtest("--as-of", "final", "--counting", "reset", "--json"))
    assert (told["schema"], told["as_of"], told["counting"]) == ("bridge/rules-backtest/1", "final", "reset")
    assert {one["id"]: (one["groups"], one["hot_groups"], one["firings"]) for one in told["rules"]} == REFERENCE
    assert told["history"]["incidents"] == 24_918


@needs_log
def test_the_head_says_how_it_was_counted() -> None:
    some = ("--rules", str(EXAMPLES / "rules" / "open-remove.yaml"))
    assert backtest("--as-of", "final", "--counting", "reset", *some).startswith("as of: final, counting: reset\n")
    assert backtest(*some).startswith("as of: event, counting: live\n")


@needs_log
def test_what_was_known_then_and_attaching_count_otherwise() -> None:
    """The default differs from both: by when values were known, and by how often a group fires."""
    name = "symptom-5-in-14d"
    event, final = (replayed("open-remove", as_of).rules[0] for as_of in AsOf)
    assert event.firings != final.firings
    (live,) = replayed("bridge", AsOf.EVENT, only=name).rules
    (same,) = replayed("bridge", AsOf.FINAL, only=name).rules
    assert (same.groups, same.hot_groups) == REFERENCE[name][:2]
    assert (live.groups, live.hot_groups) == (1829, 270)
    for told in (same, live):
        opened = [one.key for one in told.promotions if one.opened_at]
        assert len(opened) == len(set(opened)), "no project ends, so a group has one at most"
        assert {one.state for one in told.promotions if not one.opened_at} - {"candidate"} == {"expired"}
        assert told.firings >= told.hot_groups, "what limits hold back expires, and comes again"


@needs_log
@pytest.mark.parametrize(
    ("example", "as_of", "hours"),
    [
        ("open-remove", AsOf.FINAL, 85.702),
        ("open-pause", AsOf.FINAL, 116.898),
        ("open-remove", AsOf.EVENT, 86.113),
        ("open-pause", AsOf.EVENT, 116.993),
    ],
)
def test_mean_time_to_resolve_without_what_takes_longer_than_30_days(example: str, as_of: AsOf, hours: float) -> None:
    (rule,) = replayed(example, as_of).rules
    assert rule.own_times.resolved == 23_362
    assert rule.own_times.raw_hours == pytest.approx(178.172, abs=0.0005)
    assert rule.own_times.adjusted_hours == pytest.approx(hours, abs=0.0005)
    if example == "open-remove" and as_of is AsOf.FINAL:
        assert rule.own_times.removed == 1_149


def test_the_examples_read_the_log_as_the_source_example_does() -> None:
    source = yaml.safe_load((REPOSITORY / "config" / "sources" / "uci.yaml").read_text(encoding="utf-8"))
    for example in ("bridge", "open-remove", "open-pause"):
        settings = yaml.safe_load((EXAMPLES / f"{example}.yaml").read_text(encoding="utf-8"))
        assert settings["sources"] == [source]
