/* SPDX-License-Identifier: MIT */
/*
 * Parts of the compiler that are easier to test from inside: the map, texts
 * and UTF-8, the scanner's docs, and what constant expressions are worth.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "check.h"
#include "parser.h"

Test(parts, map)
{
    enum { N = 1000 };
    arena mem = { 0 };
    map m = { 0 };
    int scopes[2];

    cr_expect(map_get(&m, NULL, "x") == NULL);
    for (int i = 0; i < N; i++) {
        const char *name = arena_format(&mem, "n%d", i);

        map_set(&m, &scopes[0], name, (void *) name);
        map_set(&m, &scopes[1], name, &scopes[1]);
    }
    for (int i = 0; i < N; i++) {
        const char *name = arena_format(&mem, "n%d", i);

        cr_expect_str_eq((char *) map_get(&m, &scopes[0], name), name);
        cr_expect(map_get(&m, &scopes[1], name) == &scopes[1]);
    }
    cr_expect(map_get(&m, NULL, "n1") == NULL);
    map_set(&m, &scopes[0], "n1", &scopes[0]);
    cr_expect(map_get(&m, &scopes[0], "n1") == &scopes[0]);
    map_free(&m);
    arena_free(&mem);
}

Test(parts, arena)
{
    arena mem = { 0 };

    for (size_t size = 0; size < 300000; size = size * 3 + 1) {
        char *data = arena_alloc(&mem, size);

        cr_expect((uintptr_t) data % sizeof(double) == 0);
        for (size_t i = 0; i < size; i++) {
            cr_assert(data[i] == 0);
            data[i] = 1;
        }
    }
    arena_free(&mem);
    cr_expect(mem.total == 0);
}

Test(parts, utf8)
{
    static const struct {
        const char *text;
        size_t len;
        uint32_t point;
    } cases[] = {
        { "a", 1, 'a' },
        { "\xc3\xa9", 2, 0xe9 },
        { "\xe2\x82\xac", 3, 0x20ac },
        { "\xf0\x9f\x98\x80", 4, 0x1f600 },
        { "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
        { "\xf4\x90\x80\x80", 0, 0 },
        { "\xed\xa0\x80", 0, 0 },
        { "\xc0\xaf", 0, 0 },
        { "\xe0\x80\x80", 0, 0 },
        { "\x80", 0, 0 },
        { "\xff", 0, 0 },
        { "\xe2\x82", 0, 0 },
        { "\xe2\x28\xa1", 0, 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint32_t point = 0;
        size_t len = utf8_decode(cases[i].text, strlen(cases[i].text), &point);

        cr_expect(len == cases[i].len, "case %zu", i);
        cr_expect(len == 0 || point == cases[i].point, "case %zu", i);
    }
}

/* The only declaration of a text, or NULL if it has errors. */
static const decl *
parse(unit *u, const char *idl)
{
    unit_init(u, &(unit_options){ 0 });
    parse_unit(u, source_from_text(&u->sources, "test.idl", idl, strlen(idl)));
    check_unit(u);
    return u->diag.errors == 0 && u->items != NULL ? u->last_item->decl : NULL;
}

