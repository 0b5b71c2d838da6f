"""kill -9 at every boundary of an attempt: a process dies, another goes on, the remote system sees each once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.contract.queue.bench import Bench, note

from bridge.model.errors import StoreLocked
from bridge.queue.contract import RetryPolicy, Summary

CHILD = Path(__file__).with_name("child.py")
SPECS = (note("a", "k"), note("b", "k"), note("c", after=("b",)), note("d"))


def deliver(url: str, remote: Path, point: str = "-", unique: str = "-") -> subprocess.CompletedProcess[str]:
    """One life of the delivering process. A lock of PostgreSQL is freed a moment after its holder died."""
    deadline = time.monotonic() + 30
    while True:
        arguments = [sys.executable, str(CHILD), url, str(remote), point, unique]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
        if StoreLocked.__name__ not in done.stderr or time.monotonic() > deadline:
            return done


def lines(remote: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in remote.read_text().splitlines()]


@pytest.mark.parametrize("unique", ["b"])
@pytest.mark.parametrize("point", ["claimed", "before", "after", "delivered", "committed"])
def test_killed_at_a_boundary_everything_arrives_once_and_in_order(
    bench: Bench, url: str, tmp_path: Path, point: str, unique: str
) -> None:
    remote = tmp_path / "remote.jsonl"
    remote.touch()
    bench.enqueue(*SPECS)
    killed = deliver(url, remote, point, unique)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    states = bench.states()
    assert states["b"] == ("done" if point == "committed" else "running")
    with bench.database.reading() as unit:
        assert ("b" in unit.own_writes.known("remote", "note", ["b"])) is (point == "committed")

    survived = deliver(url, remote)
    assert survived.returncode == 0, survived.stderr
    assert bench.states() == dict.fromkeys("abcd", "done")
    found = lines(remote)
    assert sorted(line["unique"] for line in found) == ["a", "b", "c", "d"]
    order = [line["unique"] for line in found]
    assert order.index("a") < order.index("b") < order.index("c")
    b = next(line for line in found if line["unique"] == "b")
    sent_by_the_first = point in ("after", "delivered", "committed")
    assert (b["attempt"], b["unsure"]) == ((1, False) if sent_by_the_first else (2, True))
    with bench.database.reading() as unit:
        assert unit.own_writes.known("remote", "note", list("abcd")) == frozenset("abcd")
    assert deliver(url, remote).stdout.split() == ["0", "0", "0", "0"]


def test_killed_again_and_again_an_effect_ends_dead_instead_of_ending_the_process_for_ever(
    bench: Bench, url: str, tmp_path: Path
) -> None:
    remote = tmp_path / "remote.jsonl"
    remote.touch()
    bench.enqueue(note("a"))
    for _ in range(2):
        assert deliver(url, remote, "before", "a").returncode == -signal.SIGKILL
    engine = bench.engine(policy=RetryPolicy(max_attempts=2))
    assert engine.run_until_idle() == Summary(dead=1)
    (letter,) = engine.dead()
    assert "the process died 2 times" in letter.error
    assert (letter.attempts, letter.effect.unsure, bench.died) == (2, True, [("a", "RB-1402")])
    engine.requeue()
    assert engine.run_until_idle() == Summary(done=1)
    assert bench.sent[0].unsure
