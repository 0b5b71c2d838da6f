"""The HTTP server, the pages, and the program."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest
import requests
from sandbox_api import BEN, DEVELOPER, TIMEOUT


def talk(url, *requests_sent):
    """What the server answers on one connection."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=TIMEOUT) as connection:
        connection.sendall("".join(requests_sent).encode())
        connection.shutdown(socket.SHUT_WR)
        found = b""
        while chunk := connection.recv(65536):
            found += chunk
    return found.decode()


def test_connection_is_kept_alive(sandbox):
    request = "GET /projects.json HTTP/1.1\r\nHost: x\r\n\r\n"
    assert talk(sandbox.redmine.url, request, request).count("HTTP/1.1 200 OK") == 2


def test_body_of_unknown_length_is_refused(sandbox):
    request = "POST /issues.json HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert talk(sandbox.redmine.url, request).startswith("HTTP/1.1 411")


def test_head_has_the_headers_of_get_and_no_body(sync):
    answer = sync("HEAD", "/users/current.json")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 0


def test_unknown_method_is_refused(sync):
    assert sync("PATCH", "/issues/1.json", {}).status_code == 404
    assert sync("BREW", "/issues/1.json").status_code == 501


def test_stopped_sandbox_leaves_no_threads_and_no_listener(sandbox, sync):
    sync("GET", "/users/current.json")
    url = sandbox.redmine.url
    sandbox.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=2)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("sandbox-") and thread.is_alive()]


def look(url):
    answer = requests.get(url, headers={"Accept": "text/html"}, timeout=TIMEOUT)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer


EVIL = "<script>alert(1)</script>"


def test_redmine_pages_escape_everything(sandbox, sync):
    sync.project("net", name=EVIL, description=EVIL, custom_fields=[{"id": 2, "value": EVIL}])
    root = sync.issue(EVIL, project_id="net", description=EVIL, due_date="2026-12-24")
    task = sync.issue("kid", project_id="net", parent_issue_id=root, start_date="2026-12-01", due_date="2026-12-04")
    other = sync.issue("other", project_id="net", watcher_user_ids=[BEN], custom_fields=[{"id": 1, "value": EVIL}])
    sync.relate(task, other, "precedes")
    sync.put(root, notes=EVIL, private_notes=True, subject=EVIL + "!")
    sync("PUT", "/projects/net/wiki/Home.json", {"wiki_page": {"text": EVIL}})
    pages = ["/", "/projects", "/projects/net", "/projects/net/wiki/Home", "/mails"]
    pages += [f"/issues/{number}" for number in (root, task, other)]
    for path in pages:
        text = look(sandbox.redmine.url + path).text
        assert "<script" not in text
    assert "(private)" in look(f"{sandbox.redmine.url}/issues/{root}").text
    assert "2026-12-01 - 2026-12-04" in look(f"{sandbox.redmine.url}/projects/net").text


def test_redmine_pages_show_names_and_characters_as_redmine_does(sandbox, sync):
    sync.project("net")
    sync.join("net", BEN, DEVELOPER)
    number = sync.issue("see 17", project_id="net", description="ticket &#35;17")
    assert sync.put(number, status_id=2, assigned_to_id=BEN).status_code == 204
    text = look(f"{sandbox.redmine.url}/issues/{number}").text
    assert "ticket #17" in text
    assert "status_id: New → In Progress" in text
    assert f"assigned_to_id:  → {sandbox.redmine.app.state.users[BEN].name}" in text


def test_itsm_pages_escape_everything(sandbox, anna):
    anna.ok("POST", "/api/incidents", {"title": EVIL, "description": EVIL, "custom": {EVIL: EVIL}, "tags": [EVIL]})
    anna.ok("POST", "/api/incidents/1/notes", {"text": EVIL})
    anna.ok("POST", "/api/incidents/1/links", {"url": 'https://x/"><script>', "title": EVIL})
    anna.ok("PATCH", "/api/incidents/1", {"state": "pending", "hold_reason": EVIL})
    for path in ("/", "/incidents", "/incidents/1", "/incidents/INC0000001"):
        text = look(sandbox.itsm.url + path).text
        assert "<script" not in text
        assert "&lt;script&gt;" in text


def test_pages_of_missing_things_say_so_and_lead_back(sandbox):
    redmine, itsm = sandbox.redmine.url, sandbox.itsm.url
    for url in (
        *(redmine + path for path in ("/issues/999", "/projects/none", "/projects/operations/wiki/None", "/nope")),
        *(itsm + path for path in ("/incidents/999", "/rfcs/CHG1", "/nope")),
    ):
        answer = look(url)
        assert answer.status_code == 404, url
        assert "<h1>404" in answer.text
        assert f'href="/{"projects" if url.startswith(redmine) else "incidents"}"' in answer.text


def test_tables_say_what_their_columns_are(sandbox, sync):
    sync.issue("CPU", assigned_to_id=BEN, done_ratio=100)
    assert "<th></th>" not in look(f"{sandbox.redmine.url}/mails").text
    assert "<td>100 %</td>" in look(f"{sandbox.redmine.url}/projects/operations").text


def test_program_says_where_it_is_and_ends_on_sigterm():
    command = [sys.executable, "-m", "bridge.sandbox", "--redmine-version", "5.1", "--clock", "2026-11-20T08:00:00Z"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    ) as program:
        try:
            assert program.stdout is not None
            said = dict(program.stdout.readline().strip().split("=", 1) for _ in range(5))
            headers = {"X-Redmine-API-Key": said["REDMINE_API_KEY"]}
            me = requests.get(f"{said['REDMINE_URL']}/users/current.json", headers=headers, timeout=TIMEOUT)
            assert me.json()["user"]["login"] == "itsm-sync"
            clock = requests.get(f"{said['ITSM_URL']}/_control/clock", timeout=TIMEOUT).json()
            assert clock == {"now": "2026-11-20T08:00:00Z", "mode": "frozen"}
            program.send_signal(signal.SIGTERM)
            assert program.wait(timeout=10) == 0
        finally:
            program.kill()


def test_sandbox_imports_nothing_else_of_the_bridge_and_only_the_standard_library():
    code = """
import sys
before = set(sys.modules)
import bridge.sandbox.serve
new = {name: getattr(sys.modules[name], "__file__", None) or "" for name in set(sys.modules) - before}
print(*(name for name, file in new.items() if "site-packages" in file))
print(*(name for name in new if name.startswith("bridge.") and not name.startswith("bridge.sandbox")))
"""
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.split() == []
