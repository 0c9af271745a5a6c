#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Try out the installed package as programs use it.
#
#   package.sh install BUILD-TREE WORK   installs and moves the install tree
#   package.sh cmake WORK                a project that uses find_package(mw)
#   package.sh make WORK                 one that uses pkg-config and make
#   package.sh samples WORK              the samples, copied out of the tree
#
# WORK is a folder of the test's own.  The install tree is made in one place
# and used in another, with a blank in its name: what depends on where it was
# installed breaks here.
set -euo pipefail

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
source_tree=$(realpath "$here/../..")

fail() {
    echo "package: $*" >&2
    exit 1
}

install_tree() { # BUILD-TREE
    local build=$1 made=$work/made name
    rm -rf "$work"
    mkdir -p "$work"
    cmake --install "$build" --prefix "$made" >"$work/install.log"
    for name in include/mw/mw.h include/mw/introspect.idl \
        include/mw/introspect.mw.h include/mw/introspect_client.mw.h bin/mwidl lib/libmw.so lib/pkgconfig/mw.pc \
        lib/cmake/mw/mw-config.cmake lib/cmake/mw/mw-config-version.cmake \
        lib/cmake/mw/mw-targets.cmake lib/cmake/mw/MwGenerate.cmake; do
        [ -e "$made/$name" ] || fail "$name is not installed"
    done
    for name in "$source_tree"/include/mw/*.h; do
        [ -f "$made/include/mw/$(basename "$name")" ] || fail "no $name"
    done
    for name in "$source_tree"/docs/man/*.[1-9]; do
        [ -f "$made/share/man/man${name##*.}/$(basename "$name")" ] ||
            fail "$name is not installed"
    done
    # Each function's name leads to a page.
    grep -q '^\.so man3/mw_client\.3$' \
        "$made/share/man/man3/mw_client_open.3" || fail "no mw_client_open(3)"
    local soname
    soname=$(objdump -p "$made/lib/libmw.so" | awk '$1 == "SONAME" { print $2 }')
    [ -e "$made/lib/$soname" ] || fail "no $soname"
    [ -L "$made/lib/libmw.so" ] || fail "libmw.so is not a link"
    # Text that names the prefix, the source or the build tree ties the
    # package to this machine.  Debugging information may.
    if grep -rIlF -e "$made" -e "$source_tree" -e "$build" "$made"; then
        fail "the files above name folders of this machine"
    fi
    if objdump -p "$made"/lib/libmw.so "$made"/bin/* 2>/dev/null |
        grep -E 'R(UN)?PATH +/'; then
        fail "an installed program has an absolute run path"
    fi
    mv "$made" "$prefix"
}

use_cmake() {
    cp -R "$here/consumer" "$work/with cmake"
    # OpenSSL and libcbor are libmw's own affair.
    cmake -G Ninja -S "$work/with cmake" -B "$work/with cmake/build" \
        -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_C_FLAGS="-Wall -Wextra -Wpedantic -Werror" \
        -DCMAKE_CXX_FLAGS="-Wall -Wextra -Wpedantic -Werror" \
        -DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON \
        -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON
    cmake --build "$work/with cmake/build" -j 2
    "$work/with cmake/build/consumer"
    "$work/with cmake/build/consumer_cpp"
    if cmake -S "$work/with cmake" -B "$work/with cmake/refused" \
        -DCMAKE_PREFIX_PATH="$prefix" -DWANTED=0.99 \
        >"$work/refused.log" 2>&1; then
        fail "find_package(mw 0.99) was content with another version"
    fi
    grep -q 'requested version "0.99"' "$work/refused.log" ||
        { cat "$work/refused.log" && fail "refused for another reason"; }
}

use_make() {
    cp -R "$here/consumer" "$work/with make"
    # No other .pc file within reach: mw.pc must be enough by itself.
    export PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig
    unset PKG_CONFIG_PATH
    pkg-config --print-errors --exists 'mw >= 0.1'
    make -C "$work/with make"
    LD_LIBRARY_PATH=$prefix/lib "$work/with make/consumer"
}

run_sample() { # NAME FOLDER-OF-ITS-PROGRAMS
    "$work/samples/check" "$source_tree/tools/pki" "$2/$1-server" "$2/$1-client"
}

use_samples() {
    local sample name out n=0
    cp -R "$source_tree/samples" "$work/samples"
    for sample in "$work"/samples/*/CMakeLists.txt; do
        sample=$(dirname "$sample")
        name=$(basename "$sample")
        out=$work/samples/$name/build
        echo "package: sample $name"
        cmake -G Ninja -S "$sample" -B "$out" -DCMAKE_PREFIX_PATH="$prefix" \
            -DCMAKE_BUILD_TYPE=Release >"$work/$name.log" ||
            { cat "$work/$name.log" && fail "sample $name does not configure"; }
        cmake --build "$out" -j 2 -- --quiet
        run_sample "$name" "$out"
        n=$((n + 1))
        if [ -f "$sample/Makefile" ]; then
            echo "package: sample $name, with make"
            PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig make -s -C "$sample"
            LD_LIBRARY_PATH=$prefix/lib run_sample "$name" "$sample"
        fi
    done
    [ "$n" -gt 0 ] || fail "no samples"
}

[ $# -ge 2 ] || fail "usage: see the head of this script"
mode=$1
work=${!#}
prefix="$work/an install"
if [ "$mode" != install ]; then
    [ -d "$prefix" ] || fail "\"package.sh install\" must come first"
fi
case $mode in
install) install_tree "$2" ;;
cmake)
    rm -rf "$work/with cmake"
    use_cmake
    ;;
make)
    rm -rf "$work/with make"
    use_make
    ;;
samples)
    rm -rf "$work/samples"
    use_samples
    ;;
*) fail "what is \"$mode\"?" ;;
esac
