/* SPDX-License-Identifier: MIT */
/*
 * The differ: which old element each new element came from.
 *
 * By key, an element is found wherever it went.  By content, elements that are
 * the same are aligned, and of those between them as many as possible are
 * paired, so that a changed element travels as its change.
 */
#include <string.h>

#include "base/mem.h"
#include "codec/access.h"
#include "delta/compare.h"
#include "delta/write.h"

enum {
    PAIRS_MAX = 1024,    /* pairs in a hunk that are looked at */
    LOOK_MAX = 64,       /* bytes of a member that are, to pair elements */
    TELLING_MIN = 2,     /* members that tell an element from its neighbour */
    PROBES_PER_KEY = 16, /* of the table of keys: keys may be made to collide */
};

bool
mwi_is_keyed(const mw_type *type)
{
    if (type->kind == MW_KIND_STRUCT) {
        for (uint32_t i = 0; i < type->n_members; i++) {
            if ((type->fields[i].flags & MW_FIELD_KEY) != 0) {
                return true;
            }
        }
    }
    return false;
}

/* Old elements by the hash of their key. */
struct key_table {
    const mw_type *elem;
    const struct mwi_snapshot *snapshot;
    struct mwi_items old;
    struct key_slot {
        uint64_t hash;
        size_t element; /* old index + 1, 0: free */
    } * slots;
    size_t mask;
    size_t probes; /* that may still be made */
};

bool
mwi_same_key(const mw_type *elem, const struct mwi_snapshot *snapshot_a,
    const void *a, const struct mwi_snapshot *snapshot_b, const void *b)
{
    for (uint32_t i = 0; i < elem->n_members; i++) {
        const mw_field *field = &elem->fields[i];

        if ((field->flags & MW_FIELD_KEY) != 0 &&
            !mwi_same_field(field, snapshot_a, a, snapshot_b, b)) {
            return false;
        }
    }
    return true;
}

/* The slot of the element with the key of a record, or where it would go.
 * NULL when it takes too long to find. */
static struct key_slot *
find_key(struct key_table *table, const struct mwi_snapshot *snapshot,
    const void *record)
{
    const mw_type *elem = table->elem;
    uint64_t hash = mwi_hash_key(elem, snapshot, record);
    size_t at = (size_t) hash & table->mask;

    while (table->slots[at].element != 0) {
        const unsigned char *old =
            table->old.at + (table->slots[at].element - 1) * elem->size;

        if (table->slots[at].hash == hash &&
            mwi_same_key(elem, table->snapshot, old, snapshot, record)) {
            return &table->slots[at];
        }
        if (table->probes-- == 0) {
            table->probes = 0;
            return NULL;
        }
        at = (at + 1) & table->mask;
    }
    table->slots[at].hash = hash;
    return &table->slots[at];
}

/* Whether an old and a new element have the same key. */
static bool
is_pair(const struct key_table *table, struct mwi_items live, size_t i,
    size_t old_end, size_t j, size_t new_end)
{
    size_t size = table->elem->size;

    return i < old_end && j < new_end &&
           mwi_same_key(table->elem, table->snapshot, table->old.at + i * size,
               NULL, live.at + j * size);
}

/* Match those that follow one another as they did; where they do not, look no
 * further than to the next.  Returns how many old ones are left, or SIZE_MAX
 * when two neighbours have the same key. */
static size_t
match_neighbours(const struct key_table *table, struct mwi_items live,
    struct mwi_matching *matching, unsigned char *taken)
{
    size_t size = table->elem->size;
    size_t old_end = table->old.len - matching->suffix;
    size_t new_end = live.len - matching->suffix;
    size_t left = old_end - matching->prefix;
    size_t i = matching->prefix;
    size_t j = matching->prefix;

    while (i < old_end && j < new_end) {
        const unsigned char *old = table->old.at + i * size;

        if (i + 1 < old_end && mwi_same_key(table->elem, table->snapshot, old,
                                   table->snapshot, old + size)) {
            return SIZE_MAX;
        }
        if (is_pair(table, live, i, old_end, j, new_end)) {
            taken[i - matching->prefix] = 1;
            matching->from[j++] = i++;
            left--;
        } else if (is_pair(table, live, i + 1, old_end, j, new_end)) {
            i++;
        } else {
            matching->from[j] = MWI_NO_ELEMENT;
            i += !is_pair(table, live, i, old_end, j + 1, new_end);
            j++;
        }
    }
    while (j < new_end) {
        matching->from[j++] = MWI_NO_ELEMENT;
    }
    return left;
}

