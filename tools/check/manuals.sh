#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Hold the manual pages to what mandoc calls correct, and see that every
# function that libmw.map lists is in the NAME section of one, so that
# "man mw_client_open" finds it.  Exempt are data and what only generated code
# calls.
#
#   manuals.sh [ROOT]
#
# Exit code: 0 clean, 1 not, 2 no pages, 77 no mandoc.
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"

if ! command -v mandoc >/dev/null; then
    echo "manuals: SKIPPED, no mandoc here (Debian: mandoc)"
    exit 77
fi
shopt -s nullglob
pages=(docs/man/*.[1-9])
if [ ${#pages[@]} -eq 0 ]; then
    echo "manuals: no pages in $PWD/docs/man"
    exit 2
fi
failed=0
for page in "${pages[@]}"; do
    mandoc -Tlint -W warning "$page" || failed=$((failed + 1))
done

names=$(sed -n -e '/^\.Sh NAME/,/^\.Sh [^N]/s/^\.Nm \([A-Za-z_0-9]*\).*/\1/p' \
    "${pages[@]}")
map=libmw/libmw.map
if [ -f "$map" ]; then
    while IFS=: read -r line name; do
        if ! grep -qx "$name" <<<"$names"; then
            echo "$map:$line: $name is in no manual page"
            failed=$((failed + 1))
        fi
    done < <(grep -noE '\bmw_[a-z0-9_]+' "$map" |
        grep -vE ':mw_(type|stub)_')
fi

if [ "$failed" -gt 0 ]; then
    echo "manuals: ${#pages[@]} pages, $failed findings"
    exit 1
fi
echo "manuals: ${#pages[@]} pages, clean"
