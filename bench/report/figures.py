# SPDX-License-Identifier: MIT
"""Medians, ratios, spread, and whether targets are met."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from plan import PEERS, UNITS, Target, Workload

Round = dict[str, float]  # metric: value


@dataclass
class Results:
    """What was measured of a workload: for each entry the rounds; None where
    one has failed."""

    workload: Workload
    rounds: dict[str, list[Round | None]] = field(default_factory=dict)

    def add(self, label: str, measured: Round | None) -> None:
        self.rounds.setdefault(label, []).append(measured)

    def values(self, label: str, metric: str = "") -> list[float]:
        metric = metric or self.workload.metric
        return [r[metric] for r in self.rounds.get(label, []) if r and metric in r]

    def median(self, label: str, metric: str = "") -> float | None:
        values = self.values(label, metric)
        return statistics.median(values) if values else None

    def ratio(self, label: str, versus: str, metric: str = "") -> float | None:
        """The median of the ratios that were taken in each round."""
        metric = metric or self.workload.metric
        pairs = zip(self.rounds.get(label, []), self.rounds.get(versus, []))
        ratios = [
            a[metric] / b[metric]
            for a, b in pairs
            if a and b and metric in a and b.get(metric, 0) > 0
        ]
        return statistics.median(ratios) if ratios else None

    def best_peer(self, metric: str = "") -> str | None:
        peers = [p for p in PEERS if self.values(p, metric)]
        if not peers:
            return None
        choose = min if self.workload.lower_is_better else max
        return choose(peers, key=lambda p: self.median(p, metric))


@dataclass
class Verdict:
    target: Target
    text: str
    value: float
    is_met: bool


def judge(results: Results) -> list[Verdict]:
    """All targets of a workload for which there are figures."""
    verdicts = []
    for target in results.workload.targets:
        if target.versus is None:
            value = results.median(target.label, target.metric)
        else:
            versus = target.versus
            if versus == "peers":
                versus = results.best_peer(target.metric) or ""
            value = results.ratio(target.label, versus, target.metric)
        if value is None:
            continue
        unit = UNITS.get(target.metric, results.workload.unit)
        is_met = value <= target.factor if target.at_most else value >= target.factor
        verdicts.append(Verdict(target, target.text(unit), value, is_met))
    return verdicts


def number(value: float | None) -> str:
    """For people: three digits that count, thousands apart."""
    if value is None:
        return "-"
    if value >= 1000:
        return f"{value:,.0f}"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
