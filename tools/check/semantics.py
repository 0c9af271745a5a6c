#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hold docs/semantics.md to its tests.

Each row of a table with a column "shown by" names tests there, in backquotes:
"suite/name" is a criterion test of a file below tests/, any other name one that
a CMakeLists.txt there gives to ctest.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import house

PAGE = Path("docs/semantics.md")
CRITERION = re.compile(r"^Test\((\w+), (\w+)", re.M)
CTEST = re.compile(r"\b(?:add_test\(NAME |mw_stress\()(\w+)")
NAME = re.compile(r"`([\w/]+)`")


def known_tests() -> set[str]:
    names: set[str] = set()
    for path in house.files("tests"):
        if path.suffix == ".c":
            found = CRITERION.findall(house.blank(house.read(path)))
            names.update(f"{suite}/{name}" for suite, name in found)
        elif path.name == "CMakeLists.txt":
            names.update(CTEST.findall(house.read(path)))
    return names


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def rows(text: str) -> Iterator[tuple[int, str]]:
    """Line number and last cell of each row below a "shown by"."""
    shown = False
    for number, line in enumerate(text.split("\n"), 1):
        if not line.startswith("|"):
            shown = False
        elif cells(line)[-1] == "shown by":
            shown = True
        elif shown and not set(line) <= set("|-: "):
            yield number, cells(line)[-1]


def main() -> int:
    house.root_from_arguments(__doc__ or "")
    report = house.Report("semantics")
    known = known_tests()
    for number, shown_by in rows(house.read(PAGE) if PAGE.exists() else ""):
        report.looked_at = 1
        names = NAME.findall(shown_by)
        if not names:
            report.add(PAGE, number, "names no test")
        for name in names:
            if name not in known:
                report.add(PAGE, number, f"there is no test {name}")
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
