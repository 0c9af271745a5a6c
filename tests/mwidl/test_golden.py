#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare what mwidl makes of golden/*.idl with golden/*.txt.

With --update as the only argument, write those files anew; then read the
difference before committing it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from mwidl_case import GOLDEN, MWIDL, ROOT, Case, find_clang_format

INPUTS = sorted(GOLDEN.glob("*.idl"))


def made_files(folder: Path) -> dict[str, str]:
    """Name and text of all generated files of a folder."""
    return {
        path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.mw.[ch]")
    }


def golden_files() -> dict[str, str]:
    return {
        path.name.removesuffix(".txt"): path.read_text(encoding="utf-8")
        for path in GOLDEN.glob("*.mw.[ch].txt")
    }


class Golden(Case):
    def make_all(self, inputs: Path, outputs: Path, cwd: Path | None = None) -> None:
        names = [inputs / path.name for path in INPUTS]
        self.generate("-I", inputs, "-o", outputs, *names, cwd=cwd)

    def test_output_is_as_expected(self) -> None:
        self.make_all(GOLDEN, self.dir / "out")
        made = made_files(self.dir / "out")
        expected = golden_files()
        self.assertEqual(sorted(expected), sorted(made))
        for name, text in expected.items():
            with self.subTest(name):
                self.assertMultiLineEqual(text, made[name])

    def test_same_bytes_from_anywhere(self) -> None:
        other = self.dir / "some where" / "else"
        shutil.copytree(GOLDEN, other)
        self.make_all(Path("."), Path("made here"), cwd=other)
        self.assertEqual(golden_files(), made_files(other / "made here"))

    def test_one_by_one_is_the_same_as_all_at_once(self) -> None:
        for path in INPUTS:
            self.generate("-I", GOLDEN, "-o", self.dir, path)
        self.assertEqual(golden_files(), made_files(self.dir))

    def test_compiles(self) -> None:
        self.make_all(GOLDEN, self.dir)
        self.compile_all(self.dir)

    def test_is_formatted(self) -> None:
        tool = find_clang_format()
        if tool is None:
            self.skipTest("no clang-format 14")
        self.make_all(GOLDEN, self.dir)
        shutil.copy(ROOT / ".clang-format", self.dir)
        files = [str(path) for path in sorted(self.dir.glob("*.mw.[ch]"))]
        self.compile([tool, "--dry-run", "-Werror", *files])

    def test_formatted_idl_says_the_same(self) -> None:
        first = self.dir / "first"
        second = self.dir / "second"
        for folder, source in ((first, GOLDEN), (second, first)):
            folder.mkdir()
            for path in INPUTS:
                done = self.run_mwidl("--format", "-I", source, source / path.name)
                self.assertEqual("", done.stderr)
                (folder / path.name).write_text(done.stdout, encoding="utf-8")
        for path in INPUTS:
            self.assertMultiLineEqual(
                (first / path.name).read_text(), (second / path.name).read_text()
            )
        self.make_all(first, self.dir / "out")
        self.assertEqual(golden_files(), made_files(self.dir / "out"))


def update() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([MWIDL, "-I", GOLDEN, "-o", folder, *INPUTS], check=True)
        for path in GOLDEN.glob("*.mw.[ch].txt"):
            path.unlink()
        for name, text in made_files(Path(folder)).items():
            (GOLDEN / f"{name}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        update()
    else:
        unittest.main()
