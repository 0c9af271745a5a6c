#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Compile the code of docs/guide/watching.md and run it: a server with the hooks
# and a client that asks it.
#
#   watching.sh LIBRARY GENERATED [CC]
#
# LIBRARY is libmw.so, GENERATED the build's include folder.
set -euo pipefail

library=$(realpath "$1")
generated=$(realpath "$2")
cc=${3:-cc}
root=$(realpath "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >watching.c <<'EOT'
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

EOT
awk '/^```/ { is_in = $0 == "```c"; next } is_in' \
    "$root/docs/guide/watching.md" >>watching.c
cat >>watching.c <<'EOT'
static void *
run(void *server)
{
    return mw_server_run(server, NULL) == MW_OK ? NULL : server;
}

static int
ask(mw_server *server, mw_client *client)
{
    mw_InterfaceInfo info;
    mw_Health health;
    bool ok = is_serving(client, "mw.Server") &&
        !is_serving(client, "no.Such") &&
        traced_health(client, &health) == MW_OK &&
        show_statistics(client) == MW_OK &&
        mw_Server_describe(client, NULL, "mw.Server", &info) == MW_EACCES;

    print_latencies(server);
    leave_soon(server);
    return ok && !is_serving(client, "") ? 0 : 1;
}

int
main(void)
{
    mw_server *server;
    mw_client *client;
    pthread_t thread;
    int status = 1;

    if (open_with_hooks(&server, stderr, NULL) < 0 ||
        pthread_create(&thread, NULL, run, server) != 0) {
        return 1;
    }
    if (mw_client_open_local(&client, server, NULL, NULL) == MW_OK) {
        status = ask(server, client);
        mw_client_close(client);
    }
    mw_server_stop(server);
    pthread_join(thread, NULL);
    mw_server_close(server);
    return status;
}
EOT
"$cc" -std=c11 -Wall -Wextra -Werror -I"$root/include" -I"$generated" \
    watching.c -o watching "$library" -pthread \
    -Wl,-rpath,"$(dirname "$library")"
./watching >out 2>log || { cat out log && exit 1; }
grep -q '^mw\.Server\.health: 3 ok, 0 failed, 0 refused' out
grep -q '^mw\.Server\.health: median [1-9]' out
grep -q '^mw\.Server\.statistics from .*: MW_OK after [1-9]' log
echo "watching: as it says"
