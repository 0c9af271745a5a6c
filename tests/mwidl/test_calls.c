/* SPDX-License-Identifier: MIT */
/*
 * Calls through the stubs and skeletons made of golden/calls.idl: every kind of
 * parameter in every direction arrives where it should, in both ways.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "calls_client.mw.h"
#include "calls_server.mw.h"

static mw_status
ping(mw_call *call)
{
    (void) call;
    return MW_OK;
}

static mw_status
feel(mw_call *call, calls_Base_State *state, calls_Base_Mood *ret_value)
{
    calls_Base_State *old;

    if (state->mood == calls_Base_Mood_BAD) {
        return calls_Base_Moody_raise(
            call, &(calls_Base_Moody){ .mood = calls_Base_Mood_BAD });
    }
    old = calls_Base_State_seq_add(call, &state->history);
    if (old == NULL) {
        return MW_ENOMEM;
    }
    old->mood = state->mood;
    state->mood = calls_Base_Mood_BAD;
    *ret_value = calls_Base_Mood_GOOD;
    return MW_OK;
}

static mw_status
scalars(mw_call *call, bool a, uint8_t b, int64_t c, double d,
    calls_Base_Mood e, bool *f, uint16_t *g, float *h, calls_Base_Mood *i,
    uint64_t *j, calls_Base_Mood *k, int32_t *ret_value)
{
    if (b == 0) {
        return calls_Refused_raise(
            call, &(calls_Refused){ .reason = (char *) "b is 0" });
    }
    if (b == 1) {
        return shared_Gone_raise(
            call, &(shared_Gone){ .where = { .x = 1.5, .has_z = true } });
    }
    *f = !a;
    *g = (uint16_t) (b + 1);
    *h = (float) d / 2;
    *i = e;
    *j += (uint64_t) c;
    *k =
        *k == calls_Base_Mood_GOOD ? calls_Base_Mood_BAD : calls_Base_Mood_GOOD;
    *ret_value = -7;
    return MW_OK;
}

static mw_status
texts(mw_call *call, const char *a, const char *b, char **c, char d[16 + 1],
    char **e, char f[16 + 1], char **ret_value)
{
    *c = mw_sprintf(call, "c=%s", a);
    strcpy(d, b);
    *e = mw_sprintf(call, "%s and more", *e);
    f[0] = 'F';
    *ret_value = mw_strdup(call, "result");
    return *c != NULL && *e != NULL && *ret_value != NULL ? MW_OK : MW_ENOMEM;
}

static mw_status
short_text(mw_call *call, char ret_value[16 + 1])
{
    (void) call;
    strcpy(ret_value, "sixteen letters!");
    return MW_OK;
}

static mw_status
structs(mw_call *call, const shared_Point *a, shared_Point *b, shared_Point *c,
    shared_Point *ret_value)
{
    (void) call;
    *b = *a;
    b->x += 1;
    c->has_z = true;
    c->z = 9;
    ret_value->y = a->y + c->y;
    return MW_OK;
}

static mw_status
sequences(mw_call *call, const mw_seq_f64 *a, const calls_List *b,
    const shared_Point_seq *c, calls_List *d, shared_Point_seq_8 *e,
    shared_Point_seq *ret_value)
{
    *d = *b;
    shared_Point *point = shared_Point_seq_8_add(call, e);

    if (point == NULL) {
        return mw_call_fail(call, MW_EEXHAUSTED, "e is full");
    }
    point->x = a->items[a->len - 1];
    *ret_value = *c;
    return MW_OK;
}

static mw_status
arrays(mw_call *call, double a[2][3], const shared_Point b[4], char *const c[2],
    char d[2][8 + 1], double e[2][3], shared_Point f[4], char *g[2],
    char h[2][8 + 1], char *i[2], double ret_value[2][3])
{
    memcpy(e, a, sizeof(calls_Grid));
    memcpy(ret_value, a, sizeof(calls_Grid));
    ret_value[1][2] = 12;
    f[3] = b[0];
    g[1] = mw_sprintf(call, "%s!", c[1]);
    i[0] = mw_strdup(call, c[0]);
    strcpy(h[1], d[0]);
    return g[1] != NULL && i[0] != NULL ? MW_OK : MW_ENOMEM;
}

static mw_status
awkward(mw_call *call, int32_t client_, int32_t ctx_, int32_t call_,
    int32_t args_, int32_t ret_value_, int32_t ret_pending_, int32_t err_,
    int32_t int_, int32_t ops, int32_t handlers)
{
    int32_t sum = client_ + ctx_ + call_ + args_ + ret_value_ + ret_pending_ +
                  err_ + int_ + ops + handlers;

    return mw_call_fail(call, MW_EABORTED, "the sum is %d", (int) sum);
}

static mw_status
many_words(mw_call *call, const shared_Point *first, const shared_Point *second)
{
    return mw_call_fail(call, MW_ERANGE, "%g %g", first->x, second->y);
}

static const calls_Desk_ops handlers_ = {
    .ping = ping,
    .feel = feel,
    .scalars = scalars,
    .texts = texts,
    .short_text = short_text,
    .structs = structs,
    .sequences = sequences,
    .arrays = arrays,
    .awkward = awkward,
    .an_operation_of_many_words = many_words,
};

static mw_server *server;
static mw_client *client;
static pthread_t thread;

static void *
serve(void *unused)
{
    mw_error error;

    (void) unused;
    if (mw_server_run(server, &error) < 0) {
        cr_log_error("server: %s", error.text);
    }
    return NULL;
}

static void
start(void)
{
    mw_error error;
    mw_server_options options = { .size = sizeof(options) };

    cr_assert(
        mw_server_open(&server, &options, &error) == MW_OK, "%s", error.text);
    cr_assert(calls_Desk_serve(server, &handlers_, NULL) == MW_OK);
    cr_assert(calls_Desk_serve(server, &handlers_, NULL) == MW_EEXIST);
    cr_assert(pthread_create(&thread, NULL, serve, NULL) == 0);
    cr_assert(mw_client_open_local(&client, server, NULL, &error) == MW_OK,
        "%s", error.text);
}

static void
stop(void)
{
    mw_client_close(client);
    mw_server_stop(server);
    pthread_join(thread, NULL);
    mw_server_close(server);
}

TestSuite(calls, .init = start, .fini = stop);

Test(calls, none)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 10000);

    cr_expect(calls_Desk_ping(client, &ctx) == MW_OK, "%s", mw_ctx_error(&ctx));
    cr_expect(calls_Desk_ping(client, NULL) == MW_OK);
    cr_expect(calls_Desk_delete(client, &ctx, 1) == MW_EUNIMPLEMENTED);
}

Test(calls, scalars)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 10000);
    bool f = true;
    uint16_t g;
    float h;
    calls_Base_Mood i;
    uint64_t j = 40;
    calls_Base_Mood k = calls_Base_Mood_GOOD;
    int32_t result;

    cr_assert(
        calls_Desk_scalars(client, &ctx, true, 255, 2, 5.0, calls_Base_Mood_BAD,
            &f, &g, &h, &i, &j, &k, &result) == MW_OK,
        "%s", mw_ctx_error(&ctx));
    cr_expect(!f && g == 256 && h == 2.5f && i == calls_Base_Mood_BAD);
    cr_expect(j == 42 && k == calls_Base_Mood_BAD && result == -7);
}

Test(calls, exceptions)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 10000);
    bool f;
    uint16_t g;
    float h;
    calls_Base_Mood i;
    uint64_t j = 40;
    calls_Base_Mood k = calls_Base_Mood_GOOD;
    int32_t result;

    cr_assert(
        calls_Desk_scalars(client, &ctx, true, 0, 2, 5.0, calls_Base_Mood_BAD,
            &f, &g, &h, &i, &j, &k, &result) == MW_EEXCEPTION);
    cr_assert_not_null(calls_Refused_caught(&ctx));
    cr_expect_str_eq(calls_Refused_caught(&ctx)->reason, "b is 0");
    cr_expect(shared_Gone_caught(&ctx) == NULL);
    cr_assert(
        calls_Desk_scalars(client, &ctx, true, 1, 2, 5.0, calls_Base_Mood_BAD,
            &f, &g, &h, &i, &j, &k, &result) == MW_EEXCEPTION);
    cr_expect(calls_Refused_caught(&ctx) == NULL);
    cr_assert_not_null(shared_Gone_caught(&ctx));
    cr_expect(shared_Gone_caught(&ctx)->where.x == 1.5);
    cr_expect(shared_Gone_caught(&ctx)->where.has_z);
    cr_expect(j == 40 && k == calls_Base_Mood_GOOD);
    mw_ctx_clear(&ctx);
}

Test(calls, inherited)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 10000);
    calls_Base_State state = { .mood = calls_Base_Mood_GOOD };
    calls_Base_Mood result = calls_Base_Mood_BAD;

    cr_assert(calls_Desk_feel(client, &ctx, &state, &result) == MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_expect(result == calls_Base_Mood_GOOD);
    cr_expect(state.mood == calls_Base_Mood_BAD && state.history.len == 1);
    cr_expect(calls_Desk_feel(client, &ctx, &state, &result) == MW_EEXCEPTION);
    cr_assert_not_null(calls_Base_Moody_caught(&ctx));
    cr_expect(state.history.len == 1);
    /* Who knows only the base can call what serves the derived one. */
    state.mood = calls_Base_Mood_GOOD;
    cr_expect(calls_Base_feel(client, &ctx, &state, &result) == MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_expect(state.history.len == 2);
    mw_ctx_clear(&ctx);
    calls_Base_State_clear(&state);
}

