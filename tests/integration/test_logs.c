/* SPDX-License-Identifier: MIT */
/*
 * Log lines: which there are, what is never in them, and what becomes of calls
 * when the log has trouble.
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/log.h"
#include "integration/fixture.h"
#include "integration/raw.h"
#include "lib/pki.h"
#include "rpc/local.h"

enum { PATIENCE_MS = 60000 };

/* What no line may have in it, as text and as a number. */
#define MARK        "xyzzy"
#define MARK_NUMBER "24712843"
enum { MARKED = 24712843 };

struct lines {
    struct mwi_mutex mutex;
    char text[1 << 16];         /* [mutex] all lines */
    size_t len;                 /* [mutex] */
    size_t n[MW_LOG_DEBUG + 1]; /* [mutex] by level */
};

static void
keep(void *user, mw_log_level level, const char *line)
{
    struct lines *lines = user;
    size_t len = strlen(line);

    mwi_lock(&lines->mutex);
    cr_assert_lt(lines->len + len + 2, sizeof(lines->text));
    memcpy(lines->text + lines->len, line, len);
    lines->len += len;
    lines->text[lines->len++] = '\n';
    lines->n[level]++;
    mwi_unlock(&lines->mutex);
}

/* When all is over. */
static void
assert_has(const struct lines *lines, const char *text)
{
    cr_assert_not_null(
        strstr(lines->text, text), "no \"%s\" in:\n%s", text, lines->text);
}

/* Calls that go well and that fail, each with the mark in it. */

static void
successes(mw_client *client)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS, .show_changes = true);
    probe_Box box = { .serial = MARKED };
    char *text = NULL;

    cr_assert_eq(probe_Probe_echo(client, &ctx, MARK, &text), MW_OK);
    free(text);
    cr_assert_eq(mw_set_string(NULL, &box.text, MARK), MW_OK);
    cr_assert_eq(probe_Probe_edit(client, &ctx, &box), MW_OK);
    cr_assert_eq(probe_Probe_note(client, &ctx, MARK), MW_OK);
    probe_Box_clear(&box);
    mw_ctx_clear(&ctx);
}

static void
failures(mw_client *client)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    probe_Box box = { .serial = MARKED };
    char *text = NULL;

    cr_assert_eq(mw_set_string(NULL, &text, MARK), MW_OK);
    /* Its text has the status in it, which is an argument. */
    cr_assert_lt(probe_Probe_spoil(client, &ctx, &box, &text, -MARKED), 0);
    cr_assert_eq(probe_Probe_refuse(client, &ctx, &box), MW_EEXCEPTION);
    cr_assert_eq(probe_Probe_missing(client, &ctx), MW_EUNIMPLEMENTED);
    /* At the client: not UTF-8, behind the mark. */
    cr_assert_eq(probe_Probe_echo(client, &ctx, MARK "\xff", &text), MW_EINVAL);
    ctx.timeout_ms = 1;
    (void) !probe_Probe_wait(client, &ctx);
    free(text);
    probe_Box_clear(&box);
    mw_ctx_clear(&ctx);
}

/* Broken arguments of a peer that does not check them. */
static void
broken_arguments(mw_server *server)
{
    static const char *const messages[] = {
        /* [1, 1, "probe.Probe.fill", {}, [2471284300000], too many for a
           uint32] */
        "85 01 01 70 70726f62652e50726f62652e66696c6c a0 811b0000023f6405d8e0",
        /* … ["xyzzy"] where a number should be */
        "85 01 02 70 70726f62652e50726f62652e66696c6c a0 81 65 78797a7a79",
        /* … "xyzzy\n.f": an operation that is none */
        "85 01 03 68 78797a7a790a2e66 a0 80",
        /* an unknown meta key */
        "85 01 04 70 70726f62652e50726f62652e66696c6c a1 19 0179 01 80",
    };
    struct mwi_stream *stream;
    struct mwt_raw raw;
    mw_error error;

    cr_assert_eq(mwi_server_connect(server, &stream, &error), MW_OK);
    mwt_raw_open(&raw, stream);
    mwt_raw_send_message(&raw, "83 00 01 a0");
    cr_assert(mwt_raw_receive(&raw));
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        mwt_raw_send_message(&raw, messages[i]);
        cr_assert(mwt_raw_receive(&raw));
        cr_assert_eq(raw.message.kind, MWI_FAIL, "message %zu", i);
    }
    mwt_raw_send_message(&raw, "81 65 78797a7a79"); /* no message at all */
    while (mwt_raw_receive(&raw)) {
    }
    mwt_raw_close(&raw);
}

static void
run_all(struct lines *lines, mw_log_level level)
{
    struct mwt_pair p;
    mw_error error;

    mwi_mutex_init(&lines->mutex);
    mwt_server_start(
        &p.s, MW_SERVER(.threads_max = 2, .listen = "tls://127.0.0.1:0",
                  .tls = MWT_SERVER_TLS, .log = keep, .log_user = lines,
                  .log_level = level));
    cr_assert_eq(mw_client_open(&p.client, mw_server_address(p.s.server, 0),
                     MW_CLIENT(.tls = MWT_CLIENT_TLS, .log = keep,
                         .log_user = lines, .log_level = level),
                     &error),
        MW_OK);
    mwt_gate_open(&p.s.gate);
    successes(p.client);
    failures(p.client);
    broken_arguments(p.s.server);
    mwt_pair_end(&p);
    mwi_mutex_fini(&lines->mutex);
}

