/* SPDX-License-Identifier: MIT */
/*
 * Nodes are made first and filled later, by their place in the list, so that
 * no shape of a graph makes this recurse.  What a reference may lead to is
 * picked from the list by number.
 */
#include "lib/random_graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lib/random_parts.h"
#include "lib/value.h"

enum {
    NODE_DEPTH = 2,    /* to fill nodes at: their sequences are shorter */
    NEW_MAX = 12,      /* nodes that a mutation makes */
    TRIES = 12,        /* to find a node that is suited */
    NEAR = 100,        /* how far in the list the next one may be */
    CHAIN_MAX = 20000, /* nodes of a list that are followed */
};

static void *
new_node(const struct mwt_source *source, const mw_type *type)
{
    struct mwt_garden *garden = source->garden;
    void *node =
        mwt_must(mwi_place_alloc(source->place, 1, type->size, type->align));

    (void) mwt_graph_add(garden->graph, type, node);
    if (garden->n_new_left > 0) {
        garden->n_new_left--;
    }
    return node;
}

static bool
is_suited(const struct mwt_node *node, const mw_type *type)
{
    return node->type == type && !node->is_unique && !node->is_released;
}

/* The next node of a type in the list behind the one that is being filled, so
 * that long lists come to be; NULL if there is none near. */
static void *
next_of(const struct mwt_garden *garden, const mw_type *type)
{
    const struct mwt_graph *graph = garden->graph;
    size_t end = garden->current + NEAR;

    for (size_t i = garden->current + 1; i < graph->n_nodes && i < end; i++) {
        if (is_suited(&graph->nodes[i], type)) {
            return graph->nodes[i].at;
        }
    }
    return NULL;
}

static void *
pick_unique(const struct mwt_source *source, const mw_type *ref)
{
    struct mwt_garden *garden = source->garden;
    void *node;

    if (garden->n_new_left == 0 || mwt_chance(source->prng, 50)) {
        return NULL;
    }
    node = new_node(source, ref->elem);
    garden->graph->nodes[garden->graph->n_nodes - 1].is_unique = true;
    return node;
}

void *
mwt_pick_node(const struct mwt_source *source, const mw_type *ref)
{
    struct mwt_garden *garden = source->garden;
    struct mwt_prng *prng = source->prng;

    if (garden == NULL) {
        return NULL;
    }
    if ((ref->flags & MW_TYPE_UNIQUE) != 0) {
        return pick_unique(source, ref);
    }
    if (mwt_chance(prng, garden->null_percent)) {
        return NULL;
    }
    if (garden->n_new_left > 0 && mwt_chance(prng, garden->new_percent)) {
        return new_node(source, ref->elem);
    }
    if (mwt_chance(prng, garden->next_percent)) {
        return next_of(garden, ref->elem);
    }
    for (int i = 0; i < TRIES; i++) {
        size_t number = mwt_below(prng, garden->graph->n_nodes);

        if (number < garden->graph->n_nodes &&
            is_suited(&garden->graph->nodes[number], ref->elem)) {
            return garden->graph->nodes[number].at;
        }
    }
    return NULL;
}

/* Give nodes that were made their content, and those that this makes. */
static void
fill_nodes(const struct mwt_source *source)
{
    struct mwt_garden *garden = source->garden;
    struct mwt_graph *graph = garden->graph;

    for (; garden->n_filled < graph->n_nodes; garden->n_filled++) {
        struct mwt_node node = graph->nodes[garden->n_filled];

        garden->current = garden->n_filled;
        mwt_fill(source, node.type, node.at, NODE_DEPTH);
    }
}

static void
fill_root(const struct mwt_source *source, const struct mwt_root *root)
{
    source->garden->current =
        mwt_below(source->prng, source->garden->graph->n_nodes);
    mwt_fill(source, root->type, root->at, 0);
}

/* List what is reachable, in the order of a walk, and free the rest. */
static void
prune(struct mwt_graph *graph)
{
    struct mwt_graph all = *graph;
    size_t number;

    mwt_graph_init(graph);
    memcpy(graph->roots, all.roots, sizeof(all.roots));
    graph->n_roots = all.n_roots;
    mwt_graph_discover(graph);
    for (size_t i = 0; i < all.n_nodes; i++) {
        all.nodes[i].is_released =
            mwt_graph_find(graph, all.nodes[i].at, &number);
    }
    mwt_graph_free_nodes(&all);
    mwt_graph_fini(&all);
}

