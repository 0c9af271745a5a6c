#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Self-tests of the smaller checks."""

from __future__ import annotations

import shutil
import sys
import unittest

from house_case import CHECKS, SPDX, HouseCase


class Headers(HouseCase):
    def check(self, text: str, path: str = "include/mw/a.h") -> tuple[int, str]:
        self.write("include/mw/base.h", "#include <stddef.h>\n")
        self.write(path, text)
        return self.run_command(str(CHECKS / "headers.sh"), str(self.root))

    def test_clean(self) -> None:
        text = "#ifndef A\n#define A\n#include <stddef.h>\ntypedef size_t s;\n#endif\n"
        self.assert_clean(self.check(text))

    def test_leans_on_others(self) -> None:
        code, output = self.check("size_t f(void);\n")
        self.assertEqual(code, 1, output)
        self.assertIn("mw/a.h:1: does not compile alone", output)

    def test_not_cplusplus(self) -> None:
        code, output = self.check("int f(int class);\n")
        self.assertEqual(code, 1, output)
        self.assertIn("-std=c++11", output)
        self.assertNotIn("-std=c11", output)

    def test_no_guard(self) -> None:
        code, output = self.check("struct a { int b; };\n")
        self.assertEqual(code, 1, output)

    def test_internal(self) -> None:
        code, output = self.check("size_t f(void);\n", "libmw/base/a.h")
        self.assertEqual(code, 1, output)
        self.assertIn("base/a.h:1: does not compile alone", output)


class Links(HouseCase):
    def check(self, text: str) -> tuple[int, str]:
        self.write("docs/b.md", "# The B-side, `b()`\n\n# Other\n")
        self.write("docs/a.md", text)
        return self.python_check("links.py")

    def test_clean(self) -> None:
        self.assert_clean(
            self.check(
                "# A\n[b](b.md), [c](b.md#the-b-side-b), [top](#a), [d](../docs),\n"
                "[e](https://example.org/x), `[no](gone.md)`\n"
                "```\n[no](gone.md)\n```\n"
            )
        )

    def test_gone(self) -> None:
        self.assert_finds(self.check("\n[b](gone.md)\n"), "docs/a.md:2: gone.md")

    def test_no_heading(self) -> None:
        self.assert_finds(self.check("[b](b.md#gone)\n"), "docs/a.md:1: b.md#gone")

    def test_reference(self) -> None:
        self.assert_finds(self.check("[b]\n\n[b]: gone.md\n"), "docs/a.md:3: gone")


@unittest.skipUnless(shutil.which("mandoc"), "no mandoc here")
class Manuals(HouseCase):
    PAGE = (
        ".Dd January 1, 2026\n.Dt A 1\n.Os\n.Sh NAME\n.Nm a\n.Nd try\n"
        ".Sh DESCRIPTION\nText.\n"
    )

    def check(self, text: str) -> tuple[int, str]:
        self.write("docs/man/a.1", text)
        return self.run_command(str(CHECKS / "manuals.sh"), str(self.root))

    def test_clean(self) -> None:
        self.assert_clean(self.check(self.PAGE))

    def test_warning(self) -> None:
        code, output = self.check(self.PAGE + ".Xx\n")
        self.assertEqual(code, 1, output)
        self.assertIn("a.1:9:", output)

    def test_function_without_a_page(self) -> None:
        self.write(
            "libmw/libmw.map",
            "MW_0.1 {\nglobal:\n    mw_open;\n    mw_open_all;\n    mw_type_u8;\n};\n",
        )
        page = self.PAGE.replace(".Nm a\n", ".Nm mw_open_all ,\n.Nm a\n")
        self.assert_finds(
            self.check(page), "libmw/libmw.map:3: mw_open is in no manual page"
        )

    def test_no_pages(self) -> None:
        code, _ = self.run_command(str(CHECKS / "manuals.sh"), str(self.root))
        self.assertEqual(code, 2)


class Version(HouseCase):
    HEADER = (
        '#define MW_VERSION_MAJOR 0\n#define MW_VERSION_MINOR 2\n'
        '#define MW_VERSION_PATCH 1\n#define MW_VERSION "0.2.1"\n'
    )

    def check(self, header: str = HEADER, version: str = "0.2.1") -> tuple[int, str]:
        self.write("CMakeLists.txt", f"project(mw VERSION {version} LANGUAGES C)\n")
        self.write("include/mw/base.h", header)
        self.write("libmw/libmw.map", "MW_0.1 {\n};\nMW_0.2 {\n} MW_0.1;\n")
        self.write("CHANGELOG.md", "# Changes\n\n## 0.2.1\n\n## 0.1.0\n")
        return self.python_check("version.py")

    def test_clean(self) -> None:
        self.assert_clean(self.check())

    def test_header_forgotten(self) -> None:
        header = self.HEADER.replace("MINOR 2", "MINOR 1")
        self.assert_finds(self.check(header), "include/mw/base.h:2: 1 should be 2")

    def test_all_forgotten(self) -> None:
        self.assert_finds(
            self.check(version="0.3.1"),
            'include/mw/base.h:4: "0.2.1" should be "0.3.1"',
            "include/mw/base.h:2: 2 should be 3",
            "libmw/libmw.map:3: 0.2 should be 0.3",
            "CHANGELOG.md:3: 0.2.1 should be 0.3.1",
        )


