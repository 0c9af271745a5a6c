/* SPDX-License-Identifier: MIT */
/*
 * Annotations: which there are, where they belong, and what they say.
 */
#include <string.h>

#include "parser.h"

enum {
    ARGS_MAX = 4,
    ID_MAX = 0x0fffffff, /* DDS-XTypes 1.3 section 7.3.1.2.1.1 leaves 28 bits */
    PRIORITY_MAX = 255,
    CONCURRENCY_MAX = 1000000,
};

/* One argument in the parentheses; .name is NULL for a lone value. */
typedef struct argument {
    const char *name;
    value value;
} argument;

typedef struct arguments {
    argument arg[ARGS_MAX];
    unsigned n;
    place at; /* of the annotation */
} arguments;

/* What an annotation can stand before. */
enum {
    ON_MEMBER = 1 << 0,
    ON_ARM = 1 << 1,
    ON_PARAM = 1 << 2,
    ON_ENUMERATOR = 1 << 3,
    ON_BIT = 1 << 4,
    ON_BITMASK = 1 << 5,
    ON_STRUCT = 1 << 6,
    ON_EXCEPTION = 1 << 7,
    ON_VALUETYPE = 1 << 8,
    ON_OP = 1 << 9,
    ON_INTERFACE = 1 << 10,
};

static const struct {
    unsigned target;
    const char *text;
} targets[] = {
    { ON_MEMBER, "a member" },
    { ON_ARM, "an arm of a union" },
    { ON_PARAM, "a parameter" },
    { ON_ENUMERATOR, "an enumerator" },
    { ON_BIT, "a bit of a bitmask" },
    { ON_BITMASK, "a bitmask" },
    { ON_STRUCT, "a struct" },
    { ON_EXCEPTION, "an exception" },
    { ON_VALUETYPE, "a valuetype" },
    { ON_OP, "an operation" },
    { ON_INTERFACE, "an interface" },
};

enum { N_TARGETS = sizeof(targets) / sizeof(*targets) };

static const struct {
    const char *name;
    note_kind kind;
    unsigned targets; /* ON_ bits */
} known[] = {
    { "id", NOTE_ID, ON_MEMBER },
    { "optional", NOTE_OPTIONAL, ON_MEMBER },
    { "default", NOTE_DEFAULT, ON_MEMBER },
    { "key", NOTE_KEY, ON_MEMBER },
    { "external", NOTE_EXTERNAL, ON_MEMBER | ON_ARM },
    { "unit", NOTE_UNIT, ON_MEMBER | ON_ARM },
    { "range", NOTE_RANGE, ON_MEMBER | ON_ARM },
    { "min", NOTE_MIN, ON_MEMBER | ON_ARM },
    { "max", NOTE_MAX, ON_MEMBER | ON_ARM },
    { "value", NOTE_VALUE, ON_ENUMERATOR },
    { "position", NOTE_POSITION, ON_BIT },
    { "bit_bound", NOTE_BIT_BOUND, ON_BITMASK },
    { "final", NOTE_FINAL, ON_STRUCT | ON_EXCEPTION | ON_VALUETYPE },
    { "appendable", NOTE_APPENDABLE, ON_STRUCT | ON_EXCEPTION | ON_VALUETYPE },
    { "mutable", NOTE_MUTABLE, ON_STRUCT | ON_EXCEPTION },
    { "mw::deadline_ms", NOTE_DEADLINE, ON_OP },
    { "mw::writes", NOTE_WRITES, ON_OP },
    { "mw::unique", NOTE_UNIQUE, ON_MEMBER | ON_ARM | ON_PARAM },
    { "mw::idempotent", NOTE_IDEMPOTENT, ON_OP },
    { "mw::keyed", NOTE_KEYED, ON_OP },
    { "mw::priority", NOTE_PRIORITY, ON_OP | ON_INTERFACE },
    { "mw::max_concurrency", NOTE_CONCURRENCY, ON_OP | ON_INTERFACE },
};

static const char *const known_list =
    "@id, @optional, @default, @key, @external, @unit, @range, @min, @max, "
    "@mw::unique on members, @value on enumerators, @position on bits, "
    "@bit_bound on bitmasks, @final, @appendable, @mutable on structs, "
    "@mw::deadline_ms, @mw::writes, @mw::idempotent, @mw::keyed on operations, "
    "@mw::priority, @mw::max_concurrency on operations and interfaces";

static const char *const later[] = {
    "mw::allow",
    "mw::c_type",
};

/* "a member, an arm of a union or a parameter" */
static const char *
targets_text(parser *p, unsigned wanted)
{
    const char *s = "";

    for (size_t i = 0; i < N_TARGETS; i++) {
        unsigned left = wanted >> i >> 1;

        if ((wanted & targets[i].target) != 0) {
            s = arena_format(&p->u->mem, "%s%s%s", s,
                *s == '\0'  ? ""
                : left == 0 ? " or "
                            : ", ",
                targets[i].text);
        }
    }
    return s;
}

