"""What a source does when the network or the system does not do what it should: a clear error, and nothing lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.servers.common import Caller

from bridge.clock import SystemClock
from bridge.model import errors
from bridge.model.incident import ChangeSpec, State
from bridge.queue.contract import is_outcome_unknown
from bridge.sandbox import Sandbox
from bridge.sources.http.options import HttpOptions
from bridge.sources.http.source import HttpSource

SANDBOX_YAML = Path(__file__).parents[2] / "config" / "sources" / "sandbox.yaml"


def nobody(_ids: Sequence[str]) -> frozenset[str]:
    return frozenset()


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared: Sandbox) -> Sandbox:
    shared.reset()
    return shared


def _options(sandbox: Sandbox) -> dict[str, Any]:
    chosen: dict[str, Any] = yaml.safe_load(SANDBOX_YAML.read_text(encoding="utf-8"))
    del chosen["kind"], chosen["name"]
    chosen["base_url"] = f"{sandbox.itsm.url}/api"
    chosen["auth"]["token"] = sandbox.itsm.token("bridge")
    return chosen | {"read_timeout": 0.5, "total_timeout": 2}


@pytest.fixture
def source(sandbox: Sandbox) -> HttpSource:
    return HttpSource("itsm", HttpOptions.model_validate(_options(sandbox)), SystemClock())


@pytest.fixture
def incident(sandbox: Sandbox, source: HttpSource) -> str:
    assert source.start_cursor()
    state = sandbox.itsm.app.state
    assert state.incidents == {}
    response = _post(sandbox, "/api/incidents", {"title": "Router CPU"})
    return str(response["incident"]["id"])


def _post(sandbox: Sandbox, path: str, body: dict[str, Any]) -> Any:
    return Caller(sandbox.itsm.url, {"Authorization": f"Bearer {sandbox.itsm.token('anna')}"}).ok("POST", path, body)


FAULTS = [
    ({"kind": "timeout", "seconds": 20}, errors.RemoteUnavailable, None),
    ({"kind": "reset"}, errors.RemoteUnavailable, None),
    ({"kind": "malformed"}, errors.RemoteUnavailable, None),
    ({"kind": "status", "code": 500}, errors.RemoteUnavailable, None),
    ({"kind": "status", "code": 502, "body": "<html>Bad Gateway</html>"}, errors.RemoteUnavailable, None),
    ({"kind": "status", "code": 503}, errors.RemoteUnavailable, None),
    ({"kind": "status", "code": 503, "headers": {"Retry-After": "7"}}, errors.RateLimited, 7.0),
    ({"kind": "status", "code": 429}, errors.RateLimited, None),
    ({"kind": "status", "code": 429, "headers": {"Retry-After": "3"}}, errors.RateLimited, 3.0),
    ({"kind": "status", "code": 200, "body": "<html>Log in</html>"}, errors.RemoteUnavailable, None),
    ({"kind": "status", "code": 200, "body": '["not", "an object"]'}, errors.RemoteUnavailable, None),
]


@pytest.mark.parametrize(("fault", "kind", "wait"), FAULTS, ids=lambda one: str(one) if isinstance(one, dict) else "")
def test_a_fault_while_polling_loses_nothing(
    sandbox: Sandbox, source: HttpSource, fault: dict[str, Any], kind: type[errors.BridgeError], wait: float | None
) -> None:
    """The cursor of before is as good after it. The fault strikes once: a hidden repetition would raise nothing."""
    cursor = source.start_cursor()
    _post(sandbox, "/api/incidents", {"title": "während der Störung"})
    sandbox.fault(app="itsm", path="/api/incidents", **fault)
    with pytest.raises(errors.BridgeError) as caught:
        list(source.changes(cursor, nobody))
    assert type(caught.value) is kind
    assert not caught.value.permanent
    assert caught.value.retry_after == wait
    assert "itsm GET /api/incidents" in caught.value.where
    (page,) = source.changes(cursor, nobody)
    assert [one.incident.summary for one in page.snapshots] == ["während der Störung"]


@pytest.mark.parametrize("kind", ["after_reset", "after_timeout", "malformed"])
def test_a_note_whose_answer_is_lost_can_be_found(
    sandbox: Sandbox, source: HttpSource, incident: str, kind: str
) -> None:
    """The write is not repeated by the source: whoever is unsure looks for the marker first."""
    sandbox.fault(kind, app="itsm", method="POST", path="/notes", seconds=20)
    with pytest.raises(errors.RemoteUnavailable):
        source.add_note(incident, "text\n\n[bridge prod]", private=True)
    assert source.find_note(incident, "[bridge prod]") == source.notes(incident, "")[0].remote_id
    assert len(source.notes(incident, "")) == 1


def test_a_note_that_is_dropped_in_silence_is_found_out(sandbox: Sandbox, source: HttpSource, incident: str) -> None:
    sandbox.fault("ignore", app="itsm", method="POST", path="/notes")
    with pytest.raises(errors.NotApplied, match=f"itsm #{incident}"):
        source.add_note(incident, "text", private=True)


def test_a_link_that_is_dropped_in_silence_is_found_out(sandbox: Sandbox, source: HttpSource, incident: str) -> None:
    sandbox.fault("ignore", app="itsm", method="POST", path="/links")
    with pytest.raises(errors.NotApplied, match="has no link"):
        source.add_link(incident, "http://redmine/issues/1", "Redmine")


def test_a_privacy_that_is_dropped_in_silence_is_found_out(sandbox: Sandbox, source: HttpSource, incident: str) -> None:
    """Here the other way round: what is asked to be public stays internal when the field is dropped."""
    sandbox.fault("ignore", app="itsm", method="POST", path="/notes", fields=["visibility"])
    with pytest.raises(errors.NotApplied, match="is private and should be public"):
        source.add_note(incident, "to the customer", private=False)


def _change(incident: str) -> ChangeSpec:
    return ChangeSpec((incident,), "Flash 7.3", "text\n\n[bridge prod · change]", "[bridge prod · change]")


@pytest.mark.parametrize("kind", ["after_reset", "after_timeout", "malformed"])
def test_a_request_for_change_whose_answer_is_lost_is_not_opened_twice(
    sandbox: Sandbox, source: HttpSource, incident: str, kind: str
) -> None:
    sandbox.fault(kind, app="itsm", method="POST", path="/rfcs", seconds=20)
    with pytest.raises(errors.RemoteUnavailable):
        source.open_change(_change(incident), unsure=False)
    (number,) = sandbox.itsm.app.state.rfcs
    assert source.open_change(_change(incident), unsure=True).id == number
    assert len(sandbox.itsm.app.state.rfcs) == 1


def test_one_that_cannot_be_read_back_is_looked_for_first(sandbox: Sandbox, source: HttpSource, incident: str) -> None:
    """“Slow down” is no answer to what was sent before: the queue must not believe that nothing was."""
    sandbox.fault("status", app="itsm", method="GET", path="/rfcs", code=429, headers={"Retry-After": "3"})
    with pytest.raises(errors.RemoteUnavailable, match="could not be read back") as caught:
        source.open_change(_change(incident), unsure=False)
    assert caught.value.retry_after == 3
    assert is_outcome_unknown(caught.value)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        (None, "could not be read back|no number"),
        (["visibility"], "is public and should be private"),
        (["incidents"], "does not name the incidents"),
        (["text"], "does not end with the bridge's line"),
    ],
)
def test_a_request_for_change_that_is_dropped_in_part_is_found_out(
    sandbox: Sandbox, source: HttpSource, incident: str, fields: list[str] | None, what: str
) -> None:
    sandbox.fault("ignore", app="itsm", method="POST", path="/rfcs", **({"fields": fields} if fields else {}))
    with pytest.raises(errors.NotApplied, match=what) as caught:
        source.open_change(_change(incident), unsure=False)
    assert is_outcome_unknown(caught.value)


def test_who_opened_a_request_for_change_does_not_decide_it(sandbox: Sandbox, source: HttpSource) -> None:
    """So that the sandbox cannot hide a bridge that approves its own."""
    number = source.open_change(ChangeSpec((), "Flash", "text\n\n[m]", "[m]"), unsure=False).id
    told = Caller(sandbox.itsm.url, {"Authorization": f"Bearer {sandbox.itsm.token('bridge')}"}).ok(
        "PATCH", f"/api/rfcs/{number}", {"state": "approved"}
    )
    assert told["error"]["code"] == "four_eyes"


def test_a_search_that_is_no_list_is_told_by_check(sandbox: Sandbox) -> None:
    broken = _options(sandbox)
    broken["change_requests"]["find"]["path"] = "/rfc"
    source = HttpSource("itsm", HttpOptions.model_validate(broken), SystemClock())
    assert any("requests for change cannot be looked for" in problem.what for problem in source.check())


def test_what_could_not_be_found_again_is_refused(sandbox: Sandbox) -> None:
    blind = _options(sandbox)
    del blind["change_requests"]
    with pytest.raises(ValueError, match="could not be found again"):
        HttpOptions.model_validate(blind)


def test_refusals_are_told_with_the_systems_words(sandbox: Sandbox, source: HttpSource, incident: str) -> None:
    """Behind a 200 as behind a 422."""
    for strict in (False, True):
        sandbox.itsm.app.state.settings.strict = strict
        with pytest.raises(errors.Rejected, match="there is no agent 'nobody'"):
            source.assign(incident, "nobody")
        with pytest.raises(errors.NotFound):
            source.read("4711")


def test_many_threads_share_one_source(sandbox: Sandbox, source: HttpSource) -> None:
    """As the queue's workers do; each works on an incident of its own."""
    ids = [str(_post(sandbox, "/api/incidents", {"title": f"t{n}"})["incident"]["id"]) for n in range(8)]

    def work(number: str) -> tuple[str, str]:
        note = source.add_note(number, f"für {number}", private=True)
        source.add_link(number, f"http://redmine/issues/{number}", "Redmine")
        source.set_state(number, State.RESOLVED, f"done {number}")
        return number, note

    with ThreadPoolExecutor(8) as pool:
        written = dict(pool.map(work, ids))
    for number in ids:
        (note,) = source.notes(number, "")
        assert (note.remote_id, note.text) == (written[number], f"für {number}")
        assert source.links(number) == {f"http://redmine/issues/{number}"}
        assert source.read(number).fields["resolution"] == f"done {number}"
