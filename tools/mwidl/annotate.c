/* SPDX-License-Identifier: MIT */
/*
 * Annotations: which there are, where they belong, and what they say.
 */
#include <string.h>

#include "parser.h"

enum {
    ARGS_MAX = 4,
    ID_MAX = 0x0fffffff, /* DDS-XTypes 1.3 section 7.3.1.2.1.1 leaves 28 bits */
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

enum { ON_MEMBER = 1, ON_STRUCT = 2, ON_OP = 4, ON_ENUMERATOR = 8 };

static const struct {
    const char *name;
    note_kind kind;
    unsigned targets; /* ON_ bits */
} known[] = {
    { "id", NOTE_ID, ON_MEMBER },
    { "optional", NOTE_OPTIONAL, ON_MEMBER },
    { "default", NOTE_DEFAULT, ON_MEMBER },
    { "key", NOTE_KEY, ON_MEMBER },
    { "unit", NOTE_UNIT, ON_MEMBER },
    { "range", NOTE_RANGE, ON_MEMBER },
    { "min", NOTE_MIN, ON_MEMBER },
    { "max", NOTE_MAX, ON_MEMBER },
    { "value", NOTE_VALUE, ON_ENUMERATOR },
    { "final", NOTE_FINAL, ON_STRUCT },
    { "appendable", NOTE_APPENDABLE, ON_STRUCT },
    { "mw::deadline_ms", NOTE_DEADLINE, ON_OP },
};

static const char *const known_list =
    "@id, @optional, @default, @key, @unit, @range, @min, @max on members, "
    "@value on enumerators, @final, @appendable on structs, "
    "@mw::deadline_ms on operations";

static const char *const later[] = {
    "mutable",
    "external",
    "mw::idempotent",
    "mw::priority",
    "mw::max_concurrency",
    "mw::writes",
    "mw::allow",
    "mw::unique",
    "mw::c_type",
};

/* The n-th target in words, for messages. */
static const char *
targets_text(unsigned targets)
{
    switch (targets) {
    case ON_MEMBER:
        return "a member of a struct or exception";
    case ON_STRUCT:
        return "a struct or exception";
    case ON_OP:
        return "an operation";
    default:
        return "an enumerator";
    }
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

static void
set_unit(parser *p, const arguments *args, annotations *notes)
{
    const value *v = only_argument(p, args, "unit");

    if (v != NULL && v->kind != VALUE_STRING) {
        error_at(&p->u->diag, v->at, "@unit takes a string");
    } else if (v != NULL) {
        notes->unit = v->string;
    }
}

static void
apply_note(parser *p, note_kind kind, const arguments *args, annotations *notes)
{
    switch (kind) {
    case NOTE_ID:
        notes->has_id = unsigned_argument(p, args, "id", 0, ID_MAX, &notes->id);
        break;
    case NOTE_OPTIONAL:
        notes->optional = flag_argument(p, args, "optional");
        break;
    case NOTE_KEY:
        notes->key = flag_argument(p, args, "key");
        break;
    case NOTE_DEFAULT:
        set_value(p, args, "default", &notes->initial);
        break;
    case NOTE_UNIT:
        set_unit(p, args, notes);
        break;
    case NOTE_RANGE:
        range_arguments(p, args, notes);
        break;
    case NOTE_MIN:
        set_value(p, args, "min", &notes->min);
        break;
    case NOTE_MAX:
        set_value(p, args, "max", &notes->max);
        break;
    case NOTE_VALUE:
        set_value(p, args, "value", &notes->number);
        break;
    case NOTE_FINAL:
        no_argument(p, args, "final");
        notes->final = true;
        break;
    case NOTE_APPENDABLE:
        no_argument(p, args, "appendable");
        notes->appendable = true;
        break;
    default:
        notes->has_deadline = unsigned_argument(
            p, args, "mw::deadline_ms", 1, UINT32_MAX - 1, &notes->deadline_ms);
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
        apply_note(p, known[i].kind, args, notes);
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

void
check_note_targets(parser *p, const annotations *notes, decl_kind kind)
{
    unsigned target = kind == DECL_MEMBER ? ON_MEMBER
                      : kind == DECL_STRUCT || kind == DECL_EXCEPTION
                          ? ON_STRUCT
                      : kind == DECL_OP         ? ON_OP
                      : kind == DECL_ENUMERATOR ? ON_ENUMERATOR
                                                : 0;

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (notes->at[known[i].kind].file != NULL &&
            (known[i].targets & target) == 0) {
            error_at(&p->u->diag, notes->at[known[i].kind],
                "@%s belongs on %s, not on %s", known[i].name,
                targets_text(known[i].targets), decl_kind_text(kind));
        }
    }
}
