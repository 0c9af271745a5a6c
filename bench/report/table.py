# SPDX-License-Identifier: MIT
"""The table of a comparison, as text and as TSV."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from figures import Results, judge, number

HEADINGS = (
    "workload", "subject", "median", "unit", "× base", "min–max", "p99 µs",
    "CPU µs/call", "sleeps/call", "target", "reached", "",
)  # fmt: skip
N_LEFT = 2  # columns of words
TARGET = HEADINGS.index("target")


def rows_of(results: Results) -> Iterable[list[str]]:
    """A row for each entry, and one more for each further target."""
    workload = results.workload
    verdicts = judge(results)
    for label in results.rounds:
        values = results.values(label)
        row = [workload.name, label]
        if not values:
            yield [*row, "-", "failed or not possible", *[""] * (len(HEADINGS) - 4)]
            continue
        row += [
            number(results.median(label)),
            workload.unit,
            number(results.ratio(label, workload.base)),
            f"{number(min(values))}–{number(max(values))}",
            number(results.median(label, "p99_us")),
            number(results.median(label, "cpu_s_per_million")),
            number(results.median(label, "switches_per_call")),
        ]
        own = [v for v in verdicts if v.target.label == label]
        first = True
        for verdict in own:
            start = row if first else [workload.name, label, *[""] * (TARGET - 2)]
            first = False
            verdict_text = "met" if verdict.is_met else "missed"
            yield [*start, verdict.text, number(verdict.value), verdict_text]
        if not own:
            yield [*row, "", "", ""]


def text_of(all_results: list[Results]) -> str:
    rows = [list(HEADINGS)]
    for results in all_results:
        rows.append([""] * len(HEADINGS))
        rows += rows_of(results)
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width)
            if i < N_LEFT or i == TARGET or HEADINGS[i] == "unit"
            else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def write_tsv(path: Path, all_results: list[Results]) -> None:
    """Every metric of every round."""
    with path.open("w", encoding="utf-8") as file:
        file.write("workload\tsubject\tround\tmetric\tvalue\n")
        for results in all_results:
            for label, rounds in results.rounds.items():
                for number_of, measured in enumerate(rounds):
                    for metric, value in (measured or {}).items():
                        file.write(
                            f"{results.workload.name}\t{label}\t{number_of}"
                            f"\t{metric}\t{value:.9g}\n"
                        )
