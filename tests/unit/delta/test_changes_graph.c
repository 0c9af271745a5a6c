/* SPDX-License-Identifier: MIT */
/*
 * What differs between two graphs, or between a graph and what it was, as text
 * for people.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"
#include "mw/seq.h"

#include "base/mem.h"
#include "delta/changes.h"
#include "world.h"

/* A literal for a member that owns its text; nobody frees it. */
#define TEXT(literal) ((char *) (uintptr_t) (literal))

typedef struct stop stop;
typedef struct wagon wagon;

MW_SEQ(seq_stop, stop *);

/* A valuetype, as is the next. */
struct stop {
    char *name;
    stop *next;
    seq_stop ways;
    wagon *here;
};

struct wagon {
    uint32_t load;
    stop *at;
};

typedef struct route {
    char *title;
    stop *first;
    stop *last;
} route;

extern const mw_type stop_type;
extern const mw_type wagon_type;

static const mw_type stop_ref_type = {
    .name = "test::Stop",
    .kind = MW_KIND_REF,
    .flags = MW_TYPE_FLAT | MW_TYPE_REFS,
    .size = sizeof(stop *),
    .align = _Alignof(stop *),
    .elem = &stop_type,
};

static const mw_type wagon_ref_type = {
    .name = "test::Wagon",
    .kind = MW_KIND_REF,
    .flags = MW_TYPE_FLAT | MW_TYPE_REFS,
    .size = sizeof(wagon *),
    .align = _Alignof(wagon *),
    .elem = &wagon_type,
};

static const mw_type seq_stop_type = {
    .name = "sequence<test::Stop>",
    .kind = MW_KIND_SEQ,
    .flags = MW_TYPE_REFS,
    .size = sizeof(seq_stop),
    .align = _Alignof(seq_stop),
    .elem = &stop_ref_type,
};

#define FIELD(record, member, its_id, its_type)               \
    {                                                         \
        .name = #member, .type = &(its_type), .id = (its_id), \
        .offset = offsetof(record, member),                   \
    }

static const mw_field stop_fields[] = {
    FIELD(stop, name, 0, mw_type_string),
    FIELD(stop, next, 1, stop_ref_type),
    FIELD(stop, ways, 2, seq_stop_type),
    FIELD(stop, here, 3, wagon_ref_type),
};

const mw_type stop_type = {
    .name = "test::Stop",
    .kind = MW_KIND_STRUCT,
    .flags = MW_TYPE_REFS | MW_TYPE_NODE,
    .size = sizeof(stop),
    .align = _Alignof(stop),
    .n_members = 4,
    .fields = stop_fields,
};

static const mw_field wagon_fields[] = {
    FIELD(wagon, load, 0, mw_type_u32),
    FIELD(wagon, at, 1, stop_ref_type),
};

const mw_type wagon_type = {
    .name = "test::Wagon",
    .kind = MW_KIND_STRUCT,
    .flags = MW_TYPE_FLAT | MW_TYPE_REFS | MW_TYPE_NODE,
    .size = sizeof(wagon),
    .align = _Alignof(wagon),
    .n_members = 2,
    .fields = wagon_fields,
};

static const mw_field route_fields[] = {
    FIELD(route, title, 0, mw_type_string),
    FIELD(route, first, 1, stop_ref_type),
    FIELD(route, last, 2, stop_ref_type),
};

static const mw_type route_type = {
    .name = "test::Route",
    .kind = MW_KIND_STRUCT,
    .flags = MW_TYPE_REFS,
    .size = sizeof(route),
    .align = _Alignof(route),
    .n_members = 3,
    .fields = route_fields,
};

/* A ring a, b, c that the route enters at a; a wagon stands at b, and is known
 * to it.  It is on the stack, its texts are literals. */
struct ring {
    stop a;
    stop b;
    stop c;
    wagon wagon;
    route route;
};

static void
make_ring(struct ring *ring)
{
    *ring = (struct ring){
        .a = { .name = TEXT("a"), .next = &ring->b },
        .b = { .name = TEXT("b"), .next = &ring->c, .here = &ring->wagon },
        .c = { .name = TEXT("c"), .next = &ring->a },
        .wagon = { .load = 5, .at = &ring->b },
        .route = { .title = TEXT("r"), .first = &ring->a, .last = &ring->c },
    };
}

static void
assert_text(char *text, const char *expected)
{
    cr_assert_not_null(text);
    cr_expect_str_eq(text, expected);
    free(text);
}

static void
assert_changes(
    const struct ring *before, const struct ring *after, const char *expected)
{
    assert_text(mw_object_changes(&route_type, &before->route, &after->route),
        expected);
}

/* Two graphs.  Nodes are numbered in the order in which they are met: those
 * that the route refers to, a and c, then b. */

Test(changes_graph, two_alike)
{
    struct ring before;
    struct ring after;

    make_ring(&before);
    make_ring(&after);
    assert_changes(&before, &after, "");
    assert_changes(&before, &before, "");
}

