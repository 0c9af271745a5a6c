# SPDX-License-Identifier: MIT
"""What the tests have in common: servers, connections, conformance.

The environment has the programs: MW_PKI, MW_ORDERS_SERVER, MW_HELLO_SERVER,
MW_DOCUMENT_SERVER, MW_SURGERY_SERVER.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

try:
    import cbor2
except ImportError:
    print("interop: SKIPPED, as the Debian package python3-cbor2 is missing", file=sys.stderr)
    sys.exit(77)

import cddl
import mw_client

DOCUMENTS = Path(__file__).resolve().parents[2] / "docs"
PATIENCE = 20.0  # seconds that anything may take


def blocks(language: str, document: str = "wire.md") -> list[str]:
    """The fenced blocks of a document that are in a language."""
    text = (DOCUMENTS / document).read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
    return [block for of, block in found if of == language]


# What the documents leave to their texts.
GRAMMAR = cddl.Grammar("\n".join([*blocks("cddl"), "V = any D = any"]))
DELTAS = cddl.Grammar(
    "\n".join([*blocks("cddl", "delta.md"), "V = any D = any number = int / float"])
)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(0.01)


class Pki:
    """Fresh certificates, as long as this object lives."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mw interop ")
        subprocess.run([os.environ["MW_PKI"], "-b", self._folder.name], check=True, timeout=60)

    def file(self, name: str) -> str:
        return os.path.join(self._folder.name, name)

    def remove(self) -> None:
        self._folder.cleanup()


class Server:
    """A sample's server on a free port of the loopback."""

    def __init__(self, program: str, pki: Pki) -> None:
        self.output = ""
        self._process = subprocess.Popen(
            [program, "--listen", "tls://127.0.0.1:0", "--cert", pki.file("server.pem"),
             "--key", pki.file("server.key"), "--ca", pki.file("ca.pem")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdout is not None and self._process.stderr is not None
        self._open = {self._process.stdout.fileno(), self._process.stderr.fileno()}
        try:
            wait_until(lambda: self.port() != 0, "the server's ready line")
        except BaseException:
            self.kill()
            raise

    def read(self) -> None:
        """Adds what the server has written since to output."""
        while ready := select.select(list(self._open), [], [], 0)[0]:
            for descriptor in ready:
                data = os.read(descriptor, 65536)
                self.output += data.decode(errors="replace")
                if not data:
                    self._open.remove(descriptor)

    def port(self) -> int:
        self.read()
        if self._process.poll() is not None:
            raise RuntimeError(f"the server ended at its start: {self.output}")
        found = re.search(r"^listening on \S+:(\d+)$", self.output, re.M)
        return int(found.group(1)) if found else 0

    def terminate(self) -> None:
        self._process.terminate()

    def exit_code(self) -> int:
        """Waits for the server's end."""

        def has_ended() -> bool:
            self.read()
            return self._process.poll() is not None

        wait_until(has_ended, "the server's end")
        self.read()
        return self._process.returncode

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()


class InteropCase(unittest.TestCase):
    """Tests against one server per class; every connection is checked to
    conform to the document."""

    program = "MW_ORDERS_SERVER"
    pki: Pki
    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        cls.pki = Pki()
        cls.addClassCleanup(cls.pki.remove)
        cls.server = Server(os.environ[cls.program], cls.pki)
        cls.addClassCleanup(cls.server.kill)

    @classmethod
    def tearDownClass(cls) -> None:
        """Whatever the tests did to it, the server ends in good order."""
        cls.server.terminate()
        if (code := cls.server.exit_code()) != 0:
            raise AssertionError(f"the server's exit code is {code}: {cls.server.output}")

    def wrap(self, stream: object, say_hello: bool = True) -> mw_client.Connection:
        connection = mw_client.Connection(stream, say_hello)  # type: ignore[arg-type]
        self.addCleanup(self.check_and_close, connection)
        return connection

    def connect(self, say_hello: bool = True) -> mw_client.Connection:
        context = mw_client.client_context(
            self.pki.file("ca.pem"), self.pki.file("client.pem"), self.pki.file("client.key")
        )
        stream = mw_client.open_tls("127.0.0.1", self.server.port(), context, timeout=PATIENCE)
        self.assertEqual(stream.selected_alpn_protocol(), "mw/1")
        return self.wrap(stream, say_hello)

    def check_and_close(self, connection: mw_client.Connection) -> None:
        connection.close()
        for content in connection.sent:
            self.assertTrue(GRAMMAR.check("message", cbor2.loads(content)), content.hex())
        for content in connection.received:
            self.assert_from_server(content)

    def assert_from_server(self, content: bytes) -> None:
        item = cbor2.loads(content)
        kinds = ("hello", "ack", "reply", "fail", "ping", "pong", "goaway")
        self.assertTrue(any(GRAMMAR.check(kind, item) for kind in kinds), item)
        self.assertEqual(cddl.loose_heads(content), [], content.hex())
        if item[0] in (mw_client.FAIL, mw_client.GOAWAY):
            status, text = item[2:4] if item[0] == mw_client.FAIL else item[1:3]
            if item[0] == mw_client.FAIL:
                self.assertLess(status, 0, item)
            self.assertLessEqual(status, 0, item)
            self.assertLessEqual(len(text.encode()), 255)
            self.assertNotRegex(text, r"[\x00-\x1f\x7f]")
        if item[0] == mw_client.FAIL:
            self.assertEqual(item[2] == -32, len(item) > 4 and 1 in item[4], item)

    def assert_fails(self, connection: mw_client.Connection, number: int, status: int) -> str:
        """Call number failed before its handler was started; returns the text."""
        with self.assertRaises(mw_client.Failed) as caught:
            connection.results(number)
        self.assertEqual(caught.exception.status, status, caught.exception.text)
        self.assertTrue(caught.exception.not_run, caught.exception.text)
        return caught.exception.text
