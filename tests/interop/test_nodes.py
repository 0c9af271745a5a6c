# SPDX-License-Identifier: MIT
"""Nodes, contracts and mirrors: what a client from the documents says, and what
the server of graph::Surgery answers, item by item."""

from __future__ import annotations

import unittest
from typing import Any

import harness
from cbor2 import dumps
from mw_client import ACK, FULL_VALUES, Connection, Failed
from mw_delta import Refused
from mw_nodes import Request
from surgery import (
    KINDS, NODE_REF, REFERENCE, SETTINGS, TABLE, TREE_REF, node, node_list,
)  # fmt: skip

MIRROR = 5
LIST = {"graph::Node": node_list(3)}


def list_request(n: int = 3, ring: bool = False) -> Request:
    return Request(KINDS, {"graph::Node": node_list(n, ring)}, [(NODE_REF, 0)])


class Surgery(harness.InteropCase):
    program = "MW_SURGERY_SERVER"

    def setUp(self) -> None:
        self.desk: Connection = self.connect()

    def call(self, target: str, *arguments: Any, **more: Any) -> list[Any]:
        results = self.desk.call(f"graph.Surgery.{target}", *arguments, **more)
        self.assertTrue(harness.GRAMMAR.check("results", results), results)
        return results

    def edit(self, request: Request, what: str, full: bool = False) -> list[Any]:
        return self.call("edit", request.nodes, *request.inout, what, meta={FULL_VALUES: full})

    def fails(self, target: str, *arguments: Any) -> Failed:
        with self.assertRaises(Failed) as caught:
            self.call(target, *arguments)
        return caught.exception