static size_t
random_count(struct mwt_prng *prng)
{
    size_t what = mwt_below(prng, 1000);

    if (what < 60) {
        return mwt_below(prng, 2);
    }
    if (what < 960) {
        return 1 + mwt_below(prng, 12);
    }
    return what < 997 ? mwt_below(prng, 100) : 1500;
}

void
mwt_random_graph(struct mwt_prng *prng, struct mwt_graph *graph,
    const mw_type *const *types, size_t n)
{
    struct mwi_place heap = { .budget = SIZE_MAX };
    bool has_lists = mwt_chance(prng, 40);
    struct mwt_garden garden = { .graph = graph,
        .null_percent = has_lists ? 1 : 20,
        .next_percent = has_lists ? 95 : 30 };
    size_t room = MWT_ROOM;
    struct mwt_source source = { prng, &heap, &garden, &room };

    for (size_t i = 0; i < n; i++) {
        size_t count = random_count(prng);

        for (size_t k = 0; k < count; k++) {
            (void) new_node(&source, types[i]);
        }
    }
    /* Unique references get nodes of their own; others take what is there. */
    garden.n_new_left = mwt_below(prng, 30);
    for (size_t i = 0; i < graph->n_roots; i++) {
        if (!graph->roots[i].is_out) {
            fill_root(&source, &graph->roots[i]);
        }
    }
    fill_nodes(&source);
    prune(graph);
}

/* ---- changes ---- */

/* A reference somewhere in the graph. */
struct slot {
    const mw_type *ref;
    void *place;
};

struct slots {
    struct slot *items;
    size_t n;
    size_t cap;
};

static void
note_slot(void *user, const mw_type *ref, void *place)
{
    struct slots *slots = user;

    if (slots->n == slots->cap) {
        slots->cap = 2 * slots->cap + 64;
        slots->items =
            mwt_must(realloc(slots->items, slots->cap * sizeof(*slots->items)));
    }
    slots->items[slots->n++] = (struct slot){ ref, place };
}

/* All references of roots and of all nodes that are listed, reachable or not:
 * those that may be changed, or those that may not. */
static struct slots
find_slots(const struct mwt_graph *graph, bool are_fixed)
{
    struct slots slots = { 0 };

    for (size_t i = 0; i < graph->n_roots; i++) {
        if (graph->roots[i].is_in == are_fixed) {
            mwt_each_ref(
                graph->roots[i].type, graph->roots[i].at, note_slot, &slots);
        }
    }
    for (size_t i = 0; i < graph->n_nodes; i++) {
        const struct mwt_node *node = &graph->nodes[i];

        if (!node->is_released && node->is_fixed == are_fixed) {
            mwt_each_ref(node->type, node->at, note_slot, &slots);
        }
    }
    return slots;
}

/* A member that leads from a node to another of its type and may be shared, or
 * NULL. */
static const mw_field *
link_of(const mw_type *type)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        const mw_type *member = type->fields[i].type;

        if (member->kind == MW_KIND_REF && member->elem == type &&
            (member->flags & MW_TYPE_UNIQUE) == 0) {
            return &type->fields[i];
        }
    }
    return NULL;
}

static bool
is_unique(const struct slot *slot)
{
    return (slot->ref->flags & MW_TYPE_UNIQUE) != 0;
}

static bool
may_change(const struct mwt_graph *graph, size_t number)
{
    return number < graph->n_nodes && !graph->nodes[number].is_released &&
           !graph->nodes[number].is_fixed;
}

static bool
may_change_node(const struct mwt_source *source, const void *node)
{
    const struct mwt_graph *graph = source->garden->graph;
    size_t number;

    return node != NULL && mwt_graph_find(graph, node, &number) &&
           may_change(graph, number);
}

/* A reference that may be shared and leads to a node that has a link, as the
 * head of a list has.  NULL if none was found. */
static struct slot *
pick_head(const struct mwt_source *source, const struct slots *slots)
{
    for (int i = 0; i < TRIES && slots->n > 0; i++) {
        struct slot *slot = &slots->items[mwt_below(source->prng, slots->n)];

        if (!is_unique(slot) &&
            may_change_node(source, mwt_load_pointer(slot->place)) &&
            link_of(slot->ref->elem) != NULL) {
            return slot;
        }
    }
    return NULL;
}

