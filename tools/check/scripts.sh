#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Hold the scripts: every shell script parses, stops at errors, is clean by the
# tool shellcheck if that is there; every Python script compiles.
#
#   scripts.sh [ROOT]
#
# Exit code: 0 clean, 1 not, 2 nothing found.
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"

n=0
failed=0
finding() {
    echo "$*"
    failed=$((failed + 1))
}

check_shell() { # FILE SHELL OPTIONS
    local parser=$2 options=$3
    "$parser" -n "$1" || finding "$1:1: does not parse"
    grep -qx "$options" "$1" || finding "$1:1: needs \"$options\""
    if command -v shellcheck >/dev/null; then
        shellcheck -x -S warning -f gcc "$1" || finding "$1:1: see shellcheck above"
    fi
}

check_python() {
    python3 - "$1" <<'EOT' || finding "$1:1: does not compile"
import sys
compile(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1], "exec")
EOT
}

while IFS= read -r -d '' file; do
    first=
    { IFS= read -r -n 40 first <"$file"; } 2>/dev/null || true
    case $first in
    '#!'*bash) check_shell "$file" bash "set -euo pipefail" ;;
    '#!'*python3) check_python "$file" ;;
    '#!'*sh) check_shell "$file" sh "set -eu" ;;
    *)
        [[ $file == *.py ]] || continue
        check_python "$file"
        ;;
    esac
    n=$((n + 1))
    if [[ $first == '#!'* && ! -x $file ]]; then
        finding "$file:1: has a #! line, but is not executable"
    fi
done < <(find .ci tools tests samples bench \( -name build -o -name __pycache__ \) \
    -prune -o -type f -print0 2>/dev/null | sort -z)

if [ "$n" -eq 0 ]; then
    echo "scripts: nothing to look at"
    exit 2
fi
if [ "$failed" -gt 0 ]; then
    echo "scripts: $n files, $failed findings"
    exit 1
fi
echo "scripts: $n files, clean"
