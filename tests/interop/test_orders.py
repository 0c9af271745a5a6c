# SPDX-License-Identifier: MIT
"""What a client written from docs/wire.md can do with the server of samples/orders."""

from __future__ import annotations

import math
import struct
import unittest
from typing import Any

import harness
from cbor2 import CBORTag
from mw_client import (
    ACK, ACK_WISH, BIND, CANCEL, FULL_VALUES, KEY, REPEAT, REPLY, TIMEOUT_MS, Connection, Failed,
    plain, typed_array,
)  # fmt: skip
from orders import (
    ATTACHMENTS, AUDIT, AUDITED, CONFIRM, CONFIRMED, CUSTOMER, DISCOUNT, LINES, NOTES, NUMBER,
    SAMPLES, SMOOTH, STATUS, Raw, encode, line, order,
)  # fmt: skip

WHOLE = {FULL_VALUES: True}


def order_with(member: int, value: Any) -> list[Any]:
    return order({member: value})


class Calls(harness.InteropCase):
    """What a well-behaved client does."""

    def setUp(self) -> None:
        self.desk: Connection = self.connect()

    def test_hello(self) -> None:
        self.desk.await_hello()
        kind, version, told = self.desk.server_hello
        self.assertEqual((kind, version), (0, 1))
        self.assertEqual(set(told), {0, 2})
        self.assertEqual(told[0], 16 * 1024 * 1024)
        self.assertGreater(told[2], 0)

    def test_confirm_whole(self) -> None:
        draft = order_with(LINES, [line("BOLT-8", 100), line("NUT-8", 0), line("ANVIL", 1)])
        after, parcel, due = self.desk.call(CONFIRM, draft, meta=WHOLE)
        self.assertEqual(after[LINES], [line("BOLT-8", 100, "", 0.42), line("ANVIL", 1, "", 181.3)])
        self.assertEqual(after[STATUS], CONFIRMED)
        self.assertEqual(after[DISCOUNT], 5.0)
        self.assertEqual(after[NOTES], f"Ring twice.\nPacked as {parcel}.")
        for member in (NUMBER, CUSTOMER, SAMPLES, ATTACHMENTS):
            self.assertEqual(after[member], plain(draft)[member])
        self.assertTrue(math.isclose(due, (42.0 + 181.3) * 0.95), due)

    def test_nothing_changed(self) -> None:
        self.assertEqual(self.desk.call(SMOOTH, order(), 1000.0), [{}, 0])
        whole, count = self.desk.call(SMOOTH, order(), 1000.0, meta=WHOLE)
        self.assertEqual((whole, count), (plain(order()), 0))

    def test_exception(self) -> None:
        with self.assertRaises(Failed) as caught:
            self.desk.call(CONFIRM, order_with(LINES, [line("BOLT-8"), line("ANVIL", 3)]))
        self.assertEqual(caught.exception.status, -32)
        self.assertEqual(caught.exception.exception, ["orders::OutOfStock", ["ANVIL", 3, 2]])
        self.assertFalse(caught.exception.not_run)

    def test_failure_of_the_handler(self) -> None:
        with self.assertRaises(Failed) as caught:
            self.desk.call(CONFIRM, order_with(STATUS, CONFIRMED))
        self.assertEqual(caught.exception.status, -9)
        self.assertFalse(caught.exception.not_run)
        self.assertIsNone(caught.exception.exception)

    def test_many_in_flight(self) -> None:
        """Answers belong to their calls, in whatever order they come."""
        numbers = []
        for i in range(300):
            numbers.append(self.desk.start(SMOOTH, order_with(NUMBER, i), 50.0, meta=WHOLE))
            self.desk.start(AUDITED)
        for i, number in reversed(list(enumerate(numbers))):
            after, count = self.desk.results(number)
            self.assertEqual((after[NUMBER], count), (i, 1))

    def test_answers_overtake(self) -> None:
        """A slow call holds nothing up: PONG and others come first."""
        slow = self.desk.start(AUDIT, "slow")
        self.desk.ping()
        self.assertEqual(self.desk.answer(slow)[0], ACK)

    def test_ids_of_any_order(self) -> None:
        for number in (2**64 - 1, 5, 2**32, 1):
            self.desk.send([1, self.desk.use_id(number), AUDITED, {}, []])
            self.assertEqual(self.desk.answer(number)[:2], [REPLY, number])

    def test_two_connections(self) -> None:
        """Ids and bindings belong to a connection."""
        other = self.connect()
        self.desk.call(AUDITED, meta={BIND: 1})
        first, second = self.desk.start(1), other.start(1)
        self.assertEqual(len(self.desk.results(first)), 1)
        self.assert_fails(other, second, -12)

    def test_large_order(self) -> None:
        large = order({SAMPLES: typed_array(86, map(float, range(100_000)))})
        after, count = self.desk.call(SMOOTH, large, 1e9, meta=WHOLE)
        self.assertEqual((len(after[SAMPLES]), count), (100_000, 0))

    # -- meta

    def test_timeout(self) -> None:
        self.assert_fails(self.desk, self.desk.start(AUDITED, meta={TIMEOUT_MS: 0}), -4)
        for milliseconds in (10_000, 2**63, 2**64 - 1):
            self.assertEqual(len(self.desk.call(AUDITED, meta={TIMEOUT_MS: milliseconds})), 1)

    def test_unknown_meta(self) -> None:
        for key in (8, 10, 1000, 2**64 - 2):
            self.desk.call(AUDITED, meta={key: [{"any": None}]})
        for key in (11, 13, 1001, 2**64 - 1):
            self.assert_fails(self.desk, self.desk.start(AUDITED, meta={key: 1}), -12)

    def test_bindings(self) -> None:
        for number in (0, 1, 70_000, 2**64 - 1):
            self.desk.call(AUDITED, meta={BIND: number})
            self.desk.call(number)
            self.desk.call(AUDITED, meta={BIND: number})  # is harmless
            again = self.desk.start(AUDIT, "no", meta={BIND: number})
            self.assert_fails(self.desk, again, -3)
            self.desk.call(number)  # is still bound
        self.assert_fails(self.desk, self.desk.start(2), -12)

    def test_acknowledged(self) -> None:
        """The answer may be quicker than the ACKs."""
        number = self.desk.start(AUDITED, meta={ACK_WISH: 2})
        kinds = []
        while REPLY not in kinds:
            message = self.desk.receive()
            if message[:2] in ([ACK, number], [REPLY, number]):
                kinds.append(message[0])

    def test_cancel(self) -> None:
        for number in (1, 7, 2**64 - 1):
            self.desk.send([CANCEL, number])
            self.desk.send([CANCEL, number, "later"])
        self.desk.call(AUDITED)

    def test_keys(self) -> None:
        [first] = self.desk.call(AUDITED, meta={KEY: b"count 1"})
        self.desk.call(AUDIT, "one more")
        while self.desk.call(AUDITED)[0] <= first:
            pass  # it runs after its ACK
        self.assertEqual(self.desk.call(AUDITED, meta={KEY: b"count 1"}), [first])
        other = self.connect()
        other.await_hello()
        instance = other.server_hello[2][2]
        meta = {KEY: b"count 1", REPEAT: [instance, 60_000]}
        self.assertEqual(other.call(AUDITED, meta=meta), [first])
        self.assert_fails(other, other.start(AUDIT, "no", meta={KEY: b"count 1"}), -3)

    def test_repeat_without_a_record(self) -> None:
        self.desk.await_hello()
        instance = self.desk.server_hello[2][2]
        meta = {KEY: b"never sent", REPEAT: [instance, 5]}
        self.assertEqual(len(self.desk.call(AUDITED, meta=meta)), 1)
        meta = {KEY: b"sent elsewhere", REPEAT: [instance ^ 1, 5]}
        self.desk.send([1, self.desk.new_id(), AUDITED, meta, []])
        with self.assertRaises(Failed) as failed:
            self.desk.results(self.desk.last_id)
        self.assertEqual(failed.exception.status, -15)
        self.assertFalse(failed.exception.not_run)

    def test_binding_of_a_oneway_call(self) -> None:
        self.desk.call(AUDIT, "bound", meta={BIND: 3})
        number = self.desk.start(3, "by number")
        self.assertEqual(self.desk.answer(number), [ACK, number])

    def test_as_many_bindings_as_promised(self) -> None:
        calls = [self.desk.start(AUDITED, meta={BIND: i}) for i in range(1024)]
        for number in calls + [self.desk.start(i) for i in range(1024)]:
            self.desk.results(number)

    def test_too_many_bindings(self) -> None:
        for first in range(0, 4096, 512):
            calls = [self.desk.start(AUDITED, meta={BIND: first + i}) for i in range(512)]
            for number in calls:
                self.desk.results(number)
        self.assert_fails(self.desk, self.desk.start(AUDITED, meta={BIND: 4096}), -8)
        self.desk.call(4095)

    # -- what a server must refuse, and then go on

    def test_unknown_targets(self) -> None:
        for target in (
            "orders.Desk.none", "orders.None.confirm", "none.Desk.confirm", "orders.Desk",
            "orders::Desk.audited", "orders.Desk.audited.", "", ".", "☃" * 300, "a\nb.c", 77,
        ):  # fmt: skip
            with self.subTest(target=target):
                self.assert_fails(self.desk, self.desk.start(target), -12)
        self.desk.call(AUDITED)

    def test_wrong_arguments(self) -> None:
        for target, arguments in (
            (AUDITED, [1]), (AUDITED, [None]), (AUDIT, []), (AUDIT, ["a", "b"]), (AUDIT, [1]),
            (AUDIT, [b"a"]), (AUDIT, [None]), (SMOOTH, [order()]), (SMOOTH, [order(), 1]),
            (SMOOTH, [1.0, order()]), (SMOOTH, [{}, 1.0]), (CONFIRM, [order(), "parcel"]),
        ):  # fmt: skip
            with self.subTest(target=target, arguments=arguments):
                self.assert_fails(self.desk, self.desk.start(target, *arguments), -3)
        self.desk.call(AUDITED)

    def test_small_limit(self) -> None:
        """A reply over the client's limit becomes a FAIL; the next may fit."""
        desk = self.connect(say_hello=False)
        desk.send([0, 1, {}])
        large = order_with(ATTACHMENTS, bytes(65536))
        with self.assertRaises(Failed) as caught:
            desk.call(SMOOTH, large, 50.0, meta=WHOLE)
        self.assertEqual(caught.exception.status, -11)
        self.assertFalse(caught.exception.not_run)
        self.assertEqual(desk.call(SMOOTH, large, 1000.0), [{}, 0])
        desk.send([0, 1, {0: 1_000_000}])  # replaces the limit
        self.assertEqual(desk.call(SMOOTH, large, 50.0, meta=WHOLE)[1], 1)
        desk.send([0, 1, {0: 1}])  # nobody may accept as little
        self.assertEqual(desk.call(SMOOTH, order(), 50.0, meta=WHOLE)[1], 1)


