/* SPDX-License-Identifier: MIT */
/*
 * What the front end knows of valuetypes, unions, bitmasks, maps and write
 * contracts when it has read them: what the code generator goes by.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "check.h"
#include "parser.h"

static void
parse(unit *u, const char *idl)
{
    unit_init(u, &(unit_options){ 0 });
    parse_unit(u, source_from_text(&u->sources, "test.idl", idl, strlen(idl)));
    check_unit(u);
}

static void
parse_good(unit *u, const char *idl)
{
    parse(u, idl);
    cr_assert(u->diag.errors == 0, "%s", u->diag.messages.data);
}

static decl *
find(unit *u, const char *name)
{
    for (const item *it = u->items; it != NULL; it = it->next) {
        if (strcmp(it->decl->name, name) == 0) {
            return it->decl;
        }
    }
    cr_assert_fail("no %s", name);
    return NULL;
}

static decl *
child(decl *d, const char *name)
{
    for (decl *c = d->first; c != NULL; c = c->next) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
    }
    cr_assert_fail("no %s in %s", name, d->name);
    return NULL;
}

static const type *
member_type(unit *u, const char *owner, const char *name)
{
    return child(find(u, owner), name)->type.type;
}

static void
expect_names(const type *t, const char *cname, const char *desc)
{
    cr_expect_str_eq(t->cname, cname);
    cr_expect_str_eq(t->desc, desc);
}

Test(front, names)
{
    unit u;

    parse_good(&u,
        "module m { enum E { X }; typedef long Row[3]; struct P { long x; };\n"
        "  valuetype N { public N next; @mw::unique public N one;\n"
        "    public sequence<N> kids; @mw::unique public sequence<N, 4> own; "
        "};\n"
        "  struct S { map<string, double> a; map<uint32, P> b; map<E, Row> c;\n"
        "    map<string<8>, sequence<P>> d; map<octet, map<boolean, N>> e;\n"
        "    @external P f; @external sequence<long> g; @external long h;\n"
        "    sequence<map<short, string>, 2> i; @mw::unique map<E, N> j; }; "
        "};");
    expect_names(member_type(&u, "N", "next"), "m_N *", "m_N_ref_type");
    expect_names(member_type(&u, "N", "one"), "m_N *", "m_N_unique_type");
    expect_names(member_type(&u, "N", "kids"), "m_N_seq", "m_N_seq_type");
    expect_names(
        member_type(&u, "N", "own"), "m_N_seq_4", "m_N_seq_4_unique_type");
    expect_names(
        member_type(&u, "S", "a"), "mw_f64_by_string", "mw_f64_by_string_type");
    expect_names(member_type(&u, "S", "b"), "m_P_by_u32", "m_P_by_u32_type");
    expect_names(
        member_type(&u, "S", "c"), "m_Row_by_m_E", "m_Row_by_m_E_type");
    expect_names(member_type(&u, "S", "d"), "m_P_seq_by_string_8",
        "m_P_seq_by_string_8_type");
    expect_names(member_type(&u, "S", "e"), "m_N_by_bool_by_u8",
        "m_N_by_bool_by_u8_type");
    expect_names(member_type(&u, "S", "f"), "m_P *", "m_P_box_type");
    expect_names(
        member_type(&u, "S", "g"), "mw_seq_i32 *", "mw_seq_i32_box_type");
    expect_names(member_type(&u, "S", "h"), "int32_t *", "mw_i32_box_type");
    expect_names(member_type(&u, "S", "i"), "mw_string_by_i16_seq_2",
        "mw_string_by_i16_seq_2_type");
    expect_names(
        member_type(&u, "S", "j"), "m_N_by_m_E", "m_N_by_m_E_unique_type");

    const type *own = member_type(&u, "N", "own");

    cr_expect(own->plain != own && own->plain->plain == own->plain);
    cr_expect_str_eq(own->plain->desc, "m_N_seq_4_type");
    cr_expect(own->elem->unique && !own->plain->elem->unique);
    unit_free(&u);
}

/* One object for each type. */
Test(front, types_are_one)
{
    unit u;

    parse_good(&u,
        "module m { valuetype N { public N x; }; typedef N Alias;\n"
        "  typedef sequence<N> Ns;\n"
        "  struct S { map<string, long> a; N b; Ns c; @external long d;\n"
        "    @mw::unique Ns e; };\n"
        "  struct T { map<string, int32> a; Alias b; sequence<Alias> c;\n"
        "    @external int32 d; @mw::unique sequence<Alias> e; }; };");
    for (const char *name = "abcde"; *name != '\0'; name++) {
        const char one[] = { *name, '\0' };

        cr_expect(member_type(&u, "S", one) == member_type(&u, "T", one),
            "member %s", one);
    }
    unit_free(&u);
}

