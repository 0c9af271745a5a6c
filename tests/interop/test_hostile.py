# SPDX-License-Identifier: MIT
"""What the server of samples/orders does with a client that breaks the rules
of docs/wire.md, or of TLS: it says so, and serves the others."""

from __future__ import annotations

import socket
import ssl
import unittest
from typing import Any

import harness
import mw_client
from cbor2 import CBORTag, dumps
from mw_client import ACK, GOAWAY, TIMEOUT_MS, Connection, Failed, doubles
from orders import AUDIT, AUDITED, SAMPLES, SMOOTH, order

TARGET = dumps(AUDITED)
PING_6 = dumps([6, 6])


def call(number: int, rest: bytes = b"\xa0\x80", head: bytes = b"\x85\x01") -> bytes:
    """A CALL of audited() as bytes; rest is its meta and arguments."""
    return head + dumps(number) + TARGET + rest


class Messages(harness.InteropCase):
    """Broken messages in good frames, and broken frames."""

    def setUp(self) -> None:
        self.bystander = self.connect()

    def assert_call_refused(self, desk: Connection, content: bytes, status: int) -> None:
        """The CALL that content is meant to be fails; the connection lives on."""
        desk.send_content(content)
        self.assert_fails(desk, desk.last_id, status)
        desk.ping()

    def assert_closed(self, data: bytes, status: int = -34, say_hello: bool = True) -> None:
        """The server says GOAWAY and closes; others do not notice."""
        with self.subTest(data=data[:40]):
            desk = self.connect(say_hello)
            if say_hello:
                desk.await_hello()
            desk.send_bytes(data)
            self.assertEqual(desk.await_goaway().status, status, desk.goaway)
            desk.await_close()
            self.bystander.ping()
            self.bystander.call(AUDITED)

    def test_malformed_calls(self) -> None:
        desk = self.connect()
        for status, rest in (
            (-3, b"\xa0"), (-3, b"\xa0\x81"), (-3, b"\xa0\x9f\xff"), (-3, b"\xa0\xf6"),
            (-3, b"\xa0\x80\x00"), (-3, b"\xa0\x9a\xff\xff\xff\xff"), (-3, b"\xa0\x1c"),
            (-34, b"\xbf\xff\x80"), (-34, b"\xa1\x00\x80"), (-34, b"\xa1\x00\x20\x80"),
            (-34, b"\xa1\x61a\x00\x80"), (-34, b"\xa1\x02\x62\xc3\x28\x80"), (-34, b"\xf6\x80"),
            (-34, b"\xba\xff\xff\xff\xff"), (-34, b"\xa1\x00\x61a\x80"), (-34, b"\x1c\x80"),
        ):  # fmt: skip
            with self.subTest(rest=rest):
                self.assert_call_refused(desk, call(desk.new_id(), rest), status)
        for target in (b"\xf6", b"\x20", b"\x62\xc3\x28", b"\x7f\x61a\xff", b"\x80"):
            with self.subTest(target=target):
                content = b"\x85\x01" + dumps(desk.new_id()) + target + b"\xa0\x80"
                self.assert_call_refused(desk, content, -34)
        self.assert_call_refused(desk, call(desk.new_id(), b"\xa0", b"\x84\x01"), -34)
        desk.call(AUDITED)

    def test_nesting(self) -> None:
        desk = self.connect()
        head = b"\x86\x01"  # there is one element too many, which may be anything
        deepest = b"\xa0\x80" + b"\x81" * 63 + b"\x00"
        desk.send_content(call(desk.new_id(), deepest, head))
        self.assertEqual(len(desk.results(desk.last_id)), 1)
        deeper = b"\xa0\x80" + b"\x81" * 64 + b"\x00"
        self.assert_call_refused(desk, call(desk.new_id(), deeper, head), -11)
        tags = b"\xa0\x80" + b"\xc6" * 100_000 + b"\x80"
        self.assert_call_refused(desk, call(desk.new_id(), tags, head), -11)
        self.assert_closed(mw_client.frame(b"\x81" * 70))

    def test_unusual_but_good_calls(self) -> None:
        desk = self.connect()
        for rest, head in (
            (b"\xa0\x80", b"\x9b\0\0\0\0\0\0\0\5\x19\0\1"),
            (b"\xb9\0\0\x98\0", b"\x85\x01"),
            (b"\xa0\x80\xf7\xf8\xff\xa1\x61x\xd9\x04\xd2\x80", b"\x88\x01"),
            (b"\xa1\x08\xfb\x7f\xf8\0\0\0\0\0\0\x80", b"\x85\x01"),
        ):
            with self.subTest(head=head, rest=rest):
                desk.send_content(call(desk.new_id(), rest, head))
                self.assertEqual(len(desk.results(desk.last_id)), 1)

    def test_ignored_messages(self) -> None:
        desk = self.connect()
        for message in (
            [9], [99, {"a": [1]}, None], [2**64 - 1, CBORTag(1, 2)], [5, 1], [5, 77, "more"],
            [8, -14, "so long"],
        ):  # fmt: skip
            with self.subTest(message=message):
                desk.send_content(dumps(message))
                desk.ping()
        desk.send_content(dumps([6, desk.new_id(), "more", [1]]))
        self.assertEqual(desk.answer(desk.last_id)[0], mw_client.PONG)

    def test_malformed_messages(self) -> None:
        for content in (
            b"", b"\x80", b"\x81", b"\x81\x01", b"\x85\x01\x05", b"\xf6", b"\x01", b"\x41\x00",
            b"\xa1\x01\x02", b"\x81\x20", b"\x81\x61a", b"\x9f\x06\x06\xff", b"\xd9\xd9\xf7" + PING_6,
            dumps([1, "id", AUDITED, {}, []]), dumps([1, -1, AUDITED, {}, []]), dumps([6]),
            dumps([6, None]), PING_6 + b"\x00", b"\x83\x06\x06\x62\xc3\x28", b"\x9a\xff\xff\xff\xff",
            b"\x82\x18\x63\x1c", b"\x83\x18\x63\x00",
            # A second HELLO may be wrong, too; and answers to what nobody asked.
            dumps([0]), dumps([0, 1]), dumps([0, 1, {0: "x"}]), dumps([0, 1, {"x": 1}]),
            dumps([2, 5]), dumps([3, 5, []]), dumps([4, 5, -1, "no"]), dumps([7, 5]),
        ):  # fmt: skip
            self.assert_closed(mw_client.frame(content))

    def test_no_frames(self) -> None:
        for data in (
            b"\x61a", b"\x00", b"\x80", b"\x5f\x41\x80\xff", b"\x5c", b"\x5d", b"\x5e", b"\xff",
            b"\x5a\x01\x00\x00\x01", b"\x5b" + b"\xff" * 8, b"\x5b\x7f" + b"\xff" * 7,
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        ):  # fmt: skip
            self.assert_closed(data)

    def test_first_message(self) -> None:
        for content in (call(1), PING_6, dumps([5, 1]), dumps([99]), dumps([8, -14, ""])):
            self.assert_closed(mw_client.frame(content), say_hello=False)
        for version in (0, 2, 2**64 - 1):
            self.assert_closed(mw_client.frame(dumps([0, version, {}])), -12, say_hello=False)

    def test_hello_with_more_in_it(self) -> None:
        desk = self.connect(say_hello=False)
        desk.send([0, 1, {0: 100_000, 7: None, 8: ["x"]}, "more", 2.0])
        desk.call(AUDITED)

    def test_frames_in_pieces_and_together(self) -> None:
        desk = self.connect(say_hello=False)
        hello = mw_client.frame(dumps([0, 1, {}]))
        for i in range(len(hello)):
            desk.send_bytes(hello[i : i + 1])
        numbers = [desk.new_id() for _ in range(20)]
        together = b"".join(mw_client.frame(call(number)) for number in numbers)
        desk.send_bytes(together[:-3])
        for number in numbers[:-1]:
            desk.results(number)
        desk.send_bytes(together[-3:])
        desk.results(numbers[-1])

    def test_long_frame_heads(self) -> None:
        desk = self.connect()
        for head in (b"\x58", b"\x59\0", b"\x5a\0\0\0", b"\x5b\0\0\0\0\0\0\0"):
            content = call(desk.new_id())
            desk.send_bytes(head + bytes([len(content)]) + content)
            desk.results(desk.last_id)

    def test_end_within_a_frame(self) -> None:
        desk = self.connect()
        desk.await_hello()
        desk.send_bytes(b"\x4a\x83\x00")
        desk.stream.unwrap()
        self.bystander.ping()

    def test_end_without_goodbye(self) -> None:
        desk = self.connect()
        desk.start(SMOOTH, order(), 1.0)
        desk.stream.shutdown(socket.SHUT_RDWR)
        self.bystander.ping()


