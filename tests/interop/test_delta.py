# SPDX-License-Identifier: MIT
"""Deltas: the examples of docs/delta.md, and whether what the servers of the
samples send makes the same of an object as sending all of it."""

from __future__ import annotations

import random
import unittest
from typing import Any

import harness
from mw_client import FULL_VALUES, Connection, doubles, plain
from mw_delta import Numbers, Optional, Refused, Scalar, Sequence, Struct, Text, Type
from orders import (
    ATTACHMENTS, CONFIRM, CONFIRMED, CUSTOMER, CUSTOMER_TYPE, LINES, NOTES, ORDER_TYPE, SAMPLES,
    SMOOTH, STATUS, line, order,
)  # fmt: skip

CORRECT = "document.Corrector.correct"

POINT = Struct(Scalar(0.0), Scalar(0.0), Text())
LINE = Struct(Text(), Scalar(), Optional(Text()), Optional(POINT))
ITEM = Struct(Scalar(), Text(), Scalar(0.0), Optional(Text()), Numbers([]))
NODE = Struct(Text(), Scalar())
NODE.members += (Sequence(NODE),)
NODE.default = ["", 0, []]

FOX = "The quick brown fox jumps over the lazy dog"
CITY = "Grüße aus der schönen Stadt"
NAMES = ["Ada", "Grace", "Edsger", "Barbara"]
BYTES = bytes(range(32))
NUMBERS = [float(i) for i in range(16)]


def item(key: int, name: str, price: float = 1.0) -> list[Any]:
    return [key, name, price, None, []]


ANVIL, BOLT, CHAIN, DRILL = items = [
    item(1, "anvil"), item(2, "bolt"), item(3, "chain"), item(4, "drill")
]  # fmt: skip
CHEAP, FILE = item(3, "chain", 7.5), item(9, "file")


def tree(weight: int) -> list[Any]:
    leaf = ["leaf", weight, []]
    return ["root", 0, [["other", 1, []], ["left", 2, [["inner", 3, [leaf]]]]]]