Test(front, flat_and_refs)
{
    static const struct {
        const char *type;
        bool flat;
        bool refs;
    } cases[] = {
        { "Bare", true, false },
        { "Node", true, true },
        { "Holder", true, true },
        { "Row", true, true },
        { "Few", true, true },
        { "Text", false, false },
        { "Late", false, true },
        { "Deep", false, true },
        { "Mapped", false, true },
        { "Boxed", false, true },
        { "BoxedNumber", false, false },
        { "Choice", true, true },
        { "Loop", false, false },
        { "Ring", false, true },
    };
    unit u;

    parse_good(&u,
        "module m { valuetype N;\n"
        "  struct Bare { long x; }; struct Node { N n; };\n"
        "  struct Holder { Node x; }; struct Row { Node x[3]; };\n"
        "  struct Few { sequence<N, 4> x; }; struct Text { string x; };\n"
        "  struct Later; struct Late { sequence<Later> x; };\n"
        "  struct Later { N n; };\n"
        "  struct Deep { sequence<map<string, Late>> x; };\n"
        "  struct Mapped { map<long, N> x; };\n"
        "  struct Boxed { @external Node x; };\n"
        "  struct BoxedNumber { @external long x; };\n"
        "  union Choice switch (long) { case 1: Node n; case 2: Bare b; };\n"
        "  struct Loop { @external @optional Loop x; sequence<Loop> y; };\n"
        "  struct Ring { @external @optional Ring x; N n; };\n"
        "  valuetype N { public string name; public Text t; };\n"
        "  valuetype M { public N n; }; };");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const type *t = find(&u, cases[i].type)->own;

        cr_expect(t->flat == cases[i].flat, "%s", cases[i].type);
        cr_expect(t->refs == cases[i].refs, "%s", cases[i].type);
    }
    /* A node holds what its members hold; a reference is one. */
    cr_expect(!find(&u, "N")->own->flat && !find(&u, "N")->own->refs);
    cr_expect(find(&u, "N")->ref->flat && find(&u, "N")->ref->refs);
    cr_expect(find(&u, "M")->own->flat && find(&u, "M")->own->refs);
    unit_free(&u);
}

Test(front, layout)
{
    static const struct {
        const char *type;
        uint64_t size;
        uint32_t align;
        unsigned depth;
    } cases[] = {
        { "Small", 1, 1, 0 },
        { "Middle", 2, 2, 0 },
        { "Usual", 4, 4, 0 },
        { "Wide", 8, 8, 0 },
        { "Pointers", 32, 8, 2 },
        { "Choice", 24, 8, 2 },
        { "Byte", 4, 1, 1 },
        { "Dict", 24, 8, 2 },
        { "Node", 8, 8, 1 },
    };
    unit u;

    parse_good(&u,
        "module m { @bit_bound(8) bitmask Small { A0 };\n"
        "  @bit_bound(9) bitmask Middle { B0 }; bitmask Usual { C0 };\n"
        "  @bit_bound(33) bitmask Wide { D0 }; valuetype N { public long x; "
        "};\n"
        "  struct Pointers { N a; @external long b; @optional N b2[1]; };\n"
        "  union Choice switch (octet) { case 1: double x[2]; case 2: long y; "
        "};\n"
        "  union Byte switch (boolean) { case TRUE: string<2> x; };\n"
        "  struct Dict { map<long, long> m; }; valuetype Node { public N n; "
        "};\n"
        "};");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const type *t = find(&u, cases[i].type)->own;

        cr_expect(t->size == cases[i].size, "%s: %llu", cases[i].type,
            (unsigned long long) t->size);
        cr_expect(
            t->align == cases[i].align, "%s: %u", cases[i].type, t->align);
        cr_expect(
            t->depth == cases[i].depth, "%s: %u", cases[i].type, t->depth);
    }
    unit_free(&u);
}

