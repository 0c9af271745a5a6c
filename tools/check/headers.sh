#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Compile every header alone: public ones as C11, C++11 and C++20, internal ones
# as C11.  A header that leans on what others happened to include fails here.
#
#   headers.sh [ROOT]
#
# Exit code: 0 all compile, 1 not all, 2 cannot look, 77 no compiler.
set -euo pipefail

cd "${1:-$(dirname "$0")/../..}"
cc=${CC:-cc}
cxx=${CXX:-c++}
for tool in "$cc" "$cxx"; do
    if ! command -v "$tool" >/dev/null; then
        echo "headers: SKIPPED, no $tool here"
        exit 77
    fi
done

n=0
failed=0
compile() { # HEADER COMPILER FLAG...
    local header=$1
    shift
    n=$((n + 1))
    # Twice, which also tries the include guard.
    if ! printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
        "$@" -fsyntax-only -Wall -Wextra -Wpedantic -Werror \
            -D_GNU_SOURCE -Iinclude -Ilibmw -; then
        echo "$header:1: does not compile alone: $*"
        failed=$((failed + 1))
    fi
}

for path in include/mw/*.h; do
    [ -f "$path" ] || continue
    header=${path#include/}
    compile "$header" "$cc" -std=c11 -Wstrict-prototypes -x c
    compile "$header" "$cxx" -std=c++11 -x c++
    compile "$header" "$cxx" -std=c++20 -x c++
done
for path in libmw/*/*.h; do
    [ -f "$path" ] || continue
    compile "${path#libmw/}" "$cc" -std=c11 -x c
done

if [ "$n" -eq 0 ]; then
    echo "headers: nothing to look at"
    exit 2
fi
if [ "$failed" -gt 0 ]; then
    echo "headers: $n compilations, $failed failed"
    exit 1
fi
echo "headers: $n compilations, clean"
