#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hold the layers of libmw: who may include whom.

- A file in libmw/<layer> includes its own layer and those listed below.
- Public headers include the C library and each other, nothing internal.
- Samples and what mwidl writes know public headers alone.
- No file includes itself through others, and no layer reaches itself.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import house

# The layers that each layer may include, besides itself and mw/*.h.
MAY_USE: dict[str, set[str]] = {
    "base": set(),
    "codec": {"base"},
    "delta": {"base", "codec"},
    "pool": {"base"},
    "net": {"base"},
    "wire": {"base", "codec", "net"},
    "rpc": {"base", "codec", "delta", "pool", "net", "wire"},
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)

# Libraries that a layer may use besides the C library; the header's folder.
THIRD_PARTY: dict[str, set[str]] = {
    "cbor.h": {"codec"},
    "cbor": {"codec"},
    "openssl": {"net"},
}


# What mwidl makes of an IDL file of the library's own.
GENERATED = re.compile(r"(mw/\w+?)(?:_client|_server)?\.mw\.h")


def exists(header: str) -> bool:
    """Whether a header that is named as "mw/…" or "layer/…" is there, or will
    be."""
    made = GENERATED.fullmatch(header)
    if made is not None:
        return Path("include", made.group(1) + ".idl").is_file()
    base = "include" if header.startswith("mw/") else "libmw"
    return Path(base, header).is_file()


def includes(path: Path) -> list[tuple[int, str, bool]]:
    """(line, header, written in quotes) of each #include of a file."""
    text = house.blank(house.read(path), strings=False)
    return [
        (house.line_at(text, m.start(1)), m.group(2), m.group(1) == '"')
        for m in INCLUDE.finditer(text)
    ]


def is_c(path: Path) -> bool:
    return path.suffix in {".c", ".h"}


def check_layer_file(path: Path, report: house.Report) -> None:
    """A file of the library proper."""
    layer = path.parts[1]
    if len(path.parts) < 3 or layer not in MAY_USE:
        report.add(path, 1, "belongs to no layer")
        return
    for line, header, quoted in includes(path):
        first = header.split("/")[0]
        if not quoted:
            users = THIRD_PARTY.get(first)
            if users is not None and layer not in users:
                report.add(
                    path,
                    line,
                    f"<{header}> is for {', '.join(sorted(users))} only",
                )
            continue
        if first == "mw":
            if header == "mw/mw.h":
                report.add(path, line, "mw/mw.h is for programs; name the header")
        elif "/" not in header or first not in MAY_USE:
            report.add(
                path, line, f'"{header}" must be written "mw/…" or "layer/…"'
            )
        elif first != layer and first not in MAY_USE[layer]:
            report.add(
                path, line, f'{layer} includes upward: "{header}" is of {first}'
            )
        if not exists(header):
            report.add(path, line, f'"{header}" does not exist')


def check_public_only(path: Path, report: house.Report) -> None:
    """A public header, a sample: "mw/…" or a file of its own, never ours."""
    for line, header, quoted in includes(path):
        first = header.split("/")[0]
        if quoted and first in MAY_USE and not (path.parent / header).is_file():
            report.add(path, line, f'"{header}" is internal')
        elif path.parts[0] == "include" and quoted and first != "mw":
            report.add(path, line, f'"{header}" is not a public header')
        elif path.parts[0] == "include" and first in THIRD_PARTY:
            report.add(path, line, f"<{header}> must not be needed by programs")
        elif first == "mw" and not exists(header):
            report.add(path, line, f'"{header}" does not exist')


Graph = dict[str, dict[str, int]]


def file_graph() -> Graph:
    """For each file the files it includes, with the line."""
    graph: Graph = {}
    for base in ("include", "libmw"):
        for path in house.files(base):
            if is_c(path):
                name = str(path.relative_to(base))
                graph[name] = {h: n for n, h, quoted in includes(path) if quoted}
    return graph


def layer_graph(graph: Graph) -> Graph:
    """The same between layers; public headers are not a layer."""
    layers: Graph = {}
    for name, headers in graph.items():
        layer = name.split("/")[0]
        for header, line in headers.items():
            to = header.split("/")[0]
            if layer in MAY_USE and to in MAY_USE and to != layer:
                layers.setdefault(layer, {}).setdefault(to, line)
    return layers


def cycles(graph: Graph) -> list[list[str]]:
    """Each cycle met by a depth-first walk, as [a, b, …, a]."""
    found: list[list[str]] = []
    done: set[str] = set()

    def walk(node: str, path: list[str]) -> None:
        if node in path:
            found.append(path[path.index(node) :] + [node])
            return
        if node in done:
            return
        for to in graph.get(node, {}):
            walk(to, path + [node])
        done.add(node)

    for node in sorted(graph):
        walk(node, [])
    return found


def source_of(name: str) -> Path:
    return Path("include" if name.startswith("mw/") else "libmw", name)


def main() -> int:
    house.root_from_arguments(__doc__.splitlines()[0])
    report = house.Report("layers")
    for path in house.files("libmw"):
        if is_c(path):
            report.looked_at += 1
            check_layer_file(path, report)
    for path in house.files("include", "samples"):
        if is_c(path):
            report.looked_at += 1
            check_public_only(path, report)
    graph = file_graph()
    for cycle in cycles(graph):
        line = graph[cycle[0]][cycle[1]]
        report.add(
            source_of(cycle[0]), line, f"include cycle: {' -> '.join(cycle)}"
        )
    for cycle in cycles(layer_graph(graph)):
        report.add("libmw", 1, f"layer cycle: {' -> '.join(cycle)}")
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
