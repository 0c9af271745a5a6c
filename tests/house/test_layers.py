#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Self-test of tools/check/layers.py."""

from __future__ import annotations

import unittest

from house_case import HouseCase


class Layers(HouseCase):
    def setUp(self) -> None:
        super().setUp()
        self.write("include/mw/base.h", "#include <stddef.h>\n")
        self.write("include/mw/tls.h", '#include "mw/base.h"\n')
        self.write("libmw/base/buf.h", '#include "mw/base.h"\n')
        self.write("libmw/base/buf.c", '#include "base/buf.h"\n')
        self.write("libmw/codec/cbor.h", '#include <cbor.h>\n#include "base/buf.h"\n')
        self.write("libmw/net/tls.c", "#include <openssl/ssl.h>\n")
        self.write("libmw/wire/frame.c", '#include "codec/cbor.h"\n')
        self.write("samples/hello/main.c", '#include "mw/base.h"\n#include "hello.h"\n')

    def check(self) -> tuple[int, str]:
        return self.python_check("layers.py")

    def test_clean(self) -> None:
        self.assert_clean(self.check())

    def test_upward(self) -> None:
        self.write("libmw/base/buf.c", '\n\n#include "codec/cbor.h"\n')
        self.assert_finds(
            self.check(),
            "libmw/base/buf.c:3: base includes upward",
            "libmw:1: layer cycle: base -> codec -> base",
        )

    def test_sideways(self) -> None:
        self.write("libmw/net/tls.c", '#include "codec/cbor.h"\n')
        self.assert_finds(self.check(), "libmw/net/tls.c:1: net includes upward")

    def test_cycle_of_files(self) -> None:
        self.write("libmw/base/a.h", '#include "base/b.h"\n')
        self.write("libmw/base/b.h", '\n#include "base/c.h"\n')
        self.write("libmw/base/c.h", '#include "base/a.h"\n')
        self.assert_finds(
            self.check(),
            "libmw/base/a.h:1: include cycle: "
            "base/a.h -> base/b.h -> base/c.h -> base/a.h",
        )

    def test_cycle_of_public_headers(self) -> None:
        self.write("include/mw/base.h", '#include <stddef.h>\n#include "mw/tls.h"\n')
        self.assert_finds(self.check(), "include/mw/base.h:2: include cycle")

    def test_public_header_includes_internal(self) -> None:
        self.write("include/mw/tls.h", '#include "base/buf.h"\n')
        self.assert_finds(self.check(), "include/mw/tls.h:1: ")

    def test_public_header_needs_openssl(self) -> None:
        self.write("include/mw/tls.h", "#include <openssl/ssl.h>\n")
        self.assert_finds(self.check(), "include/mw/tls.h:1: ")

    def test_openssl_outside_net(self) -> None:
        self.write("libmw/base/buf.c", "#include <openssl/evp.h>\n")
        self.assert_finds(self.check(), "libmw/base/buf.c:1: ")

    def test_sample_includes_internal(self) -> None:
        self.write("samples/hello/main.c", '#include "base/buf.h"\n')
        self.assert_finds(self.check(), "samples/hello/main.c:1: ")

    def test_generated(self) -> None:
        """A header that mwidl makes is there if its IDL is."""
        self.write("libmw/base/buf.c", '#include "mw/x_client.mw.h"\n')
        self.assert_finds(
            self.check(),
            'libmw/base/buf.c:1: "mw/x_client.mw.h" does not exist',
        )
        self.write("include/mw/x.idl", "module x {};\n")
        self.assert_clean(self.check())

    def test_unqualified(self) -> None:
        self.write("libmw/base/buf.c", '#include "buf.h"\n')
        self.assert_finds(
            self.check(),
            "libmw/base/buf.c:1: ",
            'libmw/base/buf.c:1: "buf.h" does not exist',
        )

    def test_no_layer(self) -> None:
        self.write("libmw/misc/a.c", "")
        self.assert_finds(self.check(), "libmw/misc/a.c:1: belongs to no layer")

    def test_commented_out(self) -> None:
        self.write("libmw/base/buf.c", '/*\n#include "codec/cbor.h"\n*/\n')
        self.assert_clean(self.check())

    def test_nothing_to_look_at(self) -> None:
        empty = self.write("empty/x", "").parent
        self.root = empty
        self.assertEqual(self.check()[0], 2)


if __name__ == "__main__":
    unittest.main()
