"""What there is of a store: told without making or changing anything, and mended only under the lock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from tests.contract.store.fixtures import HandClock

from bridge.app.opening import Use, open_store, store_problems
from bridge.model.errors import ConfigurationError, RemoteUnavailable, StoreLocked
from bridge.store.database import Database
from bridge.store.engines import connect, parse
from bridge.store.migrate import FOLDER, Schema, revisions, upgrade


def revise(url: str, revision: str) -> None:
    """Pretends that another version wrote the store."""
    engines = connect(parse(url))
    with engines.writer.connect() as connection:
        connection.begin()
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
        connection.commit()
    engines.dispose()


def test_what_there_is(empty_url: str, clock: HandClock) -> None:
    """Nothing, an older one, this version's, a newer one."""
    store = Database.open(empty_url, clock)
    assert store.schema() is Schema.MISSING
    upgrade(parse(empty_url), "0004")
    assert store.schema() is Schema.OLDER
    store.upgrade()
    assert store.schema() is Schema.CURRENT
    revise(empty_url, "9999")
    assert store.schema() is Schema.NEWER
    store.close()


def test_the_revisions_are_those_that_alembic_finds() -> None:
    """They are read from the files' names: one that is named otherwise, or a second branch, would not be seen."""
    scripts = ScriptDirectory(str(FOLDER))
    assert revisions() == [script.revision for script in scripts.walk_revisions()][::-1]
    assert revisions()[-1] == scripts.get_current_head()


def test_a_start_does_not_wait_for_alembic() -> None:
    """Every command looks at the store's version; only one that migrates needs a quarter of a second more."""
    code = "import sys, bridge.cli.main; print([name for name in ('alembic', 'mako') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_a_store_that_no_migration_fits_is_told_in_a_line(empty_url: str, clock: HandClock) -> None:
    """Two versions at once: somebody has been at it by hand."""
    upgrade(parse(empty_url), "0004")
    engines = connect(parse(empty_url))
    with engines.writer.begin() as connection:
        connection.exec_driver_sql("INSERT INTO alembic_version (version_num) VALUES ('0003')")
    engines.dispose()
    store = Database.open(empty_url, clock)
    with pytest.raises(RemoteUnavailable, match=r"cannot be opened: .*0003.*Is store.url right"):
        open_store(store, empty_url, Use.CHANGE)
    store.close()


def test_a_look_makes_no_store(tmp_path: Path, clock: HandClock) -> None:
    """Neither the file nor its folder; what is to be done is told. A check says that the folder would be made."""
    url = f"sqlite:///{tmp_path}/data/bridge.sqlite3"
    store = Database.open(url, clock)
    with pytest.raises(ConfigurationError, match=r"there is no store yet .*itsm-bridge db upgrade"):
        open_store(store, url, Use.READ)
    assert open_store(store, url, Use.NOTHING) == ""
    assert open_store(store, url, Use.COPY) == ""
    (told,) = store_problems(store, url)
    assert (told.what, told.severity) == (f"the folder {tmp_path}/data is not there; it would be created.", "warning")
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_a_look_migrates_nothing(empty_url: str, clock: HandClock) -> None:
    """An older store stays as it is until somebody upgrades it."""
    upgrade(parse(empty_url), "0004")
    store = Database.open(empty_url, clock)
    with pytest.raises(ConfigurationError, match=r"older version .*db upgrade"):
        open_store(store, empty_url, Use.READ)
    assert "older version" in store_problems(store, empty_url)[0].what
    assert store.schema() is Schema.OLDER
    assert len(open_store(store, empty_url, Use.CHANGE)) == 6
    assert store.schema() is Schema.CURRENT
    store.close()


def test_no_migration_under_somebody_elses_lock(empty_url: str, clock: HandClock) -> None:
    """A daemon of the older version must not lose its tables; it is told who holds the store."""
    upgrade(parse(empty_url), "0004")
    daemon, other = Database.open(empty_url, clock), Database.open(empty_url, clock)
    with daemon.lock(), pytest.raises(StoreLocked, match=r"works on it.*Stop that process"):
        open_store(other, empty_url, Use.CHANGE)
    assert other.schema() is Schema.OLDER
    daemon.close()
    other.close()


def test_a_look_waits_for_no_writer(url: str, clock: HandClock) -> None:
    """While another process writes for a long time, one can read what was there before."""
    writer, reader = Database.open(url, clock), Database.open(url, clock)
    with writer.transaction() as uow:
        uow.ledger.set_cursor("a", "b", "c")
        open_store(reader, url, Use.READ)
        with reader.reading() as seen:
            assert seen.ledger.cursor("a", "b") is None
    writer.close()
    reader.close()