class Examples(unittest.TestCase):
    """Section 3 of the document."""

    def check(self, kind: Type, old: Any, delta: Any, new: Any) -> None:
        with self.subTest(old=old, delta=delta):
            before = repr(old)
            self.assertEqual(kind.apply(old, delta), new)
            self.assertEqual(repr(old), before)

    def test_structs(self) -> None:
        old, where = ["bolt", 1, None, None], [1.0, 2.0, "a"]
        self.check(LINE, old, {}, old)
        self.check(LINE, old, {1: 9}, ["bolt", 9, None, None])
        self.check(LINE, old, {2: "x"}, ["bolt", 1, "x", None])
        self.check(LINE, ["bolt", 1, "x", None], {2: None}, old)
        self.check(LINE, old[:3] + [where], {3: {1: 3.0}}, old[:3] + [[1.0, 3.0, "a"]])
        self.check(LINE, old[:3] + [where], ["b", 2], ["b", 2, None, where])
        self.check(LINE, old[:3] + [where], ["b", 2, None, [5.0]], ["b", 2, None, [5.0, 2.0, "a"]])
        self.check(LINE, old, {1: 2, 77: [{}]}, ["bolt", 2, None, None])
        self.check(LINE, old, ["b", 2, "n", [1.0], 5], ["b", 2, "n", [1.0, 0.0, ""]])

    def test_texts(self) -> None:
        slow = "The slow brown fox jumps over the big dog"
        self.check(Text(), FOX, {0: [[4, 5, "slow"], [35, 4, "big"]]}, slow)
        self.check(Text(), FOX, {0: [[10, 5, "red"]]}, FOX.replace("brown", "red"))
        self.check(Text(), CITY, {0: [[19, 2, "ü"]]}, CITY.replace("ö", "ü"))
        self.check(Text(), "abc", "abd", "abd")

    def test_numbers(self) -> None:
        octets = Numbers(b"")
        self.check(octets, BYTES, {1: [[5, b"\xff"]]}, BYTES[:5] + b"\xff" + BYTES[6:])
        self.check(octets, BYTES, {0: [[5, 0, b"\xff\xff"]]}, BYTES[:5] + b"\xff\xff" + BYTES[5:])
        run = plain({1: [[3, doubles([0.5, 0.25])]]})
        self.check(Numbers([]), NUMBERS, run, NUMBERS[:3] + [0.5, 0.25] + NUMBERS[5:])
        matrix = Sequence(Numbers([], fixed=True))
        self.check(matrix, [[1, 2, 3], [4, 5, 6]], {1: {1: {1: [[2, [7]]]}}}, [[1, 2, 3], [4, 5, 7]])
        both = {0: [[0, 2, b""], [6, 0, b"ab"]], 1: [[5, b"\xfe\xfd"]]}
        self.check(octets, bytes(range(8)), both, b"\2\3\4\xfeab\xfd\7")

    def test_sequences(self) -> None:
        self.check(Sequence(Text()), NAMES, {0: [[1, 1, []]]}, ["Ada", "Edsger", "Barbara"])
        self.check(Sequence(Text()), NAMES, {1: {2: "Edsger W."}}, NAMES[:2] + ["Edsger W.", "Barbara"])
        old = [["bolt", 1, None, None], ["nut", 2, None, None], ["rivet", 3, None, None]]
        washer = ["washer", 7, None, None]
        delta = {0: [[1, 0, [washer]]], 1: {1: {1: 5}}}
        self.check(Sequence(LINE), old, delta, [old[0], washer, ["nut", 5, None, None], old[2]])

    def test_keyed_sequences(self) -> None:
        for delta, new in (
            ({0: [[1, 1, []], [3, 0, [FILE]]], 1: {2: {2: 7.5}}}, [ANVIL, CHEAP, FILE, DRILL]),
            ({2: [3, 1, [], 0, 3, []]}, [DRILL, ANVIL, BOLT, CHAIN]),
            ({1: {2: {2: 7.5}}, 2: [0, 1, [], 2, 1, [], 1, 1, [], 3, 1, []]},
             [ANVIL, CHEAP, BOLT, DRILL]),
            ({2: [0, 0, [FILE], 3, 1, [], 0, 2, []]}, [FILE, DRILL, ANVIL, BOLT]),
        ):  # fmt: skip
            self.check(Sequence(ITEM), items, delta, new)

    def test_tree(self) -> None:
        self.check(NODE, tree(5), {2: {1: {1: {2: {1: {0: {2: {1: {0: {1: 9}}}}}}}}}}, tree(9))

    def test_refused(self) -> None:
        for kind, old, delta in (
            (Scalar(), 1, {0: 1}), (LINE, ["a", 1, None, None], {2: {}}), (LINE, [], {-1: 0}),
            (Text(), "ä", {0: [[1, 1, ""]]}), (Text(), "ä", {0: [[0, 1, ""]]}),
            (Text(), "abc", {0: [[2, 2, ""]]}), (Text(), "abc", {0: [[2, 0, ""], [1, 0, ""]]}),
            (Text(), "abc", {0: [[0, 2, ""], [1, 0, ""]]}), (Text(), "abc", {1: []}),
            (Numbers(b""), b"abc", {1: [[2, b"de"]]}), (Numbers(b""), b"abc", {2: []}),
            (Numbers(b""), b"abc", {1: [[1, b"de"], [2, b"f"]]}),
            (Numbers(b""), b"abc", {0: [[1, 1, b""]], 1: [[0, b"de"]]}),
            (Numbers([], True), [1, 2], {0: [[0, 1, []]]}),
            (Sequence(Text()), NAMES, {0: [[1, 1, []]], 1: {1: "x"}}),
            (Sequence(Text()), NAMES, {1: {4: "x"}}), (Sequence(Text()), NAMES, {1: {2: "x", 1: ""}}),
            (Sequence(Text()), NAMES, {2: [0, 2, [], 1, 1, []]}),
            (Sequence(Text()), NAMES, {2: [3, 2, []]}), (Sequence(Text()), NAMES, {2: [0, 1]}),
            (Sequence(Text()), NAMES, {0: [], 2: []}), (Sequence(Text()), NAMES, {3: []}),
        ):  # fmt: skip
            with self.subTest(old=old, delta=delta), self.assertRaises(Refused):
                kind.apply(old, delta)


