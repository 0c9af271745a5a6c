# SPDX-License-Identifier: MIT
"""Nodes of valuetypes in calls, written from docs/wire.md section 6 alone.

A node is its V, in a list by the name of its valuetype; a reference is the position
there.  That of a request are the numbers on the wire.

    request = Request(KINDS, tables, inout=[(Ref("m::N"), 0)])
    happened, delta = desk.call("m.I.op", request.nodes, *request.inout)
    tables = request.apply(happened)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mw_delta import Struct, Type, check_keys, demand, is_count

Kinds = dict[str, Struct]  # by the names of the valuetypes
Tables = dict[str, list[Any]]  # likewise, V of nodes; None was released
Argument = tuple[Type, Any]


class Walk:
    """Numbers nodes as it meets them."""

    def __init__(self, kinds: Kinds, tables: Tables) -> None:
        self.kinds, self.tables = kinds, tables
        self.met: dict[str, list[int]] = {}
        self._numbers: dict[tuple[str, int], int] = {}
        self._todo: list[tuple[str, int]] = []

    def lead(self, name: str, number: int) -> int:
        """The new number of a node."""
        if (name, number) not in self._numbers:
            self._numbers[name, number] = len(self.met.setdefault(name, []))
            self.met[name].append(number)
            self._todo.append((name, number))
        return self._numbers[name, number]

    def forget_todo(self) -> None:
        """What was met so far is not followed."""
        self._todo = []

    def values(self, arguments: Iterable[Argument]) -> list[Any]:
        return [kind.relink(value, self.lead) for kind, value in arguments]

    def follow(self, arguments: Iterable[Argument]) -> list[Any]:
        """The arguments by new numbers, when all that they lead to has some."""
        values = self.values(arguments)
        for name, number in self._todo:  # which grows
            self.kinds[name].relink(self.tables[name][number], self.lead)
        self.forget_todo()
        return values

    def renumbered(self) -> Tables:
        return {
            name: self.values((self.kinds[name], self.tables[name][n]) for n in numbers)
            for name, numbers in self.met.items()
        }


class Request:
    """The nodes of a call: those that inout arguments lead to, then the others."""

    def __init__(
        self,
        kinds: Kinds,
        tables: Tables,
        inout: Iterable[Argument] = (),
        only_in: Iterable[Argument] = (),
    ) -> None:
        walk = Walk(kinds, tables)
        self.kinds = kinds
        self.inout = walk.follow(inout)
        n_inout = {name: len(numbers) for name, numbers in walk.met.items()}
        self.only_in = walk.follow(only_in)
        self.tables = walk.renumbered()
        self.names = list(self.tables)
        self.n_inout = [n_inout.get(name, 0) for name in self.names]

    @property
    def nodes(self) -> list[Any]:
        """What stands before the arguments."""
        types: list[Any] = []
        for name, n in zip(self.names, self.n_inout):
            types += [name, n, len(self.tables[name]) - n]
        return [types, [value for name in self.names for value in self.tables[name]]]

    def apply(self, happened: list[Any]) -> Tables:
        """All nodes after the call; what was released is None."""
        after = {name: list(values) for name, values in self.tables.items()}
        demand(isinstance(happened, list), "no array")
        demand(len(happened) != 1, "types without nodes")
        types, new, changed, released, *_ = [*happened, *([], [], {}, {})[len(happened) :]]
        self._append(after, types, new)
        self._check_types(list(changed))
        for type_, nodes in changed.items():
            name = self.names[type_]
            check_keys(nodes, lambda number: number < self.n_inout[type_])
            for number, delta in nodes.items():
                after[name][number] = self.kinds[name].apply(after[name][number], delta)
        self._check_types(list(released))
        for type_, numbers in released.items():
            check_keys(dict.fromkeys(numbers), lambda number: number < self.n_inout[type_])
            demand(len(set(numbers)) == len(numbers), "released twice")
            for number in numbers:
                after[self.names[type_]][number] = None
        self.check(after, [(self.kinds[n], v) for n in after for v in after[n] if v is not None])
        return after

    def _append(self, after: Tables, types: list[Any], new: list[Any]) -> None:
        demand(len(types) % 2 == 0, "a type without a number")
        demand(sum(types[1::2]) == len(new), "other nodes than announced")
        self._check_types(types[::2])
        values = iter(new)
        for type_, n in zip(types[::2], types[1::2]):
            name = self.names[type_] if is_count(type_) else type_
            after.setdefault(name, []).extend(
                self.kinds[name].complete(next(values)) for _ in range(n)
            )

    def _check_types(self, types: list[Any]) -> None:
        """Positions, which ascend; then names of types that the request has not."""
        positions = [type_ for type_ in types if is_count(type_)]
        names = types[len(positions) :]
        demand(positions == types[: len(positions)], "positions behind names")
        demand(positions == sorted(set(positions)), "positions do not ascend")
        demand(all(position < len(self.names) for position in positions), "no such type")
        demand(all(isinstance(name, str) for name in names), "neither position nor name")
        demand(not set(names) & set(self.names) and len(set(names)) == len(names), "names")

    @staticmethod
    def check(after: Tables, values: Iterable[Argument]) -> None:
        """Every reference leads to a node that is there."""

        def lead(name: str, number: int) -> int:
            nodes = after.get(name, [])
            demand(number < len(nodes) and nodes[number] is not None, f"no {name} {number}")
            return number

        for kind, value in values:
            kind.relink(value, lead)

    def compare(self, after: Tables, results: list[Argument]) -> list[Any]:
        """What is the same for graphs of the same shape: nodes of the request are known
        by their numbers, new ones by how they are met."""
        self.check(after, results)
        walk = Walk(self.kinds, after)
        alive: list[Argument] = []
        gone: list[Any] = []
        for name, values in self.tables.items():
            for number in range(len(values)):
                walk.lead(name, number)
                if after[name][number] is None:
                    gone.append((name, number))
                else:
                    alive.append((self.kinds[name], after[name][number]))
        walk.forget_todo()
        values = walk.follow([*results, *alive])
        fresh = {
            name: walk.values((self.kinds[name], after[name][number]) for number in news)
            for name, numbers in walk.met.items()
            if (news := numbers[len(self.tables.get(name, [])) :])
        }
        return [values, dict(sorted(fresh.items())), gone]
