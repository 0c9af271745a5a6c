#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sum up JUnit files that ctest wrote.

    results.py [--tally] [--passed N] [--failed N] FILE...

Prints what failed and what was skipped, and a closing line.  With --tally
that is "N passed, N failed", where a skipped test is one that failed to run,
and --passed and --failed add what was not run by ctest.

A test that skipped itself in words that ctest was told to look for
(SKIP_REGULAR_EXPRESSION) needs what no package brings, such as a kernel with
network namespaces.  It is named, and counts neither way.

Exit code: 0 when something ran and all of it passed, 1 otherwise.
"""

from __future__ import annotations

import argparse
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path


def is_unable(case: ET.Element) -> bool:
    skipped = case.find("skipped")
    message = skipped.get("message", "") if skipped is not None else ""
    return message == "SKIP_REGULAR_EXPRESSION_MATCHED"


@dataclass
class Results:
    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    unable: list[str] = field(default_factory=list)
    seconds: float = 0.0
    slowest: tuple[float, str] = (0.0, "")

    def take(self, file: Path) -> None:
        """Add the tests of one JUnit file."""
        for case in ET.parse(file).getroot().iter("testcase"):
            name = case.get("name", "?")
            took = float(case.get("time", "0"))
            self.seconds += took
            self.slowest = max(self.slowest, (took, name))
            if case.find("failure") is not None or case.get("status") == "fail":
                self.failed.append(name)
            elif case.get("status") == "run":
                self.passed.append(name)
            elif is_unable(case):
                self.unable.append(name)
            else:
                self.skipped.append(name)


def main() -> int:
    parser = argparse.ArgumentParser(description="Sum up ctest's JUnit files.")
    parser.add_argument("--tally", action="store_true")
    parser.add_argument("--passed", type=int, default=0)
    parser.add_argument("--failed", type=int, default=0)
    parser.add_argument("files", nargs="*", type=Path)
    arguments = parser.parse_args()

    results = Results()
    for file in arguments.files:
        try:
            results.take(file)
        except (OSError, ET.ParseError) as error:
            results.failed.append(f"{file}: {error}")
    for name in results.failed:
        print(f"  failed:  {name}")
    for name in results.skipped:
        print(f"  skipped: {name}")
    for name in results.unable:
        print(f"  cannot run on this machine, see its output: {name}")

    n_passed = len(results.passed) + arguments.passed
    n_failed = len(results.failed) + arguments.failed
    n_skipped = len(results.skipped)
    if arguments.tally:
        print(f"{n_passed} passed, {n_failed + n_skipped} failed")
    else:
        slowest = f"slowest {results.slowest[1]}, {results.slowest[0]:.1f} s"
        skipped = f", {n_skipped} skipped" if n_skipped else ""
        print(f"{n_passed} passed, {n_failed} failed{skipped} ({slowest})")
    return 0 if n_passed and not n_failed and not n_skipped else 1


if __name__ == "__main__":
    sys.exit(main())