static bool
relink(const struct mwt_source *source, const struct slots *slots)
{
    struct slot *slot;

    if (slots->n == 0) {
        return false;
    }
    slot = &slots->items[mwt_below(source->prng, slots->n)];
    source->garden->current = mwt_below(source->prng, slots->n);
    mwt_store_pointer(slot->place, mwt_pick_node(source, slot->ref));
    return true;
}

static bool
swap(struct mwt_prng *prng, const struct slots *slots)
{
    for (int i = 0; i < TRIES && slots->n > 0; i++) {
        struct slot *a = &slots->items[mwt_below(prng, slots->n)];
        struct slot *b = &slots->items[mwt_below(prng, slots->n)];
        void *node = mwt_load_pointer(a->place);

        if (a != b && a->ref == b->ref) {
            mwt_store_pointer(a->place, mwt_load_pointer(b->place));
            mwt_store_pointer(b->place, node);
            return true;
        }
    }
    return false;
}

/* Turn a list around: its head leads to what was its last node.  A list that
 * ends in a circle has that turned, too. */
static bool
reverse(const struct mwt_source *source, const struct slots *slots)
{
    struct slot *head = pick_head(source, slots);
    const mw_field *link;
    void *node;
    void *before = NULL;
    size_t n = 0;

    if (head == NULL) {
        return false;
    }
    link = link_of(head->ref->elem);
    node = mwt_load_pointer(head->place);
    for (; may_change_node(source, node) && n < CHAIN_MAX; n++) {
        void *place = mwi_field_at(link, node);
        void *next = mwt_load_pointer(place);

        mwt_store_pointer(place, before);
        before = node;
        node = next;
    }
    mwt_store_pointer(head->place, before);
    return n > 1;
}

/* The place of the link of a node of a list at most n nodes behind its head. */
static void *
link_behind(const struct mwt_source *source, const struct slot *head, size_t n)
{
    const mw_field *link = link_of(head->ref->elem);
    void *place = mwi_field_at(link, mwt_load_pointer(head->place));

    while (n-- > 0 && may_change_node(source, mwt_load_pointer(place))) {
        place = mwi_field_at(link, mwt_load_pointer(place));
    }
    return place;
}

static bool
join(const struct mwt_source *source, const struct slots *slots)
{
    struct slot *a = pick_head(source, slots);
    struct slot *b = pick_head(source, slots);

    if (a == NULL || b == NULL || a->ref->elem != b->ref->elem) {
        return false;
    }
    mwt_store_pointer(
        link_behind(source, a, CHAIN_MAX), mwt_load_pointer(b->place));
    return true;
}

static bool
split(const struct mwt_source *source, const struct slots *slots)
{
    struct slot *head = pick_head(source, slots);

    if (head == NULL) {
        return false;
    }
    mwt_store_pointer(
        link_behind(source, head, mwt_below(source->prng, 10)), NULL);
    return true;
}

/* A new node whose link, once it is filled, leads on to where the reference
 * led. */
static bool
splice(const struct mwt_source *source, const struct slots *slots)
{
    struct mwt_garden *garden = source->garden;
    struct slot *slot = pick_head(source, slots);
    void *node;

    if (slot == NULL || garden->n_new_left == 0) {
        return false;
    }
    node = new_node(source, slot->ref->elem);
    fill_nodes(source);
    mwt_store_pointer(mwi_field_at(link_of(slot->ref->elem), node),
        mwt_load_pointer(slot->place));
    mwt_store_pointer(slot->place, node);
    return true;
}

/* Lead all that leads to a node to another one, or nowhere. */
static void
redirect(const struct slots *slots, const void *node, void *other)
{
    for (size_t i = 0; i < slots->n; i++) {
        if (mwt_load_pointer(slots->items[i].place) == node) {
            mwt_store_pointer(slots->items[i].place,
                is_unique(&slots->items[i]) ? NULL : other);
        }
    }
}

/* Whether something that may not be changed leads to a node. */
static bool
is_held(const struct mwt_graph *graph, const void *node)
{
    struct slots slots = find_slots(graph, true);
    bool is_held = false;

    for (size_t i = 0; i < slots.n; i++) {
        is_held = is_held || mwt_load_pointer(slots.items[i].place) == node;
    }
    free(slots.items);
    return is_held;
}

