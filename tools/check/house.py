# SPDX-License-Identifier: MIT
"""What the house checks share: finding files, hiding comments, reporting.

A check prints one line per finding, "file:line: what is wrong", and exits
with 0 (nothing found), 1 (something found) or 2 (it could not look).
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Output of builds and editors, wherever it lies.
SKIPPED_FOLDERS = {"build", "install", "__pycache__"}


@dataclass
class Report:
    """Findings of one check."""

    name: str
    findings: list[str] = field(default_factory=list)
    looked_at: int = 0

    def add(self, path: Path | str, line: int, text: str) -> None:
        self.findings.append(f"{path}:{line}: {text}")

    def close(self) -> int:
        """Print all findings and return the exit code."""
        for finding in self.findings:
            print(finding)
        if self.looked_at == 0:
            print(f"{self.name}: nothing to look at; is --root right?")
            return 2
        n = len(self.findings)
        verdict = "clean" if n == 0 else f"{n} finding{'s' if n > 1 else ''}"
        print(f"{self.name}: {self.looked_at} files, {verdict}")
        return 1 if n else 0


def root_from_arguments(what: str) -> Path:
    """Parse --root, the source tree to check, and go there, so that findings
    name files relative to it."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(__file__).resolve().parents[2],
        help="source tree to check (default: the one of this script)",
    )
    root = parser.parse_args().root.resolve()
    if not root.is_dir():
        sys.exit(f"{root}: no such folder")
    os.chdir(root)
    return root


def files(*folders: str) -> Iterator[Path]:
    """All files below the folders of the current directory, sorted."""
    for folder in folders:
        for where, subfolders, names in os.walk(folder):
            subfolders[:] = sorted(
                d
                for d in subfolders
                if d not in SKIPPED_FOLDERS and d != ".git"
            )
            for name in sorted(names):
                yield Path(where, name)


def read(path: Path) -> str:
    """The text of a file; bytes that are not UTF-8 are kept visible."""
    return path.read_text(encoding="utf-8", errors="replace")


_C_PIECES = re.compile(
    r"""
      /\* .*? (?: \*/ | \Z )            # comment, perhaps never closed
    | // (?: [^\\\n] | \\. )*           # line comment
    | " (?: [^"\\\n] | \\. )* "         # string
    | ' (?: [^'\\\n] | \\. )* '         # character
    """,
    re.VERBOSE | re.DOTALL,
)


def blank(text: str, strings: bool = True) -> str:
    """C source with comments (and the insides of strings) replaced by spaces;
    every line keeps its number."""

    def spaces(match: re.Match[str]) -> str:
        piece = match.group()
        if piece[0] in "\"'":
            if not strings:
                return piece
            return piece[0] + re.sub(r"[^\n]", " ", piece[1:-1]) + piece[-1]
        return re.sub(r"[^\n]", " ", piece)

    return _C_PIECES.sub(spaces, text)


def line_comments(text: str) -> Iterator[int]:
    """Numbers of the lines that hold a // comment."""
    for match in _C_PIECES.finditer(text):
        if match.group().startswith("//"):
            yield line_at(text, match.start())


def line_at(text: str, offset: int) -> int:
    """The number, from 1, of the line that an offset lies in."""
    return text.count("\n", 0, offset) + 1
