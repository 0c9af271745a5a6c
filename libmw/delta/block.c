/* SPDX-License-Identifier: MIT */
/*
 * Finding long stretches that are in both rows, in the manner of rsync: the
 * old row is cut into blocks whose hashes go into a table; a window of one
 * block is rolled over the new row and looked up.  A hit is compared, grown in
 * both directions and jumped over.  Of the matches, those that ascend in both
 * rows and are longest together are kept.
 *
 * Where much is the same, as in a row of spaces, a block has many places.  Only
 * the first few are noted, and the place that carries on from the match before
 * is always tried, so that the time stays linear.
 */
#include <string.h>

#include "base/mem.h"
#include "delta/align.h"

enum {
    PLACES = 6,           /* of the same block that are looked at */
    BLOCKS_MAX = 1 << 16, /* at the first level, for the caches' sake */
    FILTER_BITS = 4,      /* 16 bits of the filter per place of the table */
    PROBES = 32,     /* places where a row is looked at before all of it is */
    PROBED_MOST = 8, /* an 8th of a row, at most, is looked at for that */
};

static const uint64_t BASE = UINT64_C(0x9e3779b97f4a7c15);

/* The blocks of a stretch of the old row, by their hashes. */
struct table {
    const struct mwi_rows *rows;
    size_t start;     /* of the stretch */
    size_t end;       /* behind it */
    size_t block;     /* symbols */
    uint64_t power;   /* of BASE, that a block's first symbol has in its hash */
    uint32_t *first;  /* block number + 1 by hash, 0: none */
    uint32_t *next;   /* block number + 1 by block number */
    uint64_t *filter; /* a bit per value of a longer part of the hash: most
                         windows are in no block, and this fits a cache */
    unsigned filter_shift;
    unsigned shift; /* from a mixed hash to a place in first */
};

size_t
mwi_block_symbols(const struct mwi_rows *rows, unsigned level, size_t old_n)
{
    static const size_t fixed[] = { 32, 32, 8 };
    size_t bytes;

    if (rows->hashes) {
        return level == 0 ? 1 : 0;
    }
    if (level >= sizeof(fixed) / sizeof(fixed[0])) {
        return 0;
    }
    bytes = fixed[level];
    while (level == 0 && old_n * rows->width / bytes > BLOCKS_MAX) {
        bytes *= 2;
    }
    return bytes > rows->width ? bytes / rows->width : 1;
}

static uint64_t
symbol(const unsigned char *row, size_t width, size_t at)
{
    uint64_t word = 0;

    switch (width) {
    case 1:
        return row[at];
    case 2: {
        uint16_t half;

        memcpy(&half, row + at * 2, 2);
        return half;
    }
    case 4: {
        uint32_t single;

        memcpy(&single, row + at * 4, 4);
        return single;
    }
    default:
        memcpy(&word, row + at * width, sizeof(word));
        return word;
    }
}

/* The hash of a block: a polynomial of its symbols in BASE. */
static uint64_t
hash_block(const unsigned char *row, size_t width, size_t at, size_t block)
{
    uint64_t hash = 0;

    for (size_t i = 0; i < block; i++) {
        hash = hash * BASE + symbol(row, width, at + i);
    }
    return hash;
}

/* The high bits depend on all bits of the polynomial, which roll by halves. */
static uint64_t
mix(uint64_t hash)
{
    hash ^= hash >> 29;
    return hash * UINT64_C(0xd6e8feb86659fd93);
}

/* A hash's place in table.first. */
static size_t
slot(const struct table *table, uint64_t hash)
{
    return (size_t) (mix(hash) >> table->shift);
}

/* A hash's bit in table.filter. */
static size_t
filter_bit(const struct table *table, uint64_t hash)
{
    return (size_t) (mix(hash) >> table->filter_shift);
}

static bool
may_be_known(const struct table *table, uint64_t hash)
{
    size_t bit = filter_bit(table, hash);

    return (table->filter[bit / 64] >> (bit % 64) & 1) != 0;
}

/* Note a block, unless there are enough of its hash already. */
static void
table_add(struct table *table, uint32_t number)
{
    size_t at = table->start + (size_t) number * table->block;
    uint64_t hash =
        hash_block(table->rows->old, table->rows->width, at, table->block);
    uint32_t *place = &table->first[slot(table, hash)];
    size_t bit = filter_bit(table, hash);

    table->filter[bit / 64] |= UINT64_C(1) << (bit % 64);
    for (unsigned i = 0; *place != 0; i++) {
        if (i == PLACES) {
            return;
        }
        place = &table->next[*place - 1];
    }
    *place = number + 1;
}

static bool
table_init(struct table *table, const struct mwi_rows *rows,
    const struct mwi_hunk *where, size_t block)
{
    size_t n = where->old_n / block;
    unsigned bits = 4;

    *table = (struct table){
        .rows = rows,
        .start = where->old_at,
        .end = where->old_at + where->old_n,
        .block = block,
        .power = 1,
    };
    if (n >= UINT32_MAX) {
        n = UINT32_MAX - 1;
    }
    while ((n >> bits) > 0) {
        bits++;
    }
    table->shift = 64 - bits;
    table->filter_shift = table->shift - FILTER_BITS;
    for (size_t i = 1; i < block; i++) {
        table->power *= BASE;
    }
    table->first = mwi_calloc((size_t) 1 << bits, sizeof(*table->first));
    table->next = mwi_calloc(n, sizeof(*table->next));
    table->filter =
        mwi_calloc((size_t) 1 << (bits + FILTER_BITS - 6), sizeof(uint64_t));
    if (table->first == NULL || table->next == NULL || table->filter == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        table_add(table, (uint32_t) i);
    }
    return true;
}

