# SPDX-License-Identifier: MIT
"""A client of libmw's wire protocol, written from docs/wire.md alone.

A struct is a list of its members, as on the wire.  Numbers in a sequence are a
list, too, when they come in; they go out as a list (which every peer must take)
or as doubles(...), the typed array of RFC 8746.

    with connect("127.0.0.1", port, ca=..., cert=..., key=...) as desk:
        [count] = desk.call("orders.Desk.audited")
"""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

import cbor2

ALPN = "mw/1"
VERSION = 1
MESSAGE_MAX = 16 * 1024 * 1024
MESSAGE_MAX_BEFORE_HELLO = 65536

HELLO, CALL, ACK, REPLY, FAIL, CANCEL, PING, PONG, GOAWAY = range(9)
ANSWERS = (ACK, REPLY, FAIL, PONG)

# Keys of a call's meta, and of a FAIL's details.
TIMEOUT_MS, FULL_VALUES, ACK_WISH, BIND, KEY, REPEAT = 0, 1, 2, 3, 7, 9
NOT_RUN, EXCEPTION = 0, 1

# RFC 8746: how struct unpacks one element of the arrays that the document
# lists, by tag.
TYPED_ARRAYS = {
    72: "<b", 64: "<B",
    69: "<H", 70: "<I", 71: "<Q", 65: ">H", 66: ">I", 67: ">Q",
    77: "<h", 78: "<i", 79: "<q", 73: ">h", 74: ">i", 75: ">q",
    85: "<f", 86: "<d", 81: ">f", 82: ">d",
}  # fmt: skip

Message = list[Any]


class Failed(Exception):
    """The call was answered with FAIL."""

    def __init__(self, message: Message) -> None:
        self.status: int = message[2]
        self.text: str = message[3]
        details: dict[int, Any] = message[4] if len(message) > 4 else {}
        self.not_run: bool = details.get(NOT_RUN, False)
        self.exception: list[Any] | None = details.get(EXCEPTION)
        super().__init__(f"{self.status}: {self.text}")


class GoneAway(Exception):
    """The server sent GOAWAY; no more calls on this connection."""

    def __init__(self, message: Message) -> None:
        self.status: int = message[1]
        self.text: str = message[2]
        super().__init__(f"{self.status}: {self.text}")


class Closed(Exception):
    """The connection ended in good order, with close_notify."""


class Broken(Exception):
    """The server broke the protocol."""


# ---- values ----------------------------------------------------------------


def typed_array(tag: int, numbers: Iterable[float]) -> cbor2.CBORTag:
    """Numbers as a typed array; the tag says of which kind."""
    return cbor2.CBORTag(tag, b"".join(struct.pack(TYPED_ARRAYS[tag], n) for n in numbers))


def doubles(numbers: Iterable[float]) -> cbor2.CBORTag:
    return typed_array(86, numbers)


def plain(value: Any) -> Any:
    """A value that has come in, with lists for its typed arrays."""
    if isinstance(value, cbor2.CBORTag) and value.tag in TYPED_ARRAYS:
        return [n for (n,) in struct.iter_unpack(TYPED_ARRAYS[value.tag], value.value)]
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


# ---- frames ----------------------------------------------------------------


def frame(content: bytes) -> bytes:
    """A frame is the content as a CBOR byte string."""
    return cbor2.dumps(content)


