"""The reader of Dockerfiles, and what ours promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.image.dockerfile import Stage, read

DOCKER = Path(__file__).parents[2] / "docker"
LAST: Stage = read((DOCKER / "Dockerfile").read_text(encoding="utf-8"))[-1]


def test_reading() -> None:
    """Stages, continued lines, comments, flags, both forms of commands, quoted values."""
    text = """\
# a comment
FROM debian:bookworm-slim AS first
RUN one \\
    # a comment in between
    && two
COPY --from=x a b ./
FROM first
ENV A=1 \\
    B="2 3"
CMD ["x", "y z"]
HEALTHCHECK --interval=3s CMD ["curl", "-f"]
ENTRYPOINT run it
"""
    first, second = read(text)
    assert (first.base, first.name, second.base) == ("debian:bookworm-slim", "first", "first")
    one, copy = first.steps
    assert one.command() == ["/bin/sh", "-c", "one && two"]
    assert one.line == 3
    assert (copy.flags(), copy.words()) == ({"from": "x"}, ["a", "b", "./"])
    assert second.environment() == {"A": "1", "B": "2 3"}
    assert second.last("CMD").command() == ["x", "y z"]
    assert second.health_command() == ["curl", "-f"]
    assert second.last("ENTRYPOINT").command() == ["/bin/sh", "-c", "run it"]
    with pytest.raises(LookupError, match="no USER"):
        second.last("USER")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("FROM a\nADD x y", "line 2: ADD"),
        ("RUN x", "line 1: RUN"),
        ("FROM a\nRUN x \\", "line 2: does not end"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, why: str) -> None:
    """A replay that skipped a step would prove nothing."""
    with pytest.raises(ValueError, match=why):
        read(text)


def test_ours_is_unprivileged_pinned_and_says_where_it_gets_nothing_from() -> None:
    """A numeric user, one volume, the versions of the tests, no pip in what runs, no registry."""
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", LAST.last("USER").rest)
    assert len([step for step in LAST.steps if step.word == "VOLUME"]) == 1
    assert len(LAST.last("VOLUME").words()) == 1
    installs = [
        step.rest for stage in read(text) for step in stage.steps if "pip" in step.rest and "install" in step.rest
    ]
    assert any("-c constraints.txt" in line for line in installs)
    without_loopback = text.replace("http://127.0.0.1:8765", "")
    assert not re.search(r"https?://|index-url|\.(io|com|org)/", without_loopback)
    assert LAST.environment()["BRIDGE_HOOKS__LISTEN"].rpartition(":")[2] == LAST.last("EXPOSE").rest
