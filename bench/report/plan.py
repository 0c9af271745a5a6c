# SPDX-License-Identifier: MIT
"""What is compared: subjects, workloads, and what libmw is to reach.

An entry is a row of the table: a program with a variant, running a workload.
Entries of a workload are compared with its base, the first one, in each round.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PEERS = ("thrift", "capnp", "grpc", "grpc-sync", "grpc-stream")


@dataclass(frozen=True)
class Entry:
    label: str
    program: str
    variant: str = ""
    run: str = ""  # the client's workload, if not that of the table
    server: tuple[str, ...] = ()  # more options of the server
    client: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """That an entry's metric is at most (or at least) so many times another
    entry's ("peers": that of the best of them); or so much, for None."""

    label: str
    factor: float
    versus: str | None = None
    metric: str = ""  # "" is the workload's
    at_most: bool = False

    def text(self, unit: str) -> str:
        sign = "≤" if self.at_most else "≥"
        if self.versus is None:
            return f"{sign} {self.factor:g} {unit}"
        return f"{sign} {self.factor:g} × {self.versus}"


@dataclass(frozen=True)
class Workload:
    name: str
    title: str
    metric: str
    unit: str
    entries: tuple[Entry, ...]
    targets: tuple[Target, ...] = ()
    lower_is_better: bool = False
    run: str = ""  # the client's workload, if not the name
    client: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()  # options of the client that make it small
    cpus: str = ""  # "one": both sides on the same one

    @property
    def base(self) -> str:
        return self.entries[0].label


# How metrics are called where their workload does not say it.
UNITS = {
    "cpu_s_per_million": "s CPU per 1M calls",
    "received_per_call": "bytes back",
    "calls_per_s": "calls/s",
    "p99_us": "p99 µs",
    "mb_per_s": "MB/s",
}

RAW = Entry("raw", "raw")
RAW_SPIN = Entry("raw-spin", "raw", "spin")
LIBMW = Entry("libmw", "libmw")
LIBMW_NOSPIN = Entry("libmw-nospin", "libmw", "nospin")
LIBMW_THREADS = Entry("libmw-threads", "libmw", "threads")
THRIFT = Entry("thrift", "thrift")
CAPNP = Entry("capnp", "capnp")
GRPC = Entry("grpc", "grpc")
GRPC_SYNC = Entry("grpc-sync", "grpc", "sync")
GRPC_STREAM = Entry("grpc-stream", "grpc", "stream")

PEER_ENTRIES = (THRIFT, CAPNP, GRPC, GRPC_SYNC)