class Scripts(HouseCase):
    BASH = "#!/usr/bin/env bash\n# SPDX\nset -euo pipefail\n"

    def check(self, text: str, mode: int = 0o755) -> tuple[int, str]:
        self.write("tools/x", text).chmod(mode)
        return self.run_command(str(CHECKS / "scripts.sh"), str(self.root))

    def test_clean(self) -> None:
        self.assert_clean(self.check(self.BASH))

    def test_does_not_stop_at_errors(self) -> None:
        self.assert_finds(
            self.check("#!/usr/bin/env bash\necho\n"), 'tools/x:1: needs "set'
        )

    def test_plain_shell(self) -> None:
        self.assert_clean(self.check("#!/bin/sh\n# SPDX\nset -eu\n"))
        self.assert_finds(self.check("#!/bin/sh\necho\n"), 'tools/x:1: needs "set')

    def test_does_not_parse(self) -> None:
        code, output = self.check(self.BASH + "if true; then\n")
        self.assertEqual(code, 1, output)
        self.assertIn("tools/x:1: does not parse", output)

    def test_not_executable(self) -> None:
        self.assert_finds(self.check(self.BASH, 0o644), "tools/x:1: has a #!")

    def test_python(self) -> None:
        self.assert_finds(
            self.check("#!/usr/bin/env python3\nif:\n"),
            "tools/x:1: does not compile",
        )


@unittest.skipUnless(shutil.which("clang-format-14"), "no clang-format 14 here")
class Semantics(HouseCase):
    def check(self, cell: str) -> tuple[int, str]:
        self.write("tests/a/test_a.c", "Test(a_suite, a_name)\n{\n}\n")
        self.write("tests/a/CMakeLists.txt", "add_test(NAME a_soak COMMAND soak)\n")
        self.write(
            "docs/semantics.md",
            "| in | short |\n|---|---|\n| `no/test` | – |\n\n"
            f"| what | shown by |\n|---|---|\n| a | {cell} |\n",
        )
        return self.python_check("semantics.py")

    def test_clean(self) -> None:
        self.assert_clean(self.check("`a_suite/a_name` `a_soak`"))

    def test_unknown(self) -> None:
        self.assert_finds(
            self.check("`a_suite/another` `b_soak`"),
            "docs/semantics.md:7: there is no test a_suite/another",
            "docs/semantics.md:7: there is no test b_soak",
        )

    def test_none(self) -> None:
        self.assert_finds(self.check("–"), "docs/semantics.md:7: names no test")

    def test_in_a_comment(self) -> None:
        self.write("tests/a/test_b.c", "/* Test(b, b) */\n")
        self.assert_finds(
            self.check("`b/b`"), "docs/semantics.md:7: there is no test b/b"
        )


class Results(HouseCase):
    def check(self, *cases: str) -> tuple[int, str]:
        file = self.write("r.xml", f"<testsuite>{''.join(cases)}</testsuite>")
        return self.run_command(
            sys.executable, "-B", str(CHECKS / "results.py"), "--tally", str(file)
        )

    @staticmethod
    def case(status: str, inside: str = "") -> str:
        return f'<testcase name="t" status="{status}">{inside}</testcase>'

    def skipped(self, message: str) -> str:
        return self.case("notrun", f'<skipped message="{message}"/>')

    def test_passed(self) -> None:
        self.assertEqual(self.check(self.case("run")), (0, "1 passed, 0 failed\n"))

    def test_failed(self) -> None:
        code, output = self.check(self.case("run"), self.case("fail"))
        self.assertEqual(code, 1, output)
        self.assertIn("1 passed, 1 failed", output)

    def test_lacks_a_package(self) -> None:
        code, output = self.check(
            self.case("run"), self.skipped("SKIP_RETURN_CODE=77")
        )
        self.assertEqual(code, 1, output)
        self.assertIn("1 passed, 1 failed", output)

    def test_lacks_the_kernel(self) -> None:
        code, output = self.check(
            self.case("run"), self.skipped("SKIP_REGULAR_EXPRESSION_MATCHED")
        )
        self.assertEqual(code, 0, output)
        self.assertIn("cannot run on this machine, see its output: t", output)
        self.assertIn("1 passed, 0 failed", output)

    def test_nothing_ran(self) -> None:
        self.assertEqual(self.check()[0], 1)


class Format(HouseCase):
    def check(self, text: str) -> tuple[int, str]:
        file = self.write("a.c", SPDX + text)
        shutil.copy(CHECKS.parents[1] / ".clang-format", self.root)
        return self.run_command(str(CHECKS / "format.sh"), str(file))

    def test_clean(self) -> None:
        self.assert_clean(self.check("int a;\n"))

    def test_differs(self) -> None:
        code, output = self.check("int  a;\n")
        self.assertEqual(code, 1, output)
        self.assertIn("+int a;", output)


if __name__ == "__main__":
    unittest.main()
