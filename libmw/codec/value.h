/* SPDX-License-Identifier: MIT */
/*
 * codec: the engine that handles any value by its descriptor.
 *
 * Encoding of a value V(T), normative in docs/wire.md:
 *   integers         CBOR integers
 *   bool             true, false
 *   float, double    CBOR floats, written as 4 and 8 bytes, read in any width
 *                    that loses nothing
 *   enum             its number
 *   string           text
 *   struct           array of the members in order of declaration; an absent
 *                    optional member is null.  A shorter array leaves the rest
 *                    at their defaults, extra items are skipped (unless @final)
 *   @mutable struct  map of ids to members, all of them, absent optional ones
 *                    as null; those that the map lacks get their defaults,
 *                    unknown ids are skipped (unless @final)
 *   union            array of the tag and, if the tag selects one, the arm
 *   bitmask          unsigned integer
 *   map              map, keys ascending as in memory
 *   @external        the value; null when @optional and absent
 *   valuetype        null, or the node's number among those of its type
 *                    (codec/nodes.h)
 *   sequence, array  array; of octet or uint8: byte string; of other numbers:
 *                    RFC 8746 typed array, written in the machine's byte
 *                    order, read in either, or as a plain array
 */
#ifndef MWI_CODEC_VALUE_H
#define MWI_CODEC_VALUE_H

#include "mw/desc.h"
#include "mw/status.h"

#include "base/arena.h"
#include "codec/cbor.h"

struct mwi_nodes;       /* codec/nodes.h */
struct mwi_node_copies; /* codec/graph.h */

/* Where new values live, and how much they may still take. */
struct mwi_place {
    struct mwi_arena *arena;        /* NULL: the heap */
    size_t budget;                  /* bytes left to allocate */
    bool adopts;                    /* a payload that is apart may become items
                                       on the heap, or in an arena that is
                                       rest: nobody will read it again */
    struct mwi_node_copies *copies; /* what mwi_copy() makes of references;
                                       NULL: they are kept */
    /* In an arena, under a write contract: what of the value that is decoded
     * may not change lives in rest.  NULL: all of it may. */
    const mw_mask *mask;
    const mw_writes *writes; /* the same for nodes */
    struct mwi_arena *rest;
    bool has_failed; /* to allocate; then it does for good, so
                        that who tries again finds that, too */
};

/* What a heap block costs beyond its bytes, roughly: many tiny texts must not
 * get away with many times the budget. */
enum { MWI_HEAP_BLOCK_COST = 16 };

/** n * size zeroed bytes.  NULL when out of memory or over the budget. */
MW_MUST_USE void *mwi_place_alloc(
    struct mwi_place *place, size_t n, size_t size, size_t align);

/** The same, not zeroed, for who overwrites them all. */
MW_MUST_USE void *mwi_place_alloc_raw(
    struct mwi_place *place, size_t n, size_t size, size_t align);

/** Why mwi_place_alloc() with these arguments has just returned NULL: MW_ERANGE
 * over the budget or the arena's limit, else MW_ENOMEM. */
mw_status mwi_place_status(
    const struct mwi_place *place, size_t n, size_t size);

/** A copy of len bytes of text with a NUL behind it, or NULL. */
MW_MUST_USE char *mwi_place_strndup(
    struct mwi_place *place, const char *text, size_t len);

/** Take n * size bytes, and on the heap a little for the block, from the
 * budget for memory that comes from elsewhere.  False if it is exceeded. */
MW_MUST_USE bool mwi_place_charge(
    struct mwi_place *place, size_t n, size_t size);

/** Append V(type) of a value.  Checks UTF-8, bounds, enum values, and depth
 * (MW_DEFAULT_DEPTH_MAX, of which the writer's is a part).  Errors are the
 * writer's. */
void mwi_encode(struct mwi_writer *w, const mw_type *type, const void *value);

/** Append V of a struct's member or a union's arm, which must be within its
 * range; null if it is absent.  Neither its id nor a step of the path. */
