# SPDX-License-Identifier: MIT
"""Arguments of all kinds that break the rules of docs/wire.md: each is refused with
FAIL -3 and a text that says what and where, and the connection goes on."""

from __future__ import annotations

import random
import unittest
from typing import Any

import harness
from cbor2 import dumps
from mw_client import Connection, Failed
from mw_nodes import Request
from orders import Raw, encode
from surgery import (
    BOXED, COUNT, DOC, DOC_INFO, DOC_LINES, DOC_SETTINGS, KINDS, LABEL, NODE_REF, NOTHING, PATH,
    SETTINGS, Source, node, node_list, some, world,
)  # fmt: skip

NO_NODES: list[Any] = [[], []]
TWO = [["graph::Node", 2, 0], node_list(2, ring=True)]
TWO_TYPES = ["graph::Node", 1, 0, "graph::Tree", 1, 0]


def pairs(*keys_and_values: Any) -> Raw:
    """A map with whatever pairs, in whatever order."""
    count = len(keys_and_values) // 2
    return Raw(bytes([0xA0 + count]) + b"".join(map(encode, keys_and_values)))


def doc(member: int, value: Any) -> list[Any]:
    changed = list(DOC.default)
    changed[member] = value
    return changed


def settings(**changes: Any) -> dict[int, Any]:
    return SETTINGS.default | {int(key[1:]): value for key, value in changes.items()}


