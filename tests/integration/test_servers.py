"""The real servers start, hold what their recipes promise, and end."""

from __future__ import annotations

import hashlib
import hmac
import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.servers import common
from tests.servers.common import ServerFailed
from tests.servers.fixture import provide
from tests.servers.postgres import PostgresServer
from tests.servers.receiver import running_receiver
from tests.servers.redmine import RedmineServer, start_redmine
from tests.servers.rt import RtServer, start_rt

REPOSITORY = Path(__file__).parents[2]


def test_one_process_of_several_has_the_servers(request: pytest.FixtureRequest, redmine: RedmineServer) -> None:
    """Else each would start its own, and tests that share data would meet in any order."""
    is_grouped = getattr(request.config.option, "loadgroup", False)
    assert request.node.nodeid.endswith("@servers") or not is_grouped, "pytest-xdist does not keep groups together"


# --- Redmine ---------------------------------------------------------------------------------------------------------


def test_bridge_account_of_redmine_is_no_administrator(redmine: RedmineServer) -> None:
    """It is itself, and what only administrators may is refused."""
    bridge = redmine.as_user("itsm-sync")
    assert bridge.ok("GET", "/users/current.json")["user"]["login"] == "itsm-sync"
    assert bridge("GET", "/users.json").status_code == 403
    assert bridge("GET", "/custom_fields.json").status_code == 403
    assert redmine.admin_api("GET", "/users.json").status_code == 200


def test_people_of_redmine(redmine: RedmineServer) -> None:
    """Everybody has the key that is said; the leaver is locked out; names are kept in Chinese."""
    for login in ("jane", "ben", "mia", "li"):
        user = redmine.as_user(login).ok("GET", "/users/current.json")["user"]
        person = redmine.people[login]
        assert (user["login"], user["id"]) == (login, person.id)
        assert redmine.admin_api("GET", f"/users/{person.id}.json").json()["user"]["mail"] == person.mail
    assert redmine.people["li"].name == "雷 李"
    assert redmine.as_user("gone")("GET", "/users/current.json").status_code == 401
    members = redmine.as_user("itsm-sync").ok("GET", f"/projects/{redmine.parent_project}/memberships.json")
    roles = {row["user"]["id"]: [role["name"] for role in row["roles"]] for row in members["memberships"]}
    assert roles[redmine.people["itsm-sync"].id] == ["Bridge"]
    assert roles[redmine.people["jane"].id] == ["Manager"]
    assert roles[redmine.people["ben"].id] == ["Developer"]


def test_bridge_opens_a_private_project_and_does_all_it_has_to(fresh_redmine: RedmineServer) -> None:
    """One pass through every right that opening, syncing and closing a project needs, as the bridge's account."""
    server, bridge = fresh_redmine, fresh_redmine.as_user("itsm-sync")
    project = {
        "name": "Router",
        "identifier": "itsm-router-1",
        "parent_id": server.parent_project_id,
        "is_public": False,
        "enabled_module_names": ["issue_tracking", "wiki", "time_tracking"],
        "custom_fields": [{"id": server.custom_fields["ITSM case"], "value": "CASE-1"}],
    }
    made = bridge.ok("POST", "/projects.json", {"project": project})["project"]
    assert made["is_public"] is False
    assert server.as_user("ben")("GET", "/projects/itsm-router-1.json").status_code == 403
    mine = bridge.ok("GET", "/projects/itsm-router-1/memberships.json")["memberships"]
    assert [[role["name"] for role in row["roles"]] for row in mine] == [[server.creator_role]]

    member = {"user_id": server.people["ben"].id, "role_ids": [server.roles["Developer"]]}
    bridge.ok("POST", "/projects/itsm-router-1/memberships.json", {"membership": member})
    bridge.ok("POST", "/projects/itsm-router-1/versions.json", {"version": {"name": "Delivery"}})
    bridge.ok("POST", "/projects/itsm-router-1/issue_categories.json", {"issue_category": {"name": "Network"}})

    def issue(subject: str, **more: object) -> int:
        body = {"project_id": "itsm-router-1", "tracker_id": server.trackers["Bug"], "subject": subject, **more}
        return int(bridge.ok("POST", "/issues.json", {"issue": body})["issue"]["id"])

    correlation = {"id": server.custom_fields["ITSM incident"], "value": "RT #1"}
    root = issue("Root", is_private=True, custom_fields=[correlation])
    child = issue("Task", parent_issue_id=root, assigned_to_id=server.people["ben"].id)
    other = issue("Other")
    bridge.ok("POST", f"/issues/{child}/relations.json", {"relation": {"issue_to_id": other}})
    bridge.ok("PUT", "/projects/itsm-router-1/wiki/Evidence.json", {"wiki_page": {"text": "h1. Evidence"}})
    bridge.ok(
        "POST",
        "/time_entries.json",
        {"time_entry": {"issue_id": child, "hours": 1, "activity_id": server.activities["Development"]}},
    )
    bridge.ok("PUT", f"/issues/{child}.json", {"issue": {"notes": "between us", "private_notes": True}})
    journal = bridge.ok("GET", f"/issues/{child}.json?include=journals")["issue"]["journals"][-1]
    assert (journal["notes"], journal["private_notes"]) == ("between us", True)
    assert bridge.ok("GET", f"/issues/{root}.json")["issue"]["is_private"] is True
    found = bridge.ok("GET", f"/issues.json?cf_{correlation['id']}=RT%20%231&status_id=*")
    assert [row["id"] for row in found["issues"]] == [root]

    for status in server.statuses.values():
        bridge.ok("PUT", f"/issues/{other}.json", {"issue": {"status_id": status}})
        assert bridge.ok("GET", f"/issues/{other}.json")["issue"]["status"]["id"] == status
    bridge.ok("PUT", "/projects/itsm-router-1/close.json")
    assert bridge.ok("GET", "/projects/itsm-router-1.json")["project"]["status"] == 5