Test(calls, texts)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 10000);
    char *c = NULL;
    char d[16 + 1];
    char *e = strdup("some");
    char f[16 + 1] = "f...";
    char *result = NULL;

    cr_assert(calls_Desk_texts(client, &ctx, "a", "sixteen letters.", &c, d, &e,
                  f, &result) == MW_OK,
        "%s", mw_ctx_error(&ctx));
    cr_expect_str_eq(c, "c=a");
    cr_expect_str_eq(d, "sixteen letters.");
    cr_expect_str_eq(e, "some and more");
    cr_expect_str_eq(f, "F...");
    cr_expect_str_eq(result, "result");
    free(c);
    free(e);
    free(result);
    cr_assert(calls_Desk_short_text(client, &ctx, d) == MW_OK);
    cr_expect_str_eq(d, "sixteen letters!");
}

Test(calls, structs)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 10000);
    shared_Point a = { .x = 1, .y = 2 };
    shared_Point b;
    shared_Point c = { .x = 3, .y = 4 };
    shared_Point result;

    cr_assert(calls_Desk_structs(client, &ctx, &a, &b, &c, &result) == MW_OK,
        "%s", mw_ctx_error(&ctx));
    cr_expect(b.x == 2 && b.y == 2 && !b.has_z);
    cr_expect(c.x == 3 && c.has_z && c.z == 9);
    cr_expect(result.x == 0 && result.y == 6);
    cr_expect(calls_Desk_an_operation_of_many_words(client, &ctx, &a, &c) ==
              MW_ERANGE);
    cr_expect(
        strstr(mw_ctx_error(&ctx), "1 4") != NULL, "%s", mw_ctx_error(&ctx));
}

