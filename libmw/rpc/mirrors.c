/* SPDX-License-Identifier: MIT */
/*
 * The list is searched from the end, where a client that works with few
 * mirrors has all that it uses.
 */
#include "rpc/mirrors.h"

#include "base/mem.h"
#include "codec/value.h"

void
mwi_mirrors_init(
    struct mwi_mirrors *mirrors, const struct mwi_mirror_limits *limits)
{
    mirrors->limits = *limits;
    mwi_mutex_init(&mirrors->mutex);
    mwi_list_init(&mirrors->kept);
    mirrors->n = 0;
    mirrors->weight = 0;
}

static struct mwi_baseline *
baseline_of(struct mwi_list *link)
{
    return MWI_CONTAINER(link, struct mwi_baseline, link);
}

static void
free_all(struct mwi_list *list)
{
    struct mwi_list *link;

    while ((link = mwi_list_pop(list)) != NULL) {
        mwi_baseline_free(baseline_of(link));
    }
}

void
mwi_mirrors_fini(struct mwi_mirrors *mirrors)
{
    atomic_fetch_sub(mirrors->limits.total, mirrors->weight);
    free_all(&mirrors->kept);
    mwi_mutex_fini(&mirrors->mutex);
}

struct mwi_baseline *
mwi_baseline_new(const mw_type *type, uint64_t id)
{
    struct mwi_baseline *baseline =
        mwi_calloc(1, sizeof(*baseline) + type->size);

    if (baseline != NULL) {
        mwi_list_init(&baseline->link);
        baseline->type = type;
        baseline->id = id;
    }
    return baseline;
}

void
mwi_baseline_free(struct mwi_baseline *baseline)
{
    if (baseline != NULL) {
        mwi_clear(baseline->type, baseline->object);
        mwi_free(baseline);
    }
}

static struct mwi_baseline *
find_locked(struct mwi_mirrors *mirrors, uint64_t id)
    MWI_REQUIRES(mirrors->mutex)
{
    struct mwi_list *link = mirrors->kept.prev;

    while (link != &mirrors->kept && baseline_of(link)->id != id) {
        link = link->prev;
    }
    return link != &mirrors->kept ? baseline_of(link) : NULL;
}

static void
remove_locked(struct mwi_mirrors *mirrors, struct mwi_baseline *baseline)
    MWI_REQUIRES(mirrors->mutex)
{
    mwi_list_remove(&baseline->link);
    mirrors->n--;
    mirrors->weight -= baseline->weight;
    atomic_fetch_sub(mirrors->limits.total, baseline->weight);
}

struct mwi_baseline *
mwi_mirrors_take(struct mwi_mirrors *mirrors, uint64_t id, uint64_t version,
    const mw_type *type)
{
    struct mwi_baseline *baseline;

    mwi_lock(&mirrors->mutex);
    baseline = find_locked(mirrors, id);
    if (baseline != NULL &&
        (baseline->version != version || baseline->type != type)) {
        baseline = NULL;
    }
    if (baseline != NULL) {
        remove_locked(mirrors, baseline);
    }
    mwi_unlock(&mirrors->mutex);
    return baseline;
}

/* Count bytes, if they could be kept if nothing else of the session were.
 * Counted first, for other sessions do so at the same time. */
static bool
reserve_locked(struct mwi_mirrors *mirrors, size_t weight)
    MWI_REQUIRES(mirrors->mutex)
{
    const struct mwi_mirror_limits *limits = &mirrors->limits;
    uint64_t others;

    if (weight > limits->weight_max) {
        return false;
    }
    others = atomic_fetch_add(limits->total, weight) - mirrors->weight;
    if (others > limits->total_max || weight > limits->total_max - others) {
        atomic_fetch_sub(limits->total, weight);
        return false;
    }
    mirrors->weight += weight;
    return true;
}

static bool
is_full_locked(const struct mwi_mirrors *mirrors) MWI_REQUIRES(mirrors->mutex)
{
    const struct mwi_mirror_limits *limits = &mirrors->limits;

    return mirrors->n > limits->n_max || mirrors->weight > limits->weight_max ||
           (mirrors->n > 1 && atomic_load(limits->total) > limits->total_max);
}

void
mwi_mirrors_keep(struct mwi_mirrors *mirrors, struct mwi_baseline *baseline)
{
    struct mwi_list dropped;
    struct mwi_baseline *other;

    mwi_list_init(&dropped);
    baseline->weight = sizeof(*baseline) + baseline->type->size +
                       mwi_heap_weight(baseline->type, baseline->object);
    mwi_lock(&mirrors->mutex);
    other = find_locked(mirrors, baseline->id);
    /* A call that its client has given up may come in late. */
    if (other == NULL || other->version < baseline->version) {
        if (other != NULL) {
            remove_locked(mirrors, other);
            mwi_list_append(&dropped, &other->link);
        }
        if (reserve_locked(mirrors, baseline->weight)) {
            mwi_list_append(&mirrors->kept, &baseline->link);
            mirrors->n++;
            baseline = NULL;
        }
        while (is_full_locked(mirrors)) {
            other = baseline_of(mirrors->kept.next);
            remove_locked(mirrors, other);
            mwi_list_append(&dropped, &other->link);
        }
    }
    mwi_unlock(&mirrors->mutex);
    mwi_baseline_free(baseline);
    free_all(&dropped);
}