@pytest.mark.real
def test_creator_without_the_right_to_choose_publicity() -> None:
    """From 5.1 such a creator's private project comes out public; before, the right is unknown and it stays private."""
    with provide(partial(start_redmine, creator_may_publish=False)) as server:
        project = {"name": "x", "identifier": "x", "parent_id": server.parent_project_id, "is_public": False}
        made = server.as_user("itsm-sync").ok("POST", "/projects.json", {"project": project})["project"]
        knows_the_right = not server.version.startswith("5.0.")
        assert server.creator_role == ("Bridge without publicity" if knows_the_right else "Bridge")
        assert made["is_public"] is knows_the_right


def test_redmine_resets_while_it_runs(fresh_redmine: RedmineServer) -> None:
    """Data and files are gone, the seed is there, and ids begin again."""
    bridge = fresh_redmine.as_user("itsm-sync")
    body = {"issue": {"project_id": "operations", "tracker_id": 1, "subject": "x"}}
    for _ in range(3):
        token = bridge.ok(
            "POST", "/uploads.json?filename=a.txt", data=b"x", headers={"Content-Type": "application/octet-stream"}
        )
        first = {**body["issue"], "uploads": [{"token": token["upload"]["token"], "filename": "a.txt"}]}
        assert bridge.ok("POST", "/issues.json", {"issue": first})["issue"]["id"] == 1
        assert any((fresh_redmine.instance.directory / "files").iterdir())
        fresh_redmine.reset()
        assert bridge("GET", "/issues/1.json").status_code == 404
        assert not any((fresh_redmine.instance.directory / "files").iterdir())


def test_default_notifications_reach_the_mailbox(mail_redmine: RedmineServer) -> None:
    """An issue assigned to jane mails her once and nobody else; one that is nobody's mails nobody."""
    bridge = mail_redmine.as_user("itsm-sync")
    nobodys = {"project_id": "operations", "tracker_id": 1, "subject": "unassigned"}
    bridge.ok("POST", "/issues.json", {"issue": nobodys})
    assert mail_redmine.mails() == []
    janes = {**nobodys, "subject": "路由器 CPU", "assigned_to_id": mail_redmine.people["jane"].id}
    bridge.ok("POST", "/issues.json", {"issue": janes})
    (mail,) = mail_redmine.mails()
    assert mail.recipients == (mail_redmine.people["jane"].mail,)
    assert "路由器 CPU" in mail.subject
    assert "has been reported by ITSM Sync" in mail.text


# --- RT --------------------------------------------------------------------------------------------------------------


def test_rt_token_and_zone(fresh_rt: RtServer) -> None:
    """The token is the bridge's, and its account reads times in UTC."""
    account = fresh_rt.rest("GET", "/user/itsm-sync").json()
    assert (account["Name"], account["Timezone"]) == ("itsm-sync", "UTC")
    assert fresh_rt.as_user("itsm-sync").ok("GET", "/rt")["Version"] == fresh_rt.version
    assert common.answers(f"{fresh_rt.rest_url}/rt", 401)


def test_rt_ticket_life(fresh_rt: RtServer) -> None:
    """A person's ticket, a private note of the bridge, its fields; correspondence opens a resolved ticket again."""
    fields = {"Service": "network", "Correlation Key": "router-1"}
    number = fresh_rt.create_ticket("Router 雷 CPU", Priority=20, CustomFields=fields)
    ticket = fresh_rt.rest("GET", f"/ticket/{number}").json()
    assert (ticket["Subject"], ticket["Creator"]["id"], ticket["Status"]) == ("Router 雷 CPU", "alice", "new")
    values = {row["name"]: row["values"] for row in ticket["CustomFields"]}
    assert (values["Service"], values["Correlation Key"]) == (["network"], ["router-1"])
    note = {"Content": "between us", "ContentType": "text/plain"}
    assert fresh_rt.rest("POST", f"/ticket/{number}/comment", note).status_code == 201

    def status() -> str:
        return str(fresh_rt.rest("GET", f"/ticket/{number}").json()["Status"])

    fresh_rt.as_user("bob").ok("PUT", f"/ticket/{number}", {"Status": "resolved"})
    fresh_rt.as_user("itsm-sync").ok("POST", f"/ticket/{number}/comment", note)
    assert status() == "resolved"
    fresh_rt.as_user("bob").ok("POST", f"/ticket/{number}/correspond", note)
    assert status() == "open"


