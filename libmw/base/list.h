/* SPDX-License-Identifier: MIT */
/*
 * base: an intrusive, doubly linked, circular list.  A struct mwi_list is both
 * the head and the link that members embed.  Not thread-safe.
 */
#ifndef MWI_BASE_LIST_H
#define MWI_BASE_LIST_H

#include <stddef.h>

#include "mw/base.h"

struct mwi_list {
    struct mwi_list *next;
    struct mwi_list *prev;
};

/* The struct of this type whose member is *link. */
#define MWI_CONTAINER(link, type, member) \
    ((type *) (void *) ((char *) (link) -offsetof(type, member)))

/* Runs over the links; the current one may be removed. */
#define MWI_LIST_FOREACH(link, head)                                      \
    for (struct mwi_list *link = (head)->next, *link##_next = link->next; \
         link != (head); link = link##_next, link##_next = link->next)

static inline void
mwi_list_init(struct mwi_list *list)
{
    list->next = list->prev = list;
}

static inline bool
mwi_list_is_empty(const struct mwi_list *head)
{
    return head->next == head;
}

static inline void
mwi_list_append(struct mwi_list *head, struct mwi_list *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

static inline void
mwi_list_push(struct mwi_list *head, struct mwi_list *link)
{
    mwi_list_append(head->next, link);
}

/* Harmless on a link that is initialised and in no list. */
static inline void
mwi_list_remove(struct mwi_list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    mwi_list_init(link);
}

/* The first link, taken out; NULL if there is none. */
static inline struct mwi_list *
mwi_list_pop(struct mwi_list *head)
{
    struct mwi_list *link = head->next;

    if (link == head) {
        return NULL;
    }
    mwi_list_remove(link);
    return link;
}

#endif
