"""The scrip that is shipped for RT, installed into a real RT as its README says: the bridge takes what it sends."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.servers.receiver import Receiver, running_receiver
from tests.servers.rt import RtServer

from bridge.web.formats import Sender, Way, read

SHIPPED = Path(__file__).parents[2] / "config" / "hooks" / "rt"
SECRET = "the secret of 'this' test"
MINUTES = timedelta(minutes=5)

CHANGES = r"""
use strict; use warnings;
use lib '/usr/local/share/request-tracker5/lib', '/usr/share/request-tracker5/lib';
use RT -init;
my $user = RT::CurrentUser->new(RT->SystemUser); $user->Load('alice');
my $ticket = RT::Ticket->new($user);
my ($id, undef, $message) = $ticket->Create(Queue => 'Incidents', Subject => 'Router core-1');
die $message unless $id;
$ticket->ApplyTransactionBatch;
$ticket->Comment(Content => 'Straße 東京');
$ticket->ApplyTransactionBatch;
print $id;
"""


class Perl:
    """RT's own programs beside the server, as the server's account and with one more line of configuration."""

    def __init__(self, rt: RtServer, folder: Path, url: str) -> None:
        self._home = rt.instance.directory
        self.folder = folder
        quoted = SECRET.replace("'", "\\'")
        (folder / "90_bridge.pm").write_text(
            f"Set($BridgeHookURL, '{url}');\nSet($BridgeHookSecret, '{quoted}');\n1;\n", encoding="utf-8"
        )
        for name in ("scrip.pl", "install.pl"):
            shutil.copy(SHIPPED / name, folder)
        for path in (folder, *folder.iterdir()):
            path.chmod(0o755)

    def run(self, *arguments: str) -> str:
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self._home),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "RT_SITE_CONFIG": str(self._home / "RT_SiteConfig.pm"),
            "RT_SITE_CONFIG_DIR": str(self.folder),
        }
        switch = ["setpriv", "--reuid=www-data", "--regid=www-data", "--init-groups", "--"] if os.getuid() == 0 else []
        done = subprocess.run(
            [*switch, "perl", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=self.folder,
        )
        assert done.returncode == 0, done.stderr
        assert "was not told" not in done.stderr
        return done.stdout


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as found:
        yield found


@pytest.fixture
def perl(fresh_rt: RtServer, receiver: Receiver) -> Iterator[Perl]:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to the server's account
        yield Perl(fresh_rt, Path(folder), receiver.url)


def test_the_shipped_scrip_tells_of_each_change(perl: Perl, receiver: Receiver) -> None:
    """Installed twice it is there once; each batch of changes is one signed hook with all its transactions."""
    first, again = (perl.run("install.pl", "scrip.pl", "Incidents") for _ in range(2))
    assert first == again
    (perl.folder / "changes.pl").write_text(CHANGES, encoding="utf-8")
    ticket = perl.run("changes.pl")
    sender = Sender("rt", Way.SOURCE, (SECRET.encode(),), MINUTES, MINUTES)
    hints = [
        read(sender, {name.lower(): value for name, value in headers.items()}, body, "", datetime.now(UTC))
        for headers, body in receiver.requests
    ]
    assert {hint.entity for hint in hints} == {ticket}
    assert len({hint.delivery for hint in hints}) == len(hints) >= 2
    assert [hint.mark for hint in hints] == sorted({hint.mark for hint in hints})
    assert all(hint.remote_ids[-1] == str(hint.mark) for hint in hints)
    assert all(hint.changed_at is not None for hint in hints)


def test_a_queue_that_is_not_there_is_told(perl: Perl) -> None:
    with pytest.raises(AssertionError, match="there is no queue Nowhere"):
        perl.run("install.pl", "scrip.pl", "Nowhere")
