/* SPDX-License-Identifier: MIT */
#include "integration/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lib/random_graph.h"
#include "lib/random_value.h"
#include "rpc/call.h"

static struct mwt_desk *
desk_of(mw_call *call)
{
    return mw_call_user(call);
}

/* What a handler has got: V(type). */
static mw_status
tell(mw_call *call, const mw_type *type, const void *value, mw_seq_u8 *ret)
{
    uint8_t *bytes;
    size_t len;
    mw_status status = mw_object_encode(type, value, &bytes, &len, NULL);

    if (status < 0) {
        return status;
    }
    ret->items = mw_alloc(call, len);
    if (ret->items != NULL) {
        memcpy(ret->items, bytes, len);
        ret->len = len;
    }
    free(bytes);
    return ret->items != NULL ? MW_OK : MW_ENOMEM;
}

void
mwt_desk_mutate(mw_call *call, mirror_Doc *doc, uint64_t seed)
{
    struct mwt_prng prng = { .state = seed };
    struct mwi_place place = {
        .arena = call != NULL ? &call->arena : NULL,
        .budget = SIZE_MAX,
    };

    if (seed != 0) {
        mwt_mutate(&prng, &place, &mirror_Doc_type, doc);
    }
}

static mw_status
see(mw_call *call, const mirror_Doc *doc, mw_seq_u8 *ret_value)
{
    return tell(call, &mirror_Doc_type, doc, ret_value);
}

static mw_status
change(mw_call *call, mirror_Doc *doc, uint64_t seed, mw_seq_u8 *ret_value)
{
    struct mwt_desk *desk = desk_of(call);
    mw_status status = tell(call, &mirror_Doc_type, doc, ret_value);

    if (desk->meanwhile != NULL) {
        desk->meanwhile(desk->meanwhile_user);
    }
    if (status == MW_OK) {
        mwt_desk_mutate(call, doc, seed);
    }
    return status;
}

mw_status
mwt_desk_edit(mw_call *call, mirror_Doc *doc)
{
    char title[32];
    mirror_Line *line = mirror_Line_seq_add(call, &doc->lines);
    double *total;

    if (line == NULL) {
        return MW_ENOMEM;
    }
    line->number = (uint32_t) ++doc->serial;
    (void) snprintf(title, sizeof(title), "edition %u", line->number);
    total = mw_f64_by_string_put(call, &doc->totals, title);
    if (total == NULL || mw_set_string(call, &doc->title, title) < 0) {
        return MW_ENOMEM;
    }
    *total = 0.5;
    doc->has_at = !doc->has_at;
    doc->at = (mirror_Point){ 0 };
    return doc->lines.len % 2 == 0 ? MW_OK
                                   : mw_set_string(call, &doc->subtitle, title);
}

static mw_status
edit(mw_call *call, mirror_Doc *doc, mw_seq_u8 *ret_value)
{
    mw_status status = tell(call, &mirror_Doc_type, doc, ret_value);

    return status < 0 ? status : mwt_desk_edit(call, doc);
}

static mw_status
exchange(mw_call *call, mirror_Doc *a, mirror_Doc *b, mw_seq_u8 *ret_value)
{
    mirror_Doc both[2] = { *a, *b };
    mw_seq_u8 told[2] = { 0 };
    mw_status status = tell(call, &mirror_Doc_type, a, &told[0]);

    if (status == MW_OK) {
        status = tell(call, &mirror_Doc_type, b, &told[1]);
    }
    if (status < 0) {
        return status;
    }
    *a = both[1];
    *b = both[0];
    ret_value->len = told[0].len + told[1].len;
    ret_value->items = mw_alloc(call, ret_value->len);
    if (ret_value->items == NULL) {
        return MW_ENOMEM;
    }
    memcpy(ret_value->items, told[0].items, told[0].len);
    memcpy(ret_value->items + told[0].len, told[1].items, told[1].len);
    return MW_OK;
}

static mw_status
with_nodes(mw_call *call, mirror_Node **list, mirror_Doc *doc, uint64_t seed,
    mw_seq_u8 *ret_value)
{
    for (mirror_Node *node = *list; node != NULL; node = node->next) {
        if (mw_set_string(call, &node->name, "renamed") < 0) {
            return MW_ENOMEM;
        }
    }
    return change(call, doc, seed, ret_value);
}

void
mwt_desk_mutate_graph(
    mw_call *call, const mw_type *type, void *value, uint64_t seed)
{
    struct mwt_prng prng = { .state = seed };
    struct mwi_place place = {
        .arena = call != NULL ? &call->arena : NULL,
        .budget = SIZE_MAX,
    };
    size_t counts[MWT_CHANGES] = { 0 };
    struct mwt_graph graph;

    if (seed == 0) {
        return;
    }
    mwt_graph_init(&graph);
    mwt_graph_add_root(&graph, type, value);
    mwt_graph_discover(&graph);
    mwt_mutate_graph(&prng, &place, &graph, counts);
    mwt_graph_fini(&graph);
}

static mw_status
walk(mw_call *call, const mirror_Node *list, mw_seq_u8 *ret_value)
{
    return tell(call, &mirror_Node_ref_type, &list, ret_value);
}

static mw_status
grow(mw_call *call, mirror_Node **list, uint64_t seed, mw_seq_u8 *ret_value)
{
    mw_status status = walk(call, *list, ret_value);

    mwt_desk_mutate_graph(call, &mirror_Node_ref_type, list, seed);
    return status;
}