class Oneway(harness.InteropCase):
    """On a server of its own, as others leave lines in the audit log, too."""

    def test_oneway(self) -> None:
        desk = self.connect()
        [before] = desk.call(AUDITED)
        numbers = [desk.start(AUDIT, f"line {i} ☃") for i in range(5)]
        for number in numbers:
            self.assertEqual(desk.answer(number), [ACK, number])
        harness.wait_until(lambda: desk.call(AUDITED) == [before + 5], "the audit log")


class Values(harness.InteropCase):
    """Section 5: every form that a receiver must take, and what it must not."""

    def setUp(self) -> None:
        self.desk = self.connect()

    def start(self, argument: list[Any], limit: Any = 1000.0) -> int:
        number = self.desk.new_id()
        self.desk.send_content(encode([1, number, SMOOTH, WHOLE, [argument, limit]]))
        return number

    def echo(self, argument: list[Any]) -> list[Any]:
        """The order as the server understood it."""
        return self.desk.results(self.start(argument))[0]

    def assert_member(self, member: int, sent: Any, expected: Any) -> None:
        with self.subTest(member=member, sent=sent):
            wanted = plain(order())
            wanted[member] = expected
            self.assertEqual(self.echo(order_with(member, sent)), wanted)

    def assert_refused(self, member: int, sent: Any) -> None:
        with self.subTest(member=member, sent=sent):
            self.assert_fails(self.desk, self.start(order_with(member, sent)), -3)

    def test_doubles(self) -> None:
        numbers = [0.5, -1e300, 3.0]
        single, half = b"\xfa" + struct.pack(">f", 0.5), b"\xf9" + struct.pack(">e", -2.0)
        wide = Raw(b"\xdb" + struct.pack(">Q", 86) + b"\x58\x18" + struct.pack("<3d", *numbers))
        for sent, expected in (
            (typed_array(86, numbers), numbers),
            (typed_array(82, numbers), numbers),
            (numbers, numbers),
            ([Raw(single), Raw(half), 3.0], [0.5, -2.0, 3.0]),
            (wide, numbers),
        ):
            self.assert_member(SAMPLES, sent, expected)

    def test_unusual_doubles(self) -> None:
        after = self.echo(order_with(SAMPLES, [math.inf, -math.inf, math.nan, -0.0]))[SAMPLES]
        self.assertEqual(after[:2], [math.inf, -math.inf])
        self.assertTrue(math.isnan(after[2]) and math.copysign(1, after[3]) == -1)

    def test_no_doubles(self) -> None:
        for sent in (
            [1.0, 2, 3.0], [1.0, None, 3.0], CBORTag(86, bytes(23)), CBORTag(86, [1.0] * 3),
            CBORTag(84, bytes(24)), typed_array(85, [1.0] * 3), typed_array(81, [1.0] * 3),
            bytes(24), "no", {}, Raw(b"\x9f\xff"), Raw(b"\x9a\xff\xff\xff\xff"),
        ):  # fmt: skip
            self.assert_refused(SAMPLES, sent)

    def test_floats(self) -> None:
        for sent, expected in (
            (5.5, 5.5), (None, None), (Raw(b"\xf9\x45\x80"), 5.5), (Raw(b"\xfa\x40\xb0\0\0"), 5.5),
        ):  # fmt: skip
            self.assert_member(DISCOUNT, sent, expected)
        for bad in (5, True, "5", Raw(b"\xf7"), Raw(b"\xf8\x20")):
            self.assert_refused(DISCOUNT, bad)

    def test_octets(self) -> None:
        for sent in (b"\0\xff", [0, 255], CBORTag(64, b"\0\xff"), Raw(b"\x5a\0\0\0\2\0\xff")):
            self.assert_member(ATTACHMENTS, sent, b"\0\xff")
        for bad in ("\0", [256], [-1], [0.0], Raw(b"\x5f\xff"), None, CBORTag(72, b"\0")):
            self.assert_refused(ATTACHMENTS, bad)

    def test_integers(self) -> None:
        for good in (0, 2**64 - 1):
            self.assert_member(NUMBER, good, good)
        self.assert_member(NUMBER, Raw(b"\x1b\0\0\0\0\0\0\0\7"), 7)
        for bad in (-1, 2**64, 1.0, True, None, "1"):
            self.assert_refused(NUMBER, bad)
        self.assert_member(LINES, [line("A", 2**32 - 1)], [line("A", 2**32 - 1)])
        self.assert_refused(LINES, [line("A", 2**32)])

    def test_enum(self) -> None:
        self.assert_member(STATUS, 2, 2)
        for bad in (3, -1, False, "DRAFT", 2**64 - 1):
            self.assert_refused(STATUS, bad)

    def test_text(self) -> None:
        for good in ("", "☃ 𝄞", "x" * 70_000, "\x01\x7f\ufffe"):
            self.assert_member(NOTES, good, good)
        for bad in (
            Raw(b"\x62\xc3\x28"), Raw(b"\x63\xed\xa0\x80"), Raw(b"\x62\xc0\x80"),
            Raw(b"\x64\xf4\x90\x80\x80"), Raw(b"\x61\xe2"), "a\0b", b"a", None, 1,
            Raw(b"\x7f\x61a\xff"),
        ):  # fmt: skip
            self.assert_refused(NOTES, bad)

    def test_bound_is_in_bytes(self) -> None:
        for good in ("x" * 16, "é" * 8):
            self.assert_member(LINES, [line(good)], [line(good)])
        for bad in ("x" * 17, "é" * 9):
            self.assert_refused(LINES, [line(bad)])

    def test_missing_tail(self) -> None:
        defaults = [0, 0, ["", "", None], [], "", [], None, b""]
        for length in (0, 1, 5, 6):
            with self.subTest(length=length):
                # By confirm(), as smooth() wants three samples.
                after = self.desk.call(CONFIRM, order()[:length], meta=WHOLE)[0]
                wanted = plain(order())[:length] + defaults[length:]
                self.assertEqual(after[NUMBER], wanted[NUMBER])
                self.assertEqual(after[CUSTOMER], wanted[CUSTOMER])
                self.assertEqual(after[SAMPLES:], wanted[SAMPLES:])
        self.assert_member(CUSTOMER, ["Ada"], ["Ada", "", None])
        self.assert_member(LINES, [["A"], []], [line("A", 0), line("", 0)])

    def test_extra_tail(self) -> None:
        self.assertEqual(self.echo(order() + [[1], {"x": None}, 2.0]), plain(order()))
        self.assert_member(CUSTOMER, ["Ada", "Bath", "a@b", 1, [2]], ["Ada", "Bath", "a@b"])
        self.assert_refused(CUSTOMER, ["Ada", "Bath", None, Raw(b"\x62\xc3\x28")])

    def test_no_struct(self) -> None:
        for bad in (None, {}, "Ada", 1, [None]):
            self.assert_refused(CUSTOMER, bad)


if __name__ == "__main__":
    unittest.main()
