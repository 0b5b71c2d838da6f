"""What is wrong in `notify` is told with its place, all at once, and no secret is shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bridge.configuration import load_with_warnings
from bridge.model.notice import NoticeKind

HEAD = """\
version: 1
redmine: {url: "http://redmine.example", parent_project: operations, api_key: 0123456789abcdef}
sources: [{name: rt, kind: rt, url: "http://rt.example", token: 1-23-4567890123456789, query: "id > 0"}]
rules: []
directory: directory.yaml
notify:
"""
PEOPLE = """\
version: 1
people:
  ann: {name: Ann, mail: ann@example.com, redmine: {id: 5}}
teams:
  network: {members: [ann], lead: ann}
"""
SECRET = "the-key-in-the-address"


def problems(folder: Path, text: str) -> list[str]:
    """What is said about settings with this `notify`, without the folder."""
    (folder / "directory.yaml").write_text(PEOPLE, encoding="utf-8")
    (folder / "bridge.yaml").write_text(HEAD + text, encoding="utf-8")
    _, found = load_with_warnings(folder / "bridge.yaml")
    return [str(one).replace(f"{folder}{os.sep}", "") for one in found if one.severity == "error"]


CHANNELS = f"""\
  channels:
    mail: {{kind: email, host: smtp.example.com, sender: bridge@example.com}}
    room: {{kind: wecom, url: "https://qyapi.example/send?key={SECRET}", mentions: {{ann: ann.w}}}}
"""


def test_people_whom_no_message_can_reach_are_named_beforehand(tmp_path):
    people = PEOPLE.replace("teams:", "  bob: {name: Bob, redmine: {id: 6}}\nteams:")
    route = "  routes: [{events: [all], to: [owner], channels: [%s]}]\n"

    def warned(channel: str) -> list[str]:
        problems(tmp_path, CHANNELS + route % channel)
        (tmp_path / "directory.yaml").write_text(people, encoding="utf-8")
        _, found = load_with_warnings(tmp_path / "bridge.yaml")
        return [one.what for one in found if one.severity == "warning" and "has no address" in one.what]

    assert warned("mail") == ["has no address of bob: they hear of nothing"]
    assert warned("room") == []


@pytest.mark.parametrize(
    ("ledger", "route", "warns"),
    [
        ('{page: ""}', "", True),
        ('{page: ""}', '{events: [all], to: ["address:a@b.c"], channels: [mail]}', False),
        ('{page: ""}', "{events: [ledger_head], channels: [room]}", False),
        ('{page: ""}', "{events: [ledger_head], to: [owner], channels: [mail]}", True),
        ('{page: ""}', '{events: [ledger_head], to: ["team:network"], channels: [mail], priorities: [1]}', True),
        ('{page: ""}', '{events: [slip], to: ["team:network"], channels: [mail]}', True),
        ("{page: Ledger}", "", False),
    ],
)
def test_a_ledger_whose_head_goes_nowhere_is_told(tmp_path, ledger, route, warns):
    assert problems(tmp_path, f"{CHANNELS}  routes: [{route}]\nledger: {ledger}\n") == []
    _, found = load_with_warnings(tmp_path / "bridge.yaml")
    told = [one for one in found if "published nowhere" in one.what]
    assert [(one.severity, one.where.rpartition("bridge.yaml:")[2]) for one in told] == [("warning", "11:16")] * warns


def test_a_lease_that_warns_too_early_has_a_place(tmp_path):
    one, *more = problems(tmp_path, "  routes: []\nledger:\n  lease: {days: 2, warn: 5}\n")
    assert not more, more
    assert one.startswith("bridge.yaml:9:10: ")
    assert "warn must be less than days, such as warn: 1" in one


def test_a_full_example_is_taken(tmp_path):
    text = (
        CHANNELS
        + """\
  quiet_hours: 20:00-07:00
  digest_at: "08:30"
  routes:
    - {events: [all], to: [owner, "team:network", "person:ann", "role:reviewer", "address:a@b.c"], channels: [mail]}
    - {events: [sla_escalation], priorities: [1], channels: [mail, room], quiet_hours: false, digest: true}
  escalation: {resolution: by_bridge, after: {1: [0m, 30m]}, other: [1h]}
  reminders: {on: true}
