#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count the system calls that a call costs either side, with strace.

Times mean nothing here, for strace makes each system call many times dearer;
and who spins, spins for fewer calls.  What is counted includes the start of the
program, which is why many calls are made."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from plan import WORKLOADS, Entry, Workload
from process import Failed, Place, Server, show

ROOT = Path(__file__).resolve().parents[2]
SHOWN = 6  # kinds of system calls in a row

LINE = re.compile(r"\s*(\d+)\s+(\w+)$")  # of the table that strace makes


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run counts --", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--only", default="echo,pipelined,inout", metavar="WORKLOAD,…")
    parser.add_argument("--subjects", default="", metavar="SUBJECT,…")
    parser.add_argument("--seconds", type=float, default=2, help="default 2")
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


def read_counts(path: Path) -> dict[str, int]:
    matches = (LINE.match(line) for line in path.read_text().splitlines())
    counts = {m.group(2): int(m.group(1)) for m in matches if m}
    counts.pop("total", None)
    return counts


def strace(path: Path) -> list[str]:
    return ["strace", "-f", "-qq", "-c", "-U", "calls,name", "-o", str(path)]


def count(
    place: Place, workload: Workload, entry: Entry, seconds: float, folder: Path
) -> dict[str, dict[str, float]]:
    """Of each side: system calls of each kind for a call."""
    client, server = folder / "client", folder / "server"
    with Server(
        place, entry, cpus=workload.cpus, under=strace(server)
    ) as running:
        measured = running.measure(
            workload.run or workload.name, seconds, workload.client, strace(client)
        )
    n = measured["calls"] + measured["warm_calls"]
    return {
        side: {name: k / n for name, k in read_counts(path).items()}
        for side, path in (("client", client), ("server", server))
    }


def main() -> int:
    args = arguments()
    only = args.only.split(",")
    subjects = set(filter(None, args.subjects.split(",")))
    place = Place(args.build / "subjects", args.build / "certs")
    place.prepare(ROOT)
    if subprocess.run(["sh", "-c", "command -v strace"], capture_output=True).returncode:
        sys.exit("counts: no strace here (bench/setup)")
    print("System calls for a call:\n")
    failed = False
    for workload in (w for w in WORKLOADS if w.name in only):
        for entry in filter(place.has, workload.entries):
            if subjects and not {entry.label, entry.program} & subjects:
                continue
            show(f"{workload.name}, {entry.label}")
            try:
                with tempfile.TemporaryDirectory() as folder:
                    sides = count(
                        place, workload, entry,
                        0.1 if args.quick else args.seconds, Path(folder),
                    )  # fmt: skip
            except Failed as e:
                print(e, file=sys.stderr)
                failed = True
                continue
            show("")
            for side, counts in sides.items():
                most = sorted(counts.items(), key=lambda c: -c[1])[:SHOWN]
                text = "  ".join(f"{name} {k:.2f}" for name, k in most if k >= 0.005)
                print(
                    f"{workload.name:<14}{entry.label:<20}{side:<8}"
                    f"{sum(counts.values()):8.2f}   {text}"
                )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
