#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of what the reports compute."""

from __future__ import annotations

import unittest

from curves import cliffs
from figures import Results, judge, number
from picture import Axis, short
from plan import CURVES, WORKLOADS, Entry, Target, Workload
from table import text_of


def results_of(rounds: dict[str, list], **options) -> Results:
    workload = Workload(
        "calls", "calls", "rate", "calls/s",
        tuple(Entry(label, label) for label in rounds), **options,
    )  # fmt: skip
    results = Results(workload)
    for label, values in rounds.items():
        for value in values:
            results.add(label, None if value is None else {"rate": float(value)})
    return results


class Ratios(unittest.TestCase):
    def test_are_taken_in_each_round(self):
        # The machine is slower in each round: the ratio of medians would be 1.
        results = results_of({"raw": [100, 10, 1], "libmw": [10, 20, 2]})
        self.assertEqual(results.median("libmw"), 10)
        self.assertEqual(results.ratio("libmw", "raw"), 2)

    def test_leave_failed_rounds_out(self):
        results = results_of({"raw": [None, 10, 10], "libmw": [10, None, 30]})
        self.assertEqual(results.ratio("libmw", "raw"), 3)

    def test_of_nothing_are_none(self):
        results = results_of({"raw": [None], "libmw": [1]})
        self.assertIsNone(results.ratio("libmw", "raw"))
        self.assertIsNone(results.median("raw"))
        self.assertIn("failed", text_of([results]))


class Targets(unittest.TestCase):
    ROUNDS = {"raw": [10, 10], "libmw": [20, 20], "thrift": [4, 4], "grpc": [5, 5]}

    def judge(self, target: Target, **options) -> list:
        return judge(results_of(self.ROUNDS, targets=(target,), **options))

    def test_at_least(self):
        self.assertTrue(self.judge(Target("libmw", 2.0, "raw"))[0].is_met)
        self.assertFalse(self.judge(Target("libmw", 2.1, "raw"))[0].is_met)

    def test_at_most(self):
        self.assertTrue(self.judge(Target("libmw", 20, at_most=True))[0].is_met)
        self.assertFalse(self.judge(Target("libmw", 19, at_most=True))[0].is_met)

    def test_versus_the_best_peer(self):
        self.assertEqual(self.judge(Target("libmw", 3, "peers"))[0].value, 4)
        low = self.judge(Target("libmw", 3, "peers"), lower_is_better=True)
        self.assertEqual(low[0].value, 5)

    def test_without_figures_are_not_judged(self):
        self.assertEqual(self.judge(Target("libmw", 1, "capnp")), [])
        self.assertEqual(self.judge(Target("none", 1, "raw")), [])


class Curves(unittest.TestCase):
    def cliffs(self, *values: float) -> list[str]:
        points = {2**i: {CURVES[0].cliff: [v]} for i, v in enumerate(values)}
        return cliffs(CURVES[0], "libmw", points)

    def test_a_cliff_is_a_fall_by_more_than_half(self):
        self.assertEqual(len(self.cliffs(100, 49, 48)), 1)
        self.assertEqual(self.cliffs(100, 50, 25, 100), [])

    def test_ticks_are_within_the_axis(self):
        axis = Axis([3, 4000], 0, 100)
        self.assertEqual(axis.ticks(), [10, 100, 1000])
        self.assertEqual(axis.at(3), 0)
        self.assertEqual(axis.at(4000), 100)


class Texts(unittest.TestCase):
    def test_numbers(self):
        self.assertEqual(number(1234567.8), "1,234,568")
        self.assertEqual(number(12.34), "12.3")
        self.assertEqual(number(None), "-")
        self.assertEqual(short(65536), "65.536k")


class Plan(unittest.TestCase):
    def test_names_are_different(self):
        for things in (WORKLOADS, CURVES):
            names = [thing.name for thing in things]
            self.assertEqual(len(names), len(set(names)))

    def test_targets_are_of_entries(self):
        for workload in WORKLOADS:
            labels = [entry.label for entry in workload.entries]
            self.assertEqual(len(labels), len(set(labels)))
            for target in workload.targets:
                self.assertIn(target.label, labels)
                self.assertIn(target.versus, [None, "peers", *labels])


if __name__ == "__main__":
    unittest.main()
