/* SPDX-License-Identifier: MIT */
#include "integration/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lib/pki.h"
#include "lib/random_value.h"
#include "rpc/call.h"

static void
must(mw_status status, const mw_error *error)
{
    if (status < 0) {
        (void) fprintf(stderr, "fixture: %s\n", error->text);
        abort();
    }
}

/* The gate. */

static void
gate_pass(struct mwt_gate *gate)
{
    mwi_lock(&gate->mutex);
    gate->n_inside++;
    mwi_cond_broadcast(&gate->changed);
    while (!gate->is_open) {
        (void) mwi_cond_wait(&gate->changed, &gate->mutex, MWI_FOREVER);
    }
    gate->n_inside--;
    mwi_cond_broadcast(&gate->changed);
    mwi_unlock(&gate->mutex);
}

static void
gate_note(struct mwt_gate *gate, const char *text)
{
    mwi_lock(&gate->mutex);
    gate->n_notes++;
    (void) snprintf(gate->last_note, sizeof(gate->last_note), "%s", text);
    mwi_cond_broadcast(&gate->changed);
    mwi_unlock(&gate->mutex);
}

static void
set_open(struct mwt_gate *gate, bool is_open)
{
    mwi_lock(&gate->mutex);
    gate->is_open = is_open;
    mwi_cond_broadcast(&gate->changed);
    mwi_unlock(&gate->mutex);
}

void
mwt_pair_begin(struct mwt_pair *p, uint32_t threads_max)
{
    mwt_server_start(&p->s, MW_SERVER(.threads_max = threads_max));
    p->client = mwt_local_client(&p->s);
}

void
mwt_pair_begin_tls(struct mwt_pair *p, uint32_t threads_max)
{
    mwt_server_start(
        &p->s, MW_SERVER(.listen = "tls://127.0.0.1:0", .tls = MWT_SERVER_TLS,
                   .threads_max = threads_max));
    p->client = mwt_tls_client(&p->s);
}

void
mwt_pair_end(struct mwt_pair *p)
{
    mw_client_close(p->client);
    mwt_server_close(&p->s);
}

void
mwt_gate_open(struct mwt_gate *gate)
{
    set_open(gate, true);
}

void
mwt_gate_close(struct mwt_gate *gate)
{
    set_open(gate, false);
}

static void
wait_for(struct mwt_gate *gate, const uint32_t *count, uint32_t n)
{
    mwi_lock(&gate->mutex);
    while (*count < n) {
        (void) mwi_cond_wait(&gate->changed, &gate->mutex, MWI_FOREVER);
    }
    mwi_unlock(&gate->mutex);
}

void
mwt_gate_wait_inside(struct mwt_gate *gate, uint32_t n)
{
    wait_for(gate, &gate->n_inside, n);
}

void
mwt_gate_wait_notes(struct mwt_gate *gate, uint32_t n)
{
    wait_for(gate, &gate->n_notes, n);
}

/* The handlers. */

static struct mwt_server *
server_of(mw_call *call)
{
    return mw_call_user(call);
}

static mw_status
version(mw_call *call, uint32_t *ret_value)
{
    (void) call;
    *ret_value = 7;
    return MW_OK;
}

static mw_status
echo(mw_call *call, const char *text, char **ret_value)
{
    *ret_value = mw_strdup(call, text);
    return *ret_value != NULL ? MW_OK : MW_ENOMEM;
}

static mw_status
add(mw_call *call, double a, double b, double *ret_value)
{
    (void) call;
    *ret_value = a + b;
    return MW_OK;
}

void
mwt_probe_mutate(mw_call *call, probe_Box *box, uint64_t seed)
{
    struct mwt_prng prng = { .state = seed };
    struct mwi_place place = {
        .arena = call != NULL ? &call->arena : NULL,
        .budget = SIZE_MAX,
    };

    mwt_mutate(&prng, &place, &probe_Box_type, box);
}

static mw_status
mutate(mw_call *call, probe_Box *box, uint64_t seed)
{
    mwt_probe_mutate(call, box, seed);
    return MW_OK;
}

mw_status
mwt_probe_edit(mw_call *call, probe_Box *box)
{
    probe_Item *item;
    char *longer;

    box->serial++;
    box->grid[1][2] = -1;
    box->has_centre = !box->has_centre;
    box->centre = (probe_Point){ 0 };
    longer = mw_sprintf(call, "%s, edited", box->text != NULL ? box->text : "");
    if (longer == NULL || mw_set_string(call, &box->text, longer) < 0) {
        return MW_ENOMEM;
    }
    if (call == NULL) {
        free(longer);
    }
    item = probe_Item_seq_insert(call, &box->items, box->items.len / 2, 1);
    if (item == NULL) {
        return MW_ENOMEM;
    }
    item->id = 1000000;
    if (box->items.len > 3) {
        probe_Item_seq_remove(call, &box->items, 0, 1);
        box->items.items[1].rank++;
    }
    return mw_set_string(call, &item->name, "new");
}

static mw_status
edit(mw_call *call, probe_Box *box)
{
    return mwt_probe_edit(call, box);
}