def blocking(threads: int) -> Workload:
    """200 calls at once whose handler sleeps for 10 ms, and n threads."""
    n = ("--threads", str(threads))
    turns = -(-200 // threads)
    entries = [
        Entry("raw-worker-single", "raw", "worker,single", server=n),
        Entry("libmw", "libmw", server=n),
    ]
    if threads == 200:
        # Thrift runs the calls of a connection one after the other.
        entries += [
            Entry("thrift-200-conns", "thrift", client=("--connections", "200")),
            CAPNP,
            GRPC,
            GRPC_SYNC,
        ]
    return Workload(
        f"blocking-{threads}",
        f"200 calls at once, the handler sleeps 10 ms, {threads} threads",
        "ms",
        "ms",
        tuple(entries),
        (
            Target(
                "libmw", 22 if threads == 200 else turns * 10 * 1.2, at_most=True
            ),
        ),
        lower_is_better=True,
        run="blocking",
        client=("--depth", "200"),
        quick=("--depth", "20"),
    )


def beside(connections: int) -> Workload:
    """Small calls while the handler of another one sleeps, its first."""
    where = "another" if connections > 1 else "the same"
    return Workload(
        f"beside-{where.split()[-1]}",
        f"small calls while a call of {where} connection sleeps: the longest",
        "longest_ms",
        "ms",
        # With raw one thread at a time uses a connection.
        (Entry("raw-worker-single", "raw", "worker,single"), LIBMW)[connections == 1 :],
        lower_is_better=True,
        run="beside",
        client=("--connections", str(connections)),
    )


ECHO_ENTRIES = (RAW, RAW_SPIN, LIBMW, LIBMW_NOSPIN, *PEER_ENTRIES)

WORKLOADS = (
    Workload(
        "echo",
        "a small call, one outstanding",
        "p50_us",
        "µs",
        ECHO_ENTRIES,
        (
            Target("libmw", 0.25, "raw", at_most=True),
            Target("libmw", 1.4, "raw-spin", at_most=True),
            Target("libmw-nospin", 1.1, "raw", at_most=True),
        ),
        lower_is_better=True,
    ),
    Workload(
        "echo-one-cpu",
        "the same, both sides on one CPU",
        "p50_us",
        "µs",
        ECHO_ENTRIES,
        (Target("libmw", 1.25, "raw", at_most=True),),
        lower_is_better=True,
        run="echo",
        cpus="one",
    ),
    Workload(
        "pipelined",
        "small calls, 64 outstanding on a connection",
        "calls_per_s",
        "calls/s",
        (
            RAW,
            Entry("raw-single", "raw", "single"),
            Entry("raw-worker", "raw", "worker"),
            Entry("raw-worker-single", "raw", "worker,single"),
            LIBMW,
            LIBMW_NOSPIN,
            LIBMW_THREADS,
            *PEER_ENTRIES,
            GRPC_STREAM,
        ),
        (
            Target("libmw", 0.5, "raw"),
            Target("libmw", 5, metric="cpu_s_per_million", at_most=True),
        ),
        client=("--depth", "64"),
    ),
    Workload(
        "inout",
        "an object of 1000 records, 10 changed",
        "calls_per_s",
        "calls/s",
        (
            RAW,
            RAW_SPIN,
            Entry("raw-changes", "raw", "changes"),
            LIBMW,
            LIBMW_NOSPIN,
            *PEER_ENTRIES,
        ),
        (
            Target("libmw", 1.6, "raw"),
            Target("libmw", 3, "peers"),
            Target("libmw", 700, metric="received_per_call", at_most=True),
        ),
    ),
    Workload(
        "bytes",
        "1 MiB of bytes, there and back",
        "mb_per_s",
        "MB/s",
        (RAW, LIBMW, *PEER_ENTRIES),
        (Target("libmw", 1.0, "raw"),),
    ),
    Workload(
        "doubles",
        "1,000,000 doubles, there and back",
        "mb_per_s",
        "MB/s",
        (RAW, LIBMW, *PEER_ENTRIES),
        (Target("libmw", 1.0, "raw"),),
        quick=("--size", "10000"),
    ),
    Workload(
        "connect",
        "a new connection and a call",
        "calls_per_s",
        "per s",
        (
            RAW,
            Entry("raw-resumed", "raw", run="reconnect"),
            # One TLS context for all connections, as in the other programs.
            Entry("libmw", "libmw", "full", run="reconnect"),
            Entry("libmw-resumed", "libmw", run="reconnect"),
            Entry("libmw-new-client", "libmw"),
            *PEER_ENTRIES,
        ),
        (
            Target("libmw", 1.0, "raw"),
            Target("libmw-resumed", 1.4, "raw"),
        ),
    ),
    Workload(
        "idle",
        "server memory for an idle connection",
        "kib_per_connection",
        "KiB",
        (RAW, LIBMW, *PEER_ENTRIES),
        (Target("libmw", 16, at_most=True),),
        lower_is_better=True,
        client=("--connections", "500"),
        quick=("--connections", "10"),
    ),
    blocking(200),
    blocking(32),
    blocking(8),
    beside(2),
    beside(1),
)


@dataclass
class Curve:
    """A workload over a range of one option."""

    name: str
    title: str
    axis: str  # what the option means
    run: str
    points: tuple[int, ...]
    option: str  # of the client, or of the server with "server:"
    entries: tuple[Entry, ...]
    client: tuple[str, ...] = ()
    server: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ("calls_per_s", "p99_us")
    cliff: str = "calls_per_s"  # the metric that must not fall
    quick_points: tuple[int, ...] = field(default=(1, 4))


CURVES = (
    Curve(
        "connections",
        "connections, 32 callers go round them",
        "connections",
        "connections",
        (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000),
        "--connections",
        (RAW, LIBMW),
        client=("--threads", "32"),
    ),
    Curve(
        "outstanding",
        "calls outstanding on one connection",
        "calls outstanding",
        "pipelined",
        (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024),
        "--depth",
        (RAW, LIBMW),
    ),
    Curve(
        "payload",
        "bytes there and back",
        "bytes",
        "bytes",
        tuple(1 << n for n in range(4, 27, 2)),
        "--size",
        (RAW, LIBMW),
        metrics=("mb_per_s", "p99_us"),
        cliff="mb_per_s",
        quick_points=(16, 1 << 18),
    ),
    Curve(
        "workers",
        "the server's threads, 64 calls outstanding",
        "threads",
        "pipelined",
        (1, 2, 4, 8, 16, 32, 64),
        "server:--threads",
        (Entry("raw-worker", "raw", "worker"), LIBMW),
    ),
    Curve(
        "threads",
        "client threads that share a connection",
        "threads",
        "threads",
        (1, 2, 4, 8, 16, 32, 64, 128, 200),
        "--threads",
        (LIBMW,),
    ),
)
