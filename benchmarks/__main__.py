"""`python -m benchmarks [names]`: measures, prints, and exits with 1 when a count does not hold."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import calendar, delivery, hooks, idle, ingest, queue, report, rules
from benchmarks.harness import RUNS, machine

MEASUREMENTS = {
    "ingest": ingest.run,
    "delivery": delivery.run,
    "idle": idle.run,
    "queue": queue.run,
    "rules": rules.run,
    "hooks": hooks.run,
    "report": report.run,
    "calendar": calendar.run,
}


def main() -> int:
    """0 when every count holds; ratios are shown and decide nothing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(MEASUREMENTS)}; none: all")
    parser.add_argument("--runs", type=int, default=RUNS, help="of each, in turns")
    parser.add_argument("--size", type=int, help="instead of the full size, to try it out")
    parser.add_argument("--write", type=Path, help="the file to write the results to")
    args = parser.parse_args()
    if unknown := set(args.names) - MEASUREMENTS.keys():
        parser.error(f"there is no measurement {', '.join(sorted(unknown))}; there are {', '.join(MEASUREMENTS)}")
    text = "\n".join(["# Results of `make bench`", "", *machine(), f"- medians of {args.runs} interleaved runs", ""])
    print(text, flush=True)
    holds = True
    for name in args.names or MEASUREMENTS:
        made = MEASUREMENTS[name](args.runs, args.size)
        print(made.text(), flush=True)
        text += "\n" + made.text()
        holds = holds and made.holds
    if args.write:
        args.write.write_text(text, encoding="utf-8")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
