#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command line of mwidl: options, exit codes, files."""

from __future__ import annotations

import os
import unittest

from mwidl_case import ROOT, Case

TYPES = "module m { struct S { long x; }; };\n"
CALLS = "module m { interface I { void f(); }; };\n"


class CommandLine(Case):
    def write(self, name: str, text: str) -> None:
        path = self.dir / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def files(self, folder: str = ".") -> list[str]:
        return sorted(os.listdir(self.dir / folder))

    def test_help_and_version(self) -> None:
        done = self.run_mwidl("--help")
        self.assertEqual(0, done.returncode)
        self.assertTrue(done.stdout.startswith("usage: mwidl"))
        done = self.run_mwidl("--version")
        self.assertRegex(done.stdout, r"^mwidl \d+\.\d+\.\d+\n$")

    def test_wrong_usage(self) -> None:
        for args in ([], ["--nothing"], ["-o"], ["-I", "."], ["--depfile"]):
            done = self.run_mwidl(*args)
            self.assertEqual(2, done.returncode, args)
            self.assertIn("usage: mwidl", done.stderr)
            self.assertEqual("", done.stdout)

    def test_types_alone(self) -> None:
        self.write("x.idl", TYPES)
        self.generate("x.idl")
        self.assertEqual(["x.idl", "x.mw.c", "x.mw.h"], self.files())

    def test_library(self) -> None:
        """Only libmw's own IDL may have names of libmw, and exports them."""
        self.write("x.idl", "module mw { enum E { A }; interface I { void f(); }; };\n")
        done = self.run_mwidl("x.idl")
        self.assertEqual(1, done.returncode)
        self.assertIn("begins as those of libmw itself", done.stderr)
        self.generate("--library", "x.idl")
        self.compile_all(self.dir)
        types = (self.dir / "x.mw.h").read_text()
        self.assertIn("extern MW_API const mw_type mw_E_type;", types)
        self.assertIn("MW_API const char *mw_E_name(", types)
        stubs = (self.dir / "x_client.mw.h").read_text()
        self.assertIn("MW_API MW_MUST_USE mw_status mw_I_f(", stubs)
        self.write("x.idl", CALLS)
        self.generate("x.idl")
        self.assertNotIn("MW_API", (self.dir / "x_client.mw.h").read_text())

    def test_sides(self) -> None:
        self.write("x.idl", CALLS)
        types = ["x.mw.c", "x.mw.h"]
        client = ["x_client.mw.c", "x_client.mw.h"]
        server = ["x_server.mw.c", "x_server.mw.h"]
        for args, expected in (
            ([], types + client + server),
            (["--types"], types),
            (["--client"], types + client),
            (["--server"], types + server),
            (["--server", "--client"], types + client + server),
        ):
            folder = "out" + "".join(args)
            self.generate("-o", folder, *args, "x.idl")
            self.assertEqual(sorted(expected), self.files(folder))
            self.compile_all(self.dir / folder)

    def test_sides_of_a_file_without_interfaces(self) -> None:
        self.write("x.idl", TYPES)
        self.generate("-o", "out", "--client", "--server", "x.idl")
        self.assertEqual(6, len(self.files("out")))
        self.compile_all(self.dir / "out")

    def test_check_writes_nothing(self) -> None:
        self.write("x.idl", CALLS)
        self.generate("--check", "-o", "out", "--depfile", "x.d", "x.idl")
        self.assertEqual(["x.idl"], [name for name in self.files() if name != "x.d"])

    def test_all_or_nothing(self) -> None:
        self.write("good.idl", CALLS)
        self.write("wrong.idl", "struct S { nothing x; };\n")
        done = self.run_mwidl("good.idl", "wrong.idl")
        self.assertEqual(1, done.returncode)
        self.assertEqual(["good.idl", "wrong.idl"], self.files())

    def test_missing_file(self) -> None:
        done = self.run_mwidl("missing.idl")
        self.assertEqual(2, done.returncode)
        self.assertEqual("mwidl: missing.idl: No such file or directory\n", done.stderr)

    def test_not_a_file(self) -> None:
        os.mkfifo(self.dir / "pipe.idl")
        (self.dir / "folder.idl").mkdir()
        for name in ("pipe.idl", "folder.idl", "/dev/zero"):
            done = self.run_mwidl(name, timeout=5)
            self.assertEqual(2, done.returncode)
            self.assertIn("not a regular file", done.stderr)

    def test_a_name_that_makes_no_header(self) -> None:
        self.write('a"b.idl', TYPES)
        done = self.run_mwidl('a"b.idl')
        self.assertEqual(2, done.returncode)
        self.assertIn("the file's name", done.stderr)

    def test_unwritable(self) -> None:
        self.write("x.idl", CALLS)
        self.write("file", "")
        for folder in ("file", "file/out", "no/such"):
            done = self.run_mwidl("-o", folder, "x.idl")
            self.assertEqual(2, done.returncode)
            self.assertIn("mwidl: cannot", done.stderr)
        (self.dir / "out" / "x_server.mw.c").mkdir(parents=True)
        done = self.run_mwidl("-o", "out", "x.idl")
        self.assertEqual(2, done.returncode)
        self.assertEqual([], [name for name in self.files("out") if "tmp" in name])

    def test_depfile(self) -> None:
        self.write("in c/a.idl", TYPES)
        self.write("b.idl", "#include <a.idl>\nstruct T { m::S s; };\n")
        self.generate("-I", "in c", "-o", "out", "--depfile", "b.d", "b.idl")
        self.assertEqual(
            "out/b.mw.h out/b.mw.c: \\\n  b.idl \\\n  in\\ c/a.idl\n",
            (self.dir / "b.d").read_text(),
        )

    def test_depfile_of_two(self) -> None:
        self.write("a.idl", TYPES)
        self.write("b.idl", TYPES)
        self.generate("--depfile=b.d", "--types", "a.idl", "b.idl")
        rules = (self.dir / "b.d").read_text()
        self.assertEqual(
            "a.mw.h a.mw.c: \\\n  a.idl\nb.mw.h b.mw.c: \\\n  b.idl\n", rules
        )

    def test_include_order(self) -> None:
        self.write("one/a.idl", "struct A { long one; };\n")
        self.write("two/a.idl", "struct A { long two; };\n")
        self.write("two/b.idl", '#include "a.idl"\nstruct B { A a; };\n')
        self.write("c.idl", "#include <a.idl>\nstruct B { A a; };\n")
        for args, expected in (
            (["-I", "one", "-Itwo", "two/b.idl"], "two/a.idl"),
            (["-I", "one", "-Itwo", "c.idl"], "one/a.idl"),
            (["-Itwo", "-I", "one", "c.idl"], "two/a.idl"),
        ):
            self.generate("--types", "--depfile", "x.d", *args)
            self.assertIn(expected, (self.dir / "x.d").read_text())

    def test_include_once(self) -> None:
        self.write("a.idl", "struct A { long x; };\n")
        self.write("b.idl", '#include "a.idl"\nstruct B { A a; };\n')
        self.write("c.idl", '#include "a.idl"\n#include "b.idl"\n#include "./a.idl"\n')
        self.generate("c.idl")
        header = (self.dir / "c.mw.h").read_text()
        self.assertIn('#include "a.mw.h"\n#include "b.mw.h"\n', header)
        self.assertEqual(1, header.count("a.mw.h"))

    def test_line_ends_and_byte_order_mark(self) -> None:
        text = '/// Doc.\nstruct S {\n    long x; ///< after\n};\n#pragma once\n'
        self.write("x.idl", text)
        self.generate("-o", "unix", "x.idl")
        (self.dir / "x.idl").write_bytes(
            b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
        )
        self.generate("-o", "dos", "x.idl")
        for name in self.files("unix"):
            self.assertEqual(
                (self.dir / "unix" / name).read_bytes(),
                (self.dir / "dos" / name).read_bytes(),
            )

    def test_output_is_replaced(self) -> None:
        self.write("x.idl", TYPES)
        self.generate("x.idl")
        self.write("x.mw.h", "old")
        self.generate("x.idl")
        self.assertIn("m_S", (self.dir / "x.mw.h").read_text())

    def test_example_of_the_documentation(self) -> None:
        page = (ROOT / "docs" / "idl.md").read_text(encoding="utf-8")
        self.write("orders.idl", page.split("```idl\n")[1].split("```")[0])
        self.generate("orders.idl")
        self.compile_all(self.dir)
        made = "".join(path.read_text() for path in self.dir.glob("*.mw.h"))
        for line in page.split("```c\n")[1].split("```")[0].splitlines():
            # Doc comments stand between the lines; remarks are the page's.
            if line.strip() and "/*" not in line:
                self.assertIn(line.split(" /*")[0], made)

    def test_comments_cannot_escape(self) -> None:
        self.write(
            "x.idl",
            "/// ends here */ int x; /* or ??/ \\\n"
            "/// \u202e turned round, " + "long " * 40 + "\n"
            "struct S {\n"
            "    /// " + "w" * 200 + "\n"
            '    @unit("*/ int y;") long x;\n'
            "};\n"
            "/** one * / line */ enum E { A /**< after */ };\n",
        )
        self.generate("-o", "out", "x.idl")
        self.compile_all(self.dir / "out")
        self.assertNotIn("\u202e", (self.dir / "out" / "x.mw.h").read_text())


if __name__ == "__main__":
    unittest.main()
