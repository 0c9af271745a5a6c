#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Self-test of tools/check/tags.py."""

from __future__ import annotations

import unittest

from house_case import HouseCase

GOOD = """\
/** Open a thing.
 *
 * @param ret_thing  [own: mw_thing_close()] [out]
 * @param name       [copy] its name
 * @param size       bytes
 * @retval MW_ENOMEM  out of memory
 * @thread any; does not block
 */
MW_API MW_MUST_USE mw_status mw_thing_open(mw_thing **ret_thing,
    const char *name, size_t size);

/** Its name.
 *
 * @param thing  [borrow: this call] thing, which
 *               may be NULL
 * @return  [view] valid until it is closed
 * @thread owner; does not block
 */
MW_API const char *mw_thing_name(const mw_thing *thing, ...) MW_PRINTF(1, 2);

extern MW_API const mw_type mw_type_bool;
"""


class Tags(HouseCase):
    def check(self, text: str) -> tuple[int, str]:
        self.write("include/mw/thing.h", text)
        return self.python_check("tags.py")

    def test_clean(self) -> None:
        self.assert_clean(self.check(GOOD))

    def test_pointer_without_tag(self) -> None:
        text = GOOD.replace("[copy] its name", "its name")
        self.assert_finds(
            self.check(text), "include/mw/thing.h:9: mw_thing_open: @param name"
        )

    def test_unknown_tag(self) -> None:
        text = GOOD.replace("[copy]", "[steal]")
        self.assert_finds(self.check(text), "include/mw/thing.h:9: ")

    def test_borrow_must_name_its_object(self) -> None:
        text = GOOD.replace("[borrow: this call]", "[borrow]")
        self.assert_finds(self.check(text), "include/mw/thing.h:19: ")

    def test_no_thread_line(self) -> None:
        text = GOOD.replace(" * @thread any; does not block\n", "")
        self.assert_finds(
            self.check(text), "include/mw/thing.h:8: mw_thing_open: needs one @thread"
        )

    def test_thread_does_not_tell_blocking(self) -> None:
        text = GOOD.replace("owner; does not block", "owner")
        self.assert_finds(self.check(text), "include/mw/thing.h:19: ")

    def test_parameter_forgotten(self) -> None:
        text = GOOD.replace(" * @param size       bytes\n", "")
        self.assert_finds(self.check(text), "include/mw/thing.h:8: ")

    def test_parameter_renamed(self) -> None:
        text = GOOD.replace("@param size", "@param length")
        self.assert_finds(self.check(text), "include/mw/thing.h:9: ")

    def test_result_without_tag(self) -> None:
        text = GOOD.replace("[view] valid", "valid")
        self.assert_finds(self.check(text), "include/mw/thing.h:19: ")

    def test_status_not_must_use(self) -> None:
        text = GOOD.replace("MW_MUST_USE ", "")
        self.assert_finds(self.check(text), "include/mw/thing.h:9: ")

    def test_no_comment_at_all(self) -> None:
        text = GOOD + "\nMW_API void mw_thing_close(mw_thing *thing);\n"
        self.assert_finds(
            self.check(text), "include/mw/thing.h:23: mw_thing_close: no doc comment"
        )


if __name__ == "__main__":
    unittest.main()
