# SPDX-License-Identifier: MIT
"""Runs subjects: a server, a client, what the client has measured."""

from __future__ import annotations

import os
import resource
import select
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plan import Entry

START_S = 30
END_S = 10

# What every subject inherits from OpenSSL, whether its library lets one choose
# the cipher or not.
OPENSSL_CONF = """\
openssl_conf = main
[main]
ssl_conf = ssl
[ssl]
system_default = all
[all]
MinProtocol = TLSv1.3
Ciphersuites = TLS_AES_128_GCM_SHA256
"""


class Failed(Exception):
    """A subject has not done what it should."""


def show(text: str) -> None:
    """Tell a person who waits what is being done."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def allow_many_files() -> None:
    """A thousand connections need more descriptors than a shell may allow."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@dataclass
class Place:
    """Where programs and certificates are, and on which CPUs both sides run."""

    programs: Path
    certs: Path
    cpus: str = "apart"  # or "free"

    def prepare(self, root: Path) -> None:
        """Make the certificates, and the file that chooses the cipher."""
        subprocess.run([root / "tools/pki", self.certs], check=True)
        (self.certs / "openssl.cnf").write_text(OPENSSL_CONF)

    def environment(self) -> dict[str, str]:
        return os.environ | {"OPENSSL_CONF": str(self.certs / "openssl.cnf")}

    def sides(self, cpus: str) -> tuple[set[int], set[int]]:
        """The CPUs of the client and of the server.

        Client and server are on two machines in life; here each has a half of
        this one.  Otherwise the scheduler's choice to put them on one CPU or on
        two would make figures jump by a factor."""
        own = sorted(os.sched_getaffinity(0))
        half = len(own) // 2
        if cpus == "one":
            return {own[0]}, {own[0]}
        if cpus == "free" or half == 0:
            return set(own), set(own)
        return set(own[:half]), set(own[half:])

    def variants(self, program: str) -> set[str] | None:
        """The variants that a program knows; None if it is not built."""
        path = self.programs / program
        if not path.exists():
            return None
        usage = subprocess.run([path], capture_output=True, text=True, check=False)
        for line in usage.stderr.splitlines():
            name, _, words = line.partition("variants:")
            if name == "" and _:
                return set(words.strip().split(","))
        return set()

    def has(self, entry: Entry) -> bool:
        known = self.variants(entry.program)
        wanted = set(entry.variant.split(",")) - {""}
        return known is not None and wanted <= known


class Server:
    """A subject's server, as long as the with statement lasts."""

    def __init__(
        self,
        place: Place,
        entry: Entry,
        options: Sequence[str] = (),
        cpus: str = "",
        under: Sequence[str] = (),
    ) -> None:
        """Under: a program that runs it, with its options."""
        self.place = place
        self.entry = entry
        self.client_cpus, server_cpus = place.sides(cpus or place.cpus)
        self.process = subprocess.Popen(
            [*under, *self._command("server"), *entry.server, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=place.environment(),
            preexec_fn=lambda: os.sched_setaffinity(0, server_cpus),
        )
        self.port = self._read_port()

    def _command(self, side: str) -> list[str]:
        command = [str(self.place.programs / self.entry.program), side]
        command += ["--certs", str(self.place.certs)]
        if self.entry.variant:
            command += ["--variant", self.entry.variant]
        return command

    def _read_port(self) -> int:
        ready, _, _ = select.select([self.process.stdout], [], [], START_S)
        line = self.process.stdout.readline() if ready else ""
        words = line.split()
        if len(words) != 2 or words[0] != "ready":
            self.close()
            raise Failed(f"the server of {self.entry.label} does not start: {line!r}")
        return int(words[1])

    def measure(
        self,
        workload: str,
        seconds: float,
        options: Sequence[str] = (),
        under: Sequence[str] = (),
    ) -> dict[str, float]:
        """Run a client; what it has printed."""
        command = [
            *under,
            *self._command("client"),
            *("--port", str(self.port), "--server", str(self.process.pid)),
            *("--workload", self.entry.run or workload),
            *("--seconds", str(seconds)),
            *options,
            *self.entry.client,
        ]
        try:
            result = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=False,
                timeout=60 + 10 * seconds,
                env=self.place.environment(),
                preexec_fn=lambda: os.sched_setaffinity(0, self.client_cpus),
            )
        except subprocess.TimeoutExpired as e:
            raise Failed(f"{' '.join(command)}: takes too long") from e
        if result.returncode != 0:
            raise Failed(f"{' '.join(command)}: {result.stderr.strip()}")
        lines = (line.split("\t") for line in result.stdout.splitlines())
        return {name: float(value) for name, value in lines}

    def close(self) -> int:
        """End the server; its exit status."""
        self.process.stdin.close()
        try:
            return self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self.process.stdout.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