/* But for the name of an operation, which is the peer's choice, too. */
static void
assert_unmarked(struct lines *lines)
{
    char *at;

    while ((at = strstr(lines->text, "interface '" MARK)) != NULL) {
        memset(at, '#', strlen("interface '" MARK));
    }
    cr_assert_null(strstr(lines->text, MARK), "%s", lines->text);
    cr_assert_null(strstr(lines->text, MARK_NUMBER), "%s", lines->text);
}

Test(logs, no_line_has_arguments_or_results)
{
    static struct lines lines;

    run_all(&lines, MW_LOG_DEBUG);
    assert_has(&lines, "serving");
    assert_has(&lines, "connected");
    assert_has(&lines, "probe.Probe.spoil");
    assert_has(&lines, "the handler failed it");
    assert_has(&lines, "raised an exception");
    assert_has(&lines, "probe.Probe.fill of local");
    /* A newline of a peer's is none of ours. */
    assert_has(&lines, "interface '" MARK "?'");
    assert_has(&lines, "malformed message");
    assert_unmarked(&lines);
    cr_assert_gt(lines.n[MW_LOG_DEBUG], 5);
}

Test(logs, levels)
{
    static struct lines all, info, errors;

    run_all(&all, (mw_log_level) 0);
    run_all(&info, MW_LOG_INFO);
    run_all(&errors, MW_LOG_ERROR);
    cr_assert_gt(all.n[MW_LOG_DEBUG], 0);
    cr_assert_gt(all.n[MW_LOG_WARN], 0);
    cr_assert_eq(info.n[MW_LOG_DEBUG], 0);
    cr_assert_gt(info.n[MW_LOG_INFO], 0);
    cr_assert_gt(info.n[MW_LOG_WARN], 0);
    cr_assert_eq(errors.len, 0);
    assert_unmarked(&all);
}

/* A line is not even formatted: what it would be of is not looked at. */
Test(logs, what_is_not_wanted_costs_nothing)
{
    static struct lines lines;
    const struct mwi_log log = {
        .cb = keep,
        .user = &lines,
        .level_max = MW_LOG_WARN,
    };
    int n_formatted = 0;

    mwi_mutex_init(&lines.mutex);
    mwi_log(&log, MW_LOG_INFO, "%s%n", "x", &n_formatted);
    cr_assert_eq(n_formatted, 0);
    mwi_log(&log, MW_LOG_WARN, "a\nb\x7f\x1b[1m\tc");
    cr_assert_str_eq(lines.text, "a?b??[1m?c\n");
    mwi_mutex_fini(&lines.mutex);
}

/* Trouble. */

static void
write_line(void *user, mw_log_level level, const char *line)
{
    FILE *file = user;

    (void) fprintf(file, "%d %s\n", (int) level, line);
    (void) fflush(file);
}

Test(logs, a_full_disk_disturbs_no_call)
{
    FILE *full = fopen("/dev/full", "w");
    struct mwt_pair p;
    mw_error error;

    cr_assert_not_null(full);
    mwt_server_start(
        &p.s, MW_SERVER(.threads_max = 2, .log = write_line, .log_user = full));
    cr_assert_eq(mw_client_open_local(&p.client, p.s.server,
                     MW_CLIENT(.log = write_line, .log_user = full), &error),
        MW_OK);
    mwt_gate_open(&p.s.gate);
    successes(p.client);
    failures(p.client);
    successes(p.client);
    mwt_pair_end(&p);
    cr_assert_neq(ferror(full), 0);
    (void) fclose(full);
}

/* Blocks those who say that a handler failed. */
struct dam {
    struct mwt_gate gate;
};

static void
block(void *user, mw_log_level level, const char *line)
{
    struct dam *dam = user;

    (void) level;
    if (strstr(line, "the handler failed it") == NULL) {
        return;
    }
    mwi_lock(&dam->gate.mutex);
    dam->gate.n_inside++;
    mwi_cond_broadcast(&dam->gate.changed);
    while (!dam->gate.is_open) {
        (void) mwi_cond_wait(&dam->gate.changed, &dam->gate.mutex, INT64_MAX);
    }
    mwi_unlock(&dam->gate.mutex);
}

static void *
call_spoil(void *client)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    probe_Box box = { 0 };
    char *text = NULL;

    cr_expect_eq(
        probe_Probe_spoil(client, &ctx, &box, &text, MW_ERANGE), MW_ERANGE);
    return NULL;
}

Test(logs, one_that_blocks_holds_up_nobody_else)
{
    struct dam dam = { .gate = { .is_open = false } };
    struct mwt_pair p;
    pthread_t thread;

    mwi_mutex_init(&dam.gate.mutex);
    mwi_cond_init(&dam.gate.changed);
    mwt_server_start(
        &p.s, MW_SERVER(.threads_max = 4, .log = block, .log_user = &dam));
    p.client = mwt_local_client(&p.s);
    mwt_gate_open(&p.s.gate);
    cr_assert_eq(pthread_create(&thread, NULL, call_spoil, p.client), 0);
    mwt_gate_wait_inside(&dam.gate, 1);
    for (size_t i = 0; i < 20; i++) {
        successes(p.client); /* on the same connection */
    }
    mwt_gate_open(&dam.gate);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    mwt_pair_end(&p);
    mwi_cond_fini(&dam.gate.changed);
    mwi_mutex_fini(&dam.gate.mutex);
}