Test(changes_graph, two_whose_nodes_differ)
{
    struct ring before;
    struct ring after;

    make_ring(&before);
    make_ring(&after);
    after.b.name = TEXT("bb");
    after.wagon.load = 6;
    after.route.title = TEXT("rr");
    assert_changes(&before, &after,
        "title: \"r\" -> \"rr\"\n"
        "Stop#2.name: \"b\" -> \"bb\"\n"
        "Wagon#0.load: 5 -> 6\n");
}

Test(changes_graph, two_whose_links_differ)
{
    struct ring before;
    struct ring after;
    stop d = { .name = TEXT("d") };

    make_ring(&before);
    make_ring(&after);
    after.c.next = &d;
    after.a.ways = (seq_stop){ (stop *[]){ &after.c }, 1, 1 };
    after.wagon.at = NULL;
    after.route.last = NULL;
    assert_changes(&before, &after,
        "last: Stop#2 -> null\n"
        "+ Stop#0.ways[0]: Stop#2\n"
        "Stop#2.next: Stop#0 -> Stop#3\n"
        "Stop#3 new: {\"name\": \"d\", \"next\": null, \"ways\": [], \"here\": "
        "null}\n"
        "Wagon#0.at: Stop#1 -> null\n");
}

Test(changes_graph, two_of_which_one_has_less)
{
    struct ring before;
    struct ring after;

    make_ring(&before);
    make_ring(&after);
    after.a.next = NULL;
    after.route.last = &after.a;
    assert_changes(&before, &after,
        "last: Stop#1 -> Stop#0\n"
        "Stop#0.next: Stop#2 -> null\n"
        "Stop#1 gone: {\"name\": \"c\", \"next\": Stop#0, \"ways\": [], "
        "\"here\": null}\n"
        "Stop#2 gone: {\"name\": \"b\", \"next\": Stop#1, \"ways\": [], "
        "\"here\": Wagon#0}\n"
        "Wagon#0 gone: {\"load\": 5, \"at\": Stop#2}\n");
    assert_changes(&after, &before,
        "last: Stop#0 -> Stop#1\n"
        "Stop#0.next: null -> Stop#2\n"
        "Stop#1 new: {\"name\": \"c\", \"next\": Stop#0, \"ways\": [], "
        "\"here\": null}\n"
        "Stop#2 new: {\"name\": \"b\", \"next\": Stop#1, \"ways\": [], "
        "\"here\": Wagon#0}\n"
        "Wagon#0 new: {\"load\": 5, \"at\": Stop#2}\n");
}

Test(changes_graph, two_that_share_nodes)
{
    struct ring ring;
    route after;

    make_ring(&ring);
    after = ring.route;
    after.first = &ring.c;
    after.last = NULL;
    assert_text(mw_object_changes(&route_type, &ring.route, &after),
        "last: Stop#2 -> null\n"
        "Stop#0.name: \"a\" -> \"c\"\n"
        "Stop#1.name: \"b\" -> \"a\"\n"
        "Stop#1.here: Wagon#0 -> null\n"
        "Stop#2.name: \"c\" -> \"b\"\n"
        "Stop#2.here: null -> Wagon#1\n"
        "Wagon#0 gone: {\"load\": 5, \"at\": Stop#1}\n"
        "Wagon#1 new: {\"load\": 5, \"at\": Stop#2}\n");
}

Test(changes_graph, references_on_their_own)
{
    stop a = { .name = TEXT("a") };
    stop b = { .name = TEXT("b") };
    const stop *none = NULL;
    const stop *one = &a;
    const stop *other = &b;

    assert_text(mw_object_changes(&stop_ref_type, &none, &none), "");
    assert_text(mw_object_changes(&stop_ref_type, &one, &one), "");
    assert_text(mw_object_changes(&stop_ref_type, &none, &one),
        "null -> Stop#0\n"
        "Stop#0 new: {\"name\": \"a\", \"next\": null, \"ways\": [], \"here\": "
        "null}\n");
    assert_text(mw_object_changes(&stop_ref_type, &one, &none),
        "Stop#0 -> null\n"
        "Stop#0 gone: {\"name\": \"a\", \"next\": null, \"ways\": [], "
        "\"here\": null}\n");
    assert_text(mw_object_changes(&stop_ref_type, &one, &other),
        "Stop#0.name: \"a\" -> \"b\"\n");
}

/* An object that is watched. */

