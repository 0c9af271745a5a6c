#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Hold the table "What comes back" in README.md to what a program measures.
#
#   changes.sh PROGRAM
set -euo pipefail

readme=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../../README.md
rows=$("$1")
failed=0
while IFS= read -r row; do
    if ! grep -qxF -- "$row" "$readme"; then
        echo "changes: README.md does not say: $row"
        failed=1
    fi
done <<<"$rows"
exit "$failed"
