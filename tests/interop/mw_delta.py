# SPDX-License-Identifier: MIT
"""Applies deltas of libmw to Python values, written from docs/delta.md alone.

A delta does not say which type it is for, so the IDL's types are told by hand:

    LINE = Struct(Text(), Text(), Scalar(), Scalar())
    ORDER = Struct(Scalar(), Sequence(LINE), Optional(Scalar(0.0)))
    new = ORDER.apply(old, delta)

Values are those of mw_client.plain(): lists for structs and sequences, bytes for
octets, dicts for maps and @mutable structs, [tag, arm] for unions, numbers of nodes
for references.  Nothing is changed in place, so a delta is applied as a whole or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


# Given a valuetype's name and a node's number, another number.
Lead = Callable[[str, int], int]


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
    patch_form: type = dict  # list where V is a map
    rule = ""  # of the document's CDDL, for patches
    # Called with the rule and every patch that is not empty.
    watch: Callable[[str, Any], None] = staticmethod(lambda rule, patch: None)

    def complete(self, value: Any) -> Any:
        """A value that is new."""
        return value

    def replace(self, old: Any, value: Any) -> Any:
        """A value that takes the place of old."""
        return self.complete(value)

    def patch(self, old: Any, patch: dict[Any, Any]) -> Any:
        raise Refused(f"{type(self).__name__} cannot be patched")

    def apply(self, old: Any, delta: Any) -> Any:
        if not isinstance(delta, self.patch_form):
            return self.replace(old, delta)
        if not delta:
            return old
        self.watch(self.rule, delta)
        return self.patch(old, delta)

    def relink(self, value: Any, lead: Lead) -> Any:
        """The value with other references: lead(type, number) says which."""
        return value


class Scalar(Type):
    """An integer, float, boolean, enum or bitmask, if need be within limits."""

    def __init__(self, default: Any = 0, low: Any = None, high: Any = None) -> None:
        self.default, self.low, self.high = default, low, high

    def complete(self, value: Any) -> Any:
        demand(isinstance(value, type(self.default)), f"{value!r} is no {type(self.default)}")
        demand(self.low is None or value >= self.low, f"{value} is less than {self.low}")
        demand(self.high is None or value <= self.high, f"{value} is more than {self.high}")
        return value


class Ref(Type):
    """A reference to a node of the valuetype that is named so."""

    def __init__(self, name: str) -> None:
        self.name = name

    def complete(self, value: Any) -> Any:
        demand(value is None or is_count(value), f"{value!r} is no node's number")
        return value

    def relink(self, value: Any, lead: Lead) -> Any:
        return None if value is None else lead(self.name, value)


class Optional(Type):
    def __init__(self, of: Type) -> None:
        self.of = of

    @property
    def patch_form(self) -> type:  # type: ignore[override]
        return self.of.patch_form

    def complete(self, value: Any) -> Any:
        return None if value is None else self.of.complete(value)

    def replace(self, old: Any, value: Any) -> Any:
        return self.complete(value) if old is None or value is None else self.of.replace(old, value)

    def apply(self, old: Any, delta: Any) -> Any:
        if not isinstance(delta, self.patch_form):
            return self.replace(old, delta)
        demand(old is not None, "what is absent cannot be patched")
        return self.of.apply(old, delta)

    def relink(self, value: Any, lead: Lead) -> Any:
        return None if value is None else self.of.relink(value, lead)


class Struct(Type):
    rule = "struct-patch"

    def __init__(self, *members: Type, final: bool = False) -> None:
        self.members = members
        self.final = final
        self.default = [member.default for member in members]

    def complete(self, value: Any) -> Any:
        return self.replace(self.default, value)

    def replace(self, old: Any, value: Any) -> Any:
        demand(isinstance(value, list), "no struct")
        demand(not self.final or len(value) == len(self.members), "a @final struct")
        known = zip(self.members, old, value)
        return [member.replace(*both) for member, *both in known] + old[len(value) :]

    def patch(self, old: Any, patch: dict[Any, Any]) -> Any:
        check_keys(patch, is_count)
        new = list(old)
        for number, delta in patch.items():
            demand(not self.final or number < len(self.members), "a @final struct")
            if number < len(self.members):
                new[number] = self.members[number].apply(old[number], delta)
        return new

    def relink(self, value: Any, lead: Lead) -> Any:
        return [member.relink(v, lead) for member, v in zip(self.members, value)]


class Mutable(Type):
    """A @mutable struct, whose members are known by their ids."""

    patch_form = list
    rule = "mutable-patch"

    def __init__(self, members: dict[int, Type]) -> None:
        self.members = dict(sorted(members.items()))
        self.default = {number: member.default for number, member in self.members.items()}

    def complete(self, value: Any) -> Any:
        return self.replace(self.default, value)

    def replace(self, old: Any, value: Any) -> Any:
        demand(isinstance(value, dict), "no @mutable struct")
        return self._changed(old, list(value.items()), Type.replace.__name__)

    def patch(self, old: Any, patch: Any) -> Any:
        demand(len(patch) % 2 == 0, "an id without its delta")
        return self._changed(old, list(zip(patch[::2], patch[1::2])), Type.apply.__name__)

    def _changed(self, old: Any, pairs: list[tuple[Any, Any]], how: str) -> Any:
        check_keys(dict(pairs), is_count)
        demand(len(dict(pairs)) == len(pairs), "an id twice")
        new = dict(old)
        for number, item in pairs:
            if number in self.members:
                new[number] = getattr(self.members[number], how)(old[number], item)
        return new

    def relink(self, value: Any, lead: Lead) -> Any:
        return {number: self.members[number].relink(v, lead) for number, v in value.items()}


class Union(Type):
    """[tag, arm], or [tag] where the tag selects none."""

    rule = "union-patch"

    def __init__(self, arms: dict[int, Type], other: Type | None = None, tags: Any = None) -> None:
        self.arms, self.other = arms, other
        self.tags = tags  # those that there are; None: any
        first = self.arm(0)
        self.default = [0] if first is None else [0, first.default]

    def arm(self, tag: int) -> Type | None:
        return self.arms.get(tag, self.other)

    def complete(self, value: Any) -> Any:
        return self._taken(value, lambda arm: arm.complete(value[1]))

    def replace(self, old: Any, value: Any) -> Any:
        if old[:1] != value[:1]:
            return self.complete(value)
        return self._taken(value, lambda arm: arm.replace(old[1], value[1]))

    def _taken(self, value: Any, take: Callable[[Type], Any]) -> Any:
        demand(isinstance(value, list) and len(value) > 0, "no union")
        demand(self.tags is None or value[0] in self.tags, f"no tag {value[0]}")
        arm = self.arm(value[0])
        demand(len(value) == (1 if arm is None else 2), f"{value} has not the arm of its tag")
        return value if arm is None else [value[0], take(arm)]

    def patch(self, old: Any, patch: Any) -> Any:
        demand(list(patch) == old[:1], f"a patch of {list(patch)} where {old[0]} was")
        arm = self.arm(old[0])
        demand(arm is not None, "a tag without an arm")
        assert arm is not None
        return [old[0], arm.apply(old[1], patch[old[0]])]

    def relink(self, value: Any, lead: Lead) -> Any:
        arm = self.arm(value[0])
        return value if arm is None else [value[0], arm.relink(value[1], lead)]


class Map(Type):
    patch_form = list
    rule = "map-patch"

    def __init__(self, key: Type, value: Type) -> None:
        self.key, self.value = key, value
        self.default = {}

    def complete(self, value: Any) -> Any:
        demand(isinstance(value, dict), "no map")
        self._check_order(value)
        return {key: self.value.complete(item) for key, item in value.items()}

    def patch(self, old: Any, patch: Any) -> Any:
        demand(len(patch) <= 3, "too many parts")
        puts, dels, subs = [*patch, *({}, [], {})[len(patch) :]]
        demand(isinstance(puts, dict) and isinstance(dels, list), "no map of puts")
        demand(isinstance(subs, dict), "no map of patches")
        for keys in (list(puts), dels, list(subs)):
            self._check_order(keys)
        used = [*puts, *dels, *subs]
        demand(len(set(used)) == len(used), "a key in two parts")
        demand(all(key in old for key in (*dels, *subs)), "a key that was not there")
        new = {key: item for key, item in old.items() if key not in dels}
        new |= {key: self.value.apply(old[key], delta) for key, delta in subs.items()}
        new |= {key: self.value.complete(item) for key, item in puts.items()}
        return dict(sorted(new.items(), key=lambda pair: self.rank(pair[0])))

    @staticmethod
    def rank(key: Any) -> Any:
        return key.encode() if isinstance(key, str) else key

    def _check_order(self, keys: Iterable[Any]) -> None:
        ranks = [self.rank(self.key.complete(key)) for key in keys]
        demand(all(a < b for a, b in zip(ranks, ranks[1:])), f"keys {ranks} do not ascend")

    def relink(self, value: Any, lead: Lead) -> Any:
        return {key: self.value.relink(item, lead) for key, item in value.items()}


class Text(Type):
    default = ""
    rule = "text-patch"

    def __init__(self, bound: int | None = None) -> None:
        self.bound = bound  # in bytes

    def complete(self, value: Any) -> Any:
        demand(isinstance(value, str) and "\0" not in value, "no text")
        demand(self.bound is None or len(value.encode()) <= self.bound, "too long")
        return value

    def patch(self, old: Any, patch: dict[Any, Any]) -> Any:
        return self.complete(self._patched(old, patch))

    def _patched(self, old: Any, patch: dict[Any, Any]) -> Any:
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

    rule = "number-patch"

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

    rule = "sequence-patch"

    def __init__(self, item: Type) -> None:
        self.item = item
        self.default = []

    def complete(self, value: Any) -> Any:
        demand(isinstance(value, list), "no sequence")
        return [self.item.complete(item) for item in value]

    def relink(self, value: Any, lead: Lead) -> Any:
        return [self.item.relink(item, lead) for item in value]

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
