"""Five weeks of an operations department, in fast time, on a sandbox.

    for event in play(sandbox):
        ...  # the sandbox's clock stands at event.at, and what the event tells has happened: let the bridge look

What people do is in `story_script`, how they do it in `story_verbs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.story_people import StoryError, settle
from bridge.sandbox.story_script import STEPS
from bridge.sandbox.story_verbs import MONDAY, Decision, Event

__all__ = ["BEGIN", "Decision", "Event", "StoryError", "play"]

BEGIN = datetime.combine(MONDAY, datetime.min.time(), UTC).replace(hour=7)
"""The moment at which the sandbox's clock has to stand when the bridge starts: a Monday morning."""


def play(sandbox: Sandbox) -> Iterator[Event]:
    """Plays the story step by step, each done when its event is yielded. The sandbox must be serving and fresh.

    Raises StoryError when somebody could not do what the story says.
    """
    stage = settle(sandbox)
    for step in sorted(STEPS, key=lambda step: step.at):
        sandbox.clock.set(step.at)
        yield Event(step.at, step.who, step.where, step.act(stage), step.decision)
