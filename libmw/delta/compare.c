/* SPDX-License-Identifier: MIT */
#include "delta/compare.h"

#include <string.h>

#include "codec/access.h"

/* That are compared.  The encoder refuses values that nest less deep, even with
 * a box around each of their parts. */
enum { LEVELS_MAX = 160 };

enum { TEXTS_MAX = 8 }; /* of an element that is compared the short way */

static const void *
place_in(const struct mwi_snapshot *snapshot, const void *address)
{
    return snapshot != NULL ? mwi_snapshot_of(snapshot, address) : address;
}

/* Whether the elements are in a block of their own. */
static bool
has_own_items(const mw_type *type)
{
    return type->kind == MW_KIND_SEQ || type->kind == MW_KIND_MAP;
}

const char *
mwi_text_in(const struct mwi_snapshot *snapshot, const mw_type *type,
    const void *value, size_t *ret_len)
{
    const char *text;

    if (snapshot == NULL || type->kind != MW_KIND_STRING) {
        return mwi_text_of(type, value, ret_len);
    }
    text = place_in(snapshot, mwi_load_string(value));
    text = text != NULL ? text : "";
    *ret_len = strlen(text);
    return text;
}

const void *
mwi_boxed_in(const struct mwi_snapshot *snapshot, const void *value)
{
    return place_in(snapshot, mwi_load_pointer(value));
}

struct mwi_items
mwi_items_in(
    const struct mwi_snapshot *snapshot, const mw_type *type, const void *value)
{
    struct mwi_items items = mwi_items_of(type, value);

    if (snapshot != NULL && has_own_items(type)) {
        items.at =
            (unsigned char *) (uintptr_t) mwi_snapshot_of(snapshot, items.at);
    }
    return items;
}

/* One of two values that are compared. */
struct side {
    const struct mwi_snapshot *snapshot;    /* NULL: it is live */
    const struct mwi_snapshot_chunk *chunk; /* where the last pointer led */
};

struct pair {
    struct side a;
    struct side b;
    uint32_t levels; /* that may still be entered */
};

/* Where a pointer leads.  Mostly it is to the same chunk as the last. */
static const void *
lead(struct side *side, const void *address)
{
    uintptr_t at = (uintptr_t) address;

    if (side->snapshot == NULL || address == NULL) {
        return address;
    }
    if (side->chunk == NULL || at - side->chunk->start >= side->chunk->len) {
        side->chunk = mwi_snapshot_chunk(side->snapshot, address);
    }
    return side->chunk == NULL ? address
                               : side->chunk->copy + (at - side->chunk->start);
}

/* Whether nothing has changed from where an address leads to the end of what
 * was there with it. */
static bool
is_untouched(struct side *side, const void *address)
{
    (void) lead(side, address);
    return side->snapshot != NULL && side->chunk != NULL &&
           (uintptr_t) address - side->chunk->start >= side->chunk->same_from;
}

/* The same pointer, then and now. */
static bool
same_untouched(struct pair *pair, const void *address)
{
    struct side *then = pair->a.snapshot != NULL ? &pair->a : &pair->b;
    struct side *now = then == &pair->a ? &pair->b : &pair->a;

    return now->snapshot == NULL && is_untouched(then, address);
}

static bool same(
    struct pair *pair, const mw_type *type, const void *a, const void *b);
static bool same_pointees(
    struct pair *pair, const mw_type *type, const void *value);

static bool
same_field(
    struct pair *pair, const mw_field *field, const void *a, const void *b)
{
    if ((field->flags & MW_FIELD_OPTIONAL) != 0) {
        bool present = mwi_field_is_present(field, a);

        if (!present || !mwi_field_is_present(field, b)) {
            return present == mwi_field_is_present(field, b);
        }
    }
    return same(
        pair, field->type, mwi_field_at(field, a), mwi_field_at(field, b));
}

/* Elements; items are where their pointers lead. */
static bool
same_elements(struct pair *pair, const mw_type *elem, struct mwi_items a,
    struct mwi_items b)
{
    if (a.len != b.len) {
        return false;
    }
    if (a.len == 0) {
        return true;
    }
    if (mwi_type_is_flat(elem)) {
        if (memcmp(a.at, b.at, a.len * elem->size) == 0) {
            return true;
        }
        if (mwi_kind_is_number(elem->kind)) {
            return false;
        }
    }
    for (size_t i = 0; i < a.len; i++) {
        if (!same(pair, elem, a.at + i * elem->size, b.at + i * elem->size)) {
            return false;
        }
    }
    return true;
}