class Load(harness.InteropCase):
    """Too much at once."""

    def test_full_server(self) -> None:
        """Accepted is what has an ACK, and it is run; all else was not."""
        desk = self.connect()
        [before] = desk.call(AUDITED)
        numbers = [desk.start(AUDIT, "x") for _ in range(1300)]
        desk.ping()  # while the server is full
        accepted = 0
        for number in numbers:
            message = desk.answer(number)
            accepted += message[0] == ACK
            if message[0] != ACK:
                self.assertEqual((message[2], message[4][0]), (-8, True), message)
                self.assertIn(message[4][2], range(1, 1001), "when to try again")
        self.assertGreaterEqual(accepted, 1088)
        self.assertLess(accepted, 1300)

        def audited() -> int:
            try:
                return int(desk.call(AUDITED)[0])
            except Failed:
                return 0  # is still full

        harness.wait_until(lambda: audited() >= before + accepted, "the audit log")
        self.assertEqual(audited(), before + accepted)

    def test_accepted_calls_have_no_deadline(self) -> None:
        """What has an ACK is run, though its time passes in the queue."""
        desk = self.connect()
        [before] = desk.call(AUDITED)
        numbers = [desk.start(AUDIT, "x", meta={TIMEOUT_MS: 100}) for _ in range(200)]
        accepted = sum(desk.answer(number)[0] == ACK for number in numbers)
        self.assertGreater(accepted, 0)
        harness.wait_until(lambda: desk.call(AUDITED) == [before + accepted], "the audit log")

    def test_slow_reader(self) -> None:
        """Who reads late loses nothing, and holds nobody up."""
        desk, bystander = self.connect(), self.connect()
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):  # else the kernel keeps it all
            desk.stream.setsockopt(socket.SOL_SOCKET, option, 65536)
        desk.await_hello()
        big = order({SAMPLES: doubles([1.0] * 100_000)})
        data = b"".join(
            mw_client.frame(dumps([1, desk.new_id(), SMOOTH, {1: True}, [big, 50.0]]))
            for _ in range(20)
        )
        rest = self.send_what_goes(desk, data)
        bystander.ping()
        for number in range(1, 21):
            self.assertEqual(len(desk.results(number)[0][SAMPLES]), 100_000)
            rest = self.send_what_goes(desk, rest)

    def send_what_goes(self, desk: Connection, data: bytes) -> bytes:
        """Sends until the server takes nothing for a while; returns the rest."""
        desk.stream.settimeout(0.2)
        sent = 0
        try:
            while sent < len(data):
                sent += desk.stream.send(data[sent : sent + 65536])
        except TimeoutError:
            pass
        desk.stream.settimeout(harness.PATIENCE)
        return data[sent:]


