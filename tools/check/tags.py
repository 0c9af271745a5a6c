#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hold the documentation of public functions to the rules of mw/base.h.

For every function that is declared with MW_API:
- a doc comment stands directly before it;
- each parameter has a @param line, in order, and no other name has one;
- what is said of a pointer parameter starts with an ownership tag;
- what is said of a pointer result has one too, or "as other_function()";
- a mw_status result is MW_MUST_USE and its values are listed;
- one @thread line tells who may call it, and whether it blocks.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import house

TAG = r"\[(?:copy|borrow: [^\]]+|own: [^\]]+|view|out|inout)\]"

# A doc comment, and what follows it up to the end of the declaration.
FUNCTION = re.compile(r"^MW_API\b[^;{]*\([^;{]*;", re.M)
DOC_BEFORE = re.compile(r"/\*\*((?:(?!\*/).)*)\*/\s*\Z", re.S)
DATA_OR_TYPE = re.compile(r"\bMW_PRINTF\([^)]*\)|\bMW_(?:API|MUST_USE)\b")


@dataclass
class Param:
    name: str
    is_pointer: bool


@dataclass
class Function:
    name: str
    result: str
    must_use: bool
    params: list[Param]


def parse(declaration: str) -> Function | None:
    """Split a declaration such as "MW_API int f(char *a, int b);"."""
    text = " ".join(DATA_OR_TYPE.sub(" ", declaration).split())
    match = re.match(r"(.*?)(\w+) ?\((.*)\)\s*;\Z", text)
    if match is None:
        return None
    result, name, inside = match.groups()
    params = []
    for part in inside.split(","):
        part = part.strip()
        if part in {"void", "...", ""}:
            continue
        words = re.findall(r"\w+", re.sub(r"\[.*\]", "", part))
        params.append(Param(words[-1], "*" in part or "[" in part))
    return Function(name, result.strip(), "MW_MUST_USE" in declaration, params)


def sections(doc: str) -> list[tuple[str, str]]:
    """[("param", "client  [borrow: …] …"), …] of a doc comment."""
    plain = "\n".join(
        re.sub(r"^\s*\*? ?", "", line) for line in doc.splitlines()
    )
    parts = re.split(r"^@(\w+)[ \t]*", plain, flags=re.M)
    return [(k, " ".join(v.split())) for k, v in zip(parts[1::2], parts[2::2])]


def check_params(f: Function, told: list[tuple[str, str]]) -> list[str]:
    wrong = []
    lines = [v.partition(" ") for k, v in told if k == "param"]
    have = [name for name, _, _ in lines]
    want = [p.name for p in f.params]
    if have != want:
        wrong.append(
            f"@param lines are for ({', '.join(have)}), "
            f"parameters are ({', '.join(want)})"
        )
    texts = {name: text.strip() for name, _, text in lines}
    for param in f.params:
        text = texts.get(param.name)
        if text is None:
            continue
        if param.is_pointer and not re.match(TAG, text):
            wrong.append(
                f"@param {param.name} is a pointer and needs an ownership tag"
            )
        if not text:
            wrong.append(f"@param {param.name} says nothing")
    return wrong


def check_result(f: Function, told: list[tuple[str, str]]) -> list[str]:
    wrong = []
    returns = [v for k, v in told if k == "return"]
    if f.result.endswith("*"):
        good = rf"{TAG}|as \w+\(\)"
        if not returns or not re.match(good, returns[0]):
            wrong.append("the pointer result needs @return with an ownership tag")
    elif f.result != "void" and not any(k in {"return", "retval"} for k, _ in told):
        wrong.append("the result needs @return or @retval")
    if f.result == "mw_status" and not f.must_use:
        wrong.append("a mw_status result must be MW_MUST_USE")
    return wrong


def check_function(f: Function, doc: str) -> list[str]:
    """All that is wrong with the documentation of a function."""
    told = sections(doc)
    wrong = check_params(f, told) + check_result(f, told)
    threads = [v for k, v in told if k == "thread"]
    if len(threads) != 1:
        wrong.append(f"needs one @thread line, has {len(threads)}")
    elif "block" not in threads[0]:
        wrong.append("@thread must say whether the function blocks")
    return wrong


def check_header(path: Path, report: house.Report) -> None:
    text = house.read(path)
    code = house.blank(text)
    for match in FUNCTION.finditer(code):
        line = house.line_at(text, match.start())
        f = parse(match.group())
        if f is None:
            report.add(path, line, "cannot make out this declaration")
            continue
        doc = DOC_BEFORE.search(text, 0, match.start())
        if doc is None:
            report.add(path, line, f"{f.name}: no doc comment before it")
            continue
        for wrong in check_function(f, doc.group(1)):
            report.add(path, line, f"{f.name}: {wrong}")


def main() -> int:
    house.root_from_arguments(__doc__.splitlines()[0])
    report = house.Report("tags")
    for path in house.files("include"):
        if path.suffix == ".h":
            report.looked_at += 1
            check_header(path, report)
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