/* What a sequence has, or one more than it can have if it claims elements that
 * are not there. */
static struct mwi_items
items_claimed(struct side *side, const mw_type *type, const void *value)
{
    struct mwi_items items;

    if (has_own_items(type)) {
        struct mwi_seq seq = mwi_load_seq(value);

        items.at = seq.len == 0
                       ? NULL
                       : (unsigned char *) (uintptr_t) lead(side, seq.items);
        items.len = seq.len;
        return items;
    }
    items = mwi_items_of(type, value);
    if (type->kind == MW_KIND_SEQ_N) {
        items.len = mwi_load_len(value);
    }
    return items;
}

static bool
same_items(struct pair *pair, const mw_type *type, const void *a, const void *b)
{
    struct mwi_items items_a = items_claimed(&pair->a, type, a);
    struct mwi_items items_b = items_claimed(&pair->b, type, b);

    /* Claims that are not true are the encoder's to refuse. */
    if ((items_a.at == NULL) != (items_a.len == 0) ||
        (items_b.at == NULL) != (items_b.len == 0) ||
        (type->kind == MW_KIND_SEQ_N &&
            (items_a.len > type->bound || items_b.len > type->bound))) {
        return false;
    }
    return same_elements(pair, type->elem, items_a, items_b);
}

static bool
same_string(struct pair *pair, const char *a, const char *b)
{
    if (a == b && a != NULL && same_untouched(pair, a)) {
        return true;
    }
    a = lead(&pair->a, a);
    b = lead(&pair->b, b);
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static bool
same_text_n(const mw_type *type, const void *a, const void *b)
{
    size_t len_a;
    size_t len_b;
    const char *text_a = mwi_text_of(type, a, &len_a);
    const char *text_b = mwi_text_of(type, b, &len_b);

    return len_a == len_b && memcmp(text_a, text_b, len_a) == 0;
}

static bool
same_struct(
    struct pair *pair, const mw_type *type, const void *a, const void *b)
{
    if (memcmp(a, b, type->size) == 0) {
        return mwi_type_is_flat(type) || same_pointees(pair, type, a);
    }
    for (uint32_t i = 0; i < type->n_members; i++) {
        if (!same_field(pair, &type->fields[i], a, b)) {
            return false;
        }
    }
    return true;
}

/* What two values point to that are themselves the same, byte by byte. */
static bool
same_pointees(struct pair *pair, const mw_type *type, const void *value)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        const mw_field *field = &type->fields[i];
        const void *member = mwi_field_at(field, value);

        if (mwi_type_is_flat(field->type)) {
            continue;
        }
        if (field->type->kind == MW_KIND_STRING) {
            const char *text = mwi_load_string(member);

            if (text != NULL && !same_string(pair, text, text)) {
                return false;
            }
        } else if (mwi_field_is_present(field, value) &&
                   !same(pair, field->type, member, member)) {
            return false;
        }
    }
    return true;
}

static bool
same_union(struct pair *pair, const mw_type *type, const void *a, const void *b)
{
    const mw_field *arm = mwi_union_arm(type, a);

    return mwi_union_tag(type, a) == mwi_union_tag(type, b) &&
           (arm == NULL || same_field(pair, arm, a, b));
}

static bool
same_box(struct pair *pair, const mw_type *type, const void *a, const void *b)
{
    a = lead(&pair->a, mwi_load_pointer(a));
    b = lead(&pair->b, mwi_load_pointer(b));
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return same(pair, type->elem, a, b);
}

static bool
same_container(
    struct pair *pair, const mw_type *type, const void *a, const void *b)
{
    bool yes;

    if (pair->levels == 0) {
        return false;
    }
    pair->levels--;
    switch (type->kind) {
    case MW_KIND_STRUCT:
        yes = same_struct(pair, type, a, b);
        break;
    case MW_KIND_UNION:
        yes = same_union(pair, type, a, b);
        break;
    case MW_KIND_BOX:
        yes = same_box(pair, type, a, b);
        break;
    default:
        yes = same_items(pair, type, a, b);
        break;
    }
    pair->levels++;
    return yes;
}

