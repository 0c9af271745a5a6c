#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Hold all C files to .clang-format, as clang-format 14 reads it; other versions
# differ in detail and are not used.
#
#   format.sh [--fix] [FILE...]
#
# Without files: all of the tree.  Exit code: 0 clean, 1 not, 77 no
# clang-format 14.
set -euo pipefail
start=$PWD
cd "$(dirname "$0")/../.."

tool=
for candidate in clang-format-14 clang-format; do
    if command -v "$candidate" >/dev/null &&
        "$candidate" --version | grep -q 'version 14\.'; then
        tool=$candidate
        break
    fi
done
if [ -z "$tool" ]; then
    echo "format: SKIPPED, no clang-format 14 here (Debian: clang-format-14)"
    exit 77
fi

fix=
if [ "${1:-}" = --fix ]; then
    fix=yes
    shift
fi
files=()
for file in "$@"; do
    files+=("$(cd "$start" && realpath "$file")")
done
if [ $# -eq 0 ]; then
    # What mwidl writes is held by its own tests.
    while IFS= read -r -d '' file; do
        files+=("$file")
    done < <(find include libmw tools tests samples bench -name build -prune \
        -o -path tests/golden -prune -o \( -name '*.[ch]' -o -name '*.cpp' \) \
        -print0 | sort -z)
fi

if [ -n "$fix" ]; then
    "$tool" -i "${files[@]}"
    exit 0
fi
failed=0
if "$tool" --dry-run -Werror "${files[@]}" 2>/dev/null; then
    echo "format: ${#files[@]} files, clean"
    exit 0
fi
for file in "${files[@]}"; do
    if ! difference=$("$tool" "$file" | diff -u --label "$file" \
        --label "$file (formatted)" "$file" -); then
        echo "$difference"
        failed=$((failed + 1))
    fi
done
echo "format: ${#files[@]} files, $failed differ; run tools/check/format.sh --fix"
exit 1
