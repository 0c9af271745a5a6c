# SPDX-License-Identifier: MIT
"""Valid IDL at random, with every construct that mwidl knows."""

from __future__ import annotations

import random

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
            if name.lower() not in taken and "has_" + name not in taken:
                taken.add(name.lower())
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
        if pick < 55:
            return f"string<{self.bound()}>"
        if pick < 65:
            return f"sequence<{self.type(depth + 1, True)}>"
        if pick < 70:
            return f"sequence<{self.type(depth + 1, True)}, {self.bound()}>"
        if pick < 80 and self.scalars:
            return self.random.choice(self.scalars)
        if array and pick < 85 and self.arrays:
            return self.random.choice(self.arrays)
        if self.values:
            return self.random.choice(self.values)
        return "long"

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
        return None

    # ---- declarations ----------------------------------------------------

    def const(self, scope: Scope) -> None:
        kind = self.random.choice(BASIC + self.scalars)
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
        self.enumerators[absolute] = members

    def typedef(self, scope: Scope) -> None:
        kind = self.type()
        name = self.fresh(scope.used, True)
        dims = ""
        while self.chance(25) and dims.count("[") < 2:
            dims += f"[{self.bound()}]"
        self.doc()
        self.put(f"typedef {kind} {name}{dims};")
        (self.arrays if dims else self.values).append(f"::{scope.path}::{name}")

    def member(self, taken: set[str], own: str | None, key: list[bool]) -> None:
        kind = self.type(array=True)
        if own is not None and self.chance(10):
            kind = f"sequence<{own}>"
        value = self.literal(kind)
        notes = ""
        simple = value is not None
        dims = ""
        if simple and not key[0] and self.chance(10):
            notes += "@key "
            key[0] = True
        elif self.chance(20):
            notes += "@optional "
        elif simple and self.chance(40):
            notes += f"@default({value}) "
        elif self.chance(20):
            dims = f"[{self.bound()}]"
        if self.chance(10):
            notes += f"@unit({self.string_literal()}) "
        if kind in RANGES and not dims and "@default" not in notes and self.chance(20):
            notes += self.random.choice(
                ["@range(min = 0, max = 100) ", "@min(1) ", "@max(99) "]
            )
        self.doc()
        self.put(f"{notes}{kind} {self.fresh(taken)}{dims};")

    def struct(self, scope: Scope, exception: bool = False) -> None:
        name = self.fresh(scope.used, True)
        absolute = f"::{scope.path}::{name}"
        key = [exception]
        taken: set[str] = set()
        if not exception and self.chance(20):
            self.put(f"struct {name};")
        self.doc()
        if self.chance(20):
            self.put(self.random.choice(["@final", "@appendable"]))
        self.put(f"{'exception' if exception else 'struct'} {name} {{")
        self.depth += 1
        for _ in range(self.random.randrange(0 if exception else 1, 8)):
            self.member(taken, None if exception else name, key)
        self.depth -= 1
        self.put("};")
        (self.exceptions if exception else self.values).append(absolute)

    def operation(self, taken: set[str]) -> None:
        name = self.fresh(taken)
        oneway = self.chance(15)
        params = []
        used: set[str] = set()
        for _ in range(self.random.randrange(0, 7)):
            direction = "in" if oneway else self.random.choice(["in", "out", "inout"])
            params.append(f"{direction} {self.type(array=True)} {self.fresh(used)}")
        result = "void" if oneway or self.chance(40) else self.type(array=True)
        raises = ""
        if self.exceptions and not oneway and self.chance(40):
            some = self.random.sample(
                self.exceptions, self.random.randrange(1, min(4, len(self.exceptions)) + 1)
            )
            raises = f" raises ({', '.join(some)})"
        note = "@mw::deadline_ms(100) " if self.chance(20) else ""
        self.doc()
        self.put(
            f"{note}{'oneway ' if oneway else ''}{result} {name}({', '.join(params)})"
            f"{raises};"
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
        self.put(f"interface {name}{base} {{")
        self.depth += 1
        for _ in range(self.random.randrange(0, 9)):
            if self.chance(25):
                self.random.choice([self.struct, self.enum, self.typedef, self.const])(
                    inner
                )
            else:
                self.operation(inner.used)
        self.depth -= 1
        self.put("};")
        self.interfaces.append((f"::{scope.path}::{name}", inner.used))

    def module(self, outer: Scope | None, depth: int) -> None:
        used = outer.used if outer else self.top
        name = self.fresh(used)
        scope = Scope(name, outer)
        for _ in range(self.random.randrange(1, 3)):  # reopened, perhaps
            self.put(f"module {name} {{")
            self.depth += 1
            for _ in range(self.random.randrange(3, 12)):
                pick = self.random.randrange(100)
                if pick < 12 and depth < 2:
                    self.module(scope, depth + 1)
                elif pick < 20:
                    self.const(scope)
                elif pick < 35:
                    self.enum(scope)
                elif pick < 50:
                    self.typedef(scope)
                elif pick < 75:
                    self.struct(scope)
                elif pick < 85:
                    self.struct(scope, exception=True)
                else:
                    self.interface(scope)
            self.depth -= 1
            self.put("};")

    def text(self) -> str:
        self.top: set[str] = set()
        for _ in range(3):
            self.module(None, 0)
        return "\n".join(self.lines) + "\n"


def generate(seed: int) -> str:
    return Generator(seed).text()
