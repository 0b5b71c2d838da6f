"""Reads a Dockerfile as far as ours go; what it does not know it refuses."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field

KNOWN = frozenset(
    "RUN COPY ENV WORKDIR USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD".split()  # noqa: SIM905 - a list of words
)


@dataclass(frozen=True)
class Step:
    """An instruction: its word, what follows with continued lines joined, and where it stands."""

    word: str
    rest: str
    line: int

    def flags(self) -> dict[str, str]:
        """The leading --name=value."""
        found = {}
        for part in shlex.split(self.rest):
            if not part.startswith("--"):
                break
            name, _, value = part[2:].partition("=")
            found[name] = value
        return found

    def words(self) -> list[str]:
        """What follows the flags: a JSON array, or words as a shell splits them."""
        plain = re.sub(r"^(--\S+\s+)+", "", self.rest)
        if plain.startswith("["):
            listed: list[str] = json.loads(plain)
            return listed
        return shlex.split(plain)

    def command(self) -> list[str]:
        """The program and its arguments; the shell form is given to a shell."""
        plain = re.sub(r"^(--\S+\s+)+", "", self.rest)
        return self.words() if plain.startswith("[") else ["/bin/sh", "-c", plain]


@dataclass(frozen=True)
class Stage:
    """A FROM and what follows."""

    base: str
    name: str
    steps: list[Step] = field(default_factory=list)

    def last(self, word: str) -> Step:
        """The last instruction of a kind, the one that counts. Raises LookupError when there is none."""
        for step in reversed(self.steps):
            if step.word == word:
                return step
        raise LookupError(f"no {word} in the stage from {self.base}")

    def environment(self) -> dict[str, str]:
        """All ENV of the stage."""
        return dict(pair.split("=", 1) for step in self.steps if step.word == "ENV" for pair in step.words())

    def health_command(self) -> list[str]:
        """The program of HEALTHCHECK … CMD."""
        after = self.last("HEALTHCHECK").rest.partition("CMD ")[2]
        return Step("CMD", after, 0).command()


def read(text: str) -> list[Stage]:
    """The stages. Raises ValueError with the line of what is not understood."""
    stages: list[Stage] = []
    for number, line in _instructions(text):
        word, _, rest = line.partition(" ")
        word, rest = word.upper(), rest.strip()
        if word == "FROM":
            base, *named = rest.split()
            stages.append(Stage(base, named[1] if named else str(len(stages))))
        elif word in KNOWN and stages:
            stages[-1].steps.append(Step(word, rest, number))
        else:
            raise ValueError(f"line {number}: {word} is not understood here")
    return stages


def _instructions(text: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    begun, pending = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or not line.strip():
            continue
        begun = begun if pending else number
        pending += line.strip()
        if pending.endswith("\\"):
            pending = pending[:-1]
            continue
        found.append((begun, pending))
        pending = ""
    if pending:
        raise ValueError(f"line {begun}: does not end")
    return found
