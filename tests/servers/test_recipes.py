"""The recipes' own machinery: what happens where there is no server, and the mail sink. Needs no server."""

from __future__ import annotations

import smtplib
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.common import RECIPES, UNAVAILABLE, ServerUnavailable
from tests.servers.fixture import provide
from tests.servers.mailbox import Mailbox

# --- where there is no server ----------------------------------------------------------------------------------------


@dataclass
class FakeServer:
    stopped: bool = False

    def stop(self) -> None:
        self.stopped = True


def absent() -> FakeServer:
    raise ServerUnavailable("no apt-get here")


def test_absent_server_skips_with_the_reason() -> None:
    """A developer's machine without apt-get still runs the rest."""
    with pytest.raises(pytest.skip.Exception, match="no apt-get here"), provide(absent, required=False):
        pass


def test_absent_server_fails_where_it_is_required() -> None:
    """CI cannot lose the real servers without noticing."""
    said = r"BRIDGE_REAL=required.*no apt-get here"
    with pytest.raises(pytest.fail.Exception, match=said), provide(absent, required=True):
        pass


def test_server_is_stopped_when_the_session_is_interrupted() -> None:
    """Ctrl-C in a test stops the server on the way out."""
    server = FakeServer()
    with pytest.raises(KeyboardInterrupt), provide(lambda: server):
        raise KeyboardInterrupt
    assert server.stopped


@pytest.mark.parametrize(
    ("tools", "reason"),
    [
        ((), "there is no apt-get here"),
        (("apt-get",), "neither root nor password-less sudo"),
    ],
)
def test_recipe_says_why_a_machine_cannot_have_the_server(tmp_path: Path, tools: tuple[str, ...], reason: str) -> None:
    """A package that is not there and cannot be installed is reported as such, not as an error of the recipe."""
    recipe = tmp_path / "recipe"
    recipe.mkdir()
    start = recipe / "start.sh"
    lib = RECIPES / "lib.sh"
    start.write_text(f'#!/bin/bash\n. "{lib}"\npackages bridge-no-such-package\n')
    start.chmod(0o755)
    bin_ = machine(tmp_path / "bin", tools)
    done = subprocess.run(
        [start],
        env={"PATH": str(bin_), "BRIDGE_TEST_STATE": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == UNAVAILABLE
    assert reason in done.stderr.splitlines()[-1]


# --- the mail sink ---------------------------------------------------------------------------------------------------


def test_mailbox_keeps_what_smtp_brings() -> None:
    """Envelope, decoded subject and text, a line that begins with a dot, two mails on one connection."""
    mailbox = Mailbox()
    try:
        with smtplib.SMTP("127.0.0.1", mailbox.port, timeout=30) as client:
            text = "Subject: =?utf-8?b?6Lev55Sx5Zmo?=\nContent-Type: text/plain; charset=utf-8\n\n.dot\nend"
            client.sendmail("bridge@example.invalid", ["a@example.invalid", "b@example.invalid"], text)
            client.sendmail("bridge@example.invalid", ["c@example.invalid"], "Subject: two\n\nx")
            first, second = mailbox.mails()
        assert first.recipients == ("a@example.invalid", "b@example.invalid")
        assert (first.subject, first.text.splitlines()) == ("路由器", [".dot", "end"])
        assert (second.sender, second.subject) == ("bridge@example.invalid", "two")
        mailbox.clear()
        assert mailbox.mails() == []
    finally:
        mailbox.close()


# --- helpers ---------------------------------------------------------------------------------------------------------


def machine(folder: Path, tools: tuple[str, ...]) -> Path:
    """A PATH of an ordinary account: what the recipes need of every Linux, plus empty `tools`, and no sudo."""
    folder.mkdir()
    for name in ("bash", "mkdir", "readlink", "dirname", "basename", "grep", "env"):
        found = next(Path(d, name) for d in ("/usr/bin", "/bin") if Path(d, name).exists())
        (folder / name).symlink_to(found)
    for name, body in {"id": "echo 4711", **dict.fromkeys(tools, "exit 1")}.items():
        (folder / name).write_text(f"#!/bin/bash\n{body}\n")
        (folder / name).chmod(0o755)
    return folder