void mwi_encode_field(
    struct mwi_writer *w, const mw_field *field, const void *record);

/** The size of V(type) in bytes, or anything above limit once it is known to
 * exceed that.  The value is encodable.  nodes are those that references are
 * numbered by; a node that is not among them, and any if there are none, is
 * taken to have a number of 2 bytes. */
size_t mwi_encoded_size(const struct mwi_nodes *nodes, const mw_type *type,
    const void *value, size_t limit);

/** Read V(type) into zeroed storage.  On an error, which is the reader's, the
 * storage holds a partial value that mwi_clear() can free (heap only). */
void mwi_decode(struct mwi_reader *r, struct mwi_place *place,
    const mw_type *type, void *ret_value);

/** Read V of a struct's member or a union's arm into zeroed storage, and note
 * whether it is present; null leaves an optional one absent. */
void mwi_decode_field(struct mwi_reader *r, struct mwi_place *place,
    const mw_field *field, void *ret_record);

/** Give zeroed storage the type's default value.  MW_ENOMEM, MW_ERANGE;
 * MW_EINTERNAL when the type has none that ends.  After a failure as with
 * mwi_copy(). */
MW_MUST_USE mw_status mwi_init(
    struct mwi_place *place, const mw_type *type, void *ret_value);

/** Deep copy into zeroed storage.  After a failure the storage holds a partial
 * value that mwi_clear() can free (heap only). */
MW_MUST_USE mw_status mwi_copy(struct mwi_place *place, const mw_type *type,
    void *ret_value, const void *src);

/** The copy of a node that a REF leads to, in a place with copies.  NULL when
 * it cannot be made. */
MW_MUST_USE void *mwi_node_copy_of(
    struct mwi_place *place, const mw_type *ref, const void *node);

/** Compare deeply: floats bit by bit, strings up to the NUL, references by
 * address.  What is nested so deep that comparing it takes memory which is not
 * there is taken to differ. */
MW_MUST_USE bool mwi_equal(const mw_type *type, const void *a, const void *b);

/* How the nodes of two objects correspond: those with the same number do. */
struct mwi_pairing {
    struct mwi_nodes *a; /* of one object; nodes are added as they are met */
    struct mwi_nodes *b; /* of the other */
    bool failed;         /* a node could not be added */
};

/** The same, with references equal if their nodes correspond.  NULL: if their
 * addresses are equal. */
MW_MUST_USE bool mwi_equal_paired(struct mwi_pairing *pairing,
    const mw_type *type, const void *a, const void *b);

/** Free all that a value on the heap owns, and zero it.  Nodes are not owned by
 * what refers to them. */
void mwi_clear(const mw_type *type, void *value);

/** Bytes that a value on the heap owns, counted as for a budget.  Nodes are not
 * owned by what refers to them. */
size_t mwi_heap_weight(const mw_type *type, const void *value);

/** A value as text, see mw_object_text().  [own: free()], NULL when out of
 * memory. */
MW_MUST_USE char *mwi_print(const mw_type *type, const void *value);

/** Append a value as text, without a NUL.  References are their nodes' labels,
 * Node#0, Node#1, …; nodes are added as they are met.  nodes may be NULL, then
 * they have none.  MW_ENOMEM; MW_EINVAL when a node cannot be added. */
MW_MUST_USE mw_status mwi_print_with(struct mwi_nodes *nodes,
    struct mwi_buf *buf, const mw_type *type, const void *value);

/** Whether a value of the kind is a number: neither BOOL nor ENUM. */
static inline bool
mwi_kind_is_number(uint32_t kind)
{
    return kind >= MW_KIND_U8 && kind <= MW_KIND_F64;
}

/* A sequence or array seen without its type. */
struct mwi_items {
    unsigned char *at; /* the first element, or NULL when there are none */
    size_t len;        /* elements */
};

