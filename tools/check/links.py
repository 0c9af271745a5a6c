#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hold the links of all *.md files: what they point to in this tree exists,
the heading behind a # too."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import unquote

import house

FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)", re.M)
HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.M)


def prose(text: str) -> str:
    """The text with code blanked out; every line keeps its number."""

    def spaces(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match.group())

    return FENCE.sub(spaces, text)


def anchors(path: Path) -> set[str]:
    """The names that headings get, as GitHub makes them."""
    names: set[str] = set()
    for match in HEADING.finditer(prose(house.read(path))):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match.group(1))
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        unique, n = slug, 0
        while unique in names:
            n += 1
            unique = f"{slug}-{n}"
        names.add(unique)
    return names


def check(path: Path, report: house.Report) -> None:
    text = CODE.sub(lambda m: " " * len(m.group()), prose(house.read(path)))
    for match in LINK.finditer(text):
        target = match.group(1) or match.group(2)
        line = house.line_at(text, match.start())
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue  # of another tree; this check does not use the network
        name, _, anchor = unquote(target).partition("#")
        if name.startswith("/"):
            report.add(path, line, f"{target}: write the link relative")
            continue
        to = path.parent / name if name else path
        if not to.exists():
            report.add(path, line, f"{target}: no such file")
        elif anchor and to.suffix == ".md" and anchor not in anchors(to):
            report.add(path, line, f"{target}: no such heading")


def main() -> int:
    house.root_from_arguments(__doc__.splitlines()[0])
    report = house.Report("links")
    for path in house.files("."):
        if path.suffix == ".md":
            report.looked_at += 1
            check(path, report)
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