static bool
same(struct pair *pair, const mw_type *type, const void *a, const void *b)
{
    switch (type->kind) {
    case MW_KIND_BOOL:
        return mwi_load_bool(a) == mwi_load_bool(b);
    case MW_KIND_STRING:
        return same_string(pair, mwi_load_string(a), mwi_load_string(b));
    case MW_KIND_STRING_N:
        return same_text_n(type, a, b);
    case MW_KIND_STRUCT:
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
    case MW_KIND_UNION:
    case MW_KIND_MAP:
    case MW_KIND_BOX:
        return same_container(pair, type, a, b);
    default:
        /* Numbers, bits, and references, which are the same when they lead to
         * the same node: nodes stay where they are. */
        return memcmp(a, b, type->size) == 0;
    }
}

bool
mwi_same(const mw_type *type, const struct mwi_snapshot *snapshot_a,
    const void *a, const struct mwi_snapshot *snapshot_b, const void *b)
{
    struct pair pair = { { snapshot_a, NULL }, { snapshot_b, NULL },
        LEVELS_MAX };

    return same(&pair, type, a, b);
}

/* Elements whose only pointers are texts, then and now. */
struct texts {
    uint32_t at[TEXTS_MAX]; /* offsets in an element */
    uint32_t n;
};

/* False: they have others, or too many. */
static bool
find_texts(const mw_type *elem, struct texts *ret_texts)
{
    ret_texts->n = 0;
    if (elem->kind != MW_KIND_STRUCT) {
        return false;
    }
    for (uint32_t i = 0; i < elem->n_members; i++) {
        const mw_field *field = &elem->fields[i];

        if (mwi_type_is_flat(field->type)) {
            continue;
        }
        if (field->type->kind != MW_KIND_STRING || ret_texts->n == TEXTS_MAX) {
            return false;
        }
        ret_texts->at[ret_texts->n++] = field->offset;
    }
    return true;
}

/* Whether all texts of an element are NULL or where nothing has changed. */
static bool
are_untouched(const struct texts *texts, const unsigned char *element,
    const struct mwi_snapshot_chunk *chunk)
{
    for (uint32_t i = 0; i < texts->n; i++) {
        uintptr_t at = (uintptr_t) mwi_load_string(element + texts->at[i]);

        /* Before the chunk it is beyond its end. */
        at -= chunk->start + chunk->same_from;
        if (at >= chunk->len - chunk->same_from) {
            return false;
        }
    }
    return true;
}

/* How many elements are the same by their bytes and by where their texts are,
 * from the first on.  Others may be the same, too. */
static size_t
count_untouched(struct pair *pair, const mw_type *elem, const unsigned char *a,
    const unsigned char *b, size_t n)
{
    struct side *then = pair->a.snapshot != NULL ? &pair->a : &pair->b;
    struct texts texts;
    size_t i = 0;

    if ((pair->a.snapshot == NULL) == (pair->b.snapshot == NULL) || n == 0 ||
        !find_texts(elem, &texts)) {
        return 0;
    }
    if (texts.n > 0) {
        (void) lead(then, mwi_load_string(a + texts.at[0]));
    }
    while (i < n && memcmp(a, b, elem->size) == 0 &&
           (texts.n == 0 || (then->chunk != NULL &&
                                are_untouched(&texts, a, then->chunk)))) {
        i++;
        a += elem->size;
        b += elem->size;
    }
    return i;
}

size_t
mwi_same_elements(const mw_type *elem, const struct mwi_snapshot *snapshot_a,
    const void *a, const struct mwi_snapshot *snapshot_b, const void *b,
    size_t n)
{
    struct pair pair = { { snapshot_a, NULL }, { snapshot_b, NULL },
        LEVELS_MAX };
    const unsigned char *items_a = a;
    const unsigned char *items_b = b;
    size_t i = count_untouched(&pair, elem, items_a, items_b, n);

    while (i < n && same(&pair, elem, items_a + i * elem->size,
                        items_b + i * elem->size)) {
        i++;
    }
    return i;
}

bool
mwi_same_field(const mw_field *field, const struct mwi_snapshot *snapshot_a,
    const void *record_a, const struct mwi_snapshot *snapshot_b,
    const void *record_b)
{
    struct pair pair = { { snapshot_a, NULL }, { snapshot_b, NULL },
        LEVELS_MAX };

    return same_field(&pair, field, record_a, record_b);
}