static mw_status
arrange(mw_call *call, mirror_Plan *plan, const mirror_Node *other,
    uint64_t seed, mw_seq_u8 *ret_value)
{
    mw_status status = tell(call, &mirror_Plan_type, plan, ret_value);

    /* So that it is one graph. */
    if (plan->roots.len > 0) {
        plan->roots.items[0] = (mirror_Node *) (uintptr_t) other;
    }
    mwt_desk_mutate_graph(call, &mirror_Plan_type, plan, seed);
    return status;
}

static mw_status
put(mw_call *call, const mirror_Doc *doc)
{
    struct mwt_desk *desk = desk_of(call);
    uint8_t *bytes;
    size_t len;
    mw_status status =
        mw_object_encode(&mirror_Doc_type, doc, &bytes, &len, NULL);

    if (status == MW_OK) {
        mwi_lock(&desk->mutex);
        free(desk->last);
        desk->last = bytes;
        desk->last_len = len;
        mwi_unlock(&desk->mutex);
    }
    return status;
}

static mw_status
last(mw_call *call, mw_seq_u8 *ret_value)
{
    struct mwt_desk *desk = desk_of(call);
    mw_status status = MW_OK;

    mwi_lock(&desk->mutex);
    ret_value->items = mw_alloc(call, desk->last_len);
    if (ret_value->items == NULL) {
        status = MW_ENOMEM;
    } else if (desk->last_len > 0) {
        memcpy(ret_value->items, desk->last, desk->last_len);
        ret_value->len = desk->last_len;
    }
    mwi_unlock(&desk->mutex);
    return status;
}

static mw_status
fail(mw_call *call, mirror_Doc *doc, int32_t status)
{
    mwt_desk_mutate(call, doc, 77);
    doc->serial++;
    return mw_call_fail(call, (mw_status) status, "as told");
}

static mw_status
refuse(mw_call *call, mirror_Doc *doc)
{
    mirror_Refused refused = { .why = doc->title };

    doc->serial++;
    return mirror_Refused_raise(call, &refused);
}

static mw_status
spoil(mw_call *call, mirror_Doc *doc)
{
    return mw_set_string(call, &doc->title, "\xff\xfe");
}

static mw_status
hold(mw_call *call, const mirror_Doc *doc, mw_seq_u8 *ret_value)
{
    struct mwt_desk *desk = desk_of(call);

    mwi_lock(&desk->mutex);
    desk->n_inside++;
    mwi_cond_broadcast(&desk->changed);
    while (!desk->is_open) {
        (void) mwi_cond_wait(&desk->changed, &desk->mutex, MWI_FOREVER);
    }
    desk->n_inside--;
    mwi_unlock(&desk->mutex);
    return see(call, doc, ret_value);
}

static mw_status
configure(mw_call *call, const mirror_Settings *settings, mw_seq_u8 *ret_value)
{
    return tell(call, &mirror_Settings_type, settings, ret_value);
}

static mw_status
fetch(mw_call *call, mirror_Doc *doc)
{
    return mw_set_string(call, &doc->title, "fetched");
}

static const mirror_Desk_ops ops = {
    .see = see,
    .change = change,
    .edit = edit,
    .partial = change,
    .exchange = exchange,
    .with_nodes = with_nodes,
    .walk = walk,
    .grow = grow,
    .arrange = arrange,
    .put = put,
    .last = last,
    .fail = fail,
    .refuse = refuse,
    .spoil = spoil,
    .hold = hold,
    .configure = configure,
    .fetch = fetch,
};

/* The server. */

static void
must(mw_status status, const mw_error *error)
{
    if (status < 0) {
        (void) fprintf(stderr, "desk: %s\n", error->text);
        abort();
    }
}

static void *
run(void *arg)
{
    struct mwt_desk *desk = arg;
    mw_error error;

    must(mw_server_run(desk->server, &error), &error);
    return NULL;
}

void
mwt_desk_start(struct mwt_desk *desk, const mw_server_options *options)
{
    mw_error error = { .text = "cannot serve" };

    memset(desk, 0, sizeof(*desk));
    mwi_mutex_init(&desk->mutex);
    mwi_cond_init(&desk->changed);
    must(mw_server_open(&desk->server, options, &error), &error);
    must(mirror_Desk_serve(desk->server, &ops, desk), &error);
    if (pthread_create(&desk->thread, NULL, run, desk) != 0) {
        abort();
    }
}

void
mwt_desk_close(struct mwt_desk *desk)
{
    mw_server_stop(desk->server);
    if (pthread_join(desk->thread, NULL) != 0) {
        abort();
    }
    mw_server_close(desk->server);
    free(desk->last);
    mwi_cond_fini(&desk->changed);
    mwi_mutex_fini(&desk->mutex);
}

mw_client *
mwt_desk_client(struct mwt_desk *desk)
{
    mw_client *client;
    mw_error error;

    must(mw_client_open_local(&client, desk->server, NULL, &error), &error);
    /* A test that makes allocations fail means those of calls. */
    must(mw_client_ping(client, NULL), &error);
    return client;
}

void
mwt_desk_let_go(struct mwt_desk *desk)
{
    mwi_lock(&desk->mutex);
    desk->is_open = true;
    mwi_cond_broadcast(&desk->changed);
    mwi_unlock(&desk->mutex);
}

void
mwt_desk_wait_inside(struct mwt_desk *desk, uint32_t n)
{
    mwi_lock(&desk->mutex);
    while (desk->n_inside < n) {
        (void) mwi_cond_wait(&desk->changed, &desk->mutex, MWI_FOREVER);
    }
    mwi_unlock(&desk->mutex);
}
