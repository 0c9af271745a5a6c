#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Compile the code of docs/guide/cookbook.md, run its test of a handler, and try
# what it says of many calls at once and of graphs.
#
#   cookbook.sh MWIDL LIBRARY [CC]
#
# LIBRARY is libmw.so.  The pieces make one program together, in their order.
set -euo pipefail

mwidl=$(realpath "$1")
library=$(realpath "$2")
cc=${3:-cc}
root=$(realpath "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../..")
page=$root/docs/guide/cookbook.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# blocks LANGUAGE: what is in code blocks of a language
blocks() {
    awk -v fence="\`\`\`$1" '/^```/ { is_in = $0 == fence; next } is_in' "$page"
}

blocks idl >bank.idl
"$mwidl" bank.idl
cat >cookbook.c <<'EOT'
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mw/mw.h>

#include "bank_client.mw.h"
#include "bank_server.mw.h"

EOT
blocks c >>cookbook.c
cat >>cookbook.c <<'EOT'
static const tasks_Board_ops board_ops = { .reverse = reverse,
    .drop_done = drop_done, .mark = mark, .fill_in = fill_in };

/* What the recipes say of three tasks. */
static bool
tasks_work(mw_client *client)
{
    tasks_Task *list = NULL, *first, *last;
    bool ok = add_task(&list, "last") == MW_OK &&
        add_task(&list, "middle") == MW_OK && add_task(&list, "first") == MW_OK;

    first = list;
    last = first->next->next;
    ok = ok && tasks_Board_reverse(client, NULL, &list) == MW_OK &&
        list == last && last->next->next == first && first->next == NULL;
    list->flags = tasks_Flags_DONE;
    ok = ok && tidy(client, &list) == MW_OK && list->next == first;
    ok = ok && finish_all(client, &list) == MW_OK &&
        first->flags == tasks_Flags_DONE;
    return ok && tidy(client, &list) == MW_OK && list == NULL;
}

static bool
form_works(mw_client *client)
{
    tasks_Value_by_string form = { .len = 0 };
    tasks_Value *value = tasks_Value_by_string_put(NULL, &form, "hours");
    bool ok;

    ok = value != NULL &&
        tasks_Value_select(NULL, value, tasks_Kind_NUMBER) == MW_OK;
    if (ok) {
        value->number = 2;
    }
    ok = ok && tasks_Board_fill_in(client, NULL, &form) == MW_OK;
    value = tasks_Value_by_string_get(&form, "cost");
    ok = ok && form.len == 2 && value != NULL && value->number == 160;
    tasks_Value_by_string_clear(&form);
    return ok;
}

/* For fewer accounts than are under way at once, and more. */
static bool
deposits_work(void)
{
    static const bank_Teller_ops ops = { .deposit = deposit };
    static bank_Account accounts[200];
    mw_server *server;
    mw_client *client;
    pthread_t thread;
    bool ok = false;

    if (mw_server_open(&server, NULL, NULL) < 0) {
        return false;
    }
    if (bank_Teller_serve(server, &ops, NULL) == MW_OK &&
        pthread_create(&thread, NULL, run, server) == 0) {
        if (mw_client_open_local(&client, server, NULL, NULL) == MW_OK) {
            ok = deposit_to_all(client, accounts, 3, 5) == 0 &&
                deposit_to_all(client, accounts, 200, 5) == 0 &&
                accounts[2].balance == 10 && accounts[199].balance == 5;
            mw_client_close(client);
        }
        mw_server_stop(server);
        pthread_join(thread, NULL);
    }
    mw_server_close(server);
    return ok;
}

static bool
graphs_work(void)
{
    mw_server *server;
    mw_client *client;
    pthread_t thread;
    bool ok = false;

    if (mw_server_open(&server, NULL, NULL) < 0) {
        return false;
    }
    if (tasks_Board_serve(server, &board_ops, NULL) == MW_OK &&
        pthread_create(&thread, NULL, run, server) == 0) {
        if (mw_client_open_local(&client, server, NULL, NULL) == MW_OK) {
            ok = tasks_work(client) && form_works(client);
            mw_client_close(client);
        }
        mw_server_stop(server);
        pthread_join(thread, NULL);
    }
    mw_server_close(server);
    return ok;
}

int
main(void)
{
    static const bank_Teller_ops plain_ops = { .deposit = deposit };
    struct bank bank = { .mutex = PTHREAD_MUTEX_INITIALIZER };

    return deposit_adds(&plain_ops, NULL) && deposit_adds(&vault_ops, &bank) &&
            bank.vault == 5 && deposits_work() && graphs_work() ?
        0 : 1;
}
EOT
"$cc" -std=gnu11 -Wall -Wextra -Wpedantic -Werror -Wno-unused-function -pthread \
    -I. -I"$root/include" -o cookbook cookbook.c bank*.mw.c "$library" \
    -Wl,-rpath,"$(dirname "$library")"
timeout 30 ./cookbook
echo "cookbook: compiles and works"
