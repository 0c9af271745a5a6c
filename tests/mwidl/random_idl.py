# SPDX-License-Identifier: MIT
"""Valid IDL at random, with every construct that mwidl knows."""

from __future__ import annotations

import random
import re

BASIC = """boolean octet int8 uint8 int16 uint16 int32 uint32 int64 uint64 float
    double string short long""".split() + [
    "unsigned short", "unsigned long", "long long", "unsigned long long",
]  # fmt: skip

RANGES = {
    "octet": (0, 2**8 - 1), "uint8": (0, 2**8 - 1), "int8": (-(2**7), 2**7 - 1),
    "int16": (-(2**15), 2**15 - 1), "short": (-(2**15), 2**15 - 1),
    "uint16": (0, 2**16 - 1), "unsigned short": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1), "long": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1), "unsigned long": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1), "long long": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1), "unsigned long long": (0, 2**64 - 1),
}  # fmt: skip

WORDS = """ant bee cat dog eel fox gnu hen ibis jay kiwi lark mole newt owl pig
    quail rat swan tuna viper wolf yak class int register this delete new template_
    errno linux call args client""".split()

TEXTS = ["", "plain", "two words", 'a "quote"', "back\\slash", "tab\there", "??=?", "*/",
         "é and €", "x" * 90]  # fmt: skip


class Scope:
    """A module or interface: what is declared in it."""

    def __init__(self, name: str, outer: Scope | None) -> None:
        self.path = f"{outer.path}::{name}" if outer else name
        self.used: set[str] = set()
        self.pending: list[str] = []  # valuetypes that are declared only