class Graphs(Surgery):
    def test_request(self) -> None:
        """What inout arguments lead to comes first, and is counted so."""
        tables = {
            "graph::Node": [node(1, "a", next=2), node(2, "b", next=0), node(3, "c", edges=[0])],
            "graph::Tree": [[1, "t", None, 0]],
        }
        request = Request(KINDS, tables, [(NODE_REF, 0)], [(NODE_REF, 1), (TREE_REF, 0)])
        self.assertEqual(request.nodes[0], ["graph::Node", 2, 1, "graph::Tree", 0, 1])
        self.assertEqual(request.nodes[1][1:], [
            node(3, "c", edges=[0]), node(2, "b", next=0), [1, "t", None, 0],
        ])  # fmt: skip
        self.assertEqual((request.inout, request.only_in), ([0], [2, 0]))

    def test_nothing(self) -> None:
        self.assertEqual(self.edit(list_request(), "nothing"), [[], {}])
        self.assertEqual(self.edit(list_request(1), "nothing"), [[], {}])
        self.assertEqual(self.call("reverse", [[], []], None), [[], {}])

    def test_relinked(self) -> None:
        [happened, head] = self.call("reverse", list_request().nodes, 0)
        self.assertEqual(happened, [[], [], {0: {0: {3: None}, 1: {3: 0}, 2: {3: 1}}}])
        self.assertEqual(head, 2)

    def test_full_values(self) -> None:
        request = list_request()
        for what in ("nothing", "values", "grow", "unlink", "release", "forget"):
            with self.subTest(what=what):
                [happened, head] = self.edit(request, what, full=True)
                gone = happened[3][0] if len(happened) > 3 else []
                self.assertEqual(list(happened[2][0]), [n for n in range(3) if n not in gone])
                self.assertTrue(all(isinstance(v, list) for v in happened[2][0].values()))
                [short, delta] = self.edit(request, what)
                same = [
                    request.compare(request.apply(h), [(NODE_REF, NODE_REF.apply(0, d))])
                    for h, d in ((happened, head), (short, delta))
                ]
                self.assertEqual(*same)

    def test_new_nodes(self) -> None:
        request = list_request()
        [happened, head] = self.edit(request, "grow")
        after = request.apply(happened)["graph::Node"]
        self.assertEqual([value[0] for value in after], [1, 2, 3, 1000, 1001])
        self.assertEqual((head, after[3][3:5], after[0][3], after[4][3]), (3, [0, [4]], 4, 1))

    def test_released(self) -> None:
        [happened, head] = self.edit(list_request(), "release")
        self.assertEqual((happened, head), ([[], [], {0: {0: {3: 2}}}, {0: [1]}], {}))
        [happened, head] = self.edit(list_request(), "release all")
        self.assertEqual((happened, head), ([[], [], {}, {0: [0, 1, 2]}], None))

    def test_two_roots(self) -> None:
        """The same node as two arguments."""
        request = Request(KINDS, LIST, [(NODE_REF, 0), (NODE_REF, 0)])
        self.assertEqual(request.nodes[0], ["graph::Node", 3, 0])
        results = self.call("two", request.nodes, *request.inout)
        self.assertEqual(results, [[[], [], {0: {0: {2: 11.0, 3: 0}}}], {}, {}])

    def test_results(self) -> None:
        """They lead to what the caller has, or to what is new, also of a type that the
        request does not have."""
        request = Request(KINDS, LIST, [], [(NODE_REF, 0)])
        self.assertEqual(request.nodes[0], ["graph::Node", 0, 3])
        self.assertEqual(self.call("find", request.nodes, 0, 2), [[], 1])
        self.assertEqual(self.call("find", request.nodes, 0, 9), [[], None])
        self.assertEqual(self.call("echo", request.nodes, 2), [[], 2])
        self.assertEqual(self.call("count", request.nodes, 0), [[], 3])
        self.assertEqual(self.call("make", [[], []], 0), [[], None])
        made = [node(1, "node 1", next=1), node(2, "node 2")]
        self.assertEqual(self.call("make", [[], []], 2), [[["graph::Node", 2], made], 0])
        own = [["graph::Node", 0, 0], []]
        self.assertEqual(self.call("make", own, 2), [[[0, 2], made], 0])

    def test_exceptions(self) -> None:
        ring = node_list(2, ring=True)
        failed = self.fails("raise_node", [["graph::Node", 0, 2], ring], 1)
        turned = [["graph::Node", 2, 0], [node(2, "node 2", next=1), node(1, "node 1", next=0)]]
        self.assertEqual(failed.exception, ["graph::Broken", [turned, [0, "it is a test"]]])
        failed = self.fails("raise_node", [[], []], None)
        self.assertEqual(failed.exception, ["graph::Broken", [[[], []], [None, "it is a test"]]])
        nodes = [["graph::Node", 0, 2], [node(1, "cut", next=1), node(2, "b")]]
        failed = self.fails("raise_node", nodes, 0)
        assert failed.exception is not None
        self.assertEqual(failed.exception[1][1], [[REFERENCE, 0], {"end": 1}])
        self.assertTrue(harness.GRAMMAR.check("nodes", failed.exception[1][0]))

    def test_oneway(self) -> None:
        number = self.desk.start("graph.Surgery.note", [["graph::Node", 0, 1], [node(1, "")]], 0)
        self.assertEqual(self.desk.answer(number), [ACK, number])

    def test_unknown_types(self) -> None:
        """Their nodes are skipped, and have their place among the positions."""
        nodes = [["x::Y", 1, 1, "graph::Node", 1, 0], [5, {"a": [None]}, node(1, "a")]]
        results = self.call("edit", nodes, 0, "values")
        self.assertEqual(results, [[[], [], {1: {0: {1: "a!", 2: 0.5}}}], {}])

    def test_grown_messages(self) -> None:
        """More elements than there are in this version; nodes that nothing leads to."""
        nodes = [["graph::Node", 2, 0], [node(1, "a") + [1], node(2, "b")], "more", 3]
        self.assertEqual(self.call("edit", nodes, 0, "nothing"), [[], {}])
        short = [["graph::Node", 1, 0], [[7]]]
        results = self.call("edit", short, 0, "values")
        self.assertEqual(results, [[[], [], {0: {0: {1: "!", 2: 0.5}}}], {}])

    def test_shared_from_afar(self) -> None:
        """A list of 5,000 nodes nests no deeper than one of 2."""
        request = list_request(5000)
        results = self.call("reverse", request.nodes, 0)
        after = request.apply(results[0])["graph::Node"]
        self.assertEqual([value[3] for value in after], [None, *range(4999)])

    def test_refused(self) -> None:
        request = list_request()
        for happened in (
            [[]], [[0], []], [[0, 1], []], [[3, 0], []], [["graph::Node", 1], [node(1, "")]],
            [["x", 0, 0, 0], []], [[], [], {1: {}}], [[], [], {0: {3: {}}}], [[], [], {0: {1: 5, 0: 5}}],
            [[], [], {}, {0: [1]}], [[], [], {}, {0: [2, 2]}], [[], [], {0: {0: {3: 3}}}],
            [[], [], {0: {0: {3: 2}}}, {0: [2]}], [[], [], {}, {0: [3]}],
        ):  # fmt: skip
            with self.subTest(happened=happened), self.assertRaises((Refused, AttributeError)):
                request.apply(happened)