/* Enter the old elements from start on that are not taken.  False when two have
 * the same key. */
static bool
enter_keys(struct key_table *table, size_t start, size_t end,
    const unsigned char *taken)
{
    for (size_t i = start; i < end; i++) {
        struct key_slot *slot;

        if (taken[i - start] != 0) {
            continue;
        }
        slot = find_key(
            table, table->snapshot, table->old.at + i * table->elem->size);
        if (slot == NULL || slot->element != 0) {
            return false;
        }
        slot->element = i + 1;
    }
    return true;
}

/* Look up the new elements.  False when two came from the same. */
static bool
look_up_keys(struct key_table *table, struct mwi_items live,
    struct mwi_matching *matching, unsigned char *taken)
{
    for (size_t j = matching->prefix; j < live.len - matching->suffix; j++) {
        const struct key_slot *slot;

        if (matching->from[j] != MWI_NO_ELEMENT) {
            continue;
        }
        slot = find_key(table, NULL, live.at + j * table->elem->size);
        if (slot == NULL) {
            return false;
        }
        if (slot->element != 0) {
            size_t i = slot->element - 1;

            if (taken[i - matching->prefix] != 0) {
                return false;
            }
            taken[i - matching->prefix] = 1;
            matching->from[j] = i;
        }
    }
    return true;
}

bool
mwi_match_keyed(const struct mwi_differ *d, const mw_type *elem,
    struct mwi_items old, struct mwi_items live, struct mwi_matching *matching)
{
    struct key_table table = {
        .elem = elem,
        .snapshot = d->snapshot,
        .old = old,
    };
    size_t end = old.len - matching->suffix;
    unsigned char *taken = mwi_calloc(end - matching->prefix, 1);
    size_t left = taken != NULL
                      ? match_neighbours(&table, live, matching, taken)
                      : SIZE_MAX;
    size_t cap = 4;
    bool ok = left != SIZE_MAX;

    if (ok) {
        while (cap / 2 < left) {
            cap *= 2;
        }
        table.mask = cap - 1;
        table.probes = (old.len + live.len + cap) * PROBES_PER_KEY;
        table.slots = mwi_calloc(cap, sizeof(*table.slots));
        ok = table.slots != NULL &&
             enter_keys(&table, matching->prefix, end, taken) &&
             look_up_keys(&table, live, matching, taken);
    }
    mwi_free(table.slots);
    mwi_free(taken);
    return ok;
}

/* Whether two members look alike, at a glance. */
static bool
looks_alike(const struct mwi_differ *d, const mw_field *field, const void *old,
    const void *live)
{
    const mw_type *type = field->type;
    const void *a = mwi_field_at(field, old);
    const void *b = mwi_field_at(field, live);
    const char *text_a;
    const char *text_b;
    size_t len_a;
    size_t len_b;

    if (mwi_field_is_present(field, old) != mwi_field_is_present(field, live)) {
        return false;
    }
    if (type->kind == MW_KIND_STRING || type->kind == MW_KIND_STRING_N) {
        text_a = mwi_text_in(d->snapshot, type, a, &len_a);
        text_b = mwi_text_in(NULL, type, b, &len_b);
        return len_a == len_b &&
               memcmp(text_a, text_b, len_a < LOOK_MAX ? len_a : LOOK_MAX) == 0;
    }
    return mwi_type_is_flat(type) &&
           memcmp(a, b, type->size < LOOK_MAX ? type->size : LOOK_MAX) == 0;
}

/* How much two elements have in common.  Even those that have nothing in
 * common are better paired than not. */
static uint32_t
likeness(const struct mwi_differ *d, const mw_type *elem, const void *old,
    const void *live)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < elem->n_members; i++) {
        n += looks_alike(d, &elem->fields[i], old, live);
    }
    return 1 + 4 * n;
}

bool
mwi_is_changed_in_place(const struct mwi_differ *d, const mw_type *elem,
    const void *before, const void *old, const void *live)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < elem->n_members && n < TELLING_MIN; i++) {
        const mw_field *field = &elem->fields[i];

        n += field->type->kind != MW_KIND_BOOL &&
             field->type->kind != MW_KIND_ENUM &&
             looks_alike(d, field, old, live) &&
             !looks_alike(d, field, before, live);
    }
    return n == TELLING_MIN;
}

/* Pair the elements of a hunk whose sides differ in length so that they have
 * as much in common as possible: sums[i][j] is the best for all from old i and
 * new j on. */
