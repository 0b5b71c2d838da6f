"""The unit of systemd and the compose file: what they promise, and that their secrets are settings."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from bridge.settings.loading import load_settings
from bridge.sources.rt.options import RtOptions
from tests.image.dockerfile import read
from tests.servers.common import run_script
from tests.servers.fixture import provide
from tests.servers.postgres import PostgresServer, start_postgres

DOCKER = Path(__file__).parents[2] / "docker"
UNIT = DOCKER / "itsm-bridge.service"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
EXPOSURE = 1.5
"""Of 10, as `systemd-analyze security` counts; below 2.0 it says OK."""


# --- systemd ---------------------------------------------------------------------------------------------------------


class Said:
    """What systemd-analyze says about a unit."""

    def __init__(self, unit: Path) -> None:
        *self.complaints, exposure = run_script("systemd", "verify.sh", str(unit)).splitlines()
        self.exposure = float(exposure.removeprefix("EXPOSURE="))

    def stop(self) -> None:
        """Nothing runs."""


@contextmanager
def analysed(unit: Path) -> Iterator[Said]:
    """Skipped, or a failure in CI, where systemd cannot be had."""
    with provide(lambda: Said(unit)) as said:
        yield said


@pytest.mark.real
def test_the_unit_is_clean_and_hardened() -> None:
    """`systemd-analyze verify` has nothing to say, `security` little."""
    with analysed(UNIT) as said:
        assert said.complaints == []
        print(f"exposure of {UNIT.name}: {said.exposure}")
        assert said.exposure <= EXPOSURE


@pytest.mark.real
def test_a_unit_with_mistakes_is_not_clean(tmp_path: Path) -> None:
    """The check sees a key that does not exist, a value that is none, and a missing sandbox."""
    broken = tmp_path / "broken.service"
    text = UNIT.read_text(encoding="utf-8")
    broken.write_text(
        text.replace("ProtectClock=", "ProtectClocks=")
        .replace("WatchdogSec=120", "WatchdogSec=soon")
        .replace("ProtectSystem=strict", "")
        .replace("SystemCallFilter=@system-service", "")
    )
    with analysed(broken) as said:
        assert any("ProtectClocks" in line for line in said.complaints)
        assert any("soon" in line for line in said.complaints)
        assert said.exposure > EXPOSURE


def unit_values(name: str) -> list[str]:
    """All values of a key of the unit."""
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_unit_notifies_and_comes_back() -> None:
    """Ready and signs of life are waited for; a failure is mended by a restart, a mistake in the settings is not."""
    assert unit_values("Type") == ["notify"]
    assert unit_values("Restart") == ["on-failure"]
    assert unit_values("RestartPreventExitStatus") == ["2"]
    assert int(unit_values("WatchdogSec")[0]) >= 60
    assert int(unit_values("TimeoutStopSec")[0]) > 10


# --- compose ---------------------------------------------------------------------------------------------------------


def test_every_service_comes_back_and_is_looked_after() -> None:
    """Restart policy and health check everywhere; the bridge's is in its image."""
    services = COMPOSE["services"]
    assert set(services) == {"bridge", "postgres", "redmine"}
    assert all(service["restart"] == "unless-stopped" for service in services.values())
    assert all("healthcheck" in services[name] for name in ("postgres", "redmine"))
    assert all(service["security_opt"] == ["no-new-privileges:true"] for service in services.values())
    assert [name for name, service in services.items() if service.get("read_only")] == ["bridge", "postgres"]


def test_images_are_pinned_and_come_from_no_address() -> None:
    """A version each, and no registry."""
    images = [service["image"] for service in COMPOSE["services"].values() if "image" in service]
    assert len(images) == 2
    assert all(re.fullmatch(r"[a-z]+:\d[\w.]*-[a-z]+", image) for image in images)


