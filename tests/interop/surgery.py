# SPDX-License-Identifier: MIT
"""The types of tests/integration/graph.idl as the client sees them, and random
values of them."""

from __future__ import annotations

import random
from functools import singledispatch
from typing import Any

from mw_delta import Map, Mutable, Optional, Ref, Scalar, Sequence, Struct, Text, Type, Union

NODE_REF, TREE_REF = Ref("graph::Node"), Ref("graph::Tree")

U32_MAX, U64_MAX = 2**32 - 1, 2**64 - 1
U32, U64 = Scalar(0, 0, U32_MAX), Scalar(0, 0, U64_MAX)
DOUBLE = Scalar(0.0)

INFO = Struct(Text(), Scalar(0, 0, 10))
NODE = Struct(
    U64, Text(), DOUBLE, NODE_REF, Sequence(NODE_REF), Map(Text(), NODE_REF), Optional(INFO)
)
TREE = Struct(Scalar(0, -(2**63), 2**63 - 1), Text(), TREE_REF, TREE_REF)
KINDS = {"graph::Node": NODE, "graph::Tree": TREE}

RED, GREEN, BLUE = range(3)
COLOUR = Scalar(0, RED, BLUE)
FLAGS, RIGHTS = Scalar(0, 0, U32_MAX), Scalar(0, 0, 255)
POINT = Struct(DOUBLE, DOUBLE, final=True)
DOT, LABEL, PATH, REFERENCE, NOTHING, COUNT, BOXED = range(7)
SHAPE = Union(
    {DOT: POINT, LABEL: Text(), PATH: Sequence(POINT), REFERENCE: NODE_REF, COUNT: U32,
     BOXED: INFO},
    tags=range(7),
)  # fmt: skip
TABLE = Map(Text(), DOUBLE)
CHOICE = Union({0: DOUBLE, 1: Text(), -1: Text()}, TABLE)
LINE = Struct(U32, Text(16), Scalar(1, 1, 1000), Optional(DOUBLE))
SETTINGS = Mutable({
    1: Text(), 2: Optional(DOUBLE), 5: Scalar(3, 1, U32_MAX), 7: Optional(Text()),
    8: Scalar(0.0, None, 0.5), 40: FLAGS, 300: Sequence(Text()),
})  # fmt: skip
LINES = Map(U32, LINE)
DOC = Struct(
    Text(), FLAGS, RIGHTS, SETTINGS, SHAPE, CHOICE, Sequence(LINE), Sequence(SHAPE), TABLE, LINES,
    Map(COLOUR, Sequence(Text())), INFO,
)  # fmt: skip
DOC.members += (Optional(DOC), Optional(POINT), NODE_REF)
DOC.default += [None, None, None]
TITLE, DOC_FLAGS, DOC_RIGHTS, DOC_SETTINGS, DOC_SHAPE, DOC_CHOICE, DOC_LINES = range(7)
SHAPES, TOTALS, BY_NUMBER, WORDS, DOC_INFO, ANNEX, AT, START = range(7, 15)

NODES = Sequence(NODE_REF)
INDEX = Map(Text(), NODE_REF)


def node(number: int, name: str, **more: Any) -> list[Any]:
    """A node by its members."""
    value = {"weight": 0.0, "next": None, "edges": [], "links": {}, "info": None, **more}
    return [number, name, *value.values()]


def node_list(n: int, ring: bool = False) -> list[Any]:
    """Nodes that lead to one another."""
    last = 0 if ring else None
    return [node(i + 1, f"node {i + 1}", next=i + 1 if i + 1 < n else last) for i in range(n)]


# ---- random values ---------------------------------------------------------


class Source:
    """Where random values come from: how many nodes there are to lead to."""

    def __init__(self, rng: random.Random, sizes: dict[str, int], depth: int = 0) -> None:
        self.rng, self.sizes, self.depth = rng, sizes, depth

    def deeper(self) -> Source:
        return Source(self.rng, self.sizes, self.depth + 1)

    def count(self) -> int:
        return self.rng.choice((0, 1, 2, 5, 12)) >> self.depth


def text(rng: random.Random, length: int) -> str:
    return "".join(rng.choices("ab \nzä☃𝄞", k=length))


@singledispatch
def some(kind: Type, source: Source) -> Any:
    """A random value of a type."""
    raise TypeError(kind)


@some.register
def _(kind: Scalar, source: Source) -> Any:
    rng = source.rng
    low = -(2**31) if kind.low is None else kind.low
    high = 2**31 - 1 if kind.high is None else kind.high
    if isinstance(kind.default, float):
        if kind.high is not None:
            return rng.choice((kind.high, -0.0, rng.uniform(-1.0, kind.high)))
        return rng.choice((0.0, -0.0, float("inf"), float("nan"), rng.gauss(0.0, 1.0)))
    return rng.choice((low, high, rng.randint(low, min(high, low + 30)), rng.randint(low, high)))


@some.register
def _(kind: Ref, source: Source) -> Any:
    size = source.sizes.get(kind.name, 0)
    return source.rng.randrange(size) if size and source.rng.random() < 0.8 else None


@some.register
def _(kind: Text, source: Source) -> Any:
    return text(source.rng, 4 if kind.bound else source.rng.choice((0, 3, 20, 200)))


@some.register
def _(kind: Optional, source: Source) -> Any:
    return some(kind.of, source.deeper()) if source.rng.random() < 0.6 and source.depth < 4 else None


@some.register
def _(kind: Struct, source: Source) -> Any:
    return [some(member, source) for member in kind.members]


@some.register
def _(kind: Mutable, source: Source) -> Any:
    return {number: some(member, source) for number, member in kind.members.items()}


@some.register
def _(kind: Union, source: Source) -> Any:
    tag = source.rng.choice([*(kind.tags or kind.arms), *(() if kind.tags else (5, -77))])
    arm = kind.arm(tag)
    return [tag] if arm is None else [tag, some(arm, source.deeper())]


@some.register
def _(kind: Sequence, source: Source) -> Any:
    return [some(kind.item, source.deeper()) for _ in range(source.count())]


@some.register
def _(kind: Map, source: Source) -> Any:
    keys = {some(kind.key, source) for _ in range(source.count())}
    return {key: some(kind.value, source.deeper()) for key in sorted(keys, key=kind.rank)}


def world(rng: random.Random, n_nodes: int, n_trees: int = 0) -> dict[str, list[Any]]:
    """So many random nodes that lead to each other in all ways."""
    source = Source(rng, {"graph::Node": n_nodes, "graph::Tree": n_trees}, 1)
    return {
        "graph::Node": [some(NODE, source) for _ in range(n_nodes)],
        "graph::Tree": [some(TREE, source) for _ in range(n_trees)],
    }
