/* SPDX-License-Identifier: MIT */
/*
 * Addresses as they are written, and which endpoint is next.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "rpc/endpoints.h"

static const struct mwi_wish any = { .serial = 0 };
static const struct mwi_wish impatient = { .fail_fast = true };

static void
open_some(struct mwi_endpoints *e, const char *text)
{
    const struct mwi_backoff backoff = { .min_ms = 1000, .max_ms = 1000 };
    mw_error error;

    mwi_endpoints_init(e, &backoff, 2);
    cr_assert_eq(
        mwi_endpoints_take(e, text, &error), MW_OK, "%s: %s", text, error.text);
    e->first = 0;
}

static void
expect_list(const char *text, const char *expected)
{
    struct mwi_endpoints e;
    char list[1024] = "";

    open_some(&e, text);
    for (size_t i = 0; i < e.n_targets; i++) {
        char one[MWI_ADDRESS_TEXT_MAX];

        mwi_address_text(&e.targets[i].address, one);
        (void) strcat(list, one);
        (void) strcat(list, e.targets[i].is_name ? "? " : " ");
    }
    cr_assert_str_eq(list, expected);
    mwi_endpoints_fini(&e);
}

Test(rpc_endpoints, lists)
{
    expect_list("tls://a:1", "tls://a:1? ");
    expect_list("tls://a:1,b:2", "tls://a:1? tls://b:2? ");
    expect_list("tls://10.0.0.1:1,[::1]:2,unix:/x,/y,plaintext://127.0.0.1:3",
        "tls://10.0.0.1:1 tls://[::1]:2 unix:/x unix:/y "
        "plaintext://127.0.0.1:3 ");
    expect_list("unix:///run/x,/run/x,unix:/run/x", "unix:/run/x ");
    expect_list("tls://a:1,TLS://a:1,b:01,b:1", "tls://a:1? tls://b:1? ");
}

Test(rpc_endpoints, wrong_lists)
{
    static const char *const cases[][2] = {
        { "", "the address is empty" },
        { ",", "the address is empty" },
        { "tls://a:1,", "the address is empty" },
        { "tls://a:1,,b:2", "the address is empty" },
        { "tls://a:1, b:2", "a character that host names do not have" },
        { "a:1", "the scheme is not one of" },
        { "tls://a:1,http://b:2", "the scheme is not one of" },
        { "unix:/x,y", "the path must begin with /" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct mwi_backoff backoff = { .min_ms = 1, .max_ms = 1 };
        struct mwi_endpoints e;
        mw_error error;

        mwi_endpoints_init(&e, &backoff, 1);
        cr_assert_eq(mwi_endpoints_take(&e, cases[i][0], &error), MW_EINVAL,
            "%s", cases[i][0]);
        cr_assert_not_null(strstr(error.text, cases[i][1]), "%s", error.text);
        mwi_endpoints_fini(&e);
    }
}

Test(rpc_endpoints, how_many_addresses)
{
    const struct mwi_backoff backoff = { .min_ms = 1, .max_ms = 1 };
    char text[4096] = "unix:/0";
    char *longer = malloc(5000);
    struct mwi_endpoints e;
    mw_error error;

    for (int i = 1; i < MWI_TARGETS_MAX; i++) {
        (void) sprintf(text + strlen(text), ",/%d", i);
    }
    open_some(&e, text);
    cr_assert_eq(e.n, MWI_TARGETS_MAX);
    mwi_endpoints_fini(&e);
    (void) strcat(text, ",/x");
    mwi_endpoints_init(&e, &backoff, 1);
    cr_assert_eq(mwi_endpoints_take(&e, text, &error), MW_EINVAL);
    cr_assert_str_eq(error.text, "33 addresses, may be 1 to 32");
    mwi_endpoints_fini(&e);
    /* One that is longer than any can be. */
    memset(longer, 'a', 5000);
    memcpy(longer, "tls://a:1,", 10);
    longer[4999] = '\0';
    mwi_endpoints_init(&e, &backoff, 1);
    cr_assert_eq(mwi_endpoints_take(&e, longer, &error), MW_EINVAL);
    mwi_endpoints_fini(&e);
    free(longer);
}

Test(rpc_endpoints, no_memory)
{
    const struct mwi_backoff backoff = { .min_ms = 1, .max_ms = 1 };
    bool has_failed = true;

    for (uint64_t n = 1; has_failed; n++) {
        struct mwi_endpoints e;
        mw_status status;

        mwi_endpoints_init(&e, &backoff, 1);
        mwi_mem_fail_at(n);
        status = mwi_endpoints_take(&e, "unix:/a,/b,tls://c:1", NULL);
        has_failed = mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        cr_assert_eq(status, has_failed ? MW_ENOMEM : MW_OK);
        mwi_endpoints_fini(&e);
    }
}

