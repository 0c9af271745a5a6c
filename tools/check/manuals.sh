#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Hold the manual pages to what mandoc calls correct.
#
#   manuals.sh [FOLDER]
#
# Exit code: 0 clean, 1 not, 2 no pages, 77 no mandoc.
set -euo pipefail
folder=${1:-$(dirname "$0")/../../docs/man}

if ! command -v mandoc >/dev/null; then
    echo "manuals: SKIPPED, no mandoc here (Debian: mandoc)"
    exit 77
fi
cd "$folder"
shopt -s nullglob
pages=(*.[1-9])
if [ ${#pages[@]} -eq 0 ]; then
    echo "manuals: no pages in $folder"
    exit 2
fi
failed=0
for page in "${pages[@]}"; do
    # Pages of this project refer to one another before they are installed, and
    # to Debian's, which need not be.
    if ! mandoc -Tlint -W warning "$page"; then
        failed=$((failed + 1))
    fi
done
if [ "$failed" -gt 0 ]; then
    echo "manuals: ${#pages[@]} pages, $failed with warnings"
    exit 1
fi
echo "manuals: ${#pages[@]} pages, clean"
