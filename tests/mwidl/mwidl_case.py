# SPDX-License-Identifier: MIT
"""What the tests of mwidl share.

The environment says where things are: MWIDL is the compiler, CC and CXX the C
and C++ compilers (CXX may be empty: then nothing is compiled as C++).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GOLDEN = HERE / "golden"

MWIDL = os.environ.get("MWIDL", "mwidl")
CC = os.environ.get("CC") or "cc"
CXX = os.environ.get("CXX", "")

# Those of tools/cmake/MwCompile.cmake.
WARNINGS = """-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla -Wundef
    -Wpointer-arith -Wwrite-strings -Wformat=2 -Wimplicit-fallthrough -Werror""".split()


def find_clang_format() -> str | None:
    """clang-format 14, which the house formats with, or None."""
    for name in ("clang-format-14", "clang-format"):
        path = shutil.which(name)
        if path and " 14." in subprocess.run(
            [path, "--version"], capture_output=True, text=True, check=True
        ).stdout:
            return path
    return None


class Case(unittest.TestCase):
    """A test with a directory of its own."""

    maxDiff = 4000

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory(prefix="mwidl-test-")
        self.addCleanup(holder.cleanup)
        self.dir = Path(holder.name)

    def run_mwidl(
        self, *args: str | Path, cwd: Path | None = None, timeout: float = 30
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [MWIDL, *map(str, args)],
            cwd=cwd or self.dir,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        self.assertIn(done.returncode, (0, 1, 2), done.stderr)
        return done

    def generate(self, *args: str | Path, cwd: Path | None = None) -> None:
        done = self.run_mwidl(*args, cwd=cwd)
        self.assertEqual((0, ""), (done.returncode, done.stderr))

    def compile(self, command: list[str]) -> None:
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(0, done.returncode, " ".join(command) + "\n" + done.stderr)

    def compile_all(self, folder: Path) -> None:
        """All generated files of a folder, as C11 and as C++."""
        includes = ["-I", str(ROOT / "include"), "-I", str(folder)]
        sources = [str(path) for path in sorted(folder.glob("*.mw.c"))]
        headers = sorted(folder.glob("*.mw.h"))
        self.assertTrue(sources)
        self.compile(
            [CC, "-std=c11", "-fsyntax-only", *WARNINGS, *includes, *sources]
        )
        for path in headers:
            probe = folder / "probe.c"
            probe.write_text(f'#include "{path.name}"\n#include "{path.name}"\n')
            self.compile(
                [CC, "-std=c11", "-fsyntax-only", *WARNINGS, *includes, str(probe)]
            )
        if CXX:
            everything = folder / "everything.cc"
            everything.write_text("".join(f'#include "{p.name}"\n' for p in headers))
            self.compile(
                [CXX, "-std=c++11", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic",
                 "-Werror", *includes, str(everything)]
            )  # fmt: skip
            self.compile(
                [CXX, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
                 *includes, "-x", "c++", *sources]
            )  # fmt: skip
