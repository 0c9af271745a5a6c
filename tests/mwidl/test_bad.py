#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare the errors for bad/*.idl with bad/*.txt, line by line.

With --update as the only argument, write those files anew.
"""

from __future__ import annotations

import subprocess
import sys
import unittest

from mwidl_case import HERE, MWIDL, Case

BAD = HERE / "bad"
INPUTS = sorted(BAD.glob("*.idl"))


def only_errors(text: str) -> str:
    """Without the source lines and carets, which are indented."""
    return "".join(
        line for line in text.splitlines(keepends=True) if not line.startswith("    ")
    )


class Bad(Case):
    def test_there_are_many(self) -> None:
        self.assertGreaterEqual(len(INPUTS), 40)
        self.assertEqual(
            [path.stem for path in INPUTS],
            sorted(path.stem for path in BAD.glob("*.txt")),
        )

    def test_errors_are_as_expected(self) -> None:
        for path in INPUTS:
            with self.subTest(path.stem):
                done = self.run_mwidl("-o", self.dir / path.stem, path.name, cwd=BAD)
                expected = path.with_suffix(".txt").read_text(encoding="utf-8")
                self.assertMultiLineEqual(expected, only_errors(done.stderr))
                self.assertEqual(1, done.returncode)
                self.assertFalse((self.dir / path.stem).exists(), "wrote files")

    def test_caret(self) -> None:
        (self.dir / "x.idl").write_text("module m {\n\tstruct \u00dc { lang x; };\n};\n")
        done = self.run_mwidl("x.idl")
        self.assertIn("x.idl:2:9: error: unexpected character U+00DC", done.stderr)
        self.assertIn("    \tstruct \u00dc {", done.stderr)
        self.assertIn("\n    \t       ^\n", done.stderr)

    def test_bytes_that_are_no_text(self) -> None:
        for data, message in (
            (b"struct S { long x; };\n\0", "x.idl:2:1: error: byte 0x00 is not text"),
            (b"// \xff\nstruct", "x.idl:1:4: error: byte 0xff is not text"),
            (b"// \xc0\x80\n", "x.idl:1:4: error: byte 0xc0 is not text"),
            (b"// \xed\xa0\x80\n", "x.idl:1:4: error: byte 0xed is not text"),
            (b"struct S\x01", "x.idl:1:9: error: byte 0x01 is not text"),
        ):
            with self.subTest(data):
                (self.dir / "x.idl").write_bytes(data)
                done = self.run_mwidl("--check", "x.idl")
                self.assertEqual(1, done.returncode)
                self.assertTrue(done.stderr.startswith(message), done.stderr)

    def test_hostile_sizes_end_soon(self) -> None:
        for name, text in (
            ("parentheses", "module m { const long x = " + "(" * 50000),
            ("sequences", "struct S { " + "sequence<" * 50000),
            ("modules", "module m { " * 100000),
            ("braces", "{" * 50000),
            ("enumerators", "enum E { " + "".join(f"e{i}," for i in range(100000))),
            ("structs", "".join(f"struct S{i} {{ long x; }};\n" for i in range(5000))),
            ("names", "typedef long " + "x" * 50000 + ";"),
            ("scopes", "struct S { a" + "::a" * 100000 + " x; };"),
            ("annotations", "struct S { " + "@key " * 100000 + "long x; };"),
            ("comments", "/*" * 50000),
            ("docs", "/// x\n" * 100000 + "struct S { long x; };"),
            ("minuses", "module m { const long x = " + "- " * 50000 + "1; };"),
            ("maps", "struct S { " + "map<long, " * 50000),
            ("bits", "bitmask B { " + "".join(f"b{i}," for i in range(100000))),
            ("labels", "union U switch (long) { "
             + "".join(f"case {i}: " for i in range(100000)) + "long x; };"),
            ("arms", "union U switch (long) { "
             + "".join(f"case {i}: long a{i}; " for i in range(10000)) + "};"),
            ("nodes", "".join(f"valuetype N{i};\n" for i in range(5000))
             + "".join(f"valuetype N{i} {{ public N{4999 - i} n; }};\n"
                       for i in range(5000))),
            ("paths", "struct S { long x; }; interface I { @mw::writes(\""
             + "s.x," * 10000 + "s\") void f(inout S s); };"),
            ("path", "struct S { sequence<S> s; }; interface I { @mw::writes(\""
             + "s." * 30000 + "s\") void f(inout S s); };"),
            ("typedefs", "typedef long t0;\n"
             + "".join(f"typedef t{i} t{i + 1};\n" for i in range(5000))),
        ):  # fmt: skip
            with self.subTest(name):
                (self.dir / "x.idl").write_text(text)
                self.run_mwidl("-o", self.dir / "out", "x.idl")

    def test_deep_includes(self) -> None:
        for i in range(40):
            (self.dir / f"i{i}.idl").write_text(f'#include "i{i + 1}.idl"\n')
        (self.dir / "i40.idl").write_text("")
        done = self.run_mwidl("i0.idl")
        self.assertEqual(1, done.returncode)
        self.assertIn("files include each other deeper than 32 levels", done.stderr)
        self.generate("--check", "i10.idl")


def update() -> None:
    for path in INPUTS:
        done = subprocess.run(
            [MWIDL, "--check", path.name], cwd=BAD, capture_output=True, text=True
        )
        path.with_suffix(".txt").write_text(only_errors(done.stderr), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        update()
    else:
        unittest.main()