/** The elements of a SEQ, SEQ_N or ARRAY value.  A SEQ_N that claims more than
 * its bound is taken to have as many as that, a SEQ without items to have
 * none. */
struct mwi_items mwi_items_of(const mw_type *type, const void *value);

/** The same for a value that goes to a peer: such a claim is the writer's
 * error. */
struct mwi_items mwi_items_to_write(
    struct mwi_writer *w, const mw_type *type, const void *value);

/** The text of a STRING or STRING_N value and its length, at most bound + 1
 * for the latter (bound + 1: there is no NUL).  Never NULL. */
const char *mwi_text_of(
    const mw_type *type, const void *value, size_t *ret_len);

/** The same for a text that goes to a peer: not UTF-8, and longer than the
 * bound, are the writer's error, and then the text is empty. */
const char *mwi_text_to_write(struct mwi_writer *w, const mw_type *type,
    const void *value, size_t *ret_len);

/** The name of an ENUM's enumerator, or NULL if no such is declared. */
const char *mwi_enum_name(const mw_type *type, int64_t value);

/** Whether a struct's optional member is there. */
bool mwi_optional_is_present(const mw_field *field, const void *record);

/** Whether a struct's member is there: always, unless optional. */
static inline bool
mwi_field_is_present(const mw_field *field, const void *record)
{
    return (field->flags & MW_FIELD_OPTIONAL) == 0 ||
           mwi_optional_is_present(field, record);
}

/** The address of a struct's member. */
static inline void *
mwi_field_at(const mw_field *field, const void *record)
{
    return (void *) ((uintptr_t) record + field->offset);
}

/** Note presence of a member that is optional and not STRING or BOX. */
void mwi_field_set_present(const mw_field *field, void *record, bool present);

/** The member with an id, or NULL. */
const mw_field *mwi_field_by_id(const mw_type *type, uint64_t id);

/* A walk over a struct's members by ascending id. */
struct mwi_by_id {
    const mw_type *type;
    const mw_field *last; /* the one given last, or NULL */
    bool is_declared_so;  /* that is the order of declaration */
};

struct mwi_by_id mwi_by_id(const mw_type *type);

/** The next member, or NULL after the last. */
const mw_field *mwi_next_by_id(struct mwi_by_id *walk);

/** Whether V(type) is a CBOR map, so that a patch is an array. */
bool mwi_is_map_value(const mw_type *type);

/* Unions. */

/** The tag's value. */
int64_t mwi_union_tag(const mw_type *type, const void *value);

/** The arm that the tag selects, or NULL if it selects none. */
const mw_field *mwi_union_arm(const mw_type *type, const void *value);

/** The arm that a tag would select, or NULL. */
const mw_field *mwi_union_arm_of(const mw_type *type, int64_t tag);

/** Read V of a union's tag: its value.  0 after an error. */
int64_t mwi_union_read_tag(struct mwi_reader *r, const mw_type *type);

/** Append V of a union's tag, checking that it is a value of its type. */
void mwi_union_write_tag(
    struct mwi_writer *w, const mw_type *type, const void *value);

/** Store a tag, which is a value of its type. */
void mwi_union_set_tag(const mw_type *type, void *value, int64_t tag);

/** See mw_union_select(). */
MW_MUST_USE mw_status mwi_union_select(
    struct mwi_place *place, const mw_type *type, void *value, int64_t tag);

/* What takes 1, 2, 4 or 8 bytes. */

/** The value of a BOOL, an integer or an ENUM; of a U64 the same bits. */
int64_t mwi_load_integer(const mw_type *type, const void *value);

/** The bits of one of these, or of a BITMASK, zeros above them. */
uint64_t mwi_load_bits(const mw_type *type, const void *value);

/** Store its bits; those beyond its size are not looked at. */
void mwi_store_bits(const mw_type *type, void *value, uint64_t bits);

/** Read one number of a kind that mwi_kind_is_number(). */
void mwi_read_number(struct mwi_reader *r, uint32_t kind, void *ret_value);

#endif
