# SPDX-License-Identifier: MIT
"""A made-up source tree for trying out a house check.

A check that cannot fail is a defect, so each test plants a fault in a small
tree that is otherwise clean, and expects the check to name its file and line.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CHECKS = Path(__file__).resolve().parents[2] / "tools" / "check"
SPDX = "/* SPDX-License-Identifier: MIT */\n"


class HouseCase(unittest.TestCase):
    """Base of the tests: self.root is an empty tree."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="mw house ")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def run_command(self, *command: str) -> tuple[int, str]:
        """(exit code, output) of a command."""
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout

    def python_check(self, script: str) -> tuple[int, str]:
        """Run a Python check on the tree."""
        return self.run_command(
            sys.executable, "-B", str(CHECKS / script), "--root", str(self.root)
        )

    def assert_clean(self, result: tuple[int, str]) -> None:
        code, output = result
        self.assertEqual(code, 0, output)
        self.assertIn("clean", output)

    def assert_finds(self, result: tuple[int, str], *places: str) -> None:
        """The check failed, with a finding that starts with each place, and
        without others."""
        code, output = result
        self.assertEqual(code, 1, output)
        for place in places:
            self.assertIn(f"\n{place}", f"\n{output}")
        self.assertRegex(
            output.splitlines()[-1],
            rf"\b{len(places)} (findings?|failed|with warnings)",
        )
