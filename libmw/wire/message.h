/* SPDX-License-Identifier: MIT */
/*
 * wire: messages, as docs/wire.md defines them.  Each is a CBOR array whose
 * first element is the kind:
 *
 *     HELLO   [0, version, {0: message_max, ? 1: attends, ? 2: instance}]
 *     CALL    [1, id, target, meta, [arguments]]
 *     ACK     [2, id, ? state]
 *     REPLY   [3, id, [results]]
 *     FAIL    [4, id, status, text, ? {0: not run, 1: [exception name, value]}]
 *     PING    [6, id]
 *     PONG    [7, id]
 *     GOAWAY  [8, status, text]
 *
 * Elements behind those known are skipped, so that messages can grow.
 */
#ifndef MWI_WIRE_MESSAGE_H
#define MWI_WIRE_MESSAGE_H

#include "mw/status.h"

#include "codec/cbor.h"

enum {
    MWI_WIRE_VERSION = 1,
    /* No message may be longer before the peer's HELLO has said what it
     * takes; every peer takes this much. */
    MWI_MESSAGE_MIN = 64 << 10,
    /* Containers around an argument or a result: the message, the array. */
    MWI_BODY_DEPTH = 2,
    MWI_EXCEPTION_DEPTH = 3, /* the message, the map, the array */
};

enum mwi_message_kind {
    MWI_HELLO = 0,
    MWI_CALL = 1,
    MWI_ACK = 2,
    MWI_REPLY = 3,
    MWI_FAIL = 4,
    MWI_CANCEL = 5,
    MWI_PING = 6,
    MWI_PONG = 7,
    MWI_GOAWAY = 8,
};

/* A piece of text in a message, without a NUL behind it. */
struct mwi_text {
    const char *at;
    size_t len;
};

/* What a CALL says besides its arguments.  A receiver ignores even keys that
 * it does not know and refuses the call for odd ones. */
enum mwi_meta_key {
    MWI_META_TIMEOUT_MS = 0,  /* uint: until the caller gives up */
    MWI_META_FULL_VALUES = 1, /* bool: no deltas in the reply */
    MWI_META_ACK = 2,         /* uint: an enum mwi_ack_wish */
    MWI_META_BIND = 3,        /* uint: from now on this number is the target */
    MWI_META_TRACE = 4,       /* text: a W3C traceparent */
    MWI_META_MIRROR = 5,      /* [param, id, base, version]: an argument is
                                 mirrored */
    MWI_META_KEY = 7,         /* bytes: names the call, however often it is
                                 sent; 1 to MWI_KEY_MAX of them */
    MWI_META_REPEAT = 9,      /* [instance, lead_ms]: it was sent before */
};

enum { MWI_KEY_MAX = 64 }; /* bytes of a call's key */

/* Which ACKs the caller wants of a call that gets a REPLY, too. */
enum mwi_ack_wish {
    MWI_ACK_NONE = 0,
    MWI_ACK_ACCEPTED = 1, /* when it has a place in the queue */
    MWI_ACK_STARTED = 2,  /* then, and when its handler starts */
};

/* Which argument of a CALL is mirrored, and how it travels. */
struct mwi_mirror_head {
    uint64_t param;   /* index among the operation's parameters */
    uint64_t id;      /* the client's, of the mirror */
    uint64_t base;    /* the argument is a delta against this version of the
                         mirror, which is below the new one; 0: it is whole */
    uint64_t version; /* new, of the argument as it was sent; one more, of what
                         the REPLY makes of it; 0: no argument is mirrored */
};

struct mwi_call_head {
    struct mwi_text target; /* "orders.Desk.fill"; at is NULL if ... */
    uint64_t target_number; /* ... a number bound earlier stands for it */
    uint64_t bind;          /* when has_bind */
    uint64_t timeout_ms;    /* UINT64_MAX: none */
    bool has_bind;
    bool full_values;
    bool has_unknown_meta; /* an odd key that we do not know ... */
    uint64_t unknown_meta; /* ... which is this */
    struct mwi_mirror_head mirror;
    uint64_t ack;          /* enum mwi_ack_wish, or one of a later version */
    struct mwi_text trace; /* at is NULL: none */
    struct mwi_text key;   /* bytes; at is NULL: none */
    bool is_repeat;        /* it was sent before, with the same key ... */
    uint64_t instance;     /* ... to the server of this HELLO ... */
    uint64_t lead_ms;      /* ... no longer than this before the client had the
                              HELLO of this connection */
};

struct mwi_message {
    uint64_t kind;    /* enum mwi_message_kind, or one that we do not know */
    uint64_t id;      /* of the call or ping; 0 where there is none */
    bool has_body;    /* which is still to be read */
    size_t rest;      /* elements behind those that were read and the body */
    uint64_t version; /* HELLO */
    uint64_t message_max;      /* HELLO: bytes; MWI_MESSAGE_MIN if not said */
    mw_status status;          /* FAIL, GOAWAY */
    struct mwi_text text;      /* FAIL, GOAWAY */
    uint64_t state;            /* ACK: 0 accepted, 1 started */
    bool attends;              /* HELLO: answers a PING at any time */
    uint64_t instance;         /* HELLO: of the server, no other's; 0: not
                                  said */
    bool not_run;              /* FAIL: the handler was not started */
    uint64_t retry_after_ms;   /* FAIL: after which it may be tried again; 0:
                                  nothing is said */
    struct mwi_text exception; /* FAIL: its name, or at is NULL ... */
    const uint8_t *value;      /* ... and its value, well-formed ... */
    size_t value_len;          /* ... of so many bytes */
    struct mwi_call_head call; /* CALL */
};

/** Read a message, or up to its body if it has one: the array of arguments of
 * a CALL, the array of results of a REPLY.  That follows in the reader, and
 * mwi_message_finish() is to be called behind it.  Texts are views into the
 * message.
 *
 * Errors are the reader's, with status MW_EPROTO.  *ret_message then has the
 * kind and id if it came that far (else an unknown kind and 0), so that a
 * broken CALL can be answered.
 */
void mwi_message_read(struct mwi_reader *r, struct mwi_message *ret_message);

/** Behind a body: leave it, skip what a later version may have added, and
 * check that the message ends.  Returns the reader's status. */
mw_status mwi_message_finish(
    struct mwi_reader *r, const struct mwi_message *message);

/* Writing.  Those that end with _begin leave the body to the caller. */
/** attends: PINGs are answered also while nobody makes a call.  instance: 0
 * says nothing. */
void mwi_hello_write(struct mwi_writer *w, uint64_t message_max, bool attends,
    uint64_t instance);
void mwi_call_begin(
    struct mwi_writer *w, uint64_t id, const struct mwi_call_head *call);
/** started: not only accepted. */
void mwi_ack_write(struct mwi_writer *w, uint64_t id, bool started);
void mwi_reply_begin(struct mwi_writer *w, uint64_t id);
/** not_run: say that the handler was not started.  retry_after_ms: 0 says
 * nothing.  The text is cut to what an mw_error holds. */
void mwi_fail_write(struct mwi_writer *w, uint64_t id, mw_status status,
    const char *text, bool not_run, uint32_t retry_after_ms);
/** The exception's value follows. */
void mwi_exception_begin(struct mwi_writer *w, uint64_t id, const char *name);
void mwi_cancel_write(struct mwi_writer *w, uint64_t id);
void mwi_ping_write(struct mwi_writer *w, uint64_t id);
void mwi_pong_write(struct mwi_writer *w, uint64_t id);
void mwi_goaway_write(struct mwi_writer *w, mw_status status, const char *text);

#endif