/* Those with fewer connections first, of equals each in turn. */
Test(rpc_endpoints, in_turns)
{
    struct mwi_endpoints e;
    struct mwi_endpoint *first[3];
    int64_t now = mwi_now();

    open_some(&e, "unix:/a,/b,/c");
    cr_assert_eq(mwi_endpoints_count_open(&e, &any, now), 3);
    for (size_t i = 0; i < 6; i++) {
        struct mwi_endpoint *next = mwi_endpoints_vacant(&e, &any, i > 0, now);

        cr_assert_not_null(next);
        if (i < 3) {
            first[i] = next;
        }
        cr_assert_eq(next->n_conns, i / 3);
        next->n_conns++;
    }
    cr_assert_neq(first[0], first[1]);
    cr_assert_neq(first[1], first[2]);
    cr_assert_neq(first[2], first[0]);
    cr_assert_null(mwi_endpoints_vacant(&e, &any, true, now));
    mwi_endpoints_fini(&e);
}

Test(rpc_endpoints, only_one_will_do)
{
    struct mwi_endpoints e;
    struct mwi_wish wish = { .serial = 0 };
    int64_t now = mwi_now();

    open_some(&e, "unix:/a,/b,/c");
    wish.endpoint = e.all[1]->id;
    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq(mwi_endpoints_vacant(&e, &wish, false, now), e.all[1]);
    }
    cr_assert_eq(mwi_endpoints_count_open(&e, &wish, now), 1);
    wish = (struct mwi_wish){ .avoid = e.all[1]->id };
    for (size_t i = 0; i < 5; i++) {
        cr_assert_neq(mwi_endpoints_vacant(&e, &wish, false, now), e.all[1]);
    }
    /* Better than none; but not beside others. */
    e.all[0]->n_conns = e.all[2]->n_connecting = 2;
    cr_assert_eq(mwi_endpoints_vacant(&e, &wish, false, now), e.all[1]);
    cr_assert_null(mwi_endpoints_vacant(&e, &wish, true, now));
    /* One that there is not. */
    wish = (struct mwi_wish){ .endpoint = 1000 };
    cr_assert_null(mwi_endpoints_vacant(&e, &wish, false, now));
    cr_assert(mwi_endpoints_are_hopeless(&e, &wish, now));
    cr_assert_null(mwi_endpoints_why(&e, &wish));
    mwi_endpoints_fini(&e);
}

static void
fail(struct mwi_endpoints *e, size_t i, int64_t began, mw_status status)
{
    mw_error why;

    (void) mwi_fail(&why, status, "attempt at %zu", i);
    mwi_attempts_failed(&e->all[i]->attempts, &e->backoff, began, &why);
}

Test(rpc_endpoints, left_alone_after_a_failure)
{
    struct mwi_endpoints e;
    int64_t now = mwi_now();
    int64_t next;

    open_some(&e, "unix:/a,/b");
    fail(&e, 0, now, MW_EUNAVAILABLE);
    e.all[0]->attempts.retry_at = now + 1000;
    cr_assert_eq(mwi_endpoints_vacant(&e, &any, false, now), e.all[1]);
    cr_assert_eq(mwi_endpoints_vacant(&e, &any, false, now), e.all[1]);
    fail(&e, 1, now, MW_EUNAVAILABLE);
    e.all[1]->attempts.retry_at = now + 500;
    cr_assert_null(mwi_endpoints_vacant(&e, &any, false, now));
    next = mwi_endpoints_next(&e, &any);
    cr_assert_eq(next, now + 500);
    cr_assert_eq(mwi_endpoints_vacant(&e, &any, false, next), e.all[1]);
    /* Some thread is at it. */
    e.all[1]->n_connecting = 1;
    cr_assert_eq(mwi_endpoints_next(&e, &any), now + 1000);
    mwi_attempts_succeeded(&e.all[0]->attempts);
    cr_assert_eq(mwi_endpoints_vacant(&e, &any, false, now), e.all[0]);
    mwi_endpoints_fini(&e);
}

Test(rpc_endpoints, when_to_give_up)
{
    struct mwi_endpoints e;
    int64_t now = mwi_now();

    open_some(&e, "unix:/a,/b");
    cr_assert_not(mwi_endpoints_are_hopeless(&e, &impatient, now));
    fail(&e, 0, now, MW_EUNAVAILABLE);
    cr_assert_not(mwi_endpoints_are_hopeless(&e, &impatient, now));
    fail(&e, 1, now - 1, MW_EUNAVAILABLE);
    /* Before the call was made, that is. */
    cr_assert_not(mwi_endpoints_are_hopeless(&e, &impatient, now));
    cr_assert(mwi_endpoints_are_hopeless(&e, &impatient, now - 1));
    cr_assert_not(mwi_endpoints_are_hopeless(&e, &any, now - 1));
    cr_assert_str_eq(mwi_endpoints_why(&e, &any)->text, "attempt at 0");
    /* What will not get better. */
    fail(&e, 0, now, MW_EUNAUTHENTICATED);
    cr_assert_not(mwi_endpoints_are_hopeless(&e, &any, now));
    fail(&e, 1, now, MW_EUNAUTHENTICATED);
    cr_assert(mwi_endpoints_are_hopeless(&e, &any, now));
    mwi_endpoints_fini(&e);
}

