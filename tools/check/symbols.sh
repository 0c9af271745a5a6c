#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Hold three lists of names equal: what libmw.so exports, what libmw.map says
# that it exports, and what the public headers declare with MW_API.  Every name
# starts with mw_.
#
#   symbols.sh LIBRARY [ROOT [GENERATED]]
#
# GENERATED is the include folder of the build, with headers that mwidl has made
# for programs; those of servers' skeletons are not.
#
# Exit code: 0 equal, 1 not, 2 cannot look.
set -euo pipefail
export LC_ALL=C

die() {
    echo "symbols: $*" >&2
    exit 2
}

[ $# -ge 1 ] || die "usage: symbols.sh LIBRARY [ROOT [GENERATED]]"
library=$(realpath "$1")
root=${2:-$(dirname "$0")/../..}
generated=${3:+$(realpath "$3")}
map=libmw/libmw.map
[ -f "$library" ] || die "$library: no such library"
cd "$root"
[ -f "$map" ] || die "$root/$map: no such file"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A name's place in a file, for the reader of a finding.
place() { # NAME FILE...
    local name=$1
    shift
    grep -nwH -- "$name" "$@" | head -1 | cut -d: -f1,2 || true
}

# The dynamic symbols; the version node itself is one, of type A.
exported() {
    nm -D --defined-only --format=posix "$library" |
        awk '$2 != "A" { sub(/@.*/, "", $1); print $1 }'
}

# The names between "global:" and "local:" of the version script.
listed() {
    sed -e 's|/\*.*\*/||' -e 's/#.*//' "$map" | tr -d ' \t' | tr ';' '\n' |
        awk '/global:/ { on = 1; sub(/.*global:/, "") }
             /local:/ { on = 0 }
             on && NF { print }'
}

# In a preprocessed header MW_API is the visibility attribute.  A declaration is
# what stands between it and a semicolon; its name is, once attributes are
# gone, the last word before "(", "[" or the end.
declared() {
    local header attribute='__attribute__ *(([^()]*\(([^()]*)[^()]*\)*))'
    for header in include/mw/*.h ${generated:+"$generated"/mw/*.mw.h}; do
        case $header in *_server.mw.h) continue ;; esac
        "${CC:-cc}" -std=c11 -E -P -Iinclude -x c "$header" |
            tr '\n' ' ' | tr ';{}' '\n' |
            sed -n 's/.*visibility *("default") *))//p' |
            sed -e "s/$attribute//g" -e 's/[[(].*//' -e 's/ *$//' \
                -e 's/.*[^A-Za-z0-9_]//'
    done
}

exported | sort -u >"$work/exported"
listed | sort >"$work/listed.all"
sort -u "$work/listed.all" >"$work/listed"
declared | sort -u >"$work/declared"
[ -s "$work/declared" ] || die "$root/include/mw: no MW_API declaration found"

n=0
finding() {
    n=$((n + 1))
    echo "$*"
}

while read -r name; do
    finding "$(place "$name" "$map"): $name is listed twice"
done < <(uniq -d "$work/listed.all")
while read -r name; do
    finding "$(place "$name" "$map"): $name does not start with mw_"
done < <(grep -v '^mw_' "$work/listed")
while read -r name; do
    finding "$(place "$name" include/mw/*.h): $name is MW_API, but not in $map"
done < <(comm -23 "$work/declared" "$work/listed")
while read -r name; do
    finding "$(place "$name" "$map"): $name is listed, but no header declares it"
done < <(comm -13 "$work/declared" "$work/listed")
while read -r name; do
    finding "$(place "$name" "$map"): $name is listed, but the library does not define it"
done < <(comm -13 "$work/exported" "$work/listed")
while read -r name; do
    finding "$(basename "$library"):0: $name is exported, but not in $map"
done < <(comm -23 "$work/exported" "$work/listed")

total=$(wc -l <"$work/exported")
if [ "$n" -gt 0 ]; then
    echo "symbols: $total exported, $n findings"
    exit 1
fi
echo "symbols: $total exported, clean"
