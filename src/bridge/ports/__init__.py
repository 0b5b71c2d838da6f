"""What the use cases need from the outside, as protocols. Adapters and the store implement them."""

from bridge.ports.clock import Clock, WorkingCalendar
from bridge.ports.extras import Extras, IncidentFiles, IncidentRelations, IssueFiles, SpentTime, WorkLog
from bridge.ports.field_values import FieldValues
from bridge.ports.notifier import Notifier
from bridge.ports.project_tasks import ProjectTasks
from bridge.ports.reports import ReportRenderer
from bridge.ports.source import IncidentSource, KnownIncidents
from bridge.ports.store import Handler, Store, UnitOfWork
from bridge.ports.texts import Texts
from bridge.ports.tracker import ProjectTracker

__all__ = [
    "Clock",
    "Extras",
    "FieldValues",
    "Handler",
    "IncidentFiles",
    "IncidentRelations",
    "IncidentSource",
    "IssueFiles",
    "KnownIncidents",
    "Notifier",
    "ProjectTasks",
    "ProjectTracker",
    "ReportRenderer",
    "SpentTime",
    "Store",
    "Texts",
    "UnitOfWork",
    "WorkLog",
    "WorkingCalendar",
]
