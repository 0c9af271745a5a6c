#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Self-test of tools/check/symbols.sh."""

from __future__ import annotations

import unittest

from house_case import CHECKS, HouseCase

BASE = """\
#ifndef MW_BASE_H
#define MW_BASE_H
#define MW_API __attribute__((visibility("default")))
#define MW_MUST_USE __attribute__((warn_unused_result))
#define MW_PRINTF(text, first) __attribute__((format(printf, text, first)))
MW_API const char *mw_base(void);
#endif
"""
THING = """\
#include "mw/base.h"
/** Not mw_ghost(). */
MW_API MW_MUST_USE char *mw_thing_name(const char *format,
    ...) MW_PRINTF(1, 2);
extern MW_API const int mw_thing_count;
extern MW_API const int mw_thing_list[3];
struct mw_other { int (*member)(void); };
"""
SOURCE = """\
#include "mw/thing.h"
const char *mw_base(void) { return 0; }
char *mw_thing_name(const char *format, ...) { (void) format; return 0; }
const int mw_thing_count = 1;
const int mw_thing_list[3] = { 0 };
int mwi_inner(void);
int mwi_inner(void) { return 0; }
"""
NAMES = ["mw_base", "mw_thing_name", "mw_thing_count", "mw_thing_list"]


class Symbols(HouseCase):
    def check(
        self,
        thing: str = THING,
        source: str = SOURCE,
        built: list[str] | None = None,
        listed: list[str] | None = None,
    ) -> tuple[int, str]:
        """Build a library that exports the names built, then list others."""

        def version_script(names: list[str]) -> str:
            lines = "".join(f"    {name};\n" for name in names)
            return f"MW_0 {{\nglobal:\n{lines}local:\n    *;\n}};\n"

        self.write("include/mw/base.h", BASE)
        self.write("include/mw/thing.h", thing)
        self.write("libmw/thing.c", source)
        script = self.write("libmw/libmw.map", version_script(built or NAMES))
        library = str(self.root / "libmw.so")
        code, output = self.run_command(
            "cc", "-shared", "-fPIC", "-fvisibility=hidden",
            f"-I{self.root / 'include'}", f"-Wl,--version-script={script}",
            "-Wl,--undefined-version", "-o", library, str(self.root / "libmw/thing.c"),
        )  # fmt: skip
        self.assertEqual(code, 0, output)
        self.write("libmw/libmw.map", version_script(listed or built or NAMES))
        return self.run_command(str(CHECKS / "symbols.sh"), library, str(self.root))

    def test_clean(self) -> None:
        self.assert_clean(self.check())

    def test_not_listed(self) -> None:
        self.assert_finds(
            self.check(built=NAMES[:3]),
            "include/mw/thing.h:6: mw_thing_list is MW_API, but not in",
        )

    def test_not_declared(self) -> None:
        thing = THING.replace("extern MW_API const int mw_thing_count;", "")
        source = SOURCE.replace('#include "mw/thing.h"', BASE).replace(
            "\nconst", "\nMW_API const"
        ).replace("char *mw", "MW_API char *mw")
        self.assert_finds(
            self.check(thing=thing, source=source),
            "libmw/libmw.map:5: mw_thing_count is listed, but no header",
        )

    def test_not_defined(self) -> None:
        thing = THING + "MW_API void mw_thing_gone(void);\n"
        self.assert_finds(
            self.check(thing=thing, listed=[*NAMES, "mw_thing_gone"]),
            "libmw/libmw.map:7: mw_thing_gone is listed, but the library",
        )

    def test_exported_by_accident(self) -> None:
        source = SOURCE.replace(
            "int mwi_inner(void);", "MW_API int mwi_inner(void);"
        )
        self.assert_finds(
            self.check(source=source, built=[*NAMES, "mwi_inner"], listed=NAMES),
            "libmw.so:0: mwi_inner is exported",
        )

    def test_wrong_prefix(self) -> None:
        thing = THING + "MW_API int open_thing(void);\n"
        source = SOURCE + "int open_thing(void) { return 0; }\n"
        self.assert_finds(
            self.check(thing=thing, source=source, built=[*NAMES, "open_thing"]),
            "libmw/libmw.map:7: open_thing does not start with mw_",
        )

    def test_no_library(self) -> None:
        code, _ = self.run_command(str(CHECKS / "symbols.sh"), "gone.so")
        self.assertEqual(code, 2)


if __name__ == "__main__":
    unittest.main()
