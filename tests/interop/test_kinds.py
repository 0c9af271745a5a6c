# SPDX-License-Identifier: MIT
"""All kinds of values of tests/integration/graph.idl, with nodes among them: what a
client from the documents makes of a delta is what comes back as a whole."""

from __future__ import annotations

import random
import struct
import unittest
from collections.abc import Callable
from typing import Any

import harness
from mw_client import FULL_VALUES, Connection
from mw_delta import Map, Mutable, Refused, Scalar, Struct, Text, Type, Union
from mw_nodes import Request
from surgery import (
    CHOICE, DOC, FLAGS, INDEX, KINDS, LINES, NODE_REF, NODES, SETTINGS, SHAPE, TABLE, Source, some,
    world,
)  # fmt: skip

CASES = 60  # of each operation
WITHOUT_NODES = ("settings", "choice", "totals", "lines", "flags")


def exact(value: Any) -> Any:
    """To compare by: tells -0.0 from 0.0, and a NaN equals itself."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, dict):
        return [(key, exact(item)) for key, item in value.items()]
    return value


class Examples(unittest.TestCase):
    """Section 3 of docs/delta.md, and what it refuses."""

    FIGURE = Union({1: Struct(*[Scalar()] * 3), 2: Text()}, tags=range(3))
    ITEM = Struct(Scalar(), Text(), Scalar(0.0))
    TOTALS = {"bolt": 1.0, "nut": 2.0, "rivet": 3.0}
    PROFILE = Mutable({3: Scalar(), 7: Scalar(), 10: Text()})

    def check(self, kind: Type, old: Any, delta: Any, new: Any) -> None:
        with self.subTest(old=old, delta=delta):
            self.assertEqual(exact(kind.apply(old, delta)), exact(new))

    def test_unions(self) -> None:
        self.check(self.FIGURE, [1, [10, 20, 5]], {1: {2: 6}}, [1, [10, 20, 6]])
        self.check(self.FIGURE, [1, [10, 20, 5]], [2, "hi"], [2, "hi"])
        self.check(self.FIGURE, [1, [10, 20, 5]], [0], [0])
        self.check(self.FIGURE, [1, [10, 20, 5]], {}, [1, [10, 20, 5]])
        self.check(self.FIGURE, [1, [10, 20, 5]], [1, [7]], [1, [7, 20, 5]])
        self.check(self.FIGURE, [2, ""], [1, [7]], [1, [7, 0, 0]])
        self.check(self.FIGURE, [2, "a brown fox"], {2: {0: [[2, 5, "red"]]}}, [2, "a red fox"])

    def test_maps(self) -> None:
        kind, totals = Map(Text(), Scalar(0.0)), self.TOTALS
        self.check(kind, totals, [], totals)
        self.check(kind, totals, [{"nut": 4.0}], {"bolt": 1.0, "nut": 4.0, "rivet": 3.0})
        self.check(kind, totals, [{}, ["bolt"]], {"nut": 2.0, "rivet": 3.0})
        self.check(kind, totals, [{"nail": 0.5, "nut": 4.0}, ["rivet"]],
                   {"bolt": 1.0, "nail": 0.5, "nut": 4.0})  # fmt: skip
        self.check(kind, totals, {}, {})
        items = {key: [key, "x", 1.0] for key in (-2, 5, 300)}
        delta = [{-3: [4, "drill", 1.0]}, [-2], {5: {2: 2.5}, 300: [1]}]
        new = {-3: [4, "drill", 1.0], 5: [5, "x", 2.5], 300: [1, "x", 1.0]}
        self.check(Map(Scalar(), self.ITEM), items, delta, new)

    def test_mutable(self) -> None:
        old = {3: 30, 7: 1, 10: "Ada"}
        self.check(self.PROFILE, old, [], old)
        self.check(self.PROFILE, old, [7, 2], {3: 30, 7: 2, 10: "Ada"})
        self.check(self.PROFILE, old, [3, 31, 8, {}, 10, {0: [[0, 1, "I"]]}], {3: 31, 7: 1, 10: "Ida"})
        self.check(self.PROFILE, old, {7: 5, 99: None}, {3: 30, 7: 5, 10: "Ada"})

    def test_refused(self) -> None:
        totals = Map(Text(), Scalar(0.0))
        for kind, old, delta in (
            (self.FIGURE, [1, [1, 2, 3]], {2: {}}), (self.FIGURE, [2, ""], {2: "a", 1: []}),
            (self.FIGURE, [2, ""], [9, ""]), (self.FIGURE, [2, ""], [0, ""]),
            (self.FIGURE, [0], {0: 1}), (self.FIGURE, [2, ""], [2]), (self.FIGURE, [2, ""], []),
            (totals, self.TOTALS, [{"nut": 1.0}, ["nut"]]), (totals, self.TOTALS, [{}, ["x"]]),
            (totals, self.TOTALS, [{}, ["nut", "bolt"]]), (totals, self.TOTALS, [{}, [], {"x": 1.0}]),
            (totals, self.TOTALS, [{"b": 1.0, "a": 1.0}]), (totals, self.TOTALS, [{}, [], {}, []]),
            (totals, self.TOTALS, {"b": 1.0, "a": 1.0}), (totals, self.TOTALS, [{}, ["nut", "nut"]]),
            (self.PROFILE, {}, [7]), (self.PROFILE, {}, [7, 1, 3, 1]), (self.PROFILE, {}, [7, 1, 7, 1]),
            (self.PROFILE, {}, {7: 1, 3: 1}), (Scalar(5, 1, 9), 5, 10), (Scalar(0.0, 0.0), 0.0, -1.0),
            (Scalar(0.0, 0.0), 0.0, float("nan")), (Scalar(5, 1, 9), 5, {0: 1}),
            (NODE_REF, 0, -1), (NODE_REF, 0, "x"), (NODE_REF, 0, {0: 1}),
        ):  # fmt: skip
            with self.subTest(old=old, delta=delta), self.assertRaises(Refused):
                kind.apply(old, delta)


class Random(harness.InteropCase):
    """What handlers do at random, once as a delta and once as a whole."""

    program = "MW_SURGERY_SERVER"

    def setUp(self) -> None:
        self.desk: Connection = self.connect()
        self.random = random.Random(20240310)
        self.patches = 0
        self.bytes = {False: 0, True: 0}
        Type.watch = staticmethod(self.check_patch)
        self.addCleanup(setattr, Type, "watch", Type.__dict__["watch"])

    def check_patch(self, rule: str, patch: Any) -> None:
        self.patches += 1
        self.assertTrue(harness.DELTAS.check(rule, patch), f"{patch} is no {rule}")

    def outcome(
        self, target: str, kinds: list[Type], outs: list[Type], request: Request | None,
        arguments: list[Any], full: bool,
    ) -> list[Any]:  # fmt: skip
        """The call's results, in a form that can be compared."""
        told, inout = list(arguments), arguments[: len(kinds)]
        if request is not None:
            told.insert(0, request.nodes)
            self.assertTrue(harness.GRAMMAR.check("arguments", told), told)
        results = self.desk.call(f"graph.Surgery.{target}", *told, meta={FULL_VALUES: full})
        self.bytes[full] += len(self.desk.received[-1])
        after = {}
        if request is not None:
            self.assertTrue(harness.GRAMMAR.check("results", results), results)
            after = request.apply(results.pop(0))
        self.assertEqual(len(results), len(kinds) + len(outs))
        changed = [kind.apply(old, new) for kind, old, new in zip(kinds, inout, results)]
        made = [kind.complete(new) for kind, new in zip(outs, results[len(kinds) :])]
        values = list(zip([*kinds, *outs], [*changed, *made]))
        return exact(request.compare(after, values) if request else [v for _, v in values])

    def check(
        self, target: str, kinds: list[Type], extra: Callable[[int], list[Any]], *outs: Type
    ) -> None:
        """extra makes the arguments that follow, from a seed."""
        for i in range(CASES):
            rng = self.random
            tables = world(rng, rng.choice((0, 1, 3, 20)), rng.choice((0, 6)))
            source = Source(rng, {name: len(nodes) for name, nodes in tables.items()})
            values = [some(kind, source) for kind in kinds]
            seed = rng.randrange(2**31)
            with self.subTest(target=target, i=i, seed=seed):
                request = None
                if target not in WITHOUT_NODES:
                    request = Request(KINDS, tables, list(zip(kinds, values)))
                    values = request.inout
                arguments = [*values, *extra(seed)]
                results = [
                    self.outcome(target, kinds, list(outs), request, arguments, full)
                    for full in (False, True)
                ]
                self.assertEqual(*results)

    def test_all(self) -> None:
        for target, kinds, extra in (
            ("doc", [DOC], lambda seed: [str(seed)]), ("settings", [SETTINGS], lambda seed: []),
            ("shape", [SHAPE], lambda seed: [seed]), ("choice", [CHOICE], lambda seed: [seed]),
            ("totals", [TABLE], lambda seed: [str(seed)]),
            ("lines", [LINES], lambda seed: [str(seed)]),
            ("flags", [FLAGS], lambda seed: [seed % 256]),
            ("all", [NODES], lambda seed: [str(seed)]), ("links", [INDEX], lambda seed: [str(seed)]),
        ):  # fmt: skip
            self.check(target, kinds, extra)
        self.assertGreater(self.patches, 100)
        self.assertLess(self.bytes[False], self.bytes[True])

    def test_mixed(self) -> None:
        self.check("mixed", [DOC, NODE_REF], lambda seed: [str(seed)], SHAPE, INDEX)


if __name__ == "__main__":
    unittest.main()