def read_exactly(stream: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        chunk = stream.recv(length - len(data))
        if not chunk:
            if data:
                raise Broken("the connection ended within a frame")
            raise Closed
        data += chunk
    return bytes(data)


def read_frame(stream: socket.socket, limit: int) -> bytes:
    """The content of the next frame."""
    initial = read_exactly(stream, 1)[0]
    major, length = initial >> 5, initial & 31
    if major != 2 or length > 27:
        raise Broken(f"{initial:#04x} does not start a definite byte string")
    if length > 23:
        length = int.from_bytes(read_exactly(stream, 1 << (length - 24)), "big")
    if length > limit:
        raise Broken(f"a frame of {length} bytes")
    return read_exactly(stream, length) if length else b""


# ---- connections -----------------------------------------------------------


class Connection:
    """A connection after its handshake.  Not for several threads."""

    def __init__(self, stream: socket.socket, say_hello: bool = True) -> None:
        self.stream = stream
        self.sent: list[bytes] = []  # messages, oldest first
        self.received: list[bytes] = []
        self.server_hello: Message | None = None
        self.goaway: GoneAway | None = None
        self.last_id = 0
        self._used: set[int] = set()  # ids
        self._pending: set[int] = set()  # ids without an answer
        self._answers: dict[int, Message] = {}  # that nobody has fetched
        if say_hello:
            self.send([HELLO, VERSION, {0: MESSAGE_MAX}])

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Says close_notify; what the server has still to say is not read."""
        try:
            if isinstance(self.stream, ssl.SSLSocket):
                self.stream.settimeout(0)
                self.stream.unwrap()
        except (OSError, ValueError):
            pass  # the server's close_notify has not come yet, or all is over
        finally:
            self.stream.close()

    # -- messages

    def send(self, message: Message) -> None:
        self.sent.append(cbor2.dumps(message))
        self.send_content(self.sent[-1])

    def send_content(self, content: bytes) -> None:
        """One frame; its content need not be a message."""
        if len(content) > MESSAGE_MAX_BEFORE_HELLO:
            self.await_hello()
            assert self.server_hello is not None
            limits = self.server_hello[2] if len(self.server_hello) > 2 else {}
            if len(content) > limits.get(0, MESSAGE_MAX_BEFORE_HELLO):
                raise ValueError(f"{len(content)} bytes are too many for the server")
        self.send_bytes(frame(content))

    def send_bytes(self, data: bytes) -> None:
        self.stream.sendall(data)

    def receive(self) -> Message:
        """The next message, whatever it is; takes note of it."""
        content = read_frame(self.stream, MESSAGE_MAX)
        self.received.append(content)
        message = cbor2.loads(content)
        if not isinstance(message, list) or not message:
            raise Broken(f"a message that is no array: {content.hex()}")
        if self.server_hello is None and message[0] not in (HELLO, GOAWAY):
            raise Broken(f"{message} before HELLO")
        self._take(message)
        return message

    def _take(self, message: Message) -> None:
        kind = message[0]
        if kind == HELLO:
            if message[1] != VERSION:
                raise Broken(f"version {message[1]}")
            self.server_hello = message
        elif kind in ANSWERS:
            if message[1] not in self._used:
                raise Broken(f"answer to nothing: {message}")
            if message[1] in self._pending:  # else it is late
                self._pending.remove(message[1])
                self._answers[message[1]] = message
        elif kind == PING:
            self.send([PONG, message[1]])
        elif kind == GOAWAY:
            self.goaway = self.goaway or GoneAway(message)

    def await_hello(self) -> None:
        while self.server_hello is None:
            self.receive()

    def await_goaway(self) -> GoneAway:
        while self.goaway is None:
            self.receive()
        return self.goaway

    def await_close(self) -> None:
        """Reads until the server has closed."""
        try:
            while True:
                self.receive()
        except Closed:
            pass

    # -- calls

    def new_id(self) -> int:
        """The id of a message that expects an answer."""
        self.last_id += 1
        return self.use_id(self.last_id)

    def use_id(self, number: int) -> int:
        self._used.add(number)
        self._pending.add(number)
        return number

    def start(
        self, target: str | int, *arguments: Any, meta: dict[int, Any] | None = None
    ) -> int:
        """Makes a call without waiting for its answer; returns its id."""
        number = self.new_id()
        self.send([CALL, number, target, meta or {}, list(arguments)])
        return number

    def answer(self, number: int) -> Message:
        """The answer to a call or PING, whenever it comes."""
        while number not in self._answers:
            try:
                self.receive()
            except Closed:
                raise self.goaway or Broken(f"closed without an answer to {number}") from None
        return self._answers.pop(number)

    def results(self, number: int) -> list[Any]:
        """What call number returned; nothing when it was oneway."""
        message = self.answer(number)
        if message[0] == FAIL:
            raise Failed(message)
        return plain(message[2]) if message[0] == REPLY else []

    def call(
        self, target: str | int, *arguments: Any, meta: dict[int, Any] | None = None
    ) -> list[Any]:
        return self.results(self.start(target, *arguments, meta=meta))

    def ping(self) -> None:
        """Returns when the server has answered."""
        number = self.new_id()
        self.send([PING, number])
        message = self.answer(number)
        if message[0] != PONG:
            raise Broken(f"{message} in answer to PING")


def client_context(
    ca: str, cert: str | None = None, key: str | None = None, alpn: Sequence[str] = (ALPN,)
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which checks the host's name
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(ca)
    if cert is not None:
        context.load_cert_chain(cert, key)
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


def open_tls(
    host: str, port: int, context: ssl.SSLContext, name: str | None = None, timeout: float = 20
) -> ssl.SSLSocket:
    """Connects to host, which must be able to prove that it is name."""
    raw = socket.create_connection((host, port), timeout)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        # An end without close_notify shall be an error, so "ragged" is none.
        return context.wrap_socket(
            raw, server_hostname=name or host, suppress_ragged_eofs=False
        )
    except BaseException:
        raw.close()
        raise


def connect(host: str, port: int, *, ca: str, cert: str, key: str) -> Connection:
    stream = open_tls(host, port, client_context(ca, cert, key))
    if stream.selected_alpn_protocol() != ALPN:
        stream.close()
        raise Broken(f"the server has not selected {ALPN}")
    return Connection(stream)