static void
table_fini(struct table *table)
{
    mwi_free(table->first);
    mwi_free(table->next);
    mwi_free(table->filter);
}

/* How much is the same from two places on, 0 if less than a block. */
static size_t
reach(const struct table *table, const struct mwi_hunk *where, size_t old_at,
    size_t new_at)
{
    size_t old_left = table->end - old_at;
    size_t new_left = where->new_at + where->new_n - new_at;
    size_t n = mwi_same_prefix(
        table->rows, old_at, new_at, old_left < new_left ? old_left : new_left);

    return n < table->block ? 0 : n;
}

/* Whether the match found last may go on, after a difference of equal length,
 * at a place in the new row.  Blocks are of 8 bytes at least. */
static bool
may_go_on(
    const struct table *table, const struct mwi_match *before, size_t new_at)
{
    const struct mwi_rows *rows = table->rows;
    size_t old_at = before->old_at + (new_at - before->new_at);
    uint64_t a;
    uint64_t b;

    if (old_at > table->end || table->end - old_at < table->block) {
        return false;
    }
    memcpy(&a, rows->old + old_at * rows->width, sizeof(a));
    memcpy(&b, rows->live + new_at * rows->width, sizeof(b));
    return a == b;
}

/* The longest match for the window at a place in the new row, if any.  before
 * is the match found last. */
static struct mwi_match
look_up(const struct table *table, const struct mwi_hunk *where, size_t new_at,
    uint64_t hash, const struct mwi_match *before)
{
    struct mwi_match best = { .new_at = new_at };

    if (may_go_on(table, before, new_at)) {
        best.old_at = before->old_at + (new_at - before->new_at);
        best.n = reach(table, where, best.old_at, new_at);
    }
    if (best.n > 0 || !may_be_known(table, hash)) {
        return best;
    }
    for (uint32_t number = table->first[slot(table, hash)]; number != 0;
         number = table->next[number - 1]) {
        size_t old_at = table->start + (size_t) (number - 1) * table->block;
        size_t n = reach(table, where, old_at, new_at);

        if (n > best.n) {
            best.old_at = old_at;
            best.n = n;
        }
    }
    return best;
}

/* Roll the window on by a symbol. */
static uint64_t
roll(const struct table *table, size_t at, uint64_t hash)
{
    const struct mwi_rows *rows = table->rows;

    hash -= symbol(rows->live, rows->width, at) * table->power;
    return hash * BASE + symbol(rows->live, rows->width, at + table->block);
}

/* Whether a long row is worth to be scanned: at some of a few places in it
 * there is something of the old row. */
static bool
is_worth_it(const struct table *table, const struct mwi_hunk *where)
{
    size_t step = (where->new_n - table->block) / PROBES;
    struct mwi_match before = { .old_at = where->old_at,
        .new_at = where->new_at };

    if (table->rows->hashes || step / PROBED_MOST < table->block) {
        return true;
    }
    for (size_t i = 0; i < PROBES; i++) {
        /* Not in even steps: what is in the row may be so, too. */
        size_t at = where->new_at + i * step +
                    (size_t) (mix(i) % (step - table->block));
        size_t end = at + table->block;
        uint64_t hash =
            hash_block(table->rows->live, table->rows->width, at, table->block);

        for (; at < end; at++) {
            if (look_up(table, where, at, hash, &before).n > 0) {
                return true;
            }
            hash = roll(table, at, hash);
        }
    }
    return false;
}

static bool
push(struct mwi_matches *matches, const struct mwi_match *match)
{
    if (matches->len == matches->cap) {
        size_t cap = matches->cap == 0 ? 64 : matches->cap * 2;
        struct mwi_match *at = mwi_realloc(matches->at, cap, sizeof(*at));

        if (at == NULL) {
            return false;
        }
        matches->at = at;
        matches->cap = cap;
    }
    matches->at[matches->len++] = *match;
    return true;
}

/* Roll the window over the new row. */
static bool
scan(const struct table *table, struct mwi_rows *rows,
    const struct mwi_hunk *where, struct mwi_matches *matches)
{
    size_t block = table->block;
    size_t width = rows->width;
    size_t end = where->new_at + where->new_n - block;
    struct mwi_match before = { .old_at = where->old_at,
        .new_at = where->new_at };
    size_t at = where->new_at;
    uint64_t hash = hash_block(rows->live, width, at, block);

    for (;;) {
        struct mwi_match match = look_up(table, where, at, hash, &before);

        if (match.n > 0) {
            size_t room = match.new_at - (before.new_at + before.n);
            size_t old_room = match.old_at - where->old_at;
            size_t back = mwi_same_suffix(rows, match.old_at, match.new_at,
                room < old_room ? room : old_room);

            match.old_at -= back;
            match.new_at -= back;
            match.n += back;
            if (!push(matches, &match)) {
                return false;
            }
            before = match;
            at = match.new_at + match.n;
            if (at > end) {
                return true;
            }
            hash = hash_block(rows->live, width, at, block);
        } else if (at == end) {
            return true;
        } else {
            hash = roll(table, at, hash);
            at++;
        }
    }
}

bool
mwi_block_match(struct mwi_rows *rows, const struct mwi_hunk *where,
    size_t block, struct mwi_matches *matches)
{
    struct table table;
    size_t n;
    bool ok;

    matches->len = 0;
    if (where->old_n < block || where->new_n < block) {
        return true;
    }
    ok = table_init(&table, rows, where, block) &&
         (!is_worth_it(&table, where) || scan(&table, rows, where, matches));
    table_fini(&table);
    rows->budget -= (int64_t) (where->old_n + where->new_n);
    return ok && mwi_match_chain(matches, &n);
}