class Generator:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.count = 0
        self.depth = 0
        # What can be used, by absolute names.
        self.scalars: list[str] = []  # enums
        self.enumerators: dict[str, list[str]] = {}
        self.values: list[str] = []  # structs and typedefs that are not arrays
        self.arrays: list[str] = []
        self.exceptions: list[str] = []
        self.interfaces: list[tuple[str, set[str]]] = []
        self.integers: list[tuple[str, int]] = []  # constants
        self.bits: dict[str, list[str]] = {}  # of bitmasks
        self.nodes: list[str] = []  # valuetypes and typedefs of them
        self.boxable: list[str] = [name for name in BASIC if name != "string"]
        self.members: dict[str, list[str]] = {}  # of structs and valuetypes

    # ---- pieces ----------------------------------------------------------

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def name(self, capital: bool = False) -> str:
        self.count += 1
        word = self.random.choice(WORDS)
        if capital:
            return f"{word.capitalize().rstrip('_')}{self.count}"
        return f"{word}{self.count}" if self.chance(80) else word

    def fresh(self, taken: set[str], capital: bool = False) -> str:
        while True:
            name = self.name(capital)
            lower = name.lower()
            if re.fullmatch("int(8|16|32|64)", lower):
                continue  # a word of IDL
            if lower not in taken and "has_" + name not in taken:
                taken.add(lower)
                return "_" + name if name == "template" else name

    def put(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def doc(self) -> None:
        if self.chance(30):
            words = " ".join(
                self.random.choice(WORDS) for _ in range(self.random.randrange(1, 30))
            )
            self.put(
                self.random.choice(["/// {}", "/** {} */", "// {}", "/* {} */"]).format(
                    words
                )
            )

    def bound(self) -> str:
        small = [name for name, value in self.integers if 1 <= value <= 20]
        if small and self.chance(30):
            return self.random.choice(small)
        number = self.random.randrange(1, 9)
        return self.random.choice([f"{number}", f"({number} + 1)", f"0x{number:x}"])

    def string_literal(self) -> str:
        text = self.random.choice(TEXTS)
        for old, new in (("\\", "\\\\"), ('"', '\\"'), ("\t", "\\t")):
            text = text.replace(old, new)
        return f'"{text}"'

    def type(self, depth: int = 0, array: bool = False) -> str:
        """A type; with array, also a typedef of an array."""
        pick = self.random.randrange(100)
        if pick < 45 or depth > 3:
            return self.random.choice(BASIC)
        if pick < 52:
            return f"string<{self.bound()}>"
        if pick < 60:
            return f"sequence<{self.type(depth + 1, True)}>"
        if pick < 65:
            return f"sequence<{self.type(depth + 1, True)}, {self.bound()}>"
        if pick < 71:
            return f"map<{self.map_key()}, {self.type(depth + 1, True)}>"
        if pick < 78 and self.nodes:
            return self.random.choice(self.nodes)
        if pick < 82 and self.scalars:
            return self.random.choice(self.scalars)
        if pick < 85 and self.bits:
            return self.random.choice(list(self.bits))
        if array and pick < 88 and self.arrays:
            return self.random.choice(self.arrays)
        if self.values:
            return self.random.choice(self.values)
        return "long"

    def map_key(self) -> str:
        return self.random.choice(
            ["string", f"string<{self.bound()}>", "boolean", *RANGES, *self.scalars]
        )

    def literal(self, kind: str) -> str | None:
        """A value for @default or const; None if the type has none."""
        if kind in RANGES:
            low, high = RANGES[kind]
            return str(self.random.choice([low, high, 0, 1, high // 3, low // 3]))
        if kind in ("float", "double"):
            return self.random.choice(["0", "1.5", "-2.25e10", "1e-20", "3", "0.1"])
        if kind == "boolean":
            return self.random.choice(["TRUE", "FALSE"])
        if kind == "string":
            return self.string_literal()
        if kind in self.enumerators:
            return self.random.choice(self.enumerators[kind])
        if kind in self.bits:
            some = self.random.sample(self.bits[kind], min(2, len(self.bits[kind])))
            return self.random.choice(["0", f"~{some[0]}", " | ".join(some)])
        return None

    # ---- declarations ----------------------------------------------------

    def const(self, scope: Scope) -> None:
        kind = self.random.choice(BASIC + self.scalars + list(self.bits))
        value = self.literal(kind)
        name = self.fresh(scope.used)
        self.doc()
        self.put(f"const {kind} {name} = {value};")
        if kind in RANGES:
            self.integers.append((f"::{scope.path}::{name}", int(value or 0)))

    def enum(self, scope: Scope) -> None:
        name = self.fresh(scope.used, True)
        absolute = f"::{scope.path}::{name}"
        members = []
        number = 0
        self.doc()
        self.put(f"enum {name} {{")
        self.depth += 1
        total = self.random.randrange(1, 6)
        for i in range(total):
            member = self.fresh(scope.used).upper()
            number += 1
            note = ""
            if self.chance(30):
                number += self.random.randrange(1000)
                note = f"@value({number}) "
            elif i == 0:
                number = 0
            members.append(f"::{scope.path}::{member}")
            self.put(f"{note}{member}{',' if i + 1 < total else ''}")
        self.depth -= 1
        self.put("};")
        self.scalars.append(absolute)
        self.boxable.append(absolute)
        self.enumerators[absolute] = members

    def bitmask(self, scope: Scope) -> None:
        name = self.fresh(scope.used, True)
        absolute = f"::{scope.path}::{name}"
        bits = []
        bound = self.random.choice([5, 8, 12, 16, 32, 40, 64])
        total = self.random.randrange(1, 6)
        places = sorted(self.random.sample(range(bound), total))
        self.doc()
        if bound != 32 or self.chance(30):
            self.put(f"@bit_bound({bound})")
        self.put(f"bitmask {name} {{")
        self.depth += 1
        following = 0
        for i, place in enumerate(places):
            bit = self.fresh(scope.used).upper()
            note = f"@position({place}) " if place != following else ""
            following = place + 1
            bits.append(f"::{scope.path}::{bit}")
            self.doc()
            self.put(f"{note}{bit}{',' if i + 1 < total else ''}")
        self.depth -= 1
        self.put("};")
        self.bits[absolute] = bits
        self.boxable.append(absolute)

    def typedef(self, scope: Scope) -> None:
        kind = self.type()
        name = self.fresh(scope.used, True)
        dims = ""
        while self.chance(25) and dims.count("[") < 2:
            dims += f"[{self.bound()}]"
        self.doc()
        self.put(f"typedef {kind} {name}{dims};")
        target = self.nodes if kind in self.nodes else self.values
        (self.arrays if dims else target).append(f"::{scope.path}::{name}")

    def pointer(self, own: str | None) -> tuple[str, str]:
        """Annotations and a type that is a pointer in C."""
        if own is not None and own not in self.nodes and self.chance(30):
            return "@external @optional ", own
        if self.nodes and self.chance(50):
            node = self.random.choice(self.nodes)
            kind = self.random.choice(
                [node, f"sequence<{node}>", f"map<{self.map_key()}, {node}>"]
            )
            return "@mw::unique ", kind
        kind = self.random.choice(self.boxable)
        return self.random.choice(["@external ", "@external @optional "]), kind

    def member(
        self, taken: set[str], own: str | None, key: list[bool], public: str = ""
    ) -> str:
        """The name of a new member."""
        kind = self.type(array=True)
        if own is not None and self.chance(10):
            kind = self.random.choice([f"sequence<{own}>", f"map<string, {own}>"])
        value = self.literal(kind)
        notes = ""
        simple = value is not None
        dims = ""
        if self.chance(15):
            notes, kind = self.pointer(own)
        elif simple and kind not in self.bits and not key[0] and self.chance(10):
            notes += "@key "
            key[0] = True
        elif self.chance(20) and kind not in self.nodes:
            notes += "@optional "
        elif simple and self.chance(40):
            notes += f"@default({value}) "
        elif self.chance(20):
            dims = f"[{self.bound()}]"
        if self.chance(10):
            notes += f"@unit({self.string_literal()}) "
        plain = not dims and "@default" not in notes and "@external" not in notes
        if kind in RANGES and plain and self.chance(20):
            notes += self.random.choice(
                ["@range(min = 0, max = 100) ", "@min(1) ", "@max(99) "]
            )
        if kind in ("float", "double") and plain and self.chance(40):
            notes += self.random.choice(["@min(-1.5) ", "@range(min = 0, max = 1e10) "])
        name = self.fresh(taken)
        self.doc()
        self.put(f"{notes}{public}{kind} {name}{dims};")
        return name.lstrip("_")

    def struct(self, scope: Scope, exception: bool = False) -> None:
        name = self.fresh(scope.used, True)
        absolute = f"::{scope.path}::{name}"
        key = [exception]
        taken: set[str] = set()
        if not exception and self.chance(20):
            self.put(f"struct {name};")
        self.doc()
        if self.chance(30):
            self.put(self.random.choice(["@final", "@appendable", "@mutable"]))
        self.put(f"{'exception' if exception else 'struct'} {name} {{")
        self.depth += 1
        self.members[absolute] = [
            self.member(taken, None if exception else name, key)
            for _ in range(self.random.randrange(0 if exception else 1, 8))
        ]
        self.depth -= 1
        self.put("};")
        if exception:
            self.exceptions.append(absolute)
        else:
            self.values.append(absolute)
            self.boxable.append(absolute)

    def valuetype(self, scope: Scope) -> None:
        """A new one, perhaps only declared; or one that was only declared."""
        if scope.pending and self.chance(50):
            self.define(scope, scope.pending.pop())
            return
        name = self.fresh(scope.used, True)
        self.nodes.append(f"::{scope.path}::{name}")
        if self.chance(40):
            self.put(f"valuetype {name};")
            scope.pending.append(name)
        else:
            self.define(scope, name)

    def define(self, scope: Scope, name: str) -> None:
        taken: set[str] = set()
        self.doc()
        if self.chance(20):
            self.put(self.random.choice(["@final", "@appendable"]))
        self.put(f"valuetype {name} {{")
        self.depth += 1
        self.members[f"::{scope.path}::{name}"] = [
            self.member(taken, f"::{scope.path}::{name}", [True], "public ")
            for _ in range(self.random.randrange(1, 8))
        ]
        self.depth -= 1
        self.put("};")

    def labels(self, tag: str) -> tuple[list[str], bool]:
        """Some labels for a tag, and whether they are all that there are."""
        if tag == "boolean":
            every = ["TRUE", "FALSE"]
        elif tag in self.enumerators:
            every = list(self.enumerators[tag])
        else:
            low, high = RANGES[tag]
            every = [str(value) for value in {low, low + 1, 0, 1, 7, high - 1, high}]
            every.append("3 + 3")
            every.sort()
        some = self.random.sample(every, self.random.randrange(1, len(every) + 1))
        return some, tag not in RANGES and len(some) == len(every)

    def union(self, scope: Scope) -> None:
        name = self.fresh(scope.used, True)
        tag = self.random.choice(["boolean", *RANGES, *self.scalars])
        labels, whole = self.labels(tag)
        taken: set[str] = {"tag"}
        self.doc()
        if self.chance(20):
            self.put(f"union {name};")
        self.put(f"union {name} switch ({tag}) {{")
        self.depth += 1
        has_default = not whole and self.chance(50)
        while labels or has_default:
            if has_default and (not labels or self.chance(20)):
                self.put("default:")
                has_default = False
            while labels and self.chance(40):
                self.put(f"case {labels.pop()}:")
            if not self.lines[-1].endswith(":"):
                if not labels:
                    continue
                self.put(f"case {labels.pop()}:")
            notes, kind = "", self.type(array=True)
            if self.chance(20):
                notes, kind = self.pointer(None)
                notes = notes.replace("@optional ", "")
            elif self.chance(15):
                kind = self.random.choice([f"sequence<{name}>", f"map<octet, {name}>"])
            self.put(f"    {notes}{kind} {self.fresh(taken)};")
        self.depth -= 1
        self.put("};")
        self.values.append(f"::{scope.path}::{name}")
        self.boxable.append(f"::{scope.path}::{name}")

    def writes(self, params: list[tuple[str, str, str]]) -> str:
        """A write contract for an operation, or nothing."""
        paths = []
        for direction, kind, name in params:
            if direction != "inout" or self.chance(30):
                continue
            some = [member for member in self.members.get(kind, []) if self.chance(50)]
            start = kind if kind in self.nodes else name.lstrip("_")
            if some and (start == kind or kind not in self.nodes):
                paths += [f"{start}.{member}" for member in some]
            else:
                paths.append(name.lstrip("_"))
        if not any(direction == "inout" for direction, _, _ in params):
            return ""
        paths = sorted(set(paths)) if self.chance(80) and paths else ["*"]
        return f'@mw::writes("{", ".join(paths)}") '

    def limits(self) -> str:
        """Annotations of operations and interfaces."""
        note = ""
        if self.chance(15):
            note += f"@mw::priority({self.random.choice([0, 1, 7, 255])}) "
        if self.chance(15):
            note += f"@mw::max_concurrency({self.random.choice([1, 4, 1000000])}) "
        return note

    def operation(self, taken: set[str]) -> None:
        name = self.fresh(taken)
        oneway = self.chance(15)
        params: list[tuple[str, str, str]] = []
        used: set[str] = set()
        for _ in range(self.random.randrange(0, 7)):
            direction = "in" if oneway else self.random.choice(["in", "out", "inout"])
            params.append((direction, self.type(array=True), self.fresh(used)))
        result = "void" if oneway or self.chance(40) else self.type(array=True)
        raises = ""
        if self.exceptions and not oneway and self.chance(40):
            some = self.random.sample(
                self.exceptions, self.random.randrange(1, min(4, len(self.exceptions)) + 1)
            )
            raises = f" raises ({', '.join(some)})"
        note = "@mw::deadline_ms(100) " if self.chance(20) else ""
        for one in ("@mw::idempotent", "@mw::keyed"):
            note += f"{one} " if self.chance(15) else ""
        note += self.limits()
        if self.chance(40):
            note += self.writes(params)
        listed = ", ".join(
            ("@mw::unique " if kind in self.nodes and self.chance(20) else "")
            + f"{direction} {kind} {param}"
            for direction, kind, param in params
        )
        self.doc()
        self.put(
            f"{note}{'oneway ' if oneway else ''}{result} {name}({listed}){raises};"
        )

    def interface(self, scope: Scope) -> None:
        name = self.fresh(scope.used, True)
        base = ""
        inherited: set[str] = set()
        if self.interfaces and self.chance(50):
            base, inherited = self.random.choice(self.interfaces)
            base = f" : {base}"
        inner = Scope(name, scope)
        inner.used |= inherited
        self.doc()
        self.put(f"{self.limits()}interface {name}{base} {{")
        self.depth += 1
        for _ in range(self.random.randrange(0, 9)):
            if self.chance(25):
                self.random.choice(
                    [self.struct, self.enum, self.typedef, self.const]
                    + [self.bitmask, self.union, self.valuetype]
                )(inner)
            else:
                self.operation(inner.used)
        while inner.pending:
            self.define(inner, inner.pending.pop())
        self.depth -= 1
        self.put("};")
        self.interfaces.append((f"::{scope.path}::{name}", inner.used))

    def module(self, outer: Scope | None, depth: int) -> None:
        used = outer.used if outer else self.top
        name = self.fresh(used)
        scope = Scope(name, outer)
        times = self.random.randrange(1, 3)
        for last in [False] * (times - 1) + [True]:  # reopened, perhaps
            self.put(f"module {name} {{")
            self.depth += 1
            for _ in range(self.random.randrange(3, 12)):
                pick = self.random.randrange(100)
                if pick < 12 and depth < 2:
                    self.module(scope, depth + 1)
                elif pick < 20:
                    self.const(scope)
                elif pick < 28:
                    self.enum(scope)
                elif pick < 34:
                    self.bitmask(scope)
                elif pick < 44:
                    self.typedef(scope)
                elif pick < 60:
                    self.struct(scope)
                elif pick < 69:
                    self.union(scope)
                elif pick < 80:
                    self.valuetype(scope)
                elif pick < 87:
                    self.struct(scope, exception=True)
                else:
                    self.interface(scope)
            while scope.pending and last:
                self.define(scope, scope.pending.pop())
            self.depth -= 1
            self.put("};")

    def text(self) -> str:
        self.top: set[str] = set()
        for _ in range(3):
            self.module(None, 0)
        return "\n".join(self.lines) + "\n"


def generate(seed: int) -> str:
    return Generator(seed).text()