class Contracts(Surgery):
    def test_rename(self) -> None:
        """Also the roots and the numbers were changed, which does not come back."""
        results = self.call("rename", list_request(2).nodes, 0, "x")
        self.assertEqual(results, [[[], [], {0: {0: {1: "x"}, 1: {1: "x", 2: 1.0}}}], {}])

    def test_release(self) -> None:
        failed = self.fails("relink", list_request(1).nodes, [0], "release")
        self.assertEqual((failed.status, failed.not_run), (-35, False))


class Mirrors(Surgery):
    """Arguments of which only what has changed is sent."""

    def test_values(self) -> None:
        meta: dict[int, Any] = {MIRROR: [0, 1, 0, 1], FULL_VALUES: True}
        target, table = "graph.Surgery.totals", {"bolt": 1.0, "nut": 2.0}
        [before] = self.desk.call(target, table, "1", meta=meta)
        # The mirror has the next version now, which is what the call has made of it.
        meta[MIRROR] = [0, 1, 2, 3]
        delta = [{"\U0010ffff": 7.0}]
        [after] = self.desk.call(target, delta, "2", meta=meta)
        [same] = self.desk.call(
            target, TABLE.apply(before, delta), "2", meta={FULL_VALUES: True}
        )
        self.assertEqual(dumps(after), dumps(same))

    def test_mutable(self) -> None:
        target, old = "graph.Surgery.settings", dict(SETTINGS.default)
        meta: dict[int, Any] = {MIRROR: [0, 9, 0, 5], FULL_VALUES: True}
        [before] = self.desk.call(target, old, meta=meta)
        meta[MIRROR] = [0, 9, 6, 8]
        delta = [1, "dark", 5, 77]
        [after] = self.desk.call(target, delta, meta=meta)
        [same] = self.desk.call(target, SETTINGS.apply(before, delta), meta={FULL_VALUES: True})
        self.assertEqual(dumps(after), dumps(same))

    def count(self, mirror: list[int], arguments: bytes) -> list[Any]:
        number = self.desk.new_id()
        head = b"\x85\x01" + dumps(number) + dumps("graph.Surgery.count")
        self.desk.send_content(head + dumps({MIRROR: mirror}) + arguments)
        return self.desk.results(number)

    def test_nodes(self) -> None:
        """What is mirrored is the bytes of all arguments."""
        whole = dumps([[["graph::Node", 0, 2], node_list(2)], 0])
        self.assertEqual(self.count([0, 3, 0, 1], whole), [[], 2])
        splice = {0: [[len(whole) - 1, 1, b"\xf6"]]}
        self.assertEqual(self.count([0, 3, 1, 2], dumps(splice)), [[], 0])
        self.assertEqual(self.count([0, 3, 2, 7], dumps(whole)), [[], 2])

    def test_stale(self) -> None:
        number = self.desk.start("graph.Surgery.totals", {}, "1", meta={MIRROR: [0, 1, 1, 2]})
        self.assert_fails(self.desk, number, -37)


if __name__ == "__main__":
    unittest.main()
