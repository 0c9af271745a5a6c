#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Compile the examples of the manual pages and of the guide to overload, so that
# they can be copied.
#
#   examples.sh MWIDL [CC]
#
# Each example is put where its kind belongs: a program, the body of a function,
# or a function.  Exit code: 0 all compile, 1 not, 77 no mandoc.
set -euo pipefail

mwidl=$(realpath "$1")
cc=${2:-cc}
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
root=$(realpath "$here/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! command -v mandoc >/dev/null; then
    echo "examples: SKIPPED, no mandoc here (Debian: mandoc)"
    exit 77
fi
cd "$work"
"$mwidl" "$here/bank.idl" "$root/samples/orders/orders.idl"

# example PAGE: the literal text in its section EXAMPLES
example() {
    awk '/^\.Sh/ { is_in = $2 == "EXAMPLES" }
        /^\.Ed/ { is_code = 0 }
        is_in && is_code { gsub(/\\e/, "\\"); print }
        /^\.Bd -literal/ { is_code = 1 }' "$root/docs/man/$1"
}

# compile PAGE BEFORE AFTER: its example, between two pieces of C
compile() {
    printf '%s\n' "$2" "$(example "$1")" "$3" >"$1.c"
    grep -q mw_ "$1.c" || { echo "examples: $1 has none" && exit 1; }
    "$cc" -std=gnu11 -Wall -Wextra -Wpedantic -Werror -I. -I"$root/include" \
        -c -o "$1.o" "$1.c"
    n=$((n + 1))
}

n=0
compile mw_server.3 '#include <signal.h>
#include <stdio.h>
#include "bank_server.mw.h"
static mw_status deposit(mw_call *call, bank_Account *account, double amount)
{ (void) call; account->balance += amount; return MW_OK; }' ''
compile mw_client.3 '#include <stdio.h>
#include "bank_client.mw.h"
int main(void) { bank_Account account = { .balance = 1 };' 'return 0; }'
compile mw_call.3 '#include "bank_server.mw.h"
struct bank;
bool may_write(const struct bank *bank, const char *name);' \
    'const bank_Teller_ops ops = { .note = note };'
compile mw_object.3 "#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <mw/mw.h>
#include \"orders.mw.h\"
int main(void) {" 'return 0; }'
compile mw_status.3 '#include <stdio.h>
#include <mw/mw.h>
void connect_to(const char *address, const mw_client_options *options);
void connect_to(const char *address, const mw_client_options *options) {
mw_client *client;' '}'

# blocks LANGUAGE: what is in code blocks of a language
blocks() {
    awk -v fence="\`\`\`$1" '/^```/ { is_in = $0 == fence; next } is_in' \
        "$root/docs/guide/overload.md"
}

blocks idl >plant.idl
"$mwidl" plant.idl
{
    printf '#include "plant_server.mw.h"\n'
    printf 'mw_status open_plant(mw_server **ret_server, mw_error *err);\n'
    blocks c | sed 's/^static mw_status/mw_status/'
} >overload.c
"$cc" -std=gnu11 -Wall -Wextra -Wpedantic -Werror -I. -I"$root/include" \
    -c -o overload.o overload.c
n=$((n + 1))
echo "examples: $n compile"