/* Names. */

static void
resolve_to(struct mwi_endpoints *e, const char *const hosts[], size_t n)
{
    struct mwi_address addresses[4];
    struct mwi_target *target = &e->targets[0];

    for (size_t i = 0; i < n; i++) {
        addresses[i] = target->address;
        (void) strcpy(addresses[i].name, target->address.host);
        (void) strcpy(addresses[i].host, hosts[i]);
    }
    cr_assert_eq(mwi_endpoints_resolved(e, target, addresses, n, NULL), MW_OK);
}

static bool
leads_to(const struct mwi_endpoints *e, const char *host)
{
    for (size_t i = 0; i < e->n; i++) {
        if (strcmp(e->all[i]->address.host, host) == 0) {
            return true;
        }
    }
    return false;
}

Test(rpc_endpoints, names_are_resolved_first)
{
    static const char *const both[] = { "10.0.0.1", "10.0.0.2" };
    struct mwi_endpoints e;
    int64_t now = mwi_now();

    open_some(&e, "tls://db:1");
    cr_assert(mwi_endpoints_need_tls(&e));
    cr_assert_eq(e.n, 0);
    cr_assert_eq(mwi_endpoints_unresolved(&e, now), &e.targets[0]);
    e.targets[0].is_resolving = true;
    cr_assert_null(mwi_endpoints_unresolved(&e, now));
    cr_assert_eq(mwi_endpoints_next(&e, &any), MWI_FOREVER);
    e.targets[0].is_resolving = false;
    resolve_to(&e, both, 2);
    cr_assert_eq(e.n, 2);
    cr_assert_eq(mwi_endpoints_max(&e), MWI_ENDPOINTS_MAX);
    cr_assert_null(mwi_endpoints_unresolved(&e, now));
    mwi_endpoints_fini(&e);
}

/* Anew, a second later, once all that it led to has failed. */
Test(rpc_endpoints, names_that_fail)
{
    static const char *const both[] = { "10.0.0.1", "10.0.0.2" };
    const int64_t second = 1000000000;
    struct mwi_endpoints e;
    int64_t now;

    open_some(&e, "plaintext://db:1");
    cr_assert_not(mwi_endpoints_need_tls(&e));
    resolve_to(&e, both, 2);
    now = mwi_now();
    cr_assert_null(mwi_endpoints_unresolved(&e, now + 2 * second));
    fail(&e, 0, now, MW_EUNAVAILABLE);
    cr_assert_null(mwi_endpoints_unresolved(&e, now + 2 * second));
    fail(&e, 1, now, MW_EUNAVAILABLE);
    cr_assert_null(mwi_endpoints_unresolved(&e, now));
    cr_assert_not_null(mwi_endpoints_unresolved(&e, now + 2 * second));
    /* What failed before it was resolved says nothing of now. */
    resolve_to(&e, both, 2);
    cr_assert_null(mwi_endpoints_unresolved(&e, mwi_now() + 2 * second));
    /* And whenever it is long ago. */
    cr_assert_not_null(mwi_endpoints_unresolved(&e, mwi_now() + 60 * second));
    mwi_endpoints_fini(&e);
}

/* Those that are known stay as they are, those that have gone go when nobody
 * uses them. */
Test(rpc_endpoints, names_that_move)
{
    static const char *const before[] = { "10.0.0.1", "10.0.0.2", "10.0.0.3" };
    static const char *const after[] = { "10.0.0.2", "10.0.0.4" };
    struct mwi_endpoints e;
    uint64_t second;

    open_some(&e, "plaintext://db:1");
    resolve_to(&e, before, 3);
    second = e.all[1]->id;
    e.all[2]->n_conns = 1;
    resolve_to(&e, after, 2);
    cr_assert_eq(e.n, 3);
    cr_assert_not(leads_to(&e, "10.0.0.1"));
    cr_assert(leads_to(&e, "10.0.0.2"));
    cr_assert(leads_to(&e, "10.0.0.3"));
    cr_assert(leads_to(&e, "10.0.0.4"));
    cr_assert_eq(e.all[0]->id, second);
    cr_assert_eq(mwi_endpoints_count_open(&e, &any, mwi_now()), 2);
    e.all[1]->n_conns = 0;
    mwi_endpoints_drop_gone(&e);
    cr_assert_eq(e.n, 2);
    cr_assert_not(leads_to(&e, "10.0.0.3"));
    mwi_endpoints_fini(&e);
}

Test(rpc_endpoints, names_without_memory)
{
    struct mwi_address address;
    struct mwi_endpoints e;
    mw_error error;

    open_some(&e, "plaintext://db:1");
    address = e.targets[0].address;
    mwi_mem_fail_at(1);
    cr_assert_eq(mwi_endpoints_resolved(&e, &e.targets[0], &address, 1, &error),
        MW_ENOMEM);
    mwi_mem_fail_at(0);
    cr_assert_eq(mwi_endpoints_unresolved(&e, mwi_now()), &e.targets[0]);
    mwi_endpoints_fini(&e);
}