def test_rt_resets_while_it_runs(fresh_rt: RtServer) -> None:
    """No process of RT shows what was there before, and ids begin again."""
    for round_ in range(5):
        subject = f"round {round_}"
        assert fresh_rt.create_ticket(subject) == 1
        fresh_rt.as_user("itsm-sync").ok("PUT", "/ticket/1", {"Status": "open"})
        with ThreadPoolExecutor(4) as readers:  # all of its processes
            seen = list(readers.map(lambda _: fresh_rt.rest("GET", "/ticket/1").json(), range(8)))
        assert {(row["Subject"], row["Status"]) for row in seen} == {(subject, "open")}
        fresh_rt.reset()
        with ThreadPoolExecutor(4) as readers:
            assert set(readers.map(lambda _: fresh_rt.rest("GET", "/ticket/1").status_code, range(8))) == {404}


@pytest.mark.real
def test_rt_with_a_hook_and_another_zone() -> None:
    """Changes are posted, signed over time stamp and body; the account has the zone asked for; both survive a reset."""
    with (
        running_receiver() as hook,
        provide(partial(start_rt, hook_url=hook.url, hook_secret="it's \\ me", timezone="Asia/Seoul")) as server,
    ):
        server.reset()
        assert server.rest("GET", "/user/itsm-sync").json()["Timezone"] == "Asia/Seoul"
        number = server.create_ticket("hooked")
        assert hook.requests, "RT posts before it answers"
        headers, body = hook.requests[0]
        signed = hmac.new(b"it's \\ me", f"{headers['X-RT-Timestamp']}.".encode() + body, hashlib.sha256).hexdigest()
        assert headers["X-RT-Signature"] == f"sha256={signed}"
        told = json.loads(body)
        assert (told["event"], told["ticket"]["id"], told["ticket"]["subject"]) == ("ticket.created", number, "hooked")


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def test_postgres_gives_empty_databases(postgres: PostgresServer, postgres_url: str) -> None:
    """SQLAlchemy with psycopg connects; databases are apart from each other; a used one can be dropped."""
    with postgres.database() as other_url:
        assert other_url != postgres_url
        other = sa.create_engine(other_url)
        with other.begin() as connection:
            connection.execute(sa.text("create table t (x int)"))
        mine = sa.create_engine(postgres_url)
        assert (sa.inspect(other).get_table_names(), sa.inspect(mine).get_table_names()) == (["t"], [])
        mine.dispose()
    with pytest.raises(sa.exc.OperationalError, match="does not exist"):
        sa.create_engine(other_url).connect()
    other.dispose()


def test_server_ends_with_the_process_that_started_it(postgres: PostgresServer) -> None:
    """After kill -9 of its owner a server is stopped, and its folder removed."""
    code = "from tests.servers.postgres import start_postgres; import time; s = start_postgres()\n"
    code += "print(s.instance.directory, flush=True); time.sleep(600)"
    owner = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    with owner.stdout:
        directory = Path(owner.stdout.readline().strip())
    assert directory.parent == postgres.instance.directory.parent
    pid = int((directory / "server.pid").read_text())
    assert runs(pid)
    owner.send_signal(signal.SIGKILL)
    owner.wait(timeout=30)
    end = time.monotonic() + 60
    while directory.exists():
        assert time.monotonic() < end, "still there a minute after its owner's death"
        time.sleep(0.1)
    assert not runs(pid)
    assert postgres.instance.alive(), "other servers are left alone"


def test_developers_server_ends_on_ctrl_c(postgres: PostgresServer) -> None:
    """`python -m tests.servers` prints the address and ends cleanly."""
    # Whoever starts the tests in the background has them ignore Ctrl-C, and with them what they start.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "tests.servers", "postgres"]
    shown = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert shown.stdout is not None
    key, url = shown.stdout.readline().strip().split("=", 1)
    assert key == "POSTGRES_URL"
    engine = sa.create_engine(url)
    engine.connect().close()
    engine.dispose()
    shown.send_signal(signal.SIGINT)
    shown.communicate(timeout=60)
    assert shown.returncode == 0
    with pytest.raises(sa.exc.OperationalError):
        sa.create_engine(url).connect()


def test_failed_recipe_tells_what_it_said(postgres: PostgresServer) -> None:
    """Whoever reads the report sees the script's own words."""
    with pytest.raises(ServerFailed, match=r"an instance named .* exists already"):
        common.run_script("postgres", "start.sh", postgres.instance.name, str(common.free_port()))


# --- helpers ---------------------------------------------------------------------------------------------------------


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except (FileNotFoundError, ProcessLookupError):
        return False
