"""One system's failure, foreseen or not, stops no other; its end is told with how long it lasted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bridge.app.cycle import Cycle, Outages
from bridge.model.errors import RemoteUnavailable


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.moment


def test_an_answer_nobody_foresaw_is_reported_and_the_others_go_on() -> None:
    """A KeyError of one source: noted under its name with the line of code, and nothing is raised."""
    outages, cycle, done = Outages(HandClock()), Cycle(), []
    for system in ("rt", "redmine"):
        with capture_logs() as logs, outages.contained(system, cycle):
            if system == "rt":
                raise KeyError("Created")
            done.append(system)
    assert done == ["redmine"]
    assert set(cycle.failures) == {"rt"}
    assert str(cycle.failures["rt"]).startswith("RB-1404 rt: broke off with KeyError: 'Created' (test_outages.py:")
    assert logs == []


def test_the_end_of_an_outage_is_told_once_with_its_length() -> None:
    """From the first failure to the first success, whatever failed in between; and that nothing was lost."""
    clock = HandClock()
    outages = Outages(clock)
    with capture_logs() as logs:
        for error in (RemoteUnavailable("rt", "no answer"), ValueError("odd"), None, None):
            with outages.contained("rt", Cycle()):
                if error is not None:
                    raise error
            clock.moment += timedelta(minutes=45)
    told = [entry for entry in logs if "works again" in entry["event"]]
    assert [(entry["system"], entry["down"]) for entry in told] == [("rt", "1:30:00")]
    assert "nothing was lost" in told[0]["event"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_who_ends_the_process_ends_it(error: type[BaseException]) -> None:
    """Only errors are contained."""
    with pytest.raises(error), Outages(HandClock()).contained("rt", Cycle()):
        raise error
