# SPDX-License-Identifier: MIT
"""The examples in docs/wire.md are right, and cddl.py can say no."""

from __future__ import annotations

import ast
import re
import unittest
from collections.abc import Callable
from typing import Any

import cddl
import harness
from cbor2 import CBORTag, dumps, loads


def hex_of(block: str) -> bytes:
    return bytes.fromhex(re.sub(r"#.*", "", block))


def diagnostic(text: str) -> Any:
    """Diagnostic notation without anything that Python does not have."""
    for cbor, python in (("true", "True"), ("false", "False"), ("null", "None")):
        text = re.sub(rf"\b{cbor}\b", python, text)
    return ast.literal_eval(text)


class Conversation(harness.InteropCase):
    """One of the document's, with the server of which it speaks."""

    def check_conversation(self, is_meant: Callable[[str], bool], least: int) -> None:
        """Our side is said, and the server says its own word for word."""
        lines = [
            (side, diagnostic(item))
            for block in filter(is_meant, harness.blocks(""))
            for side, item in re.findall(r"^([CS]): << (.*?) >>$", block, re.M | re.S)
        ]
        self.assertGreaterEqual(len(lines), least)
        desk = self.connect(say_hello=False)
        if lines[0][1][0] != 0:
            desk.send([0, 1, {}])
            desk.await_hello()
        for side, message in lines:
            if side == "C":
                desk.send(message)
                if message[0] == 1:
                    desk.use_id(message[1])
            else:
                received = desk.receive()
                if message[0] == 0:  # drawn anew by each server
                    received[2][2] = message[2][2]
                self.assertEqual(received, message)


class Examples(Conversation):
    program = "MW_HELLO_SERVER"

    def test_bytes(self) -> None:
        """Each example is one frame of one message."""
        examples = [b for b in harness.blocks("") if re.match(r"[0-9a-f]{2} ", b)]
        self.assertEqual(len(examples), 2)
        for example in examples:
            content = loads(hex_of(example))
            self.assertEqual(dumps(content), hex_of(example), example)
            self.assertTrue(harness.GRAMMAR.check("message", loads(content)), example)
            self.assertEqual(cddl.loose_heads(content), [], example)

    def test_conversation(self) -> None:
        self.check_conversation(lambda block: "hello." in block, 8)


class Nodes(Conversation):
    program = "MW_SURGERY_SERVER"

    def test_conversation(self) -> None:
        self.check_conversation(lambda block: "graph." in block, 2)


class Checker(unittest.TestCase):
    """cddl.py itself."""

    def test_messages(self) -> None:
        for good in (
            [0, 1, {}], [0, 1, {0: 5, 7: None}, "more"], [1, 1, "a.b", {}, []],
            [1, 2, 7, {0: 1, 1: True, 3: 5, 8: []}, [None], 1], [2, 1], [3, 1, [{}]],
            [4, 1, -1, ""], [4, 1, -1, "", {}], [4, 1, -32, "", {0: False, 1: ["a", []]}, 1],
            [6, 1], [7, 2**64 - 1], [8, -14, "bye", 1],
        ):  # fmt: skip
            self.assertTrue(harness.GRAMMAR.check("message", good), good)
        for bad in (
            None, [], {}, [9], ["0"], [True, 1], [0], [0, 1], [0, -1, {}], [0, 1, {0: "x"}],
            [0, 1, {-1: 1}], [0, 1, []], [1, 1, "a", {}], [1, 0, "a", {}, []],
            [1, 1, None, {}, []], [1, 1, "a", {1: 1}, []], [1, 1, "a", {"x": 1}, []],
            [1, 1, "a", {}, {}], [2], [2, 2**64], [3, 1], [3, 1, {}], [4, 1, "x"],
            [4, 1, -1, b""], [4, 1, -1, "", []], [4, 1, -1, "", {0: 1}],
            [4, 1, -1, "", {1: ["a"]}], [6], [8, "x", -1], [8, -1],
        ):  # fmt: skip
            self.assertFalse(harness.GRAMMAR.check("message", bad), bad)

    def test_values(self) -> None:
        check = harness.GRAMMAR.check
        self.assertTrue(check("orders.Line", ["é" * 8, "", 2**32 - 1, 0.5, "more"]))
        for bad in (["é" * 9, "", 1, 0.5], ["", "", -1, 0.5], ["", "", 1, 1], ["", "", 2**32, 0.5]):
            self.assertFalse(check("orders.Line", bad), bad)
        for good in ([], [1.0], CBORTag(86, b""), CBORTag(82, b"")):
            self.assertTrue(check("samples", good), good)
        for bad in ([1], CBORTag(85, b""), CBORTag(86, ""), b""):
            self.assertFalse(check("samples", bad), bad)

    def test_grammars(self) -> None:
        for bad in ("a = b", "a = uint a = uint", "a", "a = [uint", "a = { 0 => b: uint }", "= 1"):
            with self.assertRaises(SyntaxError, msg=bad):
                cddl.Grammar(bad)

    def test_loose_heads(self) -> None:
        for data, found in (
            (b"\x83\x18\x18\x61a\xfa\0\0\0\0", []), (b"\x82\x18\x17\x00", [1]),
            (b"\x9f\xff", [0, 1]), (b"\x81\x79\0\1a", [1]), (b"\xd9\0\x56\x40", [0]),
        ):  # fmt: skip
            self.assertEqual(cddl.loose_heads(data), found, data)


if __name__ == "__main__":
    unittest.main()
