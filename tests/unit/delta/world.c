/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/access.h"

static void
must(bool truth, const char *what)
{
    if (!truth) {
        (void) fprintf(stderr, "cannot go on: %s\n", what);
        abort();
    }
}

struct mwi_buf
value_of(const mw_type *type, const void *object)
{
    struct mwi_buf buf;
    struct mwi_writer w;

    mwi_buf_init(&buf, SIZE_MAX);
    mwi_writer_init(&w, &buf);
    mwi_encode(&w, type, object);
    must(mwi_writer_ok(&w), w.error.text);
    return buf;
}

void
server_open_bytes(struct server *server, const mw_type *type,
    const uint8_t *bytes, size_t len)
{
    struct mwi_reader r;

    mwi_arena_init(&server->arena, (size_t) 1 << 30);
    server->place = (struct mwi_place){ .arena = &server->arena,
        .budget = (size_t) 1 << 30 };
    server->type = type;
    server->object =
        mwi_place_alloc(&server->place, 1, type->size, type->align);
    must(server->object != NULL, "out of memory");
    mwi_reader_init(&r, bytes, len, MWI_DEPTH_LIMIT);
    mwi_decode(&r, &server->place, type, server->object);
    must(mwi_reader_finish(&r) == MW_OK, r.error.text);
    must(mwi_snapshot_take(&server->snapshot, &server->arena) == MW_OK,
        "out of memory");
}

void
server_open(struct server *server, const mw_type *type, const void *object)
{
    struct mwi_buf buf = value_of(type, object);

    server_open_bytes(server, type, mwi_buf_bytes(&buf), mwi_buf_len(&buf));
    mwi_buf_fini(&buf);
}

void
server_close(struct server *server)
{
    mwi_snapshot_fini(&server->snapshot);
    mwi_arena_fini(&server->arena);
}

static struct mwi_buf
diff(const mw_type *type, const mw_mask *mask,
    const struct mwi_snapshot *snapshot, const void *old, const void *live)
{
    struct mwi_buf buf;
    struct mwi_writer w;

    mwi_buf_init(&buf, SIZE_MAX);
    mwi_writer_init(&w, &buf);
    mwi_diff(&w, type, mask, snapshot, old, live);
    must(mwi_writer_ok(&w), w.error.text);
    return buf;
}

struct mwi_buf
server_delta(const struct server *server)
{
    return server_delta_masked(server, &mwi_mask_all);
}

struct mwi_buf
server_delta_masked(const struct server *server, const mw_mask *mask)
{
    return diff(server->type, mask, &server->snapshot,
        mwi_snapshot_of(&server->snapshot, server->object), server->object);
}

struct mwi_buf
delta_between(const mw_type *type, const void *old, const void *live)
{
    return delta_masked(type, &mwi_mask_all, old, live);
}

struct mwi_buf
delta_masked(
    const mw_type *type, const mw_mask *mask, const void *old, const void *live)
{
    struct mwi_snapshot none = { 0 };

    return diff(type, mask, &none, old, live);
}

mw_status
apply(const mw_type *type, void *object, const uint8_t *delta, size_t len,
    mw_error *ret_error, mw_stats *ret_stats)
{
    return apply_masked(
        type, &mwi_mask_all, object, delta, len, ret_error, ret_stats);
}

mw_status
apply_masked(const mw_type *type, const mw_mask *mask, void *object,
    const uint8_t *delta, size_t len, mw_error *ret_error, mw_stats *ret_stats)
{
    struct mwi_path root = { .name = "x" };
    struct mwi_patch patch;
    struct mwi_reader r;

    mwi_patch_init(&patch, (size_t) 1 << 28);
    mwi_reader_init(&r, delta, len, DELTA_DEPTH);
    r.path = &root;
    mwi_patch_stage(&patch, &r, type, mask, object);
    r.path = NULL;
    if (ret_stats != NULL) {
        *ret_stats = patch.stats;
    }
    if (mwi_reader_finish(&r) == MW_OK) {
        mwi_patch_commit(&patch);
    } else {
        mwi_patch_abort(&patch);
    }
    if (ret_error != NULL) {
        *ret_error = r.error;
    }
    return r.error.status;
}

static void
add(struct mwi_buf *buf, const void *bytes, size_t n)
{
    must(mwi_buf_append(buf, bytes, n) == MW_OK, "out of memory");
}

/* What a value points to; its own bytes are in the dump already. */
static void
dump_owned(struct mwi_buf *buf, const mw_type *type, const void *value)
{
    struct mwi_items items;
    const mw_field *arm;

    if (mwi_type_is_flat(type)) {
        return;
    }
    switch (type->kind) {
    case MW_KIND_STRING:
        if (mwi_load_string(value) != NULL) {
            add(buf, mwi_load_string(value),
                strlen(mwi_load_string(value)) + 1);
        }
        break;
    case MW_KIND_STRUCT:
        for (uint32_t i = 0; i < type->n_members; i++) {
            dump_owned(buf, type->fields[i].type,
                mwi_field_at(&type->fields[i], value));
        }
        break;
    case MW_KIND_UNION:
        arm = mwi_union_arm(type, value);
        if (arm != NULL) {
            dump_owned(buf, arm->type, mwi_field_at(arm, value));
        }
        break;
    case MW_KIND_BOX:
        if (mwi_load_pointer(value) != NULL) {
            add(buf, mwi_load_pointer(value), type->elem->size);
            dump_owned(buf, type->elem, mwi_load_pointer(value));
        }
        break;
    default:
        items = mwi_items_of(type, value);
        if (type->kind == MW_KIND_SEQ || type->kind == MW_KIND_MAP) {
            add(buf, items.at, items.len * type->elem->size);
        }
        for (size_t i = 0; i < items.len; i++) {
            dump_owned(buf, type->elem, items.at + i * type->elem->size);
        }
        break;
    }
}

struct mwi_buf
dump(const mw_type *type, const void *object)
{
    struct mwi_buf buf;

    mwi_buf_init(&buf, SIZE_MAX);
    add(&buf, object, type->size);
    dump_owned(&buf, type, object);
    return buf;
}

bool
same_bytes(const struct mwi_buf *a, const struct mwi_buf *b)
{
    return mwi_buf_len(a) == mwi_buf_len(b) &&
           (mwi_buf_len(a) == 0 ||
               memcmp(mwi_buf_bytes(a), mwi_buf_bytes(b), mwi_buf_len(a)) == 0);
}

size_t
unhex(const char *text, uint8_t *ret_bytes, size_t size)
{
    size_t n = 0;
    unsigned byte;

    for (; *text != '\0'; text += 2) {
        while (*text == ' ') {
            text++;
        }
        must(n < size && sscanf(text, "%2x", &byte) == 1, "no hex");
        ret_bytes[n++] = (uint8_t) byte;
    }
    return n;
}

const char *
hex(const uint8_t *bytes, size_t len)
{
    static char text[4096];

    must(len * 2 < sizeof(text), "too long to print");
    text[0] = '\0';
    for (size_t i = 0; i < len; i++) {
        (void) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    return text;
}

#if defined(__SANITIZE_ADDRESS__)
extern int __lsan_do_recoverable_leak_check(void);

bool
has_leaks(void)
{
    return __lsan_do_recoverable_leak_check() != 0;
}
#else
bool
has_leaks(void)
{
    return false;
}
#endif

double
cpu_ms(void)
{
    struct timespec now;

    must(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0, "no clock");
    return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

size_t
env_number(const char *name, size_t standard)
{
    const char *text = getenv(name);

    return text != NULL ? (size_t) strtoull(text, NULL, 0) : standard;
}
