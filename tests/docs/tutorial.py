#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do what the tutorial in README.md says, literally.

    tutorial.py BUILD-TREE

In a home folder of its own, with libmw installed from BUILD-TREE instead of
step 1: saves each block of code under the name in bold before it, runs each
block of shell commands, and expects the block of text that "The client prints".
Only the port is another one, so that tests may run at the same time.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECTION = re.compile(r"^## Ten minutes.*?\n(.*?)^## ", re.M | re.S)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
NAME = re.compile(r"\*\*`([\w.]+)`\*\*")
PORT = "127.0.0.1:7400"

# Waits until the server that was started last has said that it is ready.
AWAIT_SERVER = """
for _ in $(seq 200); do
    if grep -q '^listening on ' "$output"; then break; fi
    kill -0 $! || exit 1
    sleep 0.05
done
grep -q '^listening on ' "$output"
"""


def script_of(section: str) -> tuple[str, str]:
    """A shell script that follows the section, and what it shall print."""
    script = ["set -euo pipefail", "trap 'kill -KILL $(jobs -p) || true' EXIT"]
    expected = ""
    start = 0
    for block in BLOCK.finditer(section):
        before, (language, text) = section[start : block.start()], block.groups()
        start = block.end()
        if language == "sh":
            script.append(text.rstrip("\n"))
            if text.rstrip().endswith("&"):
                script.append(AWAIT_SERVER)
        elif language == "text":
            expected = text
        else:
            name = NAME.findall(before)[-1]
            script.append(f"printf %s {shlex.quote(text)} >{name}")
    return "\n".join(script) + "\ntrap - EXIT\n", expected


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(build: str) -> int:
    section = SECTION.search((ROOT / "README.md").read_text("utf-8"))
    if section is None:
        print("tutorial: README.md has no section \"Ten minutes…\"")
        return 2
    steps = section.group(1).split("\n### 2.", 1)[1]
    script, expected = script_of(steps)
    script = script.replace(PORT, f"127.0.0.1:{free_port()}")
    if expected == "" or "listening" not in script:
        print("tutorial: the section has no server or no output to expect")
        return 2
    with tempfile.TemporaryDirectory() as home:
        output = Path(home, "output")
        Path(home, "libmw").symlink_to(ROOT)
        subprocess.run(
            ["cmake", "--install", build, "--prefix", f"{home}/mw"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        with output.open("wb") as out:
            status = subprocess.run(
                ["bash", "-c", script], cwd=home, stdout=out, stderr=out,
                env=os.environ | {"HOME": home, "output": str(output)}, timeout=280,
            ).returncode  # fmt: skip
        printed = output.read_text("utf-8")
    if status != 0 or expected not in printed:
        print(printed)
        print(f"tutorial: exit code {status}; README.md promises\n{expected}")
        return 1
    print("tutorial: does what it says")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
