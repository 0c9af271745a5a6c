/* SPDX-License-Identifier: MIT */
/*
 * One pass over the text, into a new one.  That the new text is at another
 * address, and that most of it is copied unchanged, does not matter to libmw:
 * it compares the two and sends what differs.
 */
#include "correct.h"

#include <stdlib.h>
#include <string.h>

/* What is left of the old text, and where the new one grows. */
struct pass {
    const char *in;
    char *out;
    char before; /* the last byte of the old text that was read, or a space */
};

static bool
is_letter(char c)
{
    unsigned char byte = (unsigned char) c;

    /* Any byte of a letter that is not ASCII will do for one. */
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           byte >= 0x80;
}

static void
put(struct pass *pass, const char *text)
{
    size_t len = strlen(text);

    memcpy(pass->out, text, len);
    pass->out += len;
}

static void
take(struct pass *pass, size_t len)
{
    pass->before = pass->in[len - 1];
    pass->in += len;
}

static const char *
find_correction(const char *word, size_t len)
{
    static const char *const corrections[][2] = {
        { "accomodate", "accommodate" },
        { "adress", "address" },
        { "begining", "beginning" },
        { "beleive", "believe" },
        { "definately", "definitely" },
        { "goverment", "government" },
        { "neccessary", "necessary" },
        { "occured", "occurred" },
        { "recieve", "receive" },
        { "seperate", "separate" },
        { "teh", "the" },
        { "Untill", "Until" },
        { "untill", "until" },
        { "wich", "which" },
    };
    size_t i;

    for (i = 0; i < sizeof(corrections) / sizeof(corrections[0]); i++) {
        if (strlen(corrections[i][0]) == len &&
            memcmp(corrections[i][0], word, len) == 0) {
            return corrections[i][1];
        }
    }
    return NULL;
}

static void
do_word(struct pass *pass, document_Tally *tally)
{
    const char *correction;
    size_t len = 1;

    while (is_letter(pass->in[len])) {
        len++;
    }
    correction = find_correction(pass->in, len);
    if (correction != NULL) {
        put(pass, correction);
        tally->words++;
    } else {
        memcpy(pass->out, pass->in, len);
        pass->out += len;
    }
    take(pass, len);
}

static bool
opens_quote(char before)
{
    return before == ' ' || before == '\n' || before == '(';
}

static void
do_other(struct pass *pass, document_Tally *tally)
{
    const char *in = pass->in;

    if (in[0] == '"') {
        put(pass, opens_quote(pass->before) ? "“" : "”");
        tally->quotes++;
    } else if (in[0] == '\'') {
        put(pass, opens_quote(pass->before) ? "‘" : "’");
        tally->quotes++;
    } else if (in[0] == '-' && in[1] == '-') {
        put(pass, "–");
        tally->dashes++;
        take(pass, 1);
    } else if (in[0] == ' ' && in[1] == ' ') {
        tally->spaces++; /* the last of them is copied */
    } else {
        *pass->out++ = in[0];
    }
    take(pass, 1);
}

mw_status
correct(mw_call *call, char **text, document_Tally *ret_tally)
{
    document_Tally tally = { .words = 0 };
    struct pass pass = { .in = *text, .before = ' ' };
    char *corrected;

    /* No correction makes more than three bytes of one. */
    corrected = mw_alloc(call, 3 * strlen(*text) + 1);
    if (corrected == NULL) {
        return MW_ENOMEM;
    }
    pass.out = corrected;
    while (*pass.in != '\0') {
        if (is_letter(*pass.in)) {
            do_word(&pass, &tally);
        } else {
            do_other(&pass, &tally);
        }
    }
    *pass.out = '\0';
    if (call == NULL) {
        free(*text);
    }
    *text = corrected;
    *ret_tally = tally;
    return MW_OK;
}
