#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Valid IDL at random: mwidl takes it, and what it makes compiles.

MWIDL_SEED is the first seed, MWIDL_SEEDS how many there are.
"""

from __future__ import annotations

import os
import shutil
import unittest

from mwidl_case import ROOT, Case, find_clang_format
from random_idl import generate

FIRST = int(os.environ.get("MWIDL_SEED", "1"))
COUNT = int(os.environ.get("MWIDL_SEEDS", "4"))


class Random(Case):
    def run_seed(self, seed: int) -> None:
        folder = self.dir / str(seed)
        again = self.dir / f"{seed}-formatted"
        tool = find_clang_format()
        for place in (folder, again):
            place.mkdir()
        (folder / "x.idl").write_text(generate(seed), encoding="utf-8")
        self.generate("x.idl", cwd=folder)
        self.compile_all(folder)

        done = self.run_mwidl("--format", "x.idl", cwd=folder)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        (again / "x.idl").write_text(done.stdout, encoding="utf-8")
        self.generate("x.idl", cwd=again)
        for path in folder.glob("*.mw.[ch]"):
            self.assertMultiLineEqual(path.read_text(), (again / path.name).read_text())

        if tool is not None:
            shutil.copy(ROOT / ".clang-format", folder)
            # Nothing helps a line that is too long for one of its names.
            files = sorted(
                str(path)
                for path in folder.glob("*.mw.[ch]")
                if max(map(len, path.read_text().splitlines())) <= 80
            )
            self.formatted += len(files)
            if files:
                self.compile([tool, "--dry-run", "-Werror", *files])

    def test_seeds(self) -> None:
        self.formatted = 0
        for seed in range(FIRST, FIRST + COUNT):
            print("seed", seed, flush=True)
            with self.subTest(seed=seed):
                self.run_seed(seed)
        print(self.formatted, "files of", 6 * COUNT, "are formatted")


if __name__ == "__main__":
    unittest.main()