class Desk(harness.InteropCase):
    """Orders of all sorts, with a fixed seed."""

    def setUp(self) -> None:
        self.desk: Connection = self.connect()
        self.random = random.Random(20240229)

    def draft(self) -> list[Any]:
        skus = ["BOLT-8", "NUT-8", "TAPE-R", "TAPE-B", "ANVIL"]
        some = self.random.choices(skus, k=self.random.choice((0, 1, 3, 12)))
        if self.random.random() < 0.5:
            some = list(dict.fromkeys(some))  # so that each key is there once
        email = self.random.choice((None, "a@b"))
        return order({
            CUSTOMER: ["Łucja", "Łódź" * self.random.randrange(20), email],
            LINES: [line(sku, self.random.randrange(3), "ä" * len(sku)) for sku in some],
            NOTES: "ring twice, ☃ " * self.random.choice((0, 1, 30)),
            SAMPLES: doubles(self.samples()),
            ATTACHMENTS: self.random.randbytes(self.random.choice((0, 9, 3000))),
        })  # fmt: skip

    def samples(self) -> list[float]:
        often = self.random.choice((0.01, 0.1, 0.5, 1.0))
        return [
            self.random.gauss(999.0 if self.random.random() < often else 20.0, 5.0)
            for _ in range(self.random.choice((3, 30, 1000)))
        ]

    def both(self, target: str, *arguments: Any) -> tuple[list[Any], list[Any]]:
        """The results with a delta, which is applied; and those without."""
        delta, *rest = self.desk.call(target, *arguments)
        self.assertTrue(harness.DELTAS.check("struct-patch", delta), delta)
        whole = self.desk.call(target, *arguments, meta={FULL_VALUES: True})
        return [ORDER_TYPE.apply(plain(arguments[0]), delta), *rest], whole

    def test_confirm(self) -> None:
        for i in range(200):
            with self.subTest(i=i):
                patched, whole = self.both(CONFIRM, self.draft())
                for after, parcel, _ in (patched, whole):
                    after[NOTES] = after[NOTES].replace(parcel, "NL-…")
                self.assertEqual([patched[0], patched[2]], [whole[0], whole[2]])

    def test_smooth(self) -> None:
        for i in range(200):
            with self.subTest(i=i):
                patched, whole = self.both(SMOOTH, self.draft(), 100.0)
                self.assertEqual(patched, whole)

    def test_older_client(self) -> None:
        """One whose Order ends with lines; the desk changes what it has never heard of."""
        older = Struct(*ORDER_TYPE.members[: LINES + 1])
        for meta in ({}, {FULL_VALUES: True}):
            delta = self.desk.call(CONFIRM, order()[: LINES + 1], meta=meta)[0]
            after = older.apply(plain(order()[: LINES + 1]), delta)
            self.assertEqual(after[STATUS:CUSTOMER], [CONFIRMED])
            self.assertEqual(after[LINES:], [[line("BOLT-8", 100, "Bolts", 0.42)]])

    def test_newer_client(self) -> None:
        """One that has members which the desk has never heard of: they stay."""
        customer = Struct(*CUSTOMER_TYPE.members, Text())
        newer = Struct(*ORDER_TYPE.members, Text())
        newer.members = (*newer.members[:CUSTOMER], customer, *newer.members[LINES:])
        draft = order({CUSTOMER: ["Ada", "London", None, "Ltd."]}) + ["by rail"]
        for meta in ({}, {FULL_VALUES: True}):
            after = newer.apply(plain(draft), self.desk.call(CONFIRM, draft, meta=meta)[0])
            self.assertEqual((after[CUSTOMER], after[-1]), (draft[CUSTOMER], "by rail"))
            self.assertEqual(after[STATUS], CONFIRMED)

    def test_small_change_is_small(self) -> None:
        """Eight of 80,000 bytes changed; what comes back is less than a line."""
        samples = [20.0] * 10_000
        samples[5000] = 999.0
        delta, count = self.desk.call(SMOOTH, order({SAMPLES: doubles(samples)}), 100.0)
        self.assertEqual((count, delta), (1, {SAMPLES: {1: [[5000, [20.0]]]}}))
        self.assertLess(len(self.desk.received[-1]), 64)


class Corrector(harness.InteropCase):
    """A text as parameter: its delta is the result itself."""

    program = "MW_DOCUMENT_SERVER"

    def test_texts(self) -> None:
        desk, rng = self.connect(), random.Random(4711)
        words = ["teh", "the", "  ", " ", "--", '"', "ä", "☃", "𝄞", "recieve", "word", "\n", "'"]
        patched = 0
        for i in range(200):
            with self.subTest(i=i):
                old = " ".join(rng.choices(words, k=rng.choice((0, 1, 10, 100, 2000))))
                delta, tally = desk.call(CORRECT, old)
                whole, same = desk.call(CORRECT, old, meta={FULL_VALUES: True})
                self.assertEqual((Text().apply(old, delta), tally), (whole, same))
                patched += isinstance(delta, dict) and bool(delta)
        self.assertGreater(patched, 0)


if __name__ == "__main__":
    unittest.main()
