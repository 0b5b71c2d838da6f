"""The forms in which times are written and read."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bridge.sandbox.clock import iso

FORMATS = ("iso_z", "iso_offset", "epoch", "local")


def write(moment: datetime | None, form: str, zone: str) -> str | int | None:
    if moment is None:
        return None
    if form == "epoch":
        return int(moment.timestamp())
    if form == "iso_z":
        return iso(moment)
    local = moment.astimezone(ZoneInfo(zone))
    return local.isoformat(timespec="seconds") if form == "iso_offset" else local.strftime("%Y-%m-%d %H:%M:%S")


def read(text: str, zone: str) -> datetime:
    """Any of the forms; without a zone it is in the account's. Raises ValueError."""
    if text.strip().isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    moment = datetime.fromisoformat(text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