"""
    )
    assert problems(tmp_path, text) == []
    configuration, _ = load_with_warnings(tmp_path / "bridge.yaml")
    policy = configuration.settings.notify.policy()
    assert policy.routes[0].kinds == frozenset(NoticeKind)
    assert policy.escalation.clocks == {"resolution"}
    assert policy.digest_at.isoformat() == "08:30:00"
    assert SECRET not in repr(configuration.settings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            CHANNELS + "  routes:\n    - {events: [task_dew], channels: [mail]}\n",
            "bridge.yaml:11:17: there is no event “task_dew” (did you mean “task_due”?)",
        ),
        (
            CHANNELS + "  routes:\n    - {events: [slip], channels: [mial]}\n",
            "bridge.yaml:11:35: there is no channel “mial” (did you mean “mail”?)",
        ),
        (
            CHANNELS + "  routes:\n    - {events: [slip], to: [ownr], channels: [mail]}\n",
            "bridge.yaml:11:29: “ownr” is nobody who can be told (did you mean “owner”?)",
        ),
        (
            CHANNELS + '  routes:\n    - {events: [slip], to: ["person:anne"], channels: [mail]}\n',
            "bridge.yaml:11:29: there is no person “anne” (did you mean “ann”?)",
        ),
        (
            CHANNELS + '  routes:\n    - {events: [slip], to: ["team:netwrk"], channels: [mail]}\n',
            "bridge.yaml:11:29: there is no team “netwrk” (did you mean “network”?)",
        ),
        (
            CHANNELS.replace("ann: ann.w", "anne: ann.w"),
            "there is no person “anne” (did you mean “ann”?)",
        ),
        ("  channels:\n    mail: {kind: emial}\n", "bridge.yaml:8:18: “kind”"),
        ("  channels:\n    mail: {kind: email, hots: a, sender: a@b.c}\n", "unknown key “hots” (did you mean “host”?)"),
        ("  chanels: {}\n", "bridge.yaml:7:3: unknown key “chanels” (did you mean “channels”?)"),
        ("  quiet_hours: 20\n", "bridge.yaml:7:16: “quiet_hours”: “20” is no span of time"),
        ("  escalation: {other: [2h, 1h]}\n", "is not in order"),
        ("  channels: {bot: {kind: wecom}}\n", "“url” is missing"),
        ("  channels: {bot: {kind: webhook, url: 'https://a.example'}}\n", "“secret_key” is missing"),
        ("  channels: {bot: {kind: wecom, url_file: nowhere}}\n", "cannot be read"),
        (f"  channels: {{bot: {{kind: wecom, url: '{SECRET}'}}}}\n", "“url” is no web address"),
        (f"  channels: {{bot: {{kind: apprise, url: 'feishu://{SECRET}'}}}}\n", "does not notice when feishu refuses"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_what_would_be_right(tmp_path, text, said):
    found = problems(tmp_path, text)
    assert any(said in one for one in found), found
    assert not any(SECRET in one for one in found)


def test_a_key_may_come_from_the_environment_or_a_file(tmp_path, monkeypatch):
    text = "  channels: {bot: {kind: dingtalk, url_file: url, secret_key: x}}\n"
    (tmp_path / "url").write_text(f"https://oapi.example/send?access_token={SECRET}\n", encoding="utf-8")
    monkeypatch.setenv("BRIDGE_NOTIFY__CHANNELS__BOT__SECRET_KEY", "SEC-from-outside")
    assert problems(tmp_path, text) == []
    configuration, _ = load_with_warnings(tmp_path / "bridge.yaml")
    options = configuration.settings.notify.channels["bot"]
    assert options.key("bot") == "SEC-from-outside"
    assert options.address("bot").endswith(SECRET)


def test_every_shipped_example_of_a_channel_is_right(tmp_path):
    lines = (Path(__file__).parents[3] / "config" / "bridge.yaml").read_text("utf-8").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("# notify:"))
    block = []
    for line in lines[first + 1 :]:
        if not line.startswith("#   "):
            break
        block.append(line[2:])
    for name in ("smtp-password", "wecom-url", "dingtalk-url", "dingtalk-secret", "feishu-url", "feishu-secret"):
        (tmp_path / name).write_text("https://service.example/send?key=1", encoding="utf-8")
    for name in ("pager-url", "pager-secret"):
        (tmp_path / name).write_text("https://pager.example/in", encoding="utf-8")
    assert problems(tmp_path, "\n".join(block).replace("jane: jane.doe", "ann: ann.w") + "\n") == []
