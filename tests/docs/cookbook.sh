#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Compile the code of docs/guide/cookbook.md, and run its test of a handler.
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
int
main(void)
{
    static const bank_Teller_ops plain_ops = { .deposit = deposit };
    struct bank bank = { .mutex = PTHREAD_MUTEX_INITIALIZER };

    return deposit_adds(&plain_ops, NULL) && deposit_adds(&vault_ops, &bank) &&
            bank.vault == 5 ?
        0 : 1;
}
EOT
"$cc" -std=gnu11 -Wall -Wextra -Wpedantic -Werror -Wno-unused-function -pthread \
    -I. -I"$root/include" -o cookbook cookbook.c bank*.mw.c "$library" \
    -Wl,-rpath,"$(dirname "$library")"
timeout 30 ./cookbook
echo "cookbook: compiles, and its test passes"
