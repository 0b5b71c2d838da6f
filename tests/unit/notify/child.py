"""A process that delivers and dies at a boundary. Started by test_telling.py.

Arguments: the folder of the store, the channel as JSON (name and options), the boundary.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from pydantic import TypeAdapter
from tests.unit.notify.world import world

from bridge.model.effect import Effect
from bridge.notify.build import build
from bridge.notify.options import AnyChannel


def main(folder: Path, channels: dict[str, dict[str, object]], point: str) -> None:
    """Delivers until the boundary comes."""

    def boundary(name: str, _effect: Effect) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    made = build({name: TypeAdapter(AnyChannel).validate_python(one) for name, one in channels.items()})
    with world(folder) as here:
        here.deliver(boundary, dict(made))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3])
