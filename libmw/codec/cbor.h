/* SPDX-License-Identifier: MIT */
/*
 * codec: CBOR cursors (RFC 8949) over libcbor's streaming decoder and
 * encoders.
 *
 * A reader walks one message in memory, a writer appends to a buffer.  Both
 * have a sticky error: the first one wins, notes what and where, and turns all
 * that follows into no-ops that return zero, so that code which reads a
 * message is straight lines with one check at the end.
 *
 * What is read may be hostile.  The reader takes definite lengths only,
 * believes no count before it has compared it with the bytes that are left,
 * bounds the depth, checks UTF-8, and allocates nothing.  It accepts heads
 * longer than needed (RFC 8949 section 4.1 leaves that open); the writer
 * writes the shortest.
 */
#ifndef MWI_CODEC_CBOR_H
#define MWI_CODEC_CBOR_H

#include "mw/desc.h"
#include "mw/status.h"

#include "base/buf.h"
#include "base/gather.h"
#include "codec/apart.h"

/* What the next item is. */
enum mwi_item {
    MWI_ITEM_NONE, /* the end, or after an error */
    MWI_ITEM_UINT,
    MWI_ITEM_NEGINT,
    MWI_ITEM_BYTES,
    MWI_ITEM_TEXT,
    MWI_ITEM_ARRAY,
    MWI_ITEM_MAP,
    MWI_ITEM_TAG,
    MWI_ITEM_BOOL,
    MWI_ITEM_NULL,
    MWI_ITEM_FLOAT,  /* half, single or double */
    MWI_ITEM_SIMPLE, /* undefined and unassigned simple values */
};

/* A reader goes no deeper than this, whatever it is told. */
enum { MWI_DEPTH_LIMIT = 512 };

/* One step of the way to a value, for error texts: "order", ".lines", "[3]",
 * "[\"bolt\"]".  Steps live on the stack of the functions that take them. */
struct mwi_path {
    const struct mwi_path *up; /* NULL at the root */
    const char *name;          /* a member's name, or NULL */
    size_t index;              /* when name and key are NULL */
    const mw_type *key_type;   /* of key */
    const void *key;           /* a map's key, valid; or NULL */
};

struct mwi_reader {
    const uint8_t *start;
    const uint8_t *at;       /* the next item */
    const uint8_t *end;      /* or where the payload is that is apart, until the
                                reader has passed it */
    const uint8_t *last;     /* the end of all bytes */
    struct mwi_apart *apart; /* or NULL */
    uint32_t depth;          /* containers entered */
    uint32_t depth_max;
    const struct mwi_path *path; /* where the caller is, for error texts */
    struct mwi_nodes *nodes;     /* that numbers of nodes refer to, or NULL:
                                    there must be none (codec/nodes.h) */
    mw_error error;              /* status MW_OK until something is wrong */
};

/** Read len bytes, nested at most depth_max containers and tags deep (and at
 * most MWI_DEPTH_LIMIT). */
void mwi_reader_init(
    struct mwi_reader *r, const uint8_t *bytes, size_t len, uint32_t depth_max);

/** Before anything is read: the message has a payload apart.
 *
 * @param apart  [borrow: r] NULL, or without a block: it has none */
void mwi_reader_set_apart(struct mwi_reader *r, struct mwi_apart *apart);

/** Go back, or forward again, to an item that was read or skipped before. */
void mwi_reader_seek(struct mwi_reader *r, const uint8_t *at);

static inline bool
mwi_reader_ok(const struct mwi_reader *r)
{
    return r->error.status == MW_OK;
}

/** Bytes left, without a payload that is apart. */
static inline size_t
mwi_reader_left(const struct mwi_reader *r)
{
    return (size_t) (r->last - r->at);
}

/** Fail unless all bytes were read.  Returns the reader's status. */
mw_status mwi_reader_finish(struct mwi_reader *r);

/** Note an error at the current item, unless there is one already.  The text
 * is "PATH: MESSAGE at byte N".  Returns the reader's status. */
mw_status mwi_reader_fail(struct mwi_reader *r, mw_status status,
    const char *format, ...) MW_PRINTF(3, 4);

/** Note that an allocation failed: MW_ENOMEM, or MW_ERANGE over a limit. */
void mwi_reader_fail_memory(struct mwi_reader *r, mw_status status);

/** Note that something else was expected here: "expected EXPECTED, found
 * unsigned integer".  MW_EINVAL. */