/* The value of the only argument, called `name` or not at all. */
static const value *
only_argument(parser *p, const arguments *args, const char *note)
{
    if (args->n != 1 || (args->arg[0].name != NULL &&
                            strcmp(args->arg[0].name, "value") != 0)) {
        error_at(
            &p->u->diag, args->at, "@%s takes one value: @%s(...)", note, note);
        return NULL;
    }
    return args->arg[0].value.kind == VALUE_NONE ? NULL : &args->arg[0].value;
}

static bool
unsigned_argument(parser *p, const arguments *args, const char *note,
    uint32_t low, uint32_t high, uint32_t *ret)
{
    const value *v = only_argument(p, args, note);

    if (v == NULL) {
        return false;
    }
    if (v->kind != VALUE_INTEGER || v->negative || v->magnitude < low ||
        v->magnitude > high) {
        error_at(&p->u->diag, v->at, "@%s takes an integer from %u to %u", note,
            low, high);
        return false;
    }
    *ret = (uint32_t) v->magnitude;
    return true;
}

/* @key, @key(TRUE) or @key(FALSE). */
static bool
flag_argument(parser *p, const arguments *args, const char *note)
{
    if (args->n == 0) {
        return true;
    }
    const value *v = only_argument(p, args, note);

    if (v != NULL && v->kind != VALUE_BOOL) {
        error_at(&p->u->diag, v->at, "@%s takes TRUE, FALSE or nothing", note);
        return false;
    }
    return v != NULL && v->magnitude != 0;
}

static void
no_argument(parser *p, const arguments *args, const char *note)
{
    if (args->n > 0) {
        error_at(&p->u->diag, args->at, "@%s takes no value", note);
    }
}

static void
range_arguments(parser *p, const arguments *args, annotations *notes)
{
    for (unsigned i = 0; i < args->n; i++) {
        const char *name = args->arg[i].name;
        bool is_min = name != NULL && strcmp(name, "min") == 0;

        if (!is_min && (name == NULL || strcmp(name, "max") != 0)) {
            error_at(&p->u->diag, args->arg[i].value.at,
                "@range takes min = ... and max = ...");
            return;
        }
        *(is_min ? &notes->min : &notes->max) = args->arg[i].value;
    }
    if (args->n != 2 || notes->min.at.file == NULL ||
        notes->max.at.file == NULL) {
        error_at(&p->u->diag, args->at, "@range takes min = ... and max = ...");
    }
}

static void
set_value(parser *p, const arguments *args, const char *note, value *ret)
{
    const value *v = only_argument(p, args, note);

    if (v != NULL) {
        *ret = *v;
    }
}

/* The only argument, which is a string; NULL after an error. */
static const value *
string_argument(parser *p, const arguments *args, const char *note)
{
    const value *v = only_argument(p, args, note);

    if (v != NULL && v->kind != VALUE_STRING) {
        error_at(&p->u->diag, v->at, "@%s takes a string", note);
        return NULL;
    }
    return v;
}

/* Those that are there or not.  False if this is none of them. */
static bool
apply_flag(parser *p, note_kind kind, const char *name, const arguments *args,
    annotations *notes)
{
    switch (kind) {
    case NOTE_OPTIONAL:
        notes->optional = flag_argument(p, args, name);
        return true;
    case NOTE_KEY:
        notes->key = flag_argument(p, args, name);
        return true;
    case NOTE_EXTERNAL:
        notes->external = flag_argument(p, args, name);
        return true;
    case NOTE_UNIQUE:
        notes->unique = flag_argument(p, args, name);
        return true;
    case NOTE_IDEMPOTENT:
        notes->idempotent = flag_argument(p, args, name);
        return true;
    case NOTE_KEYED:
        notes->keyed = flag_argument(p, args, name);
        return true;
    case NOTE_FINAL:
    case NOTE_APPENDABLE:
    case NOTE_MUTABLE:
        no_argument(p, args, name);
        *(kind == NOTE_FINAL       ? &notes->final
            : kind == NOTE_MUTABLE ? &notes->mutable
                                   : &notes->appendable) = true;
        return true;
    default:
        return false;
    }
}

static void
apply_note(parser *p, note_kind kind, const char *name, const arguments *args,
    annotations *notes)
{
    const value *v;

    switch (kind) {
    case NOTE_ID:
        notes->has_id = unsigned_argument(p, args, name, 0, ID_MAX, &notes->id);
        break;
    case NOTE_POSITION:
        notes->has_position =
            unsigned_argument(p, args, name, 0, BITS_MAX - 1, &notes->position);
        break;
    case NOTE_BIT_BOUND:
        unsigned_argument(p, args, name, 1, BITS_MAX, &notes->bit_bound);
        break;
    case NOTE_DEADLINE:
        notes->has_deadline = unsigned_argument(
            p, args, name, 1, UINT32_MAX - 1, &notes->deadline_ms);
        break;
    case NOTE_PRIORITY:
        notes->has_priority =
            unsigned_argument(p, args, name, 0, PRIORITY_MAX, &notes->priority);
        break;
    case NOTE_CONCURRENCY:
        unsigned_argument(
            p, args, name, 1, CONCURRENCY_MAX, &notes->max_concurrency);
        break;
    case NOTE_DEFAULT:
        set_value(p, args, name, &notes->initial);
        break;
    case NOTE_UNIT:
        v = string_argument(p, args, name);
        notes->unit = v != NULL ? v->string : NULL;
        break;
    case NOTE_WRITES:
        v = string_argument(p, args, name);
        notes->writes = v != NULL ? *v : (value){ 0 };
        break;
    case NOTE_RANGE:
        range_arguments(p, args, notes);
        break;
    case NOTE_MIN:
        set_value(p, args, name, &notes->min);
        break;
    case NOTE_MAX:
        set_value(p, args, name, &notes->max);
        break;
    case NOTE_VALUE:
        set_value(p, args, name, &notes->number);
        break;
    default:
        break;
    }
}

