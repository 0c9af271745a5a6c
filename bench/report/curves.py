#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure libmw, and the floor beside it, as one number grows; find cliffs."""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

from figures import number
from picture import draw_plots
from plan import CURVES, UNITS, Curve, Entry
from process import Failed, Place, Server, allow_many_files, show

ROOT = Path(__file__).resolve().parents[2]
FALL = 2.0  # a step down by more than this is a cliff

# point: metric: the rounds
Points = dict[int, dict[str, list[float]]]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run curves --", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument(
        "--seconds", type=float, default=0.5, help="of a measurement; default 0.5"
    )
    parser.add_argument(
        "--only", default="", metavar="CURVE,…", help=", ".join(c.name for c in CURVES)
    )
    parser.add_argument(
        "--cpus", choices=("apart", "free"), default="apart",
        help="each side has half of the CPUs (default), or both have all",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true", help="two points of each: to see that it works"
    )
    return parser.parse_args()


def measure(
    place: Place, curve: Curve, entry: Entry, point: int, seconds: float
) -> dict[str, float]:
    side, _, option = curve.option.rpartition(":")
    client, server = list(curve.client), list(curve.server)
    (server if side == "server" else client).extend((option, str(point)))
    try:
        with Server(place, entry, server) as running:
            return running.measure(curve.run, seconds, client)
    except Failed as e:
        print(f"\n{e}", file=sys.stderr)
        return {}


def medians(points: Points, metric: str) -> list[tuple[float, float]]:
    return [
        (point, statistics.median(metrics[metric]))
        for point, metrics in sorted(points.items())
        if metrics.get(metric)
    ]


def cliffs(curve: Curve, label: str, points: Points) -> list[str]:
    """Where more of something makes it slower by more than FALL."""
    line = medians(points, curve.cliff)
    return [
        f"cliff: {curve.name}, {label}: from {before:g} to {after:g} {curve.axis} "
        f"{UNITS[curve.cliff]} falls from {number(high)} to {number(low)}"
        for (before, high), (after, low) in zip(line, line[1:])
        if low * FALL < high
    ]


def print_curve(curve: Curve, lines: dict[str, Points]) -> None:
    print(f"\n{curve.title}\n")
    headings = [curve.axis] + [f"{e} {UNITS[m]}" for e in lines for m in curve.metrics]
    print("  ".join(f"{h:>18}" for h in headings))
    columns = [dict(medians(lines[e], m)) for e in lines for m in curve.metrics]
    for point in sorted({p for points in lines.values() for p in points}):
        cells = [number(column.get(point)) for column in columns]
        print("  ".join(f"{cell:>18}" for cell in [f"{point:,}", *cells]))
    for label, points in lines.items():
        for text in cliffs(curve, label, points):
            print(text)


def write_tsv(path: Path, all_lines: dict[str, dict[str, Points]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("curve\tsubject\tpoint\tmetric\tmedian\n")
        for curve, lines in all_lines.items():
            for label, points in lines.items():
                for point, metrics in sorted(points.items()):
                    for metric, values in metrics.items():
                        median = statistics.median(values)
                        file.write(
                            f"{curve}\t{label}\t{point}\t{metric}\t{median:.9g}\n"
                        )


def plots(curve: Curve, lines: dict[str, Points]) -> list:
    return [
        (
            f"{curve.title}: {UNITS[metric]}",
            curve.axis,
            [(label, medians(points, metric)) for label, points in lines.items()],
        )
        for metric in curve.metrics
    ]


def main() -> int:
    args = arguments()
    only = {word for word in args.only.split(",") if word}
    rounds = 1 if args.quick else args.rounds
    seconds = 0.05 if args.quick else args.seconds
    place = Place(args.build / "subjects", args.build / "certs", args.cpus)
    place.prepare(ROOT)
    allow_many_files()
    all_lines: dict[str, dict[str, Points]] = {}
    pictures = []
    for curve in CURVES:
        if only and curve.name not in only:
            continue
        entries = [entry for entry in curve.entries if place.has(entry)]
        lines: dict[str, Points] = {entry.label: {} for entry in entries}
        points = curve.quick_points if args.quick else curve.points
        plan = [(p, e) for _ in range(rounds) for p in points for e in entries]
        for i, (point, entry) in enumerate(plan):
            show(f"{curve.name}: {i + 1} of {len(plan)}")
            into = lines[entry.label].setdefault(point, {})
            for metric, value in measure(place, curve, entry, point, seconds).items():
                into.setdefault(metric, []).append(value)
        show("")
        print_curve(curve, lines)
        all_lines[curve.name] = lines
        pictures.append(plots(curve, lines))
    if all_lines:
        write_tsv(args.build / "curves.tsv", all_lines)
        (args.build / "curves.svg").write_text(draw_plots(pictures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
