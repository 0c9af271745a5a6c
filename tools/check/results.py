#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sum up JUnit files that ctest wrote.

    results.py [--tally] [--passed N] [--failed N] FILE...

Prints what failed and what was skipped, and a closing line.  With --tally
that is "N passed, N failed", where a skipped test is one that failed to run,
and --passed and --failed add what was not run by ctest.

Exit code: 0 when something ran and all of it passed, 1 otherwise.
"""

from __future__ import annotations

import argparse
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Results:
    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
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
