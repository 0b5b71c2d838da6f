"""Incidents, rules and Hypothesis strategies for the tests of rules."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from bridge.model.incident import Incident, State
from bridge.rules.matching import CompiledRule, compile_rule
from bridge.rules.schema import Rule

NOW = datetime(2026, 10, 15, 12, tzinfo=UTC)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

TICKET = Incident(
    source="rt",
    external_id="17",
    summary="Router R7: CPU at 99 %",
    state=State.NEW,
    opened_at=NOW - timedelta(days=2),
    updated_at=NOW,
    priority=2,
    service="Network",
    ci="R7",
    tags=("night", "vip"),
    fields={"Correlation Key": "K-17", "Load": "99.5", "Empty": ""},
)

RULE: dict[str, Any] = {
    "id": "router-cpu",
    "title": "Router CPU",
    "match": {"field": "service", "equals": "Network"},
    "group_by": ["service", "fields.Correlation Key"],
    "when": {"any": [{"recurs": {"at_least": 5, "within": "14d"}}]},
    "project": {"template": "network-problem", "owner": "jane"},
}


def ticket(**changes: Any) -> Incident:
    """The ticket with other values."""
    return replace(TICKET, **changes)


def rule(**changes: Any) -> CompiledRule:
    """The rule with other keys."""
    return compile_rule(Rule.model_validate(RULE | changes))


def matching(node: Any, **more: Any) -> CompiledRule:
    """The rule with another `match`."""
    return rule(match=node, **more)


texts = st.sampled_from(["", "a", "b", "Network", "VPN", "router cpu", "路由器", "\x00", "no"])
moments = st.datetimes(timezones=st.just(UTC)) | st.integers(-40, 3).map(lambda days: NOW + timedelta(days=days))
_BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "str": texts,
    "int": st.integers(0, 5),
    "float": st.floats(0, 100),
    "bool | None": st.none() | st.booleans(),
    "int | None": st.none() | st.integers(1, 5),
    "datetime": moments,
    "datetime | None": st.none() | moments,
    "State": st.sampled_from(State),
    "tuple[str, ...]": st.lists(texts, max_size=3).map(tuple),
    "Mapping[str, str]": st.dictionaries(st.sampled_from(["x", "Load"]), texts | st.sampled_from(["1", "1e9", "nan"])),
    "tuple[tuple[str, str], ...]": st.just(()),
}
incidents = st.builds(Incident, **{one.name: _BY_TYPE[str(one.type)] for one in fields(Incident)})


def _conditions() -> st.SearchStrategy[dict[str, Any]]:
    text_field = st.sampled_from(["service", "summary", "site", "source", "fields.x"])
    value = texts.filter(str.strip)
    level = st.integers(1, 5)
    return st.one_of(
        st.builds(lambda f, v: {"field": f, "equals": v}, text_field, value),
        st.builds(lambda f, v: {"field": f, "in": v}, text_field, st.lists(value, min_size=1, max_size=3)),
        st.builds(lambda f, v: {"field": f, "regex": v}, text_field, st.sampled_from(["a", "(?i)ROUTER.*cpu", "^$|b"])),
        st.builds(lambda f, v: {"field": f, "glob": v}, text_field, st.sampled_from(["*", "r*", "?", "[ab]"])),
        st.builds(lambda v: {"field": "priority", "at_most": v}, level),
        st.builds(lambda v: {"field": "priority", "equals": v}, level),
        st.builds(lambda v: {"field": "fields.Load", "at_least": v}, st.floats(0, 10)),
        st.builds(
            lambda v: {"field": "state", "in": v},
            st.lists(st.sampled_from([*State]), min_size=1).map(lambda s: [x.value for x in s]),
        ),
        st.builds(
            lambda f, v: {"field": f, "exists": v},
            st.sampled_from(["priority", "tags", "site", "closed_at"]),
            st.booleans(),
        ),
        st.builds(lambda v: {"field": "tags", "has": v}, st.lists(value, min_size=1, max_size=2)),
        st.builds(lambda v: {"field": "opened_at", "age": {"at_least": v}}, st.sampled_from(["30m", "3d"])),
    )


nodes = st.recursive(
    _conditions(),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=6,
)
