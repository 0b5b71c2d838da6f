"""What the use cases need from the outside, as protocols. Adapters and the store implement them."""

from bridge.ports.clock import Clock, WorkingCalendar
from bridge.ports.field_values import FieldValues
from bridge.ports.notifier import Notifier
from bridge.ports.project_tasks import ProjectTasks
from bridge.ports.source import IncidentSource, KnownIncidents
from bridge.ports.store import Handler, Store, UnitOfWork
from bridge.ports.texts import Texts
from bridge.ports.tracker import ProjectTracker

__all__ = [
    "Clock",
    "FieldValues",
    "Handler",
    "IncidentSource",
    "KnownIncidents",
    "Notifier",
    "ProjectTasks",
    "ProjectTracker",
    "Store",
    "Texts",
    "UnitOfWork",
    "WorkingCalendar",
]