static bool
pair_alike(const struct mwi_differ *d, const mw_type *elem,
    struct mwi_items old, struct mwi_items live, const struct mwi_hunk *hunk,
    size_t *from)
{
    size_t n = hunk->old_n;
    size_t m = hunk->new_n;
    size_t row = m + 1;
    uint32_t *like = mwi_calloc(n * m, sizeof(*like));
    uint32_t *sums = mwi_calloc((n + 1) * row, sizeof(*sums));
    bool ok = like != NULL && sums != NULL;

    for (size_t i = ok ? n : 0; i-- > 0;) {
        for (size_t j = m; j-- > 0;) {
            uint32_t best = sums[(i + 1) * row + j];
            uint32_t both;

            like[i * m + j] =
                likeness(d, elem, old.at + (hunk->old_at + i) * elem->size,
                    live.at + (hunk->new_at + j) * elem->size);
            both = like[i * m + j] + sums[(i + 1) * row + j + 1];
            best = sums[i * row + j + 1] > best ? sums[i * row + j + 1] : best;
            sums[i * row + j] = both > best ? both : best;
        }
    }
    for (size_t i = 0, j = 0; ok && i < n && j < m;) {
        uint32_t sum = sums[i * row + j];

        if (sum == like[i * m + j] + sums[(i + 1) * row + j + 1]) {
            from[hunk->new_at + j++] = hunk->old_at + i++;
        } else if (sum == sums[(i + 1) * row + j]) {
            i++;
        } else {
            j++;
        }
    }
    mwi_free(like);
    mwi_free(sums);
    return ok;
}

/* Pair what can be paired in the hunks, and match what lies between them. */
static bool
pair_all(const struct mwi_differ *d, const mw_type *elem, struct mwi_items old,
    struct mwi_items live, const struct mwi_hunks *hunks,
    struct mwi_matching *matching)
{
    size_t old_at = matching->prefix;
    size_t new_at = matching->prefix;

    for (size_t h = 0; h <= hunks->len; h++) {
        struct mwi_hunk hunk = { .new_at = live.len - matching->suffix };
        size_t least;

        if (h < hunks->len) {
            hunk = hunks->at[h];
        }
        while (new_at < hunk.new_at) {
            matching->from[new_at++] = old_at++;
        }
        for (size_t j = 0; j < hunk.new_n; j++) {
            matching->from[hunk.new_at + j] = MWI_NO_ELEMENT;
        }
        least = hunk.old_n < hunk.new_n ? hunk.old_n : hunk.new_n;
        if (elem->kind == MW_KIND_STRUCT && hunk.old_n != hunk.new_n &&
            hunk.new_n > 0 && hunk.old_n <= PAIRS_MAX / hunk.new_n) {
            if (!pair_alike(d, elem, old, live, &hunk, matching->from)) {
                return false;
            }
        } else {
            for (size_t j = 0; j < least; j++) {
                matching->from[hunk.new_at + j] = hunk.old_at + j;
            }
        }
        old_at += hunk.old_n;
        new_at += hunk.new_n;
    }
    return true;
}

static void
hash_all(uint64_t *ret_hashes, const mw_type *elem,
    const struct mwi_snapshot *snapshot, struct mwi_items items, size_t start,
    size_t end)
{
    for (size_t i = start; i < end; i++) {
        *ret_hashes++ = mwi_hash(elem, snapshot, items.at + i * elem->size);
    }
}

bool
mwi_match_content(const struct mwi_differ *d, const mw_type *elem,
    struct mwi_items old, struct mwi_items live, struct mwi_matching *matching)
{
    size_t prefix = matching->prefix;
    size_t n = old.len - prefix - matching->suffix;
    size_t m = live.len - prefix - matching->suffix;
    uint64_t *hashes = mwi_calloc(n + m, sizeof(*hashes));
    struct mwi_rows rows = { .width = sizeof(*hashes), .hashes = true };
    struct mwi_hunks hunks = { 0 };
    bool ok = hashes != NULL;

    if (ok) {
        hash_all(hashes, elem, d->snapshot, old, prefix, prefix + n);
        hash_all(hashes + n, elem, NULL, live, prefix, prefix + m);
        rows.old = (const unsigned char *) hashes;
        rows.live = (const unsigned char *) (hashes + n);
        mwi_align(&hunks, &rows, n, m);
        for (size_t i = 0; i < hunks.len; i++) {
            hunks.at[i].old_at += prefix;
            hunks.at[i].new_at += prefix;
        }
        ok = !hunks.failed && pair_all(d, elem, old, live, &hunks, matching);
    }
    mwi_hunks_fini(&hunks);
    mwi_free(hashes);
    return ok;
}
