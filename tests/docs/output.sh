#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Hold what a sample's README.md shows of its output to what it prints.
#
#   output.sh README SERVER CLIENT
set -euo pipefail

root=$(realpath "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../..")
printed=$("$root/samples/check" "$root/tools/pki" "$2" "$3")
failed=0
n=0
while IFS= read -r line; do
    n=$((n + 1))
    if ! grep -qxF -- "$line" <<<"$printed"; then
        echo "output: not printed: $line"
        failed=1
    fi
done < <(awk '/^```/ { is_in = $0 == "```text"; next } is_in' "$1")
if ((n == 0)); then
    echo "output: $1 shows none"
    failed=1
fi
if ((failed)); then
    printf '%s\n' "the sample prints:" "$printed"
fi
exit "$failed"
