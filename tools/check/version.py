#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hold the version to one number, wherever it is written: CMakeLists.txt,
mw/base.h, the version node of libmw.map, the newest entry of CHANGELOG.md."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import house

CMAKE = Path("CMakeLists.txt")
HEADER = Path("include/mw/base.h")
MAP = Path("libmw/libmw.map")
CHANGES = Path("CHANGELOG.md")


def places(version: str) -> list[tuple[Path, str, str]]:
    """(file, pattern whose group is a number, the number that it must be)."""
    major, minor, patch = version.split(".")
    define = r"^#define MW_VERSION{}\s+(\S+)"
    return [
        (HEADER, define.format(""), f'"{version}"'),
        (HEADER, define.format("_MAJOR"), major),
        (HEADER, define.format("_MINOR"), minor),
        (HEADER, define.format("_PATCH"), patch),
        # The last node is the newest.
        (MAP, r"^MW_(\S+) \{(?![\s\S]*^MW_)", f"{major}.{minor}"),
        (CHANGES, r"^## \[?([0-9.]+)", version),
    ]


def main() -> int:
    house.root_from_arguments("Hold the version to one number.")
    report = house.Report("version")
    found = re.search(r"project\(mw VERSION ([0-9.]+)", house.read(CMAKE))
    if found is None or found.group(1).count(".") != 2:
        print(f"{CMAKE}:1: no project(mw VERSION major.minor.patch …)")
        return 2
    for path, pattern, wanted in places(found.group(1)):
        report.looked_at += 1
        text = house.read(path)
        match = re.search(pattern, text, re.M)
        if match is None:
            report.add(path, 1, f"does not tell the version, {wanted}")
        elif match.group(1) != wanted:
            line = house.line_at(text, match.start())
            report.add(path, line, f"{match.group(1)} should be {wanted}")
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
