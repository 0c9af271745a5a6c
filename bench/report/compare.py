#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare libmw with the floor and with its peers, in turns."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from figures import Results
from picture import draw_comparison
from plan import WORKLOADS, Entry, Workload
from process import Failed, Place, Server, allow_many_files, show
from table import text_of, write_tsv

ROOT = Path(__file__).resolve().parents[2]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run compare --", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=5, help="default 5")
    parser.add_argument(
        "--seconds", type=float, default=1, help="of a measurement; default 1"
    )
    parser.add_argument(
        "--only", default="", metavar="WORKLOAD,…", help=", ".join(w.name for w in WORKLOADS)
    )
    parser.add_argument(
        "--subjects", default="", metavar="SUBJECT,…",
        help="such as raw, libmw, raw-spin; \"raw\" is always compared with",
    )  # fmt: skip
    parser.add_argument(
        "--cpus", choices=("apart", "free"), default="apart",
        help="each side has half of the CPUs (default), or both have all",
    )  # fmt: skip
    parser.add_argument(
        "--before", type=Path, metavar="TREE",
        help="another build tree, whose libmw runs beside this one's",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true", help="one short round: to see that it works"
    )
    return parser.parse_args()


def machine() -> str:
    """On what it was measured."""
    names = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    model = next(
        (line.split(": ")[1] for line in names.splitlines() if "model name" in line),
        "unknown processor",
    )
    return f"{len(os.sched_getaffinity(0))} CPUs, {model}, Linux {os.uname().release}"


def words(text: str) -> set[str]:
    return {word for word in text.split(",") if word}


def is_wanted(entry: Entry, workload: Workload, subjects: set[str]) -> bool:
    return (
        not subjects
        or entry.label == workload.base
        or entry.label in subjects
        or Path(entry.program).name in subjects
    )


def entries_of(workload: Workload, before: Path | None) -> Iterator[Entry]:
    """All entries, and libmw's of another build tree beside them."""
    for entry in workload.entries:
        yield entry
        if before and entry.program == "libmw":
            other = str(before.resolve() / "bench/subjects/libmw")
            yield replace(entry, label=f"{entry.label}-before", program=other)


def measure(
    place: Place, workload: Workload, entry: Entry, seconds: float, quick: bool
) -> dict[str, float] | None:
    """One measurement; None, and a word about it, if it fails."""
    options = [*workload.client, *(workload.quick if quick else ())]
    try:
        with Server(place, entry, cpus=workload.cpus) as server:
            return server.measure(workload.run or workload.name, seconds, options)
    except Failed as e:
        print(f"\n{e}", file=sys.stderr)
        return None


def main() -> int:
    args = arguments()
    only = words(args.only)
    subjects = words(args.subjects)
    rounds = 1 if args.quick else args.rounds
    seconds = 0.05 if args.quick else args.seconds
    place = Place(args.build / "subjects", args.build / "certs", args.cpus)
    place.prepare(ROOT)
    allow_many_files()
    all_results = [Results(w) for w in WORKLOADS if not only or w.name in only]
    for name in only - {results.workload.name for results in all_results}:
        print(f"compare: no workload {name}; --help names all", file=sys.stderr)
    if not all_results:
        return 0  # it may be a table of another program's
    plan = [
        (results, entry)
        for results in all_results
        for entry in entries_of(results.workload, args.before)
        if is_wanted(entry, results.workload, subjects) and place.has(entry)
    ]
    try:
        for number in range(rounds):
            for results, entry in plan:
                workload = results.workload
                show(f"round {number + 1} of {rounds}: {workload.name}, {entry.label}")
                measured = measure(place, workload, entry, seconds, args.quick)
                results.add(entry.label, measured)
    except KeyboardInterrupt:
        pass  # what there is will do
    show("")
    print(text_of(all_results))
    print(f"\nRatios are to the first of each workload.  {machine()}")
    write_tsv(args.build / "compare.tsv", all_results)
    (args.build / "compare.svg").write_text(draw_comparison(all_results))
    failed = any(None in r for results in all_results for r in results.rounds.values())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
