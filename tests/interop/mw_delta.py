# SPDX-License-Identifier: MIT
"""Applies deltas of libmw to Python values, written from docs/delta.md alone.

A delta does not say which type it is for, so the IDL's types are told by hand:

    LINE = Struct(Text(), Text(), Scalar(), Scalar())
    ORDER = Struct(Scalar(), Sequence(LINE), Optional(Scalar(0.0)))
    new = ORDER.apply(old, delta)

Values are those of mw_client.plain(): lists for structs and sequences, bytes for
octets.  Nothing is changed in place, so a delta is applied as a whole or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class Refused(Exception):
    """The delta contradicts the old value, or the document."""


def demand(condition: bool, what: str) -> None:
    if not condition:
        raise Refused(what)


def is_count(item: Any) -> bool:
    return isinstance(item, int) and not isinstance(item, bool) and item >= 0


def check_keys(patch: dict[Any, Any], allowed: Callable[[int], bool]) -> None:
    keys = list(patch)
    demand(all(map(is_count, keys)) and keys == sorted(keys), f"keys {keys} do not ascend")
    demand(all(map(allowed, keys)), f"one of keys {keys} is unknown")


def stretches(changes: Any, width: int) -> list[Any]:
    """The splices or ranges of a patch."""
    demand(isinstance(changes, list), "no array of changes")
    for change in changes:
        demand(isinstance(change, list) and len(change) == width, f"{change} is no change")
        demand(all(map(is_count, change[:-1])), f"{change} is no change")
    return changes


def splice(old: Any, splices: list[Any], convert: Callable[[Any], Any]) -> Any:
    """Positions are those of old, so from the last to the first."""
    end = len(old)
    for at, removed, inserted in reversed(splices):
        demand(at + removed <= end, f"the splice at {at} reaches too far")
        old = old[:at] + convert(inserted) + old[at + removed :]
        end = at
    return old


class Type:
    """Base of the types; default is what a member is that was never sent."""

    default: Any = None

    def complete(self, value: Any) -> Any:
        """A value that is new."""
        return value

    def replace(self, old: Any, value: Any) -> Any:
        """A value that takes the place of old."""
        return self.complete(value)

    def patch(self, old: Any, patch: dict[Any, Any]) -> Any:
        raise Refused(f"{type(self).__name__} cannot be patched")

    def apply(self, old: Any, delta: Any) -> Any:
        if not isinstance(delta, dict):
            return self.replace(old, delta)
        return self.patch(old, delta) if delta else old


class Scalar(Type):
    """An integer, float, boolean or enum."""

    def __init__(self, default: Any = 0) -> None:
        self.default = default


class Optional(Type):
    def __init__(self, of: Type) -> None:
        self.of = of

    def complete(self, value: Any) -> Any:
        return None if value is None else self.of.complete(value)

    def replace(self, old: Any, value: Any) -> Any:
        return self.complete(value) if old is None or value is None else self.of.replace(old, value)

    def apply(self, old: Any, delta: Any) -> Any:
        if not isinstance(delta, dict):
            return self.replace(old, delta)
        demand(old is not None, "what is absent cannot be patched")
        return self.of.apply(old, delta)


class Struct(Type):
    def __init__(self, *members: Type) -> None:
        self.members = members
        self.default = [member.default for member in members]

    def complete(self, value: Any) -> Any:
        return self.replace(self.default, value)

    def replace(self, old: Any, value: Any) -> Any:
        demand(isinstance(value, list), "no struct")
        known = zip(self.members, old, value)
        return [member.replace(*both) for member, *both in known] + old[len(value) :]

    def patch(self, old: Any, patch: dict[Any, Any]) -> Any:
        check_keys(patch, is_count)
        new = list(old)
        for number, delta in patch.items():
            if number < len(self.members):
                new[number] = self.members[number].apply(old[number], delta)
        return new


class Text(Type):
    default = ""

    def patch(self, old: Any, patch: dict[Any, Any]) -> Any:
        check_keys(patch, lambda key: key == 0)
        data, splices = old.encode(), stretches(patch[0], 3)
        for at, removed, inserted in splices:
            demand(at + removed <= len(data), f"a splice at {at}")
            demand(self.is_between(data, at), "half a character")
            demand(self.is_between(data, at + removed), "half a character")
            demand(isinstance(inserted, str), "no text")
        return splice(data, splices, str.encode).decode()

    @staticmethod
    def is_between(data: bytes, at: int) -> bool:
        return at == len(data) or data[at] & 0xC0 != 0x80


class Numbers(Type):
    """A sequence of octets, integers or floats; of fixed length if that is given."""

    def __init__(self, default: bytes | list[Any], fixed: bool = False) -> None:
        self.default = default
        self.fixed = fixed

    def patch(self, old: Any, patch: dict[Any, Any]) -> Any:
        check_keys(patch, lambda key: key == 1 or (key == 0 and not self.fixed))
        splices = stretches(patch.get(0, []), 3)
        new, end = list(old), 0
        for at, run in stretches(patch.get(1, []), 2):
            demand(end <= at and at + len(run) <= len(old), f"a range at {at}")
            end = at + len(run)
            demand(
                all(end <= s or s + removed <= at for s, removed, _ in splices if removed),
                f"the range at {at} touches what is removed",
            )
            new[at:end] = run
        return type(self.default)(splice(new, splices, list))


class Sequence(Type):
    """A sequence or array of anything but numbers."""

    def __init__(self, item: Type) -> None:
        self.item = item
        self.default = []

    def complete(self, value: Any) -> Any:
        return [self.item.complete(item) for item in value]

    def patch(self, old: Any, patch: dict[Any, Any]) -> Any:
        check_keys(patch, lambda key: key in ((1, 2) if 2 in patch else (0, 1)))
        changes = patch.get(1, {})
        demand(isinstance(changes, dict), "no map of elements")
        check_keys(changes, lambda index: index < len(old))
        changed = list(old)
        for index, delta in changes.items():
            changed[index] = self.item.apply(old[index], delta)
        # What becomes of the old elements; -1, … are new ones.
        order, inserted = self.order(len(old), patch)
        kept = [index for index in order if index >= 0]
        demand(len(set(kept)) == len(kept), "an element is used twice")
        demand(set(changes) <= set(kept), "an element is changed and removed")
        return [changed[i] if i >= 0 else self.item.complete(inserted[~i]) for i in order]

    def order(self, length: int, patch: dict[Any, Any]) -> tuple[list[int], list[Any]]:
        """The old indexes in their new order; -1, -2, … stand for the new elements,
        which come along."""
        inserted: list[Any] = []

        def number(items: Iterable[Any]) -> list[int]:
            numbers = []
            for item in items:
                inserted.append(item)
                numbers.append(-len(inserted))
            return numbers

        if 2 not in patch:
            # In ascending order, so that new elements are numbered as they come.
            splices = stretches(patch.get(0, []), 3)
            numbered = [[at, removed, number(items)] for at, removed, items in splices]
            return splice(list(range(length)), numbered, list), inserted
        flat, order = patch[2], []
        demand(isinstance(flat, list) and len(flat) % 3 == 0, "no runs")
        for at in range(0, len(flat), 3):
            start, n, items = flat[at : at + 3]
            demand(is_count(start) and is_count(n) and start + n <= length, f"a run at {start}")
            order += [*range(start, start + n), *number(items)]
        return order, inserted
