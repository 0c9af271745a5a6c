#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Self-test of tools/check/budget.py."""

from __future__ import annotations

import unittest

from house_case import SPDX, HouseCase


def function(body: str) -> str:
    return f"{SPDX}static int\nf(int a)\n{{\n{body}}}\n"


def nested(depth: int) -> str:
    opening = "".join("if (a) {\n" for _ in range(depth))
    return opening + "a = 1;\n" + "}\n" * depth


class Budget(HouseCase):
    def check(self, path: str, text: str) -> tuple[int, str]:
        self.write(path, text)
        return self.python_check("budget.py")

    def test_clean(self) -> None:
        text = function('    const char *s = "tls://host"; /* // here */\n')
        self.assert_clean(self.check("libmw/base/a.c", text))

    def test_long_file(self) -> None:
        self.assert_clean(self.check("libmw/a.c", SPDX + "int a;\n" * 599))
        result = self.check("libmw/a.c", SPDX + "int a;\n" * 600)
        self.assert_finds(result, "libmw/a.c:601: 601 lines")

    def test_long_header(self) -> None:
        result = self.check("include/mw/a.h", SPDX + "int a;\n" * 300)
        self.assert_finds(result, "include/mw/a.h:301: 301 lines")

    def test_long_function(self) -> None:
        self.assert_clean(self.check("libmw/a.c", function("    a++;\n" * 60)))
        result = self.check("libmw/a.c", function("    a++;\n" * 61))
        self.assert_finds(result, "libmw/a.c:3: f() has 61 lines")

    def test_second_function_is_long(self) -> None:
        text = function("    a++;\n") + "\nvoid\ng(void)\n{\n" + "    a();\n" * 61 + "}\n"
        self.assert_finds(self.check("libmw/a.c", text), "libmw/a.c:9: g() has 61")

    def test_nesting(self) -> None:
        self.assert_clean(self.check("libmw/a.c", function(nested(4))))
        result = self.check("libmw/a.c", function(nested(5)))
        self.assert_finds(result, "libmw/a.c:9: f() nests 5 blocks")

    def test_initialisers_do_not_nest(self) -> None:
        deep = "struct s x = { { { { { { 1 } } } } } };\ng(&(struct s){ { 1 } });\n"
        self.assert_clean(self.check("libmw/a.c", function(nested(3) + deep)))

    def test_spdx(self) -> None:
        self.assert_finds(self.check("libmw/a.c", "int a;\n"), "libmw/a.c:1: ")
        self.write("libmw/a.c", SPDX)
        self.assert_finds(
            self.check("tools/x", "#!/usr/bin/env bash\necho\n"), "tools/x:2: "
        )

    def test_marks(self) -> None:
        for mark in ("TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK"):
            result = self.check("docs/a.md", f"# A\n\n{mark}: more\n")
            self.assert_finds(result, f"docs/a.md:3: {mark} marks")

    def test_line_comment(self) -> None:
        result = self.check("libmw/a.c", SPDX + "int a; // why\n")
        self.assert_finds(result, "libmw/a.c:2: // comment")

    def test_machine_path(self) -> None:
        result = self.check("docs/a.md", "see /ro" "ot/x\n")
        self.assert_finds(result, "docs/a.md:1: /ro" "ot/")

    def test_tab(self) -> None:
        result = self.check("libmw/a.c", SPDX + "\tint a;\n")
        self.assert_finds(result, "libmw/a.c:2: tab")

    def test_blanks_and_newline(self) -> None:
        result = self.check("docs/a.md", "a \nb")
        self.assert_finds(result, "docs/a.md:1: blanks", "docs/a.md:2: no newline")


if __name__ == "__main__":
    unittest.main()