class Tls(harness.InteropCase):
    """Who is let in, and whom the client believes."""

    def open(self, context: ssl.SSLContext, name: str | None = None) -> ssl.SSLSocket:
        stream = mw_client.open_tls(
            "127.0.0.1", self.server.port(), context, name, harness.PATIENCE
        )
        self.addCleanup(stream.close)
        return stream

    def context(self, who: str | None = "client", **more: Any) -> ssl.SSLContext:
        names = [who and self.pki.file(f"{who}.{suffix}") for suffix in ("pem", "key")]
        return mw_client.client_context(self.pki.file("ca.pem"), *names, **more)

    def assert_turned_away(self, context: ssl.SSLContext, alert: str) -> None:
        """By an alert, before the server's HELLO; others are still let in."""
        with self.assertRaisesRegex(ssl.SSLError, alert):
            self.open(context).recv(1)
        self.wrap(self.open(self.context())).call(AUDITED)

    def test_certificates(self) -> None:
        self.assert_turned_away(self.context(None), "CERTIFICATE_REQUIRED")
        self.assert_turned_away(self.context("other"), "UNKNOWN_CA")
        self.assert_turned_away(self.context("expired"), "CERTIFICATE_EXPIRED")

    def test_alpn(self) -> None:
        self.assert_turned_away(self.context(alpn=()), "(?i)application.protocol")
        self.assert_turned_away(self.context(alpn=("h2", "mw/2")), "(?i)application.protocol")
        stream = self.open(self.context(alpn=("h2", "mw/1")))
        self.assertEqual(stream.selected_alpn_protocol(), "mw/1")
        self.assertEqual(stream.version(), "TLSv1.3")

    def test_older_tls(self) -> None:
        context = self.context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.assert_turned_away(context, "PROTOCOL_VERSION")

    def test_no_tls(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.port()), 20) as plain:
            plain.sendall(mw_client.frame(dumps([0, 1, {}])))
            received = b""
            try:
                while data := plain.recv(4096):
                    received += data
            except ConnectionResetError:
                pass
            self.assertNotIn(b"\x4a\x83\x00\x01", received, "a HELLO without TLS")
        self.wrap(self.open(self.context())).call(AUDITED)

    def test_names(self) -> None:
        self.wrap(self.open(self.context(), "localhost")).call(AUDITED)
        with self.assertRaisesRegex(ssl.SSLError, "CERTIFICATE_VERIFY_FAILED"):
            self.open(self.context(), "wrong.example")


class Stop(harness.InteropCase):
    """SIGTERM: what was accepted is done, and everybody is told."""

    def test_stop(self) -> None:
        idle, busy = self.connect(), self.connect()
        idle.ping()
        numbers = [busy.start(AUDIT, f"entry {i}.") for i in range(100)]
        accepted = sum(busy.answer(number)[0] == ACK for number in numbers)
        self.assertEqual(accepted, 100)
        self.server.terminate()
        for connection in (idle, busy):
            self.assertEqual(connection.await_goaway().status, -14)
            connection.await_close()
            # The last word: what has no answer by now has not been run.
            self.assertEqual(connection.received[-1][:3], bytes([0x83, GOAWAY, 0]))
        self.assertEqual(self.server.exit_code(), 0)
        self.assertEqual(self.server.output.count("audit: client: entry"), 100)


if __name__ == "__main__":
    unittest.main()