Test(calls, sequences)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 10000);
    double numbers[] = { 1, 2, 3.5 };
    mw_seq_f64 a = { .items = numbers, .len = 3, .cap = 3 };
    char *words[] = { (char *) "one", (char *) "two" };
    calls_List b = { .items = words, .len = 2, .cap = 2 };
    shared_Point points[] = { { .x = 1 }, { .y = 2 } };
    shared_Point_seq c = { .items = points, .len = 2, .cap = 2 };
    calls_List d = { 0 };
    shared_Point_seq_8 e = { .len = 7 };
    shared_Point_seq result = { 0 };

    cr_assert(calls_Desk_sequences(client, &ctx, &a, &b, &c, &d, &e, &result) ==
                  MW_OK,
        "%s", mw_ctx_error(&ctx));
    cr_expect(d.len == 2);
    cr_expect_str_eq(d.items[1], "two");
    cr_expect(e.len == 8 && e.items[7].x == 3.5);
    cr_expect(result.len == 2 && result.items[1].y == 2);
    mw_object_clear(&mw_type_seq_string, &d);
    shared_Point_seq_clear(&result);
    cr_expect(calls_Desk_sequences(client, &ctx, &a, &b, &c, &d, &e, &result) ==
              MW_EEXHAUSTED);
    cr_expect(e.len == 8 && d.items == NULL);
}

Test(calls, arrays)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 10000);
    double a[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
    shared_Point b[4] = { { .x = 8 } };
    char *c[2] = { (char *) "c0", (char *) "c1" };
    char d[2][8 + 1] = { "d0", "eight..." };
    double e[2][3];
    shared_Point f[4] = { { .x = 1 }, { .x = 2 } };
    char *g[2] = { strdup("g0"), strdup("g1") };
    char h[2][8 + 1];
    char *i[2] = { NULL, NULL };
    double result[2][3];

    cr_assert(calls_Desk_arrays(
                  client, &ctx, a, b, c, d, e, f, g, h, i, result) == MW_OK,
        "%s", mw_ctx_error(&ctx));
    cr_expect(memcmp(a, e, sizeof(a)) == 0);
    cr_expect(result[0][0] == 1 && result[1][2] == 12);
    cr_expect(f[0].x == 1 && f[3].x == 8);
    cr_expect_str_eq(g[0], "g0");
    cr_expect_str_eq(g[1], "c1!");
    cr_expect_str_eq(h[1], "d0");
    cr_expect_str_eq(i[0], "c0");
    for (int n = 0; n < 2; n++) {
        free(g[n]);
        free(i[n]);
    }
}