static mw_status
rename_deepest(mw_call *call, probe_Tree *tree, const char *name)
{
    while (tree->children.len > 0) {
        tree = &tree->children.items[0];
    }
    return mw_set_string(call, &tree->name, name);
}

static mw_status
spoil(mw_call *call, probe_Box *box, char **text, int32_t status)
{
    mwt_probe_mutate(call, box, 1);
    box->serial++;
    if (mw_set_string(call, text, "spoiled") < 0) {
        return MW_ENOMEM;
    }
    return mw_call_fail(call, (mw_status) status, "spoiled, code %d", status);
}

static mw_status
refuse(mw_call *call, probe_Box *box)
{
    box->serial++;
    return probe_Refused_raise(call,
        &(probe_Refused){ .reason = (char[]){ "not today" }, .code = 42 });
}

static mw_status
exchange(mw_call *call, probe_Box *a, probe_Box *b, char verdict[17],
    uint64_t *ret_value)
{
    probe_Box old_a = *a;

    (void) call;
    *a = *b;
    *b = old_a;
    *ret_value = a->serial + b->serial;
    (void) snprintf(verdict, 17, "exchanged");
    return MW_OK;
}

static mw_status
wait_at_gate(mw_call *call)
{
    gate_pass(&server_of(call)->gate);
    return MW_OK;
}

static mw_status
note(mw_call *call, const char *text)
{
    gate_note(&server_of(call)->gate, text);
    return MW_OK;
}

static mw_status
note_slowly(mw_call *call, const probe_Box *box)
{
    gate_pass(&server_of(call)->gate);
    gate_note(&server_of(call)->gate, box->text != NULL ? box->text : "");
    return MW_OK;
}

static mw_status
note_links(mw_call *call, const probe_Link *first)
{
    gate_pass(&server_of(call)->gate);
    gate_note(&server_of(call)->gate, first != NULL ? "some" : "none");
    return MW_OK;
}

static mw_status
garble(mw_call *call, char **ret_value)
{
    *ret_value = mw_strdup(call, "\xff\xfe");
    return *ret_value != NULL ? MW_OK : MW_ENOMEM;
}

static mw_status
fill(mw_call *call, uint32_t size, mw_seq_u8 *ret_value)
{
    ret_value->items = mw_alloc(call, size);
    if (ret_value->items == NULL) {
        return MW_ENOMEM;
    }
    memset(ret_value->items, 0xa5, size);
    ret_value->len = size;
    return MW_OK;
}

static mw_status
stop(mw_call *call)
{
    mw_server_stop(server_of(call)->server);
    return MW_OK;
}

static mw_status
remaining(mw_call *call, uint32_t *ret_value)
{
    *ret_value = mw_call_remaining_ms(call);
    return MW_OK;
}

static mw_status
who(mw_call *call, char **ret_value)
{
    *ret_value = mw_strdup(call, mw_call_peer(call)->name);
    return *ret_value != NULL ? MW_OK : MW_ENOMEM;
}

static const probe_Probe_ops probe_ops = {
    .version = version,
    .echo = echo,
    .add = add,
    .mutate = mutate,
    .edit = edit,
    .rename = rename_deepest,
    .spoil = spoil,
    .refuse = refuse,
    .exchange = exchange,
    .wait = wait_at_gate,
    .note = note,
    .note_slowly = note_slowly,
    .note_links = note_links,
    .garble = garble,
    .fill = fill,
    .stop = stop,
    .remaining = remaining,
    .who = who,
};

/* The server. */

static void *
run(void *arg)
{
    struct mwt_server *s = arg;

    s->status = mw_server_run(s->server, &s->error);
    return NULL;
}

void
mwt_server_start(struct mwt_server *s, const mw_server_options *options)
{
    memset(s, 0, sizeof(*s));
    mwi_mutex_init(&s->gate.mutex);
    mwi_cond_init(&s->gate.changed);
    must(mw_server_open(&s->server, options, &s->error), &s->error);
    must(probe_Probe_serve(s->server, &probe_ops, s), &s->error);
    if (pthread_create(&s->thread, NULL, run, s) != 0) {
        abort();
    }
    s->is_running = true;
}

void
mwt_server_stop(struct mwt_server *s)
{
    mw_server_stop(s->server);
    if (s->is_running && pthread_join(s->thread, NULL) != 0) {
        abort();
    }
    s->is_running = false;
}

void
mwt_server_close(struct mwt_server *s)
{
    mwt_server_stop(s);
    mw_server_close(s->server);
    mwi_cond_fini(&s->gate.changed);
    mwi_mutex_fini(&s->gate.mutex);
}

mw_client *
mwt_local_client(struct mwt_server *s)
{
    mw_client *client;
    mw_error error;

    must(mw_client_open_local(&client, s->server, NULL, &error), &error);
    /* A test that makes allocations fail means those of calls. */
    must(mw_client_ping(client, NULL), &error);
    return client;
}

mw_client *
mwt_tls_client(struct mwt_server *s)
{
    mw_client *client;
    mw_error error;

    must(mw_client_open(&client, mw_server_address(s->server, 0),
             MW_CLIENT(.tls = MWT_CLIENT_TLS), &error),
        &error);
    return client;
}
