#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""See that every subject that is built does every workload, over the cipher
that all are compared with, and that what is measured can be told.

A test: it looks at whether answers come and are right, which clients check,
not at how fast."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import xml.dom.minidom
from collections.abc import Callable
from pathlib import Path

from figures import Results
from picture import draw_comparison, draw_plots
from plan import CURVES, WORKLOADS, Curve, Entry, Workload
from process import Failed, Place, Server, allow_many_files
from table import text_of, write_tsv

ROOT = Path(__file__).resolve().parents[2]
CIPHER = "TLS_AES_128_GCM_SHA256"
SECONDS = 0.01


def check_workload(place: Place, workload: Workload, entry: Entry) -> dict[str, float]:
    """Run it briefly; what was measured."""
    options = [*workload.client, *workload.quick]
    server = Server(place, entry, cpus=workload.cpus)
    try:
        measured = server.measure(workload.run or workload.name, SECONDS, options)
    finally:
        status = server.close()
    if status != 0:
        raise Failed(f"{workload.name}: the server of {entry.label} ends with {status}")
    if not measured.get(workload.metric, 0) > 0 and workload.name != "idle":
        raise Failed(f"{workload.name}: {entry.label} measures {measured}")
    return measured


def check_cipher(place: Place, program: str) -> None:
    """Ask a server as a client that would take any cipher."""
    with Server(place, Entry(program, program)) as server:
        command = [
            *("openssl", "s_client", "-connect", f"127.0.0.1:{server.port}"),
            *("-CAfile", place.certs / "ca.pem", "-alpn", "mw/1,h2"),
            *("-cert", place.certs / "client.pem", "-key", place.certs / "client.key"),
            *("-ciphersuites", "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"),
        ]
        # Besides its own text it shows bytes that the server sends.
        shown = subprocess.run(
            command, input=b"", capture_output=True, check=False, timeout=60
        ).stdout.decode(errors="replace")
    if f"TLSv1.3, Cipher is {CIPHER}" not in shown:
        raise Failed(f"{program} does not use {CIPHER}: {shown[-2000:]}")


def check_report(all_results: list[Results], folder: Path) -> None:
    """Table, TSV and pictures can be made, and read again."""
    text = text_of(all_results)
    for results in all_results:
        if results.workload.name not in text:
            raise Failed(f"{results.workload.name} is not in the table")
    write_tsv(folder / "compare.tsv", all_results)
    lines = (folder / "compare.tsv").read_text(encoding="utf-8").splitlines()
    if {line.count("\t") for line in lines} != {4}:
        raise Failed("the TSV has lines that are not of five columns")
    xml.dom.minidom.parseString(draw_comparison(all_results))
    line = ("libmw", [(1.0, 10.0), (1000.0, 3.0)])
    xml.dom.minidom.parseString(draw_plots([[("calls < more", "n", [line])]]))


def check_curve(place: Place, curve: Curve, entry: Entry) -> None:
    side, _, option = curve.option.rpartition(":")
    for point in curve.quick_points:
        client, server = list(curve.client), list(curve.server)
        (server if side == "server" else client).extend((option, str(point)))
        with Server(place, entry, server) as running:
            measured = running.measure(curve.run, SECONDS, client)
        if any(not measured.get(metric, 0) > 0 for metric in curve.metrics):
            raise Failed(f"{curve.name}: {entry.label} measures {measured}")


def check_all(place: Place, folder: Path) -> int:
    """Everything; how much has failed."""
    all_results = [Results(workload) for workload in WORKLOADS]
    todo: list[Callable[[], None]] = []
    programs: set[str] = set()

    for results in all_results:
        for entry in filter(place.has, results.workload.entries):
            programs.add(entry.program)
            todo.append(
                lambda r=results, e=entry: r.add(
                    e.label, check_workload(place, r.workload, e)
                )
            )
    for curve in CURVES:
        for entry in filter(place.has, curve.entries):
            todo.append(lambda c=curve, e=entry: check_curve(place, c, e))
    for program in sorted(programs):
        todo.append(lambda p=program: check_cipher(place, p))
    todo.append(lambda: check_report(all_results, folder))

    failures = 0
    for check in todo:
        try:
            check()
        except Failed as e:
            print(f"FAILED {e}")
            failures += 1
    print(f"{', '.join(sorted(programs))}: {len(todo)} checks, {failures} failed")
    return failures + (0 if {"raw", "libmw"} <= programs else 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    build = parser.parse_args().build
    allow_many_files()
    with tempfile.TemporaryDirectory() as folder:
        place = Place(build / "subjects", Path(folder) / "certs")
        place.prepare(ROOT)
        return 1 if check_all(place, Path(folder)) else 0


if __name__ == "__main__":
    sys.exit(main())
