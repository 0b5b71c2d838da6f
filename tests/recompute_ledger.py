"""Recomputes the figures of a ledger's export without the bridge: `python recompute_ledger.py FOLDER`.

Standard library only; reads the files as their README.md describes them. Ends with 1 when a hash or a figure is not
what it should be.
"""

import csv
import hashlib
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

BACK = {"lapsed", "lifted", "demoted"}
Begun = tuple[str, str, dict[str, str] | None]
NUMBERS = {"seq", "exclusion", "incident_id", "promotion_id"}


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def broken_hashes(ledger: list[dict[str, str]], heads: list[dict[str, str]]) -> list[str]:
    wrong, previous = [], "0" * 64
    for number, row in enumerate(ledger, 1):
        told: dict[str, object] = {name: value for name, value in row.items() if name not in {"previous", "hash"}}
        told |= {name: int(row[name]) for name in NUMBERS}
        told["expires_at"] = row["expires_at"] or None
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        found = hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()
        if (int(row["seq"]), row["previous"], row["hash"]) != (number, previous, found):
            wrong.append(f"row {row['seq']}")
        previous = row["hash"]
    hashes = {row["seq"]: row["hash"] for row in ledger}
    return wrong + [f"head {head['seq']}" for head in heads if hashes.get(head["seq"]) != head["hash"]]


def figures(ledger: list[dict[str, str]], incidents: list[dict[str, str]], basis: str) -> dict[str, object]:
    ends = {row["exclusion"]: row for row in ledger if row["kind"] == "ended"}
    of: dict[str, list[dict[str, str]]] = {}
    for row in ledger:
        if row["kind"] == "started":
            of.setdefault(row["incident_id"], []).append(row)
    raw, kept, excluded = [], [], timedelta(0)
    for incident in incidents:
        if not incident[f"resolved_{basis}"]:
            continue
        opened = moment(incident["opened_at"])
        resolved = moment(incident[f"resolved_{basis}"])
        raw.append(resolved - opened)
        spans, last, begun = [], {}, []
        for row in sorted(of.get(incident["id"], []), key=lambda row: (row["at"], int(row["seq"]))):
            end = ends.get(row["seq"])
            start, finish = moment(row["at"]), moment(end["at"]) if end else None
            begun.append((row["promotion_id"], row["at"], end))
            if start >= resolved or (finish is not None and finish <= start):
                continue
            if row["policy"] == "remove":
                last[row["promotion_id"]] = (row["promotion_id"], row["at"], end)
            else:
                spans.append((begun[-1], max(start, opened), min(finish or resolved, resolved)))
        if any(ending(one, begun) not in BACK for one in last.values()):
            continue
        off, reached = timedelta(0), opened
        for start, finish in sorted((start, finish) for one, start, finish in spans if not taken_back(one, begun)):
            off += max(timedelta(0), finish - max(start, reached))
            reached = max(reached, finish)
        kept.append(resolved - opened - off)
        excluded += off
    return {
        "resolved": len(raw),
        "raw_hours": mean(raw),
        "counted": len(kept),
        "adjusted_hours": mean(kept),
        "excluded_hours": excluded / timedelta(hours=1),
        "removed": len(raw) - len(kept),
    }


def ending(one: Begun, begun: list[Begun]) -> str:
    """Why an exclusion ended; one whose project was merged ended as the last one of the project that went on."""
    promotion, _, end = one
    if end is None or end["because"] != "merged":
        return end["because"] if end else ""
    others = [other for other in begun if other[0] != promotion]
    into = {other for other, at, _ in others if at == end["at"]}
    there = [other for other in others if other[0] in into]
    return ending(there[-1], others) if there else "merged"


def taken_back(one: Begun, begun: list[Begun]) -> bool:
    """Whether an exclusion's project was merged into one that was demoted while the exclusion went on there."""
    promotion, _, end = one
    if end is None or end["because"] != "merged":
        return False
    others = [other for other in begun if other[0] != promotion]
    went_on = [other for other in others if other[1] == end["at"]]
    return any((other[2] or {}).get("because") == "demoted" or taken_back(other, others) for other in went_on)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def mean(lengths: list[timedelta]) -> float | None:
    return sum(lengths, timedelta(0)) / timedelta(hours=1) / len(lengths) if lengths else None


def main(folder: Path) -> int:
    ledger, incidents = rows(folder, "ledger.csv"), rows(folder, "incidents.csv")
    wrong = broken_hashes(ledger, rows(folder, "heads.csv"))
    told = json.loads((folder / "figures.json").read_text(encoding="utf-8"))["resolution"]
    for basis, expected in told.items():
        found = figures(ledger, incidents, basis)
        print(basis, json.dumps(found))
        if found != expected:
            wrong.append(f"figures {basis}: {expected}")
    for what in wrong:
        print("WRONG:", what)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