/* Those that are only started: what went in may go before they are finished. */

Test(calls, started_scalars)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 10000);
    mw_pending *pending;
    bool f = true;
    uint16_t g = 0;
    float h = 0;
    calls_Base_Mood i = calls_Base_Mood_GOOD;
    uint64_t j = 40;
    calls_Base_Mood k = calls_Base_Mood_GOOD;
    int32_t result = 0;

    cr_assert(calls_Desk_scalars_start(client, &ctx, true, 255, 2, 5.0,
                  calls_Base_Mood_BAD, &f, &g, &h, &i, &j, &k, &result,
                  &pending) == MW_OK,
        "%s", mw_ctx_error(&ctx));
    cr_expect(f && g == 0 && j == 40 && result == 0);
    cr_assert(mw_pending_finish(pending) == MW_OK, "%s", mw_ctx_error(&ctx));
    cr_expect(!f && g == 256 && h == 2.5f && i == calls_Base_Mood_BAD);
    cr_expect(j == 42 && k == calls_Base_Mood_BAD && result == -7);
    cr_assert(calls_Desk_scalars_start(client, &ctx, true, 0, 2, 5.0,
                  calls_Base_Mood_BAD, &f, &g, &h, &i, &j, &k, &result,
                  &pending) == MW_OK);
    cr_expect(mw_pending_finish(pending) == MW_EEXCEPTION);
    cr_assert_not_null(calls_Refused_caught(&ctx));
    mw_ctx_clear(&ctx);
}

Test(calls, started_texts)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 10000);
    mw_pending *pending;
    char *a = strdup("a");
    char *b = strdup("sixteen letters.");
    char *c = NULL;
    char d[16 + 1] = "";
    char *e = strdup("some");
    char f[16 + 1] = "f...";
    char *result = NULL;

    cr_assert(calls_Desk_texts_start(
                  client, &ctx, a, b, &c, d, &e, f, &result, &pending) == MW_OK,
        "%s", mw_ctx_error(&ctx));
    free(a);
    free(b);
    cr_expect(c == NULL && result == NULL);
    cr_assert(mw_pending_finish(pending) == MW_OK, "%s", mw_ctx_error(&ctx));
    cr_expect_str_eq(c, "c=a");
    cr_expect_str_eq(d, "sixteen letters.");
    cr_expect_str_eq(e, "some and more");
    cr_expect_str_eq(f, "F...");
    cr_expect_str_eq(result, "result");
    free(c);
    free(e);
    free(result);
}

Test(calls, started_structs)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 10000, .measure = true,
        .show_changes = true, .conflict = MW_CONFLICT_SERVER);
    mw_pending *pending;
    shared_Point *a = malloc(sizeof(*a));
    shared_Point b;
    shared_Point c = { .x = 3, .y = 4 };
    shared_Point result;

    *a = (shared_Point){ .x = 1, .y = 2 };
    cr_assert(calls_Desk_structs_start(
                  client, &ctx, a, &b, &c, &result, &pending) == MW_OK,
        "%s", mw_ctx_error(&ctx));
    free(a);
    c.x = 5;
    cr_assert(mw_pending_finish(pending) == MW_OK, "%s", mw_ctx_error(&ctx));
    cr_expect(b.x == 2 && b.y == 2 && !b.has_z);
    cr_expect(c.x == 5 && c.has_z && c.z == 9);
    cr_expect(result.x == 0 && result.y == 6);
    cr_expect_str_eq(ctx.changes, "+ c.z: 9\n");
    mw_ctx_clear(&ctx);
}

Test(calls, started_inherited)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 10000);
    mw_pending *pending;
    calls_Base_State state = { .mood = calls_Base_Mood_GOOD };
    calls_Base_Mood result = calls_Base_Mood_BAD;

    cr_assert(calls_Base_feel_start(client, &ctx, &state, &result, &pending) ==
              MW_OK);
    cr_expect(mw_pending_finish(pending) == MW_OK, "%s", mw_ctx_error(&ctx));
    cr_expect(state.history.len == 1 && result == calls_Base_Mood_GOOD);
    cr_assert(calls_Desk_ping_start(client, NULL, &pending) == MW_OK);
    cr_expect(mw_pending_finish(pending) == MW_OK);
    calls_Base_State_clear(&state);
}

Test(calls, names_that_c_has_already)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 10000);

    cr_expect(calls_Desk_awkward(client, &ctx, 1, 2, 4, 8, 16, 32, 64, 128, 256,
                  512) == MW_EABORTED);
    cr_expect(strstr(mw_ctx_error(&ctx), "the sum is 1023") != NULL, "%s",
        mw_ctx_error(&ctx));
}
