# SPDX-License-Identifier: MIT
"""Validates CBOR items by the subset of CDDL (RFC 8610) that docs/ use.

Rules of types: choices, literals, ranges, tstr bstr uint int float bool any,
null, .size on text and bytes, tags, arrays and maps with the occurrences ? and
*.  An item is what cbor2 makes of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import cbor2

Check = Callable[[Any], bool]
# Occurrence, key, value; the value may be a group, which is in parentheses.
Entry = tuple[str, "Check | None", "Check | list[Entry]"]

TOKEN = re.compile(
    r"""\s+ | ;[^\n]*            # skipped
      | (?P<text>"[^"]*")
      | (?P<range>-?\d+\.\.-?\d+)
      | (?P<number>-?\d+)
      | (?P<tag>\#6(\.\d+)?)
      | (?P<name>\.?[A-Za-z][\w.-]*)
      | (?P<mark>=>|[\[\]{}(),:?*=/])""",
    re.X,
)


def is_int(item: Any) -> bool:
    return isinstance(item, int) and not isinstance(item, bool)


PRELUDE: dict[str, Check] = {
    "any": lambda item: True,
    "bool": lambda item: isinstance(item, bool),
    "bstr": lambda item: isinstance(item, bytes),
    "float": lambda item: isinstance(item, float),
    "int": is_int,
    "null": lambda item: item is None,
    "tstr": lambda item: isinstance(item, str),
    "uint": lambda item: is_int(item) and item >= 0,
}


def tokens(text: str) -> list[tuple[str, str]]:
    """(kind, text) of each token."""
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise SyntaxError(f"no CDDL of ours: {text[at:at + 20]!r}")
        if match.lastgroup:
            found.append((match.lastgroup, match.group()))
        at = match.end()
    return found + [("end", "")] * 2


class Grammar:
    """The rules of one text; grammar.check("call", item)."""

    def __init__(self, text: str) -> None:
        self.rules: dict[str, Check] = dict(PRELUDE)
        self._tokens = tokens(text)
        self._at = 0
        self._used: set[str] = set()
        while self._peek()[0] != "end":
            kind, name = self._next()
            if kind != "name" or name in self.rules:
                raise SyntaxError(f"{name!r} starts no new rule")
            self._expect("=")
            self.rules[name] = self._type()
        if missing := self._used - self.rules.keys():
            raise SyntaxError(f"no rule for {', '.join(sorted(missing))}")

    def check(self, rule: str, item: Any) -> bool:
        return self.rules[rule](item)

    # -- reading

    def _peek(self, ahead: int = 0) -> tuple[str, str]:
        return self._tokens[self._at + ahead]

    def _next(self) -> tuple[str, str]:
        self._at += 1
        return self._tokens[self._at - 1]

    def _accept(self, mark: str) -> bool:
        found = self._peek()[1] == mark
        self._at += found
        return found

    def _expect(self, mark: str) -> None:
        if not self._accept(mark):
            raise SyntaxError(f"{self._peek()[1]!r} instead of {mark!r}")

    def _type(self) -> Check:
        choices = [self._primary()]
        while self._accept("/"):
            choices.append(self._primary())
        return lambda item: any(choice(item) for choice in choices)

    def _primary(self) -> Check:
        kind, text = self._next()
        if kind == "name":
            return self._named(text)
        if kind == "text":
            return lambda item: bool(item == text[1:-1])
        if kind == "number":
            return lambda item: is_int(item) and item == int(text)
        if kind == "range":
            low, high = map(int, text.split(".."))
            return lambda item: is_int(item) and low <= item <= high
        if kind == "tag":
            return self._tag(int(text[3:]) if text != "#6" else None)
        if text == "[":
            return array_check(self._entries("]"))
        if text == "{":
            return map_check(self._entries("}"))
        raise SyntaxError(f"{text!r} starts no type")

    def _named(self, name: str) -> Check:
        self._used.add(name)
        if not self._accept(".size"):
            return lambda item: self.rules[name](item)
        self._expect("(")
        low, high = map(int, self._next()[1].split(".."))
        self._expect(")")
        return lambda item: self.rules[name](item) and low <= size_of(item) <= high

    def _tag(self, number: int | None) -> Check:
        self._expect("(")
        content = self._type()
        self._expect(")")
        return lambda item: (
            isinstance(item, cbor2.CBORTag)
            and number in (None, item.tag)
            and content(item.value)
        )

    def _entries(self, end: str) -> list[Entry]:
        entries: list[Entry] = []
        while not self._accept(end):
            entries.append(self._entry())
            if self._peek()[1] != end:
                self._expect(",")
        return entries

    def _entry(self) -> Entry:
        occurrence = self._next()[1] if self._peek()[1] in ("?", "*") else ""
        if self._accept("("):
            return occurrence, None, self._entries(")")
        if self._peek(1)[1] == ":":
            key = self._key()
            return occurrence, key, self._type()
        first = self._type()
        if self._accept("=>"):
            return occurrence, first, self._type()
        return occurrence, None, first

    def _key(self) -> Check:
        kind, text = self._next()
        self._expect(":")
        wanted = int(text) if kind == "number" else text
        return lambda item: bool(item == wanted)


def size_of(item: str | bytes) -> int:
    return len(item.encode() if isinstance(item, str) else item)


def array_check(entries: list[Entry]) -> Check:
    """Keys are for the reader only."""

    def matches(items: list[Any], entries: list[Entry]) -> bool:
        if not entries:
            return not items
        (occurrence, _, value), rest = entries[0], entries[1:]
        if occurrence and matches(items, rest):
            return True
        if occurrence == "*":
            rest = entries
        if isinstance(value, list):
            return matches(items, value + rest)
        return bool(items) and value(items[0]) and matches(items[1:], rest)

    return lambda item: isinstance(item, list) and matches(item, entries)


def map_check(entries: list[Entry]) -> Check:
    """A pair belongs to the first entry whose key it has: all keys cut."""

    def pair_is_good(key: Any, value: Any) -> bool:
        for _, has_key, check in entries:
            if has_key is not None and has_key(key):
                return callable(check) and check(value)
        return False

    def is_there(entry: Entry, item: dict[Any, Any]) -> bool:
        occurrence, has_key, _ = entry
        return bool(occurrence) or any(has_key is not None and has_key(k) for k in item)

    return lambda item: (
        isinstance(item, dict)
        and all(pair_is_good(key, value) for key, value in item.items())
        and all(is_there(entry, item) for entry in entries)
    )


# ---- what CDDL does not say ------------------------------------------------


def loose_heads(data: bytes) -> list[int]:
    """Where heads of well-formed CBOR are indefinite or longer than need be."""
    found: list[int] = []
    at = 0
    while at < len(data):
        start, major, info = at, data[at] >> 5, data[at] & 31
        size = 1 << (info - 24) if 24 <= info <= 27 else 0
        value = int.from_bytes(data[at + 1 : at + 1 + size], "big") if size else info
        at += 1 + size
        least = {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}.get(size, 0)
        if info == 31 or (major != 7 and value < least):
            found.append(start)
        if major in (2, 3) and info != 31:
            at += value
    return found