/* "-1:a 2:b 5:b, else c" */
static const char *
cases_text(unit *u, const decl *d)
{
    const char *s = "";

    for (unsigned i = 0; i < d->n_cases; i++) {
        s = arena_format(&u->mem, "%s%s%lld:%s", s, i > 0 ? " " : "",
            (long long) d->cases[i].tag, d->cases[i].arm->name);
    }
    return d->default_arm == NULL
               ? s
               : arena_format(&u->mem, "%s, else %s", s, d->default_arm->name);
}

Test(front, cases)
{
    static const struct {
        const char *idl;
        const char *text;
    } cases[] = {
        { "switch (long) { case 5: case 1 + 1: long b; case -1: long a; }",
            "-1:a 2:b 5:b" },
        { "switch (E) { case RED: long a; case BLUE: default: long b; }",
            "-3:b 4:a, else b" },
        { "switch (boolean) { case TRUE: long a; case FALSE: long b; }",
            "0:b 1:a" },
        { "switch (boolean) { default: long a; }", ", else a" },
        { "switch (uint64) { case 18446744073709551615: long a; case 0: long "
          "b; }",
            "-1:a 0:b" },
        { "switch (int64) { case -9223372036854775808: long a; default: long "
          "b; }",
            "-9223372036854775808:a, else b" },
        { "switch (Tag) { case 255: long a; default: long b; }",
            "255:a, else b" },
        { "switch (unsigned short) { case X: long a; }", "7:a" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        unit u;
        arena mem = { 0 };

        parse_good(&u,
            arena_format(&mem,
                "module m { enum E { @value(4) RED, @value(-3) BLUE, GREEN };\n"
                "typedef octet Tag; const long X = 7; union U %s; };",
                cases[i].idl));
        cr_expect_str_eq(cases_text(&u, find(&u, "U")), cases[i].text);
        unit_free(&u);
        arena_free(&mem);
    }
}

/* 256 labels leave nothing for a default, 255 do. */
Test(front, all_tags)
{
    for (int n = 255; n <= 256; n++) {
        unit u;
        text idl = { 0 };

        text_puts(&idl, "union U switch (octet) { ");
        for (int i = 0; i < n; i++) {
            text_printf(&idl, "case %d: ", i);
        }
        text_puts(&idl, "long x; default: long y; };");
        parse(&u, idl.data);
        cr_expect((u.diag.errors == 0) == (n == 255), "%d labels", n);
        unit_free(&u);
        text_free(&idl);
    }
}

Test(front, bits)
{
    static const struct {
        const char *expression;
        const char *value; /* NULL: an error */
    } cases[] = {
        { "A", "A" },
        { "A | C", "A | C" },
        { "A | B & C", "A" },
        { "(A | B) ^ (B | C)", "A | C" },
        { "~A", "B | C" },
        { "~(A | B | C)", "no bit" },
        { "AB | C", "A | B | C" },
        { "0", "no bit" },
        { "1", NULL },
        { "A + B", NULL },
        { "A | 1", NULL },
        { "A | D", NULL },
        { "-A", NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        unit u;
        arena mem = { 0 };

        parse(&u,
            arena_format(&mem,
                "module m { bitmask F { A, @position(31) B, @position(3) C };\n"
                "bitmask G { D }; const F AB = A | B; const F X = %s; };",
                cases[i].expression));
        cr_expect((u.diag.errors == 0) == (cases[i].value != NULL), "%s",
            cases[i].expression);
        if (u.diag.errors == 0) {
            const char *s = value_text(&u, &find(&u, "X")->value);

            cr_expect_str_eq(
                s, arena_format(&mem, "%s of the bitmask 'F'", cases[i].value));
        }
        unit_free(&u);
        arena_free(&mem);
    }
}

/* A mask as "{lines: {sku: all}}". */
static const char *
mask_text(unit *u, const mask *m)
{
    const char *s = "";

    if (m == NULL || m->all) {
        return m == NULL ? "nothing" : "all";
    }
    for (const mask_field *f = m->first; f != NULL; f = f->next) {
        s = arena_format(&u->mem, "%s%s%s: %s", s, *s == '\0' ? "" : ", ",
            f->member->name, mask_text(u, f->mask));
    }
    return arena_format(&u->mem, "{%s}", s);
}

/* "order: {…} Node: all" */
static const char *
writes_text(unit *u, const decl *op)
{
    const char *s = "";

    for (const decl *param = op->first; param != NULL; param = param->next) {
        if (param->mask != NULL) {
            s = arena_format(&u->mem, "%s%s%s: %s", s, *s == '\0' ? "" : " ",
                param->name, mask_text(u, param->mask));
        }
    }
    if (op->writes == NULL) {
        return "everything";
    }
    for (const node_mask *n = op->writes->first; n != NULL; n = n->next) {
        s = arena_format(&u->mem, "%s%s%s: %s", s, *s == '\0' ? "" : " ",
            n->valuetype->idl, mask_text(u, n->mask));
    }
    return s;
}

static const struct {
    const char *paths;
    const char *params;
    const char *text; /* NULL: an error */
} contracts[] = {
    { "o", "inout O o", "o: all" },
    { "o.total, o.lines.q", "inout O o", "o: {lines: {q: all}, total: all}" },
    { "o.total,o.lines", "inout O o, inout O p",
        "o: {lines: all, total: all}" },
    { "o.by.sku", "inout O o", "o: {by: {sku: all}}" },
    { "o.box.q, o.rows.q", "inout O o", "o: {box: {q: all}, rows: {q: all}}" },
    { "o.u.one.q", "inout O o", "o: {u: {one: {q: all}}}" },
    { "q", "inout sequence<Line> l", NULL },
    { "l.q", "inout sequence<Line> l", "l: {q: all}" },
    { "o.node", "inout O o", "o: {node: all}" },
    { "o.node.name", "inout O o", NULL },
    { "Node.name", "inout O o", "m::Node: {name: all}" },
    { "Node.line.q, o.total", "inout O o",
        "o: {total: all} m::Node: {line: {q: all}}" },
    { "Node", "inout Node n", "m::Node: all" },
    { "n", "inout Node n", "n: all" },
    { "n.name", "inout Node n", NULL },
    { "n, Node", "inout Node n", "n: all m::Node: all" },
    { "m::Node.name", "inout Node n", "m::Node: {name: all}" },
    { "::m::Node.name", "inout Node n", "m::Node: {name: all}" },
    { "::Node.name", "inout Node n", NULL },
    { "ode.name", "inout Node n", NULL },
    { "Node.name", "inout Line l", NULL },
    { "Other.x", "inout Node n", "m::Other: {x: all}" },
    { "*", "inout Node n, in O x, inout Line l",
        "n: all l: all m::Node: all m::Other: all" },
    { "*.q", "inout Line l, inout O o", "l: {q: all}" },
    { "*.line.q", "inout O o", "m::Node: {line: {q: all}}" },
    { "*.name, l", "inout Node n, inout Line l",
        "l: all m::Node: {name: all}" },
    { "*.x, Node.name", "inout Node n, inout Line l",
        "m::Node: {name: all} m::Other: {x: all}" },
    { "*.nothing", "inout Node n", NULL },
    { "Node.name", "@mw::unique inout Node n", "m::Node: {name: all}" },
    { "kids.x", "inout map<string, sequence<Kid>> kids", "kids: {x: all}" },
    { "kids.kids.kids.x", "inout sequence<Kid> kids",
        "kids: {kids: {kids: {x: all}}}" },
    { "o.total, o.total", "inout O o", NULL },
    { "o, o.total", "inout O o", NULL },
    { "o.total, o", "inout O o", NULL },
    { "", "inout O o", NULL },
    { "o,", "inout O o", NULL },
    { ".total", "inout O o", NULL },
    { "o.", "inout O o", NULL },
    { "o", "in O o", NULL },
    { "o", "out O o, inout Line l", NULL },
};

Test(front, writes)
{
    for (size_t i = 0; i < sizeof(contracts) / sizeof(*contracts); i++) {
        unit u;
        arena mem = { 0 };

        parse(
            &u, arena_format(&mem,
                    "module m { valuetype Node; valuetype Other;\n"
                    "  struct Line { string sku; long q; };\n"
                    "  union U switch (long) { case 1: Line one; };\n"
                    "  typedef Line Row[3];\n"
                    "  struct Kid { long x; sequence<Kid> kids; };\n"
                    "  struct O { sequence<Line> lines; double total;\n"
                    "    map<string, Line> by; @external @optional Line box;\n"
                    "    Row rows; U u; Node node; };\n"
                    "  interface I { @mw::writes(\"%s\") void f(%s); };\n"
                    "  valuetype Node { public string name; public Line line;\n"
                    "    public map<long, Other> others; };\n"
                    "  valuetype Other { public long x; public Node up; }; };",
                    contracts[i].paths, contracts[i].params));
        cr_expect((u.diag.errors == 0) == (contracts[i].text != NULL),
            "\"%s\": %s", contracts[i].paths,
            u.diag.errors > 0 ? u.diag.messages.data : "no error");
        if (u.diag.errors == 0 && contracts[i].text != NULL) {
            decl *op = child(find(&u, "I"), "f");

            cr_expect_str_eq(writes_text(&u, op), contracts[i].text,
                "\"%s\": %s", contracts[i].paths, writes_text(&u, op));
        }
        unit_free(&u);
        arena_free(&mem);
    }
}

/* The error stands where the path is wrong, unless the text is not in the
 * source as it is. */
Test(front, place_of_a_path)
{
    static const struct {
        const char *text;
        size_t column;
    } cases[] = {
        { "\"s.x,  s.y\"", 36 },
        { "\"s.x,\" \" s.y\"", 27 },
        { "\"s.x,\\x20s.y\"", 27 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        unit u;
        arena mem = { 0 };
        const char *at =
            arena_format(&mem, "test.idl:2:%zu: error:", cases[i].column);

        parse(
            &u, arena_format(&mem,
                    "struct S { long x; };\ninterface I { @mw::writes(%s) void "
                    "f(inout S s); };",
                    cases[i].text));
        cr_expect(u.diag.errors == 1);
        cr_expect(strstr(u.diag.messages.data, at) != NULL, "%s: %s", at,
            u.diag.messages.data);
        unit_free(&u);
        arena_free(&mem);
    }
}

/* Paths of any length, and more names than are shown. */
Test(front, long_paths)
{
    for (int n = 63; n <= 65; n++) {
        unit u;
        text idl = { 0 };

        text_puts(&idl, "struct K { long x; sequence<K> k; };\n"
                        "interface I { @mw::writes(\"k");
        for (int i = 1; i < n; i++) {
            text_puts(&idl, ".k");
        }
        text_puts(&idl, ".x\") void f(inout K k); };");
        parse(&u, idl.data);
        cr_expect((u.diag.errors == 0) == (n <= 64), "%d: %s", n,
            u.diag.errors > 0 ? u.diag.messages.data : "");
        unit_free(&u);
        text_free(&idl);
    }
}

/* What holds references is found however long the chain is, and whatever the
 * order of declaration. */
Test(front, refs_from_afar)
{
    enum { N = 20000 };
    text idl = { 0 };
    unit u;

    text_puts(&idl, "valuetype Node;\n");
    for (int i = 0; i < N; i++) {
        text_printf(&idl, "struct S%d;\n", i);
    }
    for (int i = 0; i + 1 < N; i++) {
        text_printf(&idl, "struct S%d { sequence<S%d> x; };\n", i, i + 1);
    }
    text_printf(&idl, "struct S%d { Node n; };\n", N - 1);
    text_puts(&idl, "valuetype Node { public long x; };\n");
    parse_good(&u, idl.data);
    for (const item *it = u.items; it != NULL; it = it->next) {
        cr_assert(it->decl->kind == DECL_VALUETYPE || it->decl->own->refs, "%s",
            it->decl->name);
    }
    unit_free(&u);
    text_free(&idl);
}
