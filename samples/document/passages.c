/* SPDX-License-Identifier: MIT */
/*
 * Finds out for people what changed in a text: where two texts part, it looks
 * for the nearest place where they go on alike for a while.
 */
#include "passages.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    ALIKE = 8,    /* bytes that count as going on alike */
    FAR = 200,    /* bytes to look ahead */
    CONTEXT = 22, /* bytes shown on either side, about */
};

struct passage {
    const char *before, *after; /* where the texts part */
    size_t n_before, n_after;   /* bytes until they meet again */
};

/* Whether two texts go on alike, or end together. */
static bool
are_alike(const char *a, const char *b)
{
    return strncmp(a, b, ALIKE) == 0;
}

static bool
is_inside_character(const char *text)
{
    return ((unsigned char) *text & 0xc0) == 0x80;
}

/* Finds the shortest change after which the texts meet again.  Without any
 * nearby, the rest of both texts is one change. */
static void
measure(struct passage *passage)
{
    size_t max_before = strnlen(passage->before, FAR);
    size_t max_after = strnlen(passage->after, FAR);
    size_t sum, n;

    for (sum = 1; sum <= max_before + max_after; sum++) {
        n = sum > max_after ? sum - max_after : 0;
        for (; n <= sum && n <= max_before; n++) {
            if (are_alike(passage->before + n, passage->after + sum - n)) {
                passage->n_before = n;
                passage->n_after = sum - n;
                return;
            }
        }
    }
    passage->n_before = strlen(passage->before);
    passage->n_after = strlen(passage->after);
}

/* Moves passage on to the next change; false when there is none. */
static bool
next_passage(struct passage *passage)
{
    const char *start;

    passage->before += passage->n_before;
    passage->after += passage->n_after;
    start = passage->before;
    while (*passage->before != '\0' && *passage->before == *passage->after) {
        passage->before++;
        passage->after++;
    }
    if (*passage->before == *passage->after) {
        return false;
    }
    while (passage->before > start && is_inside_character(passage->before)) {
        passage->before--;
        passage->after--;
    }
    measure(passage);
    return true;
}

/* Prints some of a line, and dots where it is cut off. */
static void
print_excerpt(const char *text, const char *from, const char *to)
{
    const char *start = from - text > CONTEXT ? from - CONTEXT : text;
    size_t len = (size_t) (to - start) + strnlen(to, CONTEXT);
    size_t i;

    while (len > 0 && is_inside_character(start)) {
        start++;
        len--;
    }
    while (len > 0 && is_inside_character(start + len)) {
        len--;
    }
    fputs(start > text ? "…" : "", stdout);
    for (i = 0; i < len; i++) {
        putchar(start[i] == '\n' ? ' ' : start[i]);
    }
    fputs(start[len] != '\0' ? "…" : "", stdout);
}

static size_t
count_passages(const char *before, const char *after)
{
    struct passage passage = { .before = before, .after = after };
    size_t n = 0;

    while (next_passage(&passage)) {
        n++;
    }
    return n;
}

size_t
passages_print(const char *before, const char *after, size_t max)
{
    struct passage passage = { .before = before, .after = after };
    size_t n = count_passages(before, after), step = n / max + 1, i;

    for (i = 0; next_passage(&passage); i++) {
        if (i % step == 0) {
            printf("  − ");
            print_excerpt(
                before, passage.before, passage.before + passage.n_before);
            printf("\n  + ");
            print_excerpt(
                after, passage.after, passage.after + passage.n_after);
            printf("\n\n");
        }
    }
    return n;
}