static const struct {
    const char *type;
    const char *expression;
    const char *value; /* NULL: an error */
} constants[] = {
    { "int64", "1 + 2 * 3", "7" },
    { "int64", "(1 + 2) * 3", "9" },
    { "int64", "10 - 3 - 2", "5" },
    { "int64", "100 / 7 / 2", "7" },
    { "int64", "-7 / 2", "-3" },
    { "int64", "-7 % 3", "-1" },
    { "int64", "7 % -3", "1" },
    { "int64", "1 << 2 + 3", "32" },
    { "int64", "1 | 2 ^ 3 & 6", "1" },
    { "int64", "256 >> 4 >> 2", "4" },
    { "int64", "- - -5", "-5" },
    { "int64", "+5", "5" },
    { "int64", "~0", "-1" },
    { "int64", "~5 & 0xff", "250" },
    { "int64", "-1 & 0xff", "255" },
    { "int64", "-8 | 1", "-7" },
    { "int64", "-1 ^ 1", "-2" },
    { "uint8", "~1", "254" },
    { "uint16", "~1", "65534" },
    { "uint64", "~0", "18446744073709551615" },
    { "uint64", "18446744073709551615 - 1", "18446744073709551614" },
    { "uint64", "1 << 63", "9223372036854775808" },
    { "uint64", "3 << 63", NULL },
    { "uint64", "1 << 64", NULL },
    { "int64", "-9223372036854775808", "-9223372036854775808" },
    { "int64", "9223372036854775808", NULL },
    { "int64", "9223372036854775807 + 1 - 1", "9223372036854775807" },
    { "int64", "18446744073709551615 * 2", NULL },
    { "int64", "0 - 9223372036854775808 - 1", NULL },
    { "int64", "5 - 5", "0" },
    { "int64", "-0", "0" },
    { "int64", "0x7fffffffffffffff", "9223372036854775807" },
    { "int64", "0XfF + 017", "270" },
    { "int32", "2147483648", NULL },
    { "int32", "-2147483648", "-2147483648" },
    { "int64", "1.0", NULL },
    { "double", "1", "1" },
    { "double", "1 / 2.0", "0.5" },
    { "double", ".5 + 1.", "1.5" },
    { "double", "-1e3", "-1000" },
    { "double", "1e308 * 10", NULL },
    { "double", "1 % 2.0", NULL },
    { "float", "3.5e38", NULL },
    { "boolean", "TRUE", "TRUE" },
    { "boolean", "true", NULL },
    { "boolean", "TRUE | FALSE", NULL },
    { "string", "\"a\" + \"b\"", NULL },
};

Test(parts, constants)
{
    for (size_t i = 0; i < sizeof(constants) / sizeof(*constants); i++) {
        unit u;
        arena mem = { 0 };
        const char *idl = arena_format(&mem, "module m { const %s X = %s; };",
            constants[i].type, constants[i].expression);
        const decl *d = parse(&u, idl);

        if (constants[i].value == NULL) {
            cr_expect(d == NULL, "%s", idl);
        } else {
            cr_expect(d != NULL, "%s: %s", idl, u.diag.messages.data);
        }
        if (d != NULL && constants[i].value != NULL) {
            cr_expect_str_eq(
                value_text(&u, &d->value), constants[i].value, "%s", idl);
        }
        unit_free(&u);
        arena_free(&mem);
    }
}

Test(parts, docs)
{
    static const struct {
        const char *idl;
        const char *doc; /* of the last declaration; NULL: none */
    } cases[] = {
        { "/// One.\nenum E { A };", "One.\n" },
        { "/// One.\n///\n///  Two.\nenum E { A };", "One.\n\n Two.\n" },
        { "/** One. */ enum E { A };", "One.\n" },
        { "/**\n * One.\n *\n *  Two.\n */\nenum E { A };", "One.\n\n Two.\n" },
        { "/** One.\n    Two. */\nenum E { A };", "One.\nTwo.\n" },
        { "// no\n/* no */\n//// no\n/*** no ***/ enum E { A };", NULL },
        { "/**/ enum E { A };", NULL },
        { "/***/ enum E { A };", NULL },
        { "///\tTab\there.  \r\nenum E { A };", " Tab here.\n" },
        { "/// Yes.\n@final\nstruct S { long x; };", "Yes.\n" },
        { "@final\n/// Yes.\nstruct S { long x; };", "Yes.\n" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        unit u;
        const decl *d = parse(&u, cases[i].idl);

        cr_assert(d != NULL, "case %zu: %s", i, u.diag.messages.data);
        cr_expect((d->doc == NULL) == (cases[i].doc == NULL), "case %zu", i);
        if (d->doc != NULL && cases[i].doc != NULL) {
            cr_expect_str_eq(d->doc, cases[i].doc, "case %zu", i);
        }
        unit_free(&u);
    }
}

Test(parts, docs_behind)
{
    unit u;
    const decl *d = parse(&u,
        "struct S {\n    long x; ///< of x\n    /// of y\n    long y; ///< no\n"
        "    long z, w; /**< of both */\n};");

    cr_assert(d != NULL, "%s", u.diag.messages.data);
    const decl *m = d->first;

    cr_expect_str_eq(m->doc, "of x\n");
    m = m->next;
    cr_expect_str_eq(m->doc, "of y\n");
    m = m->next;
    cr_expect_str_eq(m->doc, "of both\n");
    cr_expect_str_eq(m->next->doc, "of both\n");
    unit_free(&u);
}
