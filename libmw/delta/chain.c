/* SPDX-License-Identifier: MIT */
/*
 * The heaviest ascending chain of matches.  Usually all of them ascend already
 * and there is nothing to do.  Otherwise this is the longest increasing
 * subsequence with weights, in O(k log k): for each match in turn, the
 * heaviest chain that ends before its old start is asked of a Fenwick tree
 * over the old ends.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "delta/align.h"

struct link {
    size_t weight; /* of the heaviest chain that ends with match */
    size_t match;  /* number + 1 of that match, 0: none */
};

struct chains {
    struct link *tree; /* 1 to n: best of a run of ends that ends there */
    size_t *ends;      /* n, sorted */
    size_t *before;    /* by match: number + 1 of the one before it */
    size_t n;
};

static int
compare(const void *a, const void *b)
{
    size_t x = *(const size_t *) a;
    size_t y = *(const size_t *) b;

    return (x > y) - (x < y);
}

/* How many ends are at most limit. */
static size_t
rank(const struct chains *chains, size_t limit)
{
    size_t low = 0;
    size_t high = chains->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (chains->ends[middle] <= limit) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Run over the matches; returns the last one of the heaviest chain, + 1. */
static size_t
link_all(struct chains *chains, const struct mwi_matches *matches)
{
    struct link best = { 0 };

    for (size_t i = 0; i < matches->len; i++) {
        const struct mwi_match *match = &matches->at[i];
        struct link link = { .match = 0 };

        for (size_t at = rank(chains, match->old_at); at > 0; at &= at - 1) {
            if (chains->tree[at].weight > link.weight) {
                link = chains->tree[at];
            }
        }
        chains->before[i] = link.match;
        link.weight += match->n;
        link.match = i + 1;
        if (link.weight > best.weight) {
            best = link;
        }
        for (size_t at = rank(chains, match->old_at + match->n);
             at <= chains->n; at += at & (~at + 1)) {
            if (chains->tree[at].weight < link.weight) {
                chains->tree[at] = link;
            }
        }
    }
    return best.match;
}

/* Drop all matches that are not in the chain that ends with last. */
static void
keep(struct mwi_matches *matches, const size_t *before, size_t last)
{
    size_t n = 0;

    /* Marked by a length of 0: what the chain jumps over. */
    for (size_t i = matches->len; i > 0; i--) {
        if (i == last) {
            last = before[i - 1];
        } else {
            matches->at[i - 1].n = 0;
        }
    }
    for (size_t i = 0; i < matches->len; i++) {
        if (matches->at[i].n > 0) {
            matches->at[n++] = matches->at[i];
        }
    }
    matches->len = n;
}

static bool
ascends(const struct mwi_matches *matches, size_t *ret_n)
{
    bool yes = true;

    *ret_n = 0;
    for (size_t i = 0; i < matches->len; i++) {
        const struct mwi_match *match = &matches->at[i];

        *ret_n += match->n;
        yes =
            yes && (i == 0 || match[-1].old_at + match[-1].n <= match->old_at);
    }
    return yes;
}

bool
mwi_match_chain(struct mwi_matches *matches, size_t *ret_n)
{
    size_t n = matches->len;
    struct chains chains = { .n = n };
    bool ok;

    if (ascends(matches, ret_n)) {
        return true;
    }
    chains.tree = mwi_calloc(n + 1, sizeof(*chains.tree));
    chains.ends = mwi_calloc(n, sizeof(*chains.ends));
    chains.before = mwi_calloc(n, sizeof(*chains.before));
    ok = chains.tree != NULL && chains.ends != NULL && chains.before != NULL;
    if (ok) {
        for (size_t i = 0; i < n; i++) {
            chains.ends[i] = matches->at[i].old_at + matches->at[i].n;
        }
        qsort(chains.ends, n, sizeof(*chains.ends), compare);
        keep(matches, chains.before, link_all(&chains, matches));
        (void) ascends(matches, ret_n);
    }
    mwi_free(chains.tree);
    mwi_free(chains.ends);
    mwi_free(chains.before);
    return ok;
}