/* Take a node out; in a list its place is closed. */
static bool
unlink_node(
    const struct mwt_source *source, const struct slots *slots, bool releases)
{
    struct mwt_graph *graph = source->garden->graph;
    size_t number = mwt_below(source->prng, graph->n_nodes);
    struct mwt_node *node;
    const mw_field *link;
    void *next = NULL;

    if (!may_change(graph, number) ||
        (releases && is_held(graph, graph->nodes[number].at))) {
        return false;
    }
    node = &graph->nodes[number];
    link = link_of(node->type);
    if (link != NULL && mwt_chance(source->prng, 60)) {
        next = mwt_load_pointer(mwi_field_at(link, node->at));
    }
    redirect(slots, node->at, next != node->at ? next : NULL);
    node->is_released = releases;
    return true;
}

static bool
clear_many(struct mwt_prng *prng, const struct slots *slots)
{
    for (size_t i = 0; i < slots->n; i++) {
        if (mwt_chance(prng, 40)) {
            mwt_store_pointer(slots->items[i].place, NULL);
        }
    }
    return slots->n > 0;
}

static bool
change_node(const struct mwt_source *source)
{
    struct mwt_graph *graph = source->garden->graph;
    size_t number = mwt_below(source->prng, graph->n_nodes);

    if (!may_change(graph, number)) {
        return false;
    }
    source->garden->current = number;
    mwt_change(
        source, graph->nodes[number].type, graph->nodes[number].at, NODE_DEPTH);
    return true;
}

static bool
change_root(const struct mwt_source *source)
{
    struct mwt_graph *graph = source->garden->graph;
    size_t number = mwt_below(source->prng, graph->n_roots);

    if (graph->n_roots == 0 || graph->roots[number].is_in) {
        return false;
    }
    source->garden->current = mwt_below(source->prng, graph->n_nodes);
    mwt_change(source, graph->roots[number].type, graph->roots[number].at, 0);
    return true;
}

static enum mwt_change
pick_change(struct mwt_prng *prng)
{
    static const unsigned char percents[MWT_CHANGES] = { [MWT_CHANGE_ROOT] = 22,
        [MWT_CHANGE_NODE] = 26,
        [MWT_RELINK] = 10,
        [MWT_SWAP] = 8,
        [MWT_REVERSE] = 6,
        [MWT_JOIN] = 4,
        [MWT_SPLIT] = 3,
        [MWT_SPLICE] = 7,
        [MWT_UNLINK] = 6,
        [MWT_RELEASE] = 7,
        [MWT_CLEAR] = 1 };
    size_t left = mwt_below(prng, 100);
    int change = 0;

    while (left >= percents[change]) {
        left -= percents[change];
        change++;
    }
    return (enum mwt_change) change;
}

static bool
make_change(const struct mwt_source *source, enum mwt_change change,
    const struct slots *slots)
{
    switch (change) {
    case MWT_CHANGE_ROOT:
        return change_root(source);
    case MWT_CHANGE_NODE:
        return change_node(source);
    case MWT_RELINK:
        return relink(source, slots);
    case MWT_SWAP:
        return swap(source->prng, slots);
    case MWT_REVERSE:
        return reverse(source, slots);
    case MWT_JOIN:
        return join(source, slots);
    case MWT_SPLIT:
        return split(source, slots);
    case MWT_SPLICE:
        return splice(source, slots);
    case MWT_UNLINK:
        return unlink_node(source, slots, false);
    case MWT_RELEASE:
        return unlink_node(source, slots, true);
    default:
        return clear_many(source->prng, slots);
    }
}

void
mwt_mutate_graph(struct mwt_prng *prng, struct mwi_place *place,
    struct mwt_graph *graph, size_t counts[MWT_CHANGES])
{
    struct mwt_garden garden = { .graph = graph,
        .n_filled = graph->n_nodes,
        .n_new_left = NEW_MAX,
        .null_percent = 20,
        .new_percent = 15,
        .next_percent = 30 };
    size_t room = MWT_ROOM;
    struct mwt_source source = { prng, place, &garden, &room };
    size_t times = mwt_chance(prng, 8)
                       ? 0
                       : 1 + mwt_below(prng, mwt_chance(prng, 80) ? 6 : 20);

    for (size_t i = 0; i < graph->n_roots; i++) {
        if (graph->roots[i].is_out) {
            memset(graph->roots[i].at, 0, graph->roots[i].type->size);
            graph->roots[i].is_out = false;
            fill_root(&source, &graph->roots[i]);
            fill_nodes(&source);
        }
    }
    for (size_t i = 0; i < times; i++) {
        enum mwt_change change = pick_change(prng);
        struct slots slots = find_slots(graph, false);

        counts[change] += make_change(&source, change, &slots);
        fill_nodes(&source);
        free(slots.items);
    }
}