static bool
parse_argument(parser *p, argument *arg)
{
    *arg = (argument){ .value.at = p->tok.at };
    if (p->tok.kind == TOKEN_NAME && lexer_sees(&p->lex, '=')) {
        arg->name = p->tok.name;
        advance(p);
        advance(p);
    }
    return parse_const(p, NULL, &arg->value);
}

static bool
parse_arguments(parser *p, arguments *args)
{
    if (!accept_punct(p, '(')) {
        return true;
    }
    do {
        if (args->n == ARGS_MAX) {
            error_at(
                &p->u->diag, p->tok.at, "no annotation takes so many values");
            return false;
        }
        if (!parse_argument(p, &args->arg[args->n])) {
            return false;
        }
        args->n++;
    } while (accept_punct(p, ','));
    return expect_punct(p, ')', "after the annotation's values");
}

/* "id" or "mw::deadline_ms"; words of IDL such as "default" among them. */
static bool
parse_note_name(parser *p, const char **ret_name)
{
    const char *name = "";

    do {
        if (p->tok.kind != TOKEN_NAME) {
            return expected(p, "an annotation's name");
        }
        name = arena_format(
            &p->u->mem, "%s%s%s", name, *name == '\0' ? "" : "::", p->tok.name);
        if (strlen(name) > 80) {
            error_at(&p->u->diag, p->tok.at, "unknown annotation");
            return false;
        }
        advance(p);
        /* In "@optional ::m::T x" the name ends before the blank. */
    } while (p->tok.joined && accept_punct(p, PUNCT_SCOPE));
    *ret_name = name;
    return true;
}

static bool
is_later(const char *name)
{
    for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++) {
        if (strcmp(later[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void
enter_note(
    parser *p, const char *name, const arguments *args, annotations *notes)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (strcmp(known[i].name, name) != 0) {
            continue;
        }
        if (notes->at[known[i].kind].file != NULL) {
            error_at(&p->u->diag, args->at, "@%s is given twice", name);
        }
        notes->at[known[i].kind] = args->at;
        if (!apply_flag(p, known[i].kind, name, args, notes)) {
            apply_note(p, known[i].kind, name, args, notes);
        }
        return;
    }
    if (is_later(name)) {
        error_at(&p->u->diag, args->at, "@%s is not supported yet", name);
    } else {
        error_at(&p->u->diag, args->at, "unknown annotation @%s; there are %s",
            name, known_list);
    }
}

bool
parse_annotations(parser *p, annotations *ret_notes)
{
    *ret_notes = (annotations){ 0 };
    while (at_punct(p, '@')) {
        arguments args = { .at = p->tok.at };
        const char *name = NULL;

        advance(p);
        if (!parse_note_name(p, &name) || !parse_arguments(p, &args)) {
            return false;
        }
        enter_note(p, name, &args, ret_notes);
    }
    return true;
}

static void
check_targets(
    parser *p, const annotations *notes, unsigned target, const char *what)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (notes->at[known[i].kind].file != NULL &&
            (known[i].targets & target) == 0) {
            error_at(&p->u->diag, notes->at[known[i].kind],
                "@%s belongs on %s, not on %s", known[i].name,
                targets_text(p, known[i].targets), what);
        }
    }
}

void
check_note_targets(parser *p, const annotations *notes, decl_kind kind)
{
    static const unsigned of_kind[] = {
        [DECL_MEMBER] = ON_MEMBER,
        [DECL_PARAM] = ON_PARAM,
        [DECL_ENUMERATOR] = ON_ENUMERATOR,
        [DECL_BIT] = ON_BIT,
        [DECL_BITMASK] = ON_BITMASK,
        [DECL_STRUCT] = ON_STRUCT,
        [DECL_EXCEPTION] = ON_EXCEPTION,
        [DECL_VALUETYPE] = ON_VALUETYPE,
        [DECL_OP] = ON_OP,
        [DECL_INTERFACE] = ON_INTERFACE,
    };

    check_targets(p, notes, of_kind[kind], decl_kind_text(kind));
}

void
check_arm_notes(parser *p, const annotations *notes)
{
    check_targets(p, notes, ON_ARM, "an arm of a union");
}
