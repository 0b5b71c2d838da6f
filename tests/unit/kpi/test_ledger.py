"""The chain of hashes finds whatever was changed, removed or moved, up to the last published head."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.kpi.ledger import BEGINNING, FIELDS, Head, Row, canonical, row_hash, verify

T0 = datetime(2026, 11, 2, 8, tzinfo=UTC)


def plain(seq: int = 1, **values: object) -> Row:
    base = Row(
        *(seq, "started", T0, T0, seq, 7, "rt #7", 1, "pause", "router-cpu", "v1", "p-1", "", "promoted", "t-1", "{}"),
        expires_at=None,
    )
    return replace(base, **values)  # type: ignore[arg-type] - any field


def chained(rows: list[Row]) -> list[Row]:
    previous, done = BEGINNING, []
    for number, row in enumerate(rows, 1):
        whole = replace(row, seq=number, previous=previous)
        whole = replace(whole, hash=row_hash(previous, whole))
        done.append(whole)
        previous = whole.hash
    return done


texts = st.text(max_size=8)
moments = st.integers(-(10**15), 10**15).map(lambda micros: T0 + timedelta(microseconds=micros))
rows = st.builds(
    plain,
    kind=st.sampled_from(["started", "ended", "warned"]),
    at=moments,
    exclusion=st.integers(0, 9),
    incident_id=st.integers(1, 9),
    incident=texts,
    because=texts,
    evidence=texts,
    expires_at=st.none() | moments,
)
chains = st.lists(rows, min_size=1, max_size=8).map(chained)
CHANGES = {
    "at": lambda row: row.at + timedelta(microseconds=1),
    "policy": lambda row: row.policy + "!",
    "because": lambda row: row.because + " ",
    "incident": lambda row: "x" + row.incident,
    "exclusion": lambda row: row.exclusion + 1,
    "expires_at": lambda row: T0 if row.expires_at != T0 else None,
    "approver": lambda row: "",
}


def head(chain: list[Row]) -> Head:
    return Head(chain[-1].seq, chain[-1].hash, T0)


@given(chains)
@settings(max_examples=30)
def test_what_nobody_touched_is_whole(chain):
    assert verify(chain, [head(chain), head(chain[:1])]) == []


@given(chains, st.data(), st.booleans())
@settings(max_examples=60)
def test_a_changed_row_is_found_even_with_a_new_hash(chain, data, cunning):
    """With its hash made anew, and those of all that follow, it is the published head that tells."""
    at = data.draw(st.integers(0, len(chain) - 1))
    name = data.draw(st.sampled_from(sorted(CHANGES)))
    changed = [*chain]
    changed[at] = replace(chain[at], **{name: CHANGES[name](chain[at])})
    faults = verify(chained(changed) if cunning else changed, [head(chain)])
    assert faults
    if not cunning:
        assert faults[0].seq == chain[at].seq
        assert f"row {chain[at].seq} was changed" in faults[0].what


@given(chains, st.data(), st.booleans())
@settings(max_examples=60)
def test_a_removed_row_is_found(chain, data, cunning):
    at = data.draw(st.integers(0, len(chain) - 1))
    left = chain[:at] + chain[at + 1 :]
    faults = verify(chained(left) if cunning else left, [head(chain)])
    assert faults
    if not cunning and at < len(chain) - 1:
        assert faults[0].what == f"row {at + 1} before row {at + 2} was removed."


@given(chains.filter(lambda one: len(one) > 1), st.data())
@settings(max_examples=60)
def test_rows_that_changed_places_are_found(chain, data):
    at = data.draw(st.integers(0, len(chain) - 2))
    moved = [*chain]
    moved[at], moved[at + 1] = chain[at + 1], chain[at]
    assert verify(moved, [])
    renumbered = chained(moved)
    assert (verify(renumbered, [head(chain)]) != []) is (
        replace(chain[at], seq=0, previous="", hash="") != replace(chain[at + 1], seq=0, previous="", hash="")
    )


def test_what_follows_the_last_published_head_is_not_known():
    """Why the head is published daily."""
    chain = chained([plain(), plain(because="a"), plain(because="b")])
    assert verify(chain[:2], [head(chain[:2])]) == []
    (fault,) = verify(chain[:2], [head(chain)])
    assert (fault.seq, "row 3, published on 2026-11-02" in fault.what) == (3, True)


def test_the_canonical_form_is_what_is_documented():
    row = plain(because="“warum”", at=T0.astimezone(timezone(timedelta(hours=8))))
    told = json.loads(canonical(row))
    assert sorted(told) == sorted(FIELDS)
    assert (told["at"], told["expires_at"]) == ("2026-11-02T08:00:00.000000Z", None)
    assert canonical(row) == json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert row_hash(BEGINNING, row) == sha256(f"{'0' * 64}\n{canonical(row)}".encode()).hexdigest()


def test_a_moment_without_a_zone_has_no_canonical_form():
    with pytest.raises(ValueError, match="zone"):
        canonical(plain(at=T0.replace(tzinfo=None)))
