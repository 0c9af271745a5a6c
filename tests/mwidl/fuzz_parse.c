/* SPDX-License-Identifier: MIT */
/*
 * A libFuzzer entry: compiles bytes as if they were a file of IDL.
 *
 * Whatever they are, the compiler must come back, and either report errors or
 * generate code; what it formats must be IDL again, and formatting that again
 * must change nothing.  The rest is up to the sanitizers.
 */
#include "fuzz_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "emit.h"
#include "format.h"
#include "parser.h"

/* Parses and checks; the unit must be freed. */
static void
compile(unit *u, const char *data, size_t size)
{
    unit_init(u, &(unit_options){ 0 });
    parse_unit(u, source_from_text(&u->sources, "input.idl", data, size));
    check_unit(u);
}

static void
generate(unit *u)
{
    emitter e;

    emitter_init(&e, u);
    for (int kind = 0; kind < N_OUTPUTS; kind++) {
        text out = { 0 };

        emit_output(&e, (output_kind) kind, &out);
        text_free(&out);
    }
    emitter_free(&e);
}

static void
check_fixed_point(const text *formatted)
{
    unit u;
    text again = { 0 };

    compile(&u, formatted->data, formatted->len);
    if (u.diag.errors > 0) {
        fprintf(stderr, "the formatted IDL is wrong:\n%s\n%s", formatted->data,
            u.diag.messages.data);
        abort();
    }
    format_unit(&u, &again);
    if (strcmp(again.data, formatted->data) != 0) {
        fprintf(stderr, "formatted:\n%s\nagain:\n%s\n", formatted->data,
            again.data);
        abort();
    }
    text_free(&again);
    unit_free(&u);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unit u;

    compile(&u, (const char *) data, size);
    if ((u.diag.errors > 0) != (u.diag.messages.len > 0)) {
        abort();
    }
    if (u.diag.errors == 0) {
        text formatted = { 0 };

        generate(&u);
        format_unit(&u, &formatted);
        check_fixed_point(&formatted);
        text_free(&formatted);
    }
    unit_free(&u);
    return 0;
}
