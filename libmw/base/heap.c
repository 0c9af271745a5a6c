/* SPDX-License-Identifier: MIT */
#include "base/heap.h"

#include <stddef.h>

/* Make a tree of two; either may be NULL. */
static struct mwi_heap_link *
meld(struct mwi_heap_link *a, struct mwi_heap_link *b)
{
    if (a == NULL || b == NULL) {
        return a != NULL ? a : b;
    }
    if (b->key < a->key) {
        struct mwi_heap_link *smaller = b;

        b = a;
        a = smaller;
    }
    b->prev = a;
    b->next = a->child;
    if (b->next != NULL) {
        b->next->prev = b;
    }
    a->child = b;
    return a;
}

/* Make a tree of siblings: in pairs, from the first on; then of these, from the
 * last on. */
static struct mwi_heap_link *
meld_siblings(struct mwi_heap_link *first)
{
    struct mwi_heap_link *pairs = NULL; /* the last one first, by next */
    struct mwi_heap_link *root = NULL;

    while (first != NULL) {
        struct mwi_heap_link *a = first;
        struct mwi_heap_link *b = a->next;

        first = b != NULL ? b->next : NULL;
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    while (pairs != NULL) {
        struct mwi_heap_link *next = pairs->next;

        root = meld(root, pairs);
        pairs = next;
    }
    if (root != NULL) {
        root->next = root->prev = NULL;
    }
    return root;
}

void
mwi_heap_add(struct mwi_heap *heap, struct mwi_heap_link *link, int64_t key)
{
    *link = (struct mwi_heap_link){ .key = key, .is_in = true };
    heap->root = meld(heap->root, link);
}

void
mwi_heap_remove(struct mwi_heap *heap, struct mwi_heap_link *link)
{
    struct mwi_heap_link *rest;

    if (!link->is_in) {
        return;
    }
    rest = meld_siblings(link->child);
    if (link == heap->root) {
        heap->root = rest;
    } else {
        if (link->prev->child == link) {
            link->prev->child = link->next;
        } else {
            link->prev->next = link->next;
        }
        if (link->next != NULL) {
            link->next->prev = link->prev;
        }
        heap->root = meld(heap->root, rest);
    }
    *link = (struct mwi_heap_link){ .is_in = false };
}