class Values(harness.InteropCase):
    program = "MW_SURGERY_SERVER"

    def setUp(self) -> None:
        self.desk: Connection = self.connect()

    def send(self, target: str, arguments: Any) -> int:
        number = self.desk.new_id()
        head = b"\x85\x01" + dumps(number) + dumps(f"graph.Surgery.{target}") + b"\xa0"
        self.desk.send_content(head + encode(arguments))
        return number

    def refused(self, target: str, arguments: Any, text: str) -> None:
        with self.subTest(target=target, arguments=arguments):
            found = self.assert_fails(self.desk, self.send(target, arguments), -3)
            self.assertIn(text, found)
            self.assertRegex(found, r" at byte \d+$")
            self.assertEqual(self.desk.call("graph.Surgery.make", NO_NODES, 0), [[], None])

    def test_unions(self) -> None:
        for value, text in (
            ([], "s: "), ([7], "s.tag: 7 is not"), ([-1], "s.tag: "), ([LABEL], "s"), ([NOTHING, 1], "s"),
            ([LABEL, 5], "s.label: "), ([LABEL, "x", 1], "s"), ([None], "s"), ({}, "s: "),
            ("x", "s: "), ([COUNT, 2**32], "s.count: "), ([COUNT, -1], "s.count: "),
            ([PATH, [[1.0]]], "s.path[0]"), ([PATH, [[1.0, 2.0, 3.0]]], "s.path[0]"),
            ([BOXED, None], "s.boxed"), ([BOXED, ["", 11]], "s.boxed.rating: 11 is above"),
        ):  # fmt: skip
            self.refused("shape", [NO_NODES, value, 0], text)
        self.refused("choice", [[2**31, {}], 0], "c.tag: 2147483648 does not fit int32")
        self.refused("choice", [[0, 1], 0], "c.number: ")
        self.refused("choice", [[5, pairs("b", 1.0, "a", 1.0)], 0], "c.table")

    def test_maps(self) -> None:
        for value in (
            pairs("a", 1.0, "a", 2.0), pairs("b", 1.0, "a", 2.0), pairs("aa", 1.0, "a", 2.0),
            pairs("ä", 1.0, "z", 2.0), pairs(1, 1.0), pairs("a", "x"), pairs("a\0", 1.0), [], "x",
            Raw(b"\xba\xff\xff\xff\xff"), Raw(b"\xbb" + b"\xff" * 8), Raw(b"\xbf\xff"), None,
            Raw(b"\xa1\x61\xff\xf9\0\0"),
        ):  # fmt: skip
            self.refused("totals", [value, "1"], "t")
        line = [1, "", 1, None]
        for value in (
            pairs(2, line, 1, line), pairs(1, line, 1, line), pairs(-1, line), pairs(2**32, line),
            pairs(1, [1, "", 0, None]), pairs(1, [1, "", 1001, None]), pairs(1, [1, "x" * 17]),
            pairs(1, None),
        ):  # fmt: skip
            self.refused("lines", [value, "1"], "t")

    def test_mutable(self) -> None:
        for value, text in (
            (pairs(1, "", 1, ""), "s"), (pairs(5, 3, 1, ""), "s"), (pairs(-1, 0), "s"),
            (pairs("1", ""), "s"), ([], "s"), (None, "s"), (settings(_1=None), "s.theme"),
            (settings(_5=0), "s.depth: 0 is below the minimum of 1"), (settings(_40=2**32), "s.flags"),
            (settings(_8=0.75), "s.fade: 0.75 is above the maximum of 0.5"),
            (settings(_8=float("nan")), "s.fade"), (settings(_2=1), "s.scale"),
            (Raw(b"\xba\xff\xff\xff\xff\x01"), "s"),
        ):  # fmt: skip
            self.refused("settings", [value], text)

    def test_bitmasks(self) -> None:
        for value in (-1, 2**32, 2**64 - 1, None, 1.0, True, "x"):
            self.refused("flags", [value, 0], "f")
        for value in (-1, 256, None):
            self.refused("flags", [0, value], "r")

    def test_docs(self) -> None:
        for member, value, text in (
            (DOC_INFO, None, "doc.info"), (DOC_INFO, ["", 11], "doc.info.rating: 11 is above"),
            (DOC_LINES, [[1, "", 0, None]], "doc.lines[0].quantity: 0 is below the minimum of 1"),
            (DOC_LINES, [[1, "x" * 17, 1, None]], "doc.lines[0].sku"),
            (DOC_SETTINGS, settings(_5=0), "doc.settings.depth"), (7, [[1, 1]], "doc.shapes[0].label"),
            (10, pairs(3, []), "doc.words"), (10, pairs(1, [], 0, []), "doc.words"),
            (12, doc(DOC_INFO, ["", 99]), "doc.annex.info.rating"), (13, [1.0], "doc.at"),
            (14, 0, "doc.start: there is no node 0 of graph::Node"), (14, -1, "doc.start"),
        ):  # fmt: skip
            self.refused("doc", [NO_NODES, doc(member, value), "1"], text)
        deep = list(DOC.default)
        for _ in range(70):
            deep = doc(12, deep)
        number = self.send("doc", [NO_NODES, deep, "1"])
        self.assertIn("nested", self.assert_fails(self.desk, number, -11))

    def test_nodes(self) -> None:
        """The list of nodes, and references to what is not there."""
        for nodes, root in (
            (None, 0), ([], 0), ([[]], 0), ({}, 0), ([{}, []], 0), ([[], {}], 0),
            ([["graph::Node"], []], None), ([["graph::Node", 1], [node(1, "")]], 0),
            ([["graph::Node", -1, 0], []], None), ([["graph::Node", 0, -1], []], None),
            ([["graph::Node", "1", 0], [node(1, "")]], 0), ([[5, 1, 0], [node(1, "")]], 0),
            ([["graph::Node", 1, 0], []], 0), ([["graph::Node", 0, 0], [node(1, "")]], None),
            ([["graph::Node", 2, 0], [node(1, "")]], 0), ([["graph::Node", 1, 0], node_list(2)], 0),
            ([["graph::Node", 1, 0, "graph::Node", 1, 0], node_list(2)], 0),
            ([["graph::Node", 2**32, 0], []], None), ([["graph::Node", 2**64 - 1, 1], []], None),
            ([["graph::Node", 2**63, 2**63], []], None), ([["x", 2**64 - 1, 2**64 - 1], []], None),
            ([["x", 1, 0, "y", 2**64 - 1, 0], [1]], None),
            ([["graph::Node", 1, 0], Raw(b"\x9b" + b"\xff" * 8)], 0),
            ([Raw(b"\x9a\xff\xff\xff\xff"), []], 0), ([["graph::Node", 1, 0], [None]], 0),
            ([["graph::Node", 1, 0], [node(1, "", next=1)]], 0),
            ([["graph::Node", 1, 0], [node(1, "", next=-1)]], 0),
            ([["graph::Node", 1, 0], [node(1, "", next="x")]], 0),
            ([["graph::Node", 1, 0], [node(1, "", next=[])]], 0),
            ([["graph::Node", 1, 0], [node(1, "", edges=[0, 2**64 - 1])]], 0),
            ([["graph::Node", 1, 0], [node(1, "", links={"a": 9})]], 0),
            ([["graph::Node", 1, 0], [node(1, "", info=["", 11])]], 0),
            ([["graph::Node", 1, 0], [node(1, 5)]], 0), ([["graph::Node", 1, 0], [node(-1, "")]], 0),
            (NO_NODES, 0), (TWO, 2), (TWO, 2**64 - 1), (TWO, -1), (TWO, "0"), (TWO, [0]), (TWO, 0.0),
            ([["graph::Tree", 1, 0], [[1, "", None, None]]], 0),
        ):  # fmt: skip
            self.refused("edit", [nodes, root, "values"], "")
        self.refused("edit", [TWO, 2, "values"], "root: there is no node 2 of graph::Node")
        self.refused("edit", [[["graph::Node", 1, 0], [node(1, "", next=1)]], 0, "x"],
                     "there is no node 1 of graph::Node")  # fmt: skip

    def test_types_mixed_up(self) -> None:
        """A number is one of the type that the IDL says, and of no other."""
        tree = [1, "", None, None]
        nodes = [["graph::Tree", 2, 0], [tree, tree]]
        self.refused("all", [nodes, [1], "1"], "roots[0]: there is no node 1 of graph::Node")
        self.refused("rotate", [TWO, 0, "left"], "root: there is no node 0 of graph::Tree")
        self.refused("edit", [[TWO_TYPES, [tree, node(1, "")]], 0, "x"], "")

    def test_counts_of_arguments(self) -> None:
        for arguments in ([], [0], [TWO], [TWO, 0], [TWO, 0, "values", 1], [0, "values"]):
            self.refused("edit", arguments, "")

    def test_garbage_in_circles(self) -> None:
        """Graphs of all shapes, most of them with a fault: refused or taken, each gets
        its answer."""
        rng = random.Random(20240311)
        answers = [0, 0]
        for i in range(300):
            n = rng.choice((1, 2, 5, 30))
            wrong = rng.choice((0, 0, 1, 1000, 2**40))

            def ref() -> Any:
                return rng.choice((None, rng.randrange(n + (wrong if rng.random() < 0.05 else 0))))

            nodes = [
                node(j, "x", next=ref(), edges=[ref() for _ in range(rng.randrange(4))],
                     links={"a": ref(), "b": ref()})  # fmt: skip
                for j in range(n)
            ]
            rows = [["graph::Node", rng.randrange(n + 1), 0], nodes]
            rows[0][2] = n - rows[0][1]
            number = self.send("all", [rows, [ref() for _ in range(3)], str(i)])
            with self.subTest(i=i):
                try:
                    self.desk.results(number)
                    answers[0] += 1
                except Failed as failed:
                    answers[1] += 1
                    # What a handler releases that came by another way is its fault.
                    self.assertIn(failed.status, (-3, -13), failed.text)
                    self.assertNotEqual(failed.text, "")
        self.assertGreater(min(answers), 10)
        self.desk.ping()

    def test_bytes_changed(self) -> None:
        """Each byte of a good request in turn is another one: there is always an answer,
        or a GOAWAY for a message that is none."""
        rng = random.Random(20240312)
        good = encode([TWO, 0, "values"])
        for at in range(len(good)):
            bad = bytearray(good)
            bad[at] ^= rng.randrange(1, 256)
            with self.subTest(at=at, bad=bad.hex()):
                number = self.send("edit", Raw(bytes(bad)))
                try:
                    self.desk.results(number)
                except Failed as failed:
                    self.assertIn(failed.status, (-3, -11), failed.text)

    def test_damaged_documents(self) -> None:
        """Requests with something of all kinds, in which bytes were changed, lost or
        put in."""
        rng = random.Random(20240313)
        answers = [0, 0]
        for i in range(400):
            tables = world(rng, rng.choice((1, 3, 9)), 2)
            source = Source(rng, {name: len(nodes) for name, nodes in tables.items()}, 1)
            request = Request(KINDS, tables, [(DOC, some(DOC, source)), (NODE_REF, 0)])
            damaged = bytearray(dumps([request.nodes, *request.inout, str(i)]))
            for _ in range(rng.choice((1, 1, 2, 5))):
                at, n = rng.randrange(len(damaged)), rng.randrange(1, 4)
                kept = rng.choice((0, n, n))
                damaged[at : at + kept] = rng.randbytes(rng.choice((0, kept, n)))
            with self.subTest(i=i, damaged=damaged.hex()):
                try:
                    self.desk.results(self.send("mixed", Raw(bytes(damaged))))
                    answers[0] += 1
                except Failed as failed:
                    answers[1] += 1
                    self.assertIn(failed.status, (-3, -11), failed.text)
                    self.assertNotEqual(failed.text, "")
        self.assertGreater(min(answers), 10)


if __name__ == "__main__":
    unittest.main()
