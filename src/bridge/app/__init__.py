"""The only place that wires things together: a configuration in, a working bridge out."""

from bridge.app.app import App
from bridge.app.commands import Told, nobody_told
from bridge.app.cycle import Cycle
from bridge.app.opening import Use
from bridge.app.rehearsal import Planned

__all__ = ["App", "Cycle", "Planned", "Told", "Use", "nobody_told"]
