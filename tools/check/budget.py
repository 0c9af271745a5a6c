#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hold every source file to the size and form that a reviewer can take in.

C files:    at most 600 lines, headers 300; functions 60 lines, blocks 4 deep;
            no // comments.
Code files: the SPDX line first (after a #! line); no tabs.
All texts:  no marks of unfinished work, no paths of somebody's machine, no
            blanks at line ends, a newline at the end.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import house

MAX_LINES = {".c": 600, ".h": 300}
MAX_FUNCTION_LINES = 60
MAX_NESTING = 4

FOLDERS = ("include", "libmw", "tools", "samples", "tests", "bench", "docs", ".ci")

CODE_SUFFIXES = {".c", ".h", ".py", ".sh", ".cmake", ".idl", ".in"}
TEXT_SUFFIXES = CODE_SUFFIXES | {
    ".md", ".txt", ".json", ".cddl", ".map", ".1", ".3", ".5", ".7",
}  # fmt: skip

# Written in pieces, so that this file does not trip over itself.
MARKS = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK"]) + r")\b")
MACHINE_PATHS = re.compile(r"(?<![\w.$}])/(work|root|home)/")
SPDX = re.compile(r"SPDX-License-Identifier: [A-Za-z0-9.-]+")


# ---- texts ---------------------------------------------------------------


def is_code(path: Path, text: str) -> bool:
    return (
        path.suffix in CODE_SUFFIXES
        or path.name in {"CMakeLists.txt", "Makefile"}
        or text.startswith("#!")
    )


def is_text(path: Path, text: str) -> bool:
    return path.suffix in TEXT_SUFFIXES or is_code(path, text)


def check_text(path: Path, text: str, report: house.Report) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if mark := MARKS.search(line):
            report.add(path, number, f"{mark.group()} marks unfinished work")
        if found := MACHINE_PATHS.search(line):
            report.add(path, number, f"{found.group()}… is a path of one machine")
        if line != line.rstrip():
            report.add(path, number, "blanks at the end of the line")
    if text and not text.endswith("\n"):
        report.add(path, text.count("\n") + 1, "no newline at the end")


def check_code(path: Path, text: str, report: house.Report) -> None:
    lines = text.split("\n")
    first = 1 if lines[0].startswith("#!") else 0
    if first >= len(lines) or not SPDX.search(lines[first]):
        report.add(path, first + 1, "the SPDX line must come first")
    if path.name == "Makefile" or path.suffix == ".mk":
        return
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            report.add(path, number, "tab; indent with spaces")


# ---- C -------------------------------------------------------------------


@dataclass
class Function:
    name: str
    line: int  # of its name
    first: int  # of its opening brace, at column 0
    last: int  # of its closing brace


def functions(code: str) -> Iterator[Function]:
    """Function definitions of comment-free source in the house style: the
    name, the opening and the closing brace all stand at column 0."""
    lines = code.split("\n")
    name, name_line, first = "", 0, 0
    for number, line in enumerate(lines, 1):
        if match := re.match(r"(?:\w[\w\s*]*?[\s*])?(\w+)\(", line):
            name, name_line = match.group(1), number
        elif line.startswith("{"):
            first = number
        elif line.startswith("}") and first:
            yield Function(name, name_line, first, number)
            first = 0


TOKEN = re.compile(r"[A-Za-z_]\w*|[{}();:]|[^\s\w]")
CONTROL = re.compile(r"(?:if|for|while|switch|[A-Z_]*FOREACH[A-Z_]*)\Z")


def deepest(body: str) -> tuple[int, int]:
    """(depth, offset) of the innermost block; the function's own is 0.

    Braces of initialisers are not blocks: a block opens after a statement, or
    after else, do, or the parenthesis of a control statement."""
    worst = (0, 0)
    blocks: list[bool] = []
    parens: list[bool] = []
    before, closed_control = ";", False
    for match in TOKEN.finditer(body):
        token = match.group()
        if token == "(":
            parens.append(CONTROL.match(before) is not None)
        elif token == ")" and parens:
            closed_control = parens.pop()
        elif token == "{":
            opens = before in {"else", "do", ";", "{", "}", ":"} or (
                before == ")" and closed_control
            )
            # Inside an initialiser every brace belongs to it.
            blocks.append(opens and (not blocks or blocks[-1]))
            depth = sum(blocks) - 1
            if depth > worst[0]:
                worst = (depth, match.start())
        elif token == "}" and blocks:
            blocks.pop()
        before = token
    return worst


def check_c(path: Path, text: str, report: house.Report) -> None:
    n_lines = text.count("\n")
    limit = MAX_LINES[path.suffix]
    if n_lines > limit:
        report.add(path, limit + 1, f"{n_lines} lines, at most {limit}")
    for number in house.line_comments(text):
        report.add(path, number, "// comment; write /* */")
    code = house.blank(text)
    lines = code.split("\n")
    for f in functions(code):
        n_body = f.last - f.first - 1
        if n_body > MAX_FUNCTION_LINES:
            report.add(
                path,
                f.line,
                f"{f.name}() has {n_body} lines, at most {MAX_FUNCTION_LINES}",
            )
        body = "\n".join(lines[f.first - 1 : f.last])
        depth, offset = deepest(body)
        if depth > MAX_NESTING:
            line = f.first + body.count("\n", 0, offset)
            report.add(
                path,
                line,
                f"{f.name}() nests {depth} blocks, at most {MAX_NESTING}",
            )


def main() -> int:
    house.root_from_arguments(__doc__.splitlines()[0])
    report = house.Report("budget")
    top = (p for p in sorted(Path().iterdir()) if p.is_file())
    for path in [*top, *house.files(*FOLDERS)]:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a vector or corpus file, not a text
        if not is_text(path, text):
            continue
        report.looked_at += 1
        check_text(path, text, report)
        if is_code(path, text):
            check_code(path, text, report)
        if path.suffix in MAX_LINES:
            check_c(path, text, report)
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