Test(changes_graph, watched)
{
    struct ring ring;
    struct mwi_changes changes;
    stop d = { .name = TEXT("d") };

    make_ring(&ring);
    mwi_changes_init(&changes);
    mwi_changes_watch(&changes, "route", &route_type, &ring.route);
    assert_text(mwi_changes_text(&changes), "");

    /* b is unlinked, with the wagon; d is new. */
    ring.a.next = &d;
    d.next = &ring.c;
    ring.b.name = TEXT("bb");
    ring.b.next = NULL;
    ring.route.last = &d;
    assert_text(mwi_changes_text(&changes),
        "route.last: Stop#1 -> Stop#3\n"
        "Stop#0.next: Stop#2 -> Stop#3\n"
        "Stop#2 unlinked: {\"name\": \"bb\", \"next\": null, \"ways\": [], "
        "\"here\": Wagon#0}\n"
        "Stop#2.name: \"b\" -> \"bb\"\n"
        "Stop#2.next: Stop#1 -> null\n"
        "Stop#3 new: {\"name\": \"d\", \"next\": Stop#1, \"ways\": [], "
        "\"here\": null}\n"
        "Wagon#0 unlinked: {\"load\": 5, \"at\": Stop#2}\n");
    mwi_changes_fini(&changes);
}

Test(changes_graph, freed)
{
    struct ring ring;
    struct mwi_changes changes;
    wagon *dead = malloc(sizeof(*dead));

    cr_assert_not_null(dead);
    make_ring(&ring);
    *dead = (wagon){ 7, &ring.b };
    ring.b.here = dead;
    mwi_changes_init(&changes);
    mwi_changes_watch(&changes, "route", &route_type, &ring.route);
    ring.b.here = NULL;
    mwi_changes_free_node(&changes, dead);
    free(dead);
    assert_text(mwi_changes_text(&changes),
        "Stop#2.here: Wagon#0 -> null\n"
        "Wagon#0 gone: {\"load\": 7, \"at\": Stop#2}\n");
    mwi_changes_fini(&changes);
}

Test(changes_graph, kept)
{
    struct ring ring;
    struct mwi_changes changes;
    stop e = { .name = TEXT("e") };
    const stop *kept = &e;
    uint32_t number = 1;

    make_ring(&ring);
    mwi_changes_init(&changes);
    mwi_changes_watch(&changes, "route", &route_type, &ring.route);
    mwi_changes_watch(&changes, "number", &mw_type_u32, &number);
    mwi_changes_keep(&changes, &stop_ref_type, &kept);
    ring.c.next = &e;
    number = 2;
    assert_text(mwi_changes_text(&changes), "number: 1 -> 2\n"
                                            "Stop#1.next: Stop#0 -> Stop#3\n");
    mwi_changes_fini(&changes);
}

/* Memory that does not suffice to watch is told of when the text is asked for,
 * and the objects are as they were. */
Test(changes_graph, out_of_memory_to_watch)
{
    struct ring ring;
    size_t n_failed = 0;
    bool done = false;

    for (uint64_t n = 1; !done; n++) {
        struct mwi_changes changes;
        const stop *kept = &ring.c;
        char *text;

        make_ring(&ring);
        mwi_mem_fail_at(n);
        mwi_changes_init(&changes);
        mwi_changes_watch(&changes, "route", &route_type, &ring.route);
        mwi_changes_keep(&changes, &stop_ref_type, &kept);
        mwi_changes_free_node(&changes, &ring.wagon);
        ring.b.here = NULL;
        text = mwi_changes_text(&changes);
        done = !mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        mwi_changes_fini(&changes);
        cr_assert_eq(text != NULL, done);
        n_failed += !done;
        free(text);
    }
    cr_expect_gt(n_failed, 20);
    cr_expect_not(has_leaks());
}

/* The same memory cannot be two nodes. */
Test(changes_graph, a_node_of_two_types)
{
    struct ring ring;

    make_ring(&ring);
    ring.b.here = (wagon *) (void *) &ring.a;
    cr_expect_null(mw_object_changes(&route_type, &ring.route, &ring.route));
}

Test(changes_graph, long_list)
{
    enum { N = 200000 };
    stop *before = calloc(N, sizeof(*before));
    stop *after = calloc(N, sizeof(*after));

    cr_assert(before != NULL && after != NULL);
    for (size_t i = 0; i + 1 < N; i++) {
        before[i].next = &before[i + 1];
        after[i].next = &after[i + 1];
    }
    after[N - 1].next = after;
    assert_text(mw_object_changes(&stop_ref_type, &before, &after),
        "Stop#199999.next: null -> Stop#0\n");
    free(before);
    free(after);
}

Test(changes_graph, out_of_memory)
{
    struct ring before;
    struct ring after;
    size_t n_failed = 0;
    bool done = false;

    make_ring(&before);
    make_ring(&after);
    after.b.next = NULL;
    after.c.name = TEXT("cc");
    for (uint64_t n = 1; !done; n++) {
        char *text;

        mwi_mem_fail_at(n);
        text = mw_object_changes(&route_type, &before.route, &after.route);
        done = !mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        cr_assert_eq(text != NULL, done);
        n_failed += !done;
        free(text);
    }
    cr_expect_gt(n_failed, 20);
    cr_expect_not(has_leaks());
}