def test_compose_fits_the_image() -> None:
    """The same user, the volume where the image has it, the port that it exposes, and on loopback only."""
    bridge, last = COMPOSE["services"]["bridge"], read((DOCKER / "Dockerfile").read_text(encoding="utf-8"))[-1]
    assert bridge["user"] == last.last("USER").rest
    (volume,) = last.last("VOLUME").words()
    assert f"store:{volume}" in bridge["volumes"]
    assert f"./config:{Path(last.environment()['BRIDGE_CONFIG']).parent}:ro" in bridge["volumes"]
    port = last.last("EXPOSE").rest
    assert bridge["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_secrets_are_files_and_nothing_else() -> None:
    """Each that a service uses is declared as a file; no variable holds one."""
    declared = COMPOSE["secrets"]
    used = {name for service in COMPOSE["services"].values() for name in service["secrets"]}
    assert used == set(declared)
    assert all(secret == {"file": f"./secrets/{name}"} for name, secret in declared.items())
    for service in COMPOSE["services"].values():
        for name, value in service["environment"].items():
            assert name.endswith(("_FILE", "_FOLDER")) or not re.search("PASSWORD|KEY|TOKEN|SECRET", name), name
            if name.endswith("_FILE"):
                assert Path(value).name in service["secrets"]


@pytest.mark.parametrize("by", ["compose", "systemd"])
def test_the_bridges_secrets_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    """A folder with just the files that are handed over makes a configuration without secrets complete."""
    names = {
        "compose": COMPOSE["services"]["bridge"]["secrets"],
        "systemd": [value.partition(":")[0] for value in unit_values("LoadCredential")],
    }[by]
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in names:
        (secrets / name).write_text("postgresql://bridge@db/bridge" if name == "store__url" else f"of {name}")
    source = {"name": "rt", "kind": "rt", "url": "http://rt.invalid", "query": "id > 0"}
    redmine = {"url": "http://redmine.invalid", "parent_project": "operations"}
    config = tmp_path / "bridge.yaml"
    config.write_text(yaml.safe_dump({"version": 1, "redmine": redmine, "sources": [source]}))
    monkeypatch.setenv("BRIDGE_SECRETS_FOLDER", str(secrets))
    result, problems = load_settings(config)
    assert problems == []
    assert result is not None
    assert result.settings.redmine.key() == "of redmine__api_key"
    options = result.sources[0].options
    assert isinstance(options, RtOptions)
    assert options.token is not None
    assert options.token.get_secret_value() == "of sources__rt__token"
    assert result.settings.store.url.startswith("postgresql:" if by == "compose" else "sqlite:")


@pytest.fixture
def cluster() -> Iterator[PostgresServer]:
    """A PostgreSQL of its own: accounts are made in it."""
    with provide(start_postgres) as server:
        yield server


@pytest.mark.real
def test_the_databases_of_compose(cluster: PostgresServer, tmp_path: Path) -> None:
    """Two accounts, each with its password and the database that it owns, whatever is in the password."""
    dsn = f"host=127.0.0.1 port={cluster.instance.port}"
    with psycopg.connect(f"{dsn} user=bridge dbname=postgres", autocommit=True) as first:
        first.execute("create role postgres superuser login")
    with psycopg.connect(f"{dsn} user=postgres dbname=postgres", autocommit=True) as admin:
        admin.execute("alter role bridge rename to initial")
        for name in ("bridge", "redmine"):
            (tmp_path / f"{name}_db_password").write_text("it's “odd” \\ $HOME\n", encoding="utf-8")
        there = {"PGHOST": "127.0.0.1", "PGPORT": str(cluster.instance.port), "SECRETS": str(tmp_path)}
        script = str(DOCKER / "postgres" / "databases.sh")
        subprocess.run(["sh", script], env={**os.environ, **there}, check=True, timeout=60)
        owners = admin.execute(
            "select datname, rolname from pg_database d join pg_roles r on r.oid = datdba"
            " where datname in ('bridge', 'redmine')"
        )
        assert sorted(owners.fetchall()) == [("bridge", "bridge"), ("redmine", "redmine")]
        passwords = admin.execute("select count(*) from pg_authid where rolpassword is not null and not rolsuper")
        assert passwords.fetchone() == (2,)
    with psycopg.connect(f"{dsn} user=bridge dbname=bridge", autocommit=True) as own:
        own.execute("create table mine (n int)")