mw_status mwi_reader_mismatch(struct mwi_reader *r, const char *expected);

/** What the next item is, by its initial byte.  Consumes nothing. */
enum mwi_item mwi_peek(struct mwi_reader *r);

/* Each reads one item of its type, or fails with a mismatch and returns zero.
 */
uint64_t mwi_read_uint(struct mwi_reader *r);
int64_t mwi_read_int(struct mwi_reader *r); /* UINT or NEGINT in range */
bool mwi_read_bool(struct mwi_reader *r);
void mwi_read_null(struct mwi_reader *r);
double mwi_read_float(struct mwi_reader *r); /* any width */

/** A byte string: a view into the message, or of what is apart. */
const uint8_t *mwi_read_bytes(struct mwi_reader *r, size_t *ret_len);

/** A text of valid UTF-8: a view into the message, without a NUL behind it. */
const char *mwi_read_text(struct mwi_reader *r, size_t *ret_len);

/** The head of an array: enter it and return how many items follow, which is
 * no more than there are bytes left.  Call mwi_leave() after the last. */
size_t mwi_read_array(struct mwi_reader *r);

/** The head of a map: enter it and return how many pairs follow. */
size_t mwi_read_map(struct mwi_reader *r);

/** A tag's number.  Enters it as a container of one item. */
uint64_t mwi_read_tag(struct mwi_reader *r);

/** Leave the array, map or tag entered last. */
void mwi_leave(struct mwi_reader *r);

/** Skip one item with all that it contains, checking that it is well-formed,
 * of definite length, not too deep, and its texts UTF-8.  Does not recurse. */
void mwi_skip(struct mwi_reader *r);

struct mwi_writer {
    struct mwi_buf *buf;
    uint32_t depth; /* containers that the caller has open around a value:
                       mwi_encode() counts on from there */
    const struct mwi_path *path; /* where the caller is, for error texts */
    struct mwi_nodes *nodes;     /* to number nodes by, or NULL: there must be
                                    none (codec/nodes.h) */
    struct mwi_gather *gather;   /* where long byte strings are noted, whose
                                    bytes stay as they are; NULL: they are
                                    copied.  Only for who neither goes back nor
                                    looks at what was written */
    mw_error error;              /* status MW_OK until something is wrong */
};

/** Append to a buffer, whose maximum is the limit. */
void mwi_writer_init(struct mwi_writer *w, struct mwi_buf *buf);

static inline bool
mwi_writer_ok(const struct mwi_writer *w)
{
    return w->error.status == MW_OK;
}

/** Note an error, unless there is one already: "PATH: MESSAGE".  Returns the
 * writer's status. */
mw_status mwi_writer_fail(struct mwi_writer *w, mw_status status,
    const char *format, ...) MW_PRINTF(3, 4);

void mwi_write_uint(struct mwi_writer *w, uint64_t value);
void mwi_write_int(struct mwi_writer *w, int64_t value);
void mwi_write_bool(struct mwi_writer *w, bool value);
void mwi_write_null(struct mwi_writer *w);
void mwi_write_f32(struct mwi_writer *w, float value);  /* always 5 bytes */
void mwi_write_f64(struct mwi_writer *w, double value); /* always 9 bytes */
void mwi_write_bytes(struct mwi_writer *w, const void *bytes, size_t len);
void mwi_write_text(struct mwi_writer *w, const char *text, size_t len);
void mwi_write_array(struct mwi_writer *w, size_t n); /* n items follow */
void mwi_write_map(struct mwi_writer *w, size_t n);   /* n pairs follow */
void mwi_write_tag(struct mwi_writer *w, uint64_t tag);
/** The head of a byte string whose len bytes the caller appends. */
void mwi_write_bytes_head(struct mwi_writer *w, size_t len);
/** Bytes that are CBOR already. */
void mwi_write_raw(struct mwi_writer *w, const void *bytes, size_t len);

/** The place where the next item goes, and going back to it: all that was
 * written since is dropped, an error is not.  Valid while nothing is consumed
 * from the buffer.  Not for a writer with a gather. */
size_t mwi_writer_mark(const struct mwi_writer *w);
void mwi_writer_rewind(struct mwi_writer *w, size_t mark);

/** Bytes of the shortest head for an argument: 1, 2, 3, 5 or 9. */
size_t mwi_head_size(uint64_t argument);

#endif
