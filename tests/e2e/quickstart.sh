#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Follows README.md's "The smallest plugin" to the letter, in an empty folder against an
# installation: the first c block is tally.c, the first json block tally.json, and the lines of the
# sh blocks are run one after another. Both compilers have nothing to say of tally.c. What stands
# behind "# prints " is what a line must print.
# test-timeout: 120

set -u
: "${README:=$AX_ROOT/README.md}"
command -v pkg-config >/dev/null || { echo "pkg-config is not installed" && exit 77; }

tmp=$(mktemp -d) || exit
pid=
cleanup() {
    if [[ -n $pid ]] && kill -TERM "$pid" 2>/dev/null; then
        wait "$pid"
    fi
    rm -rf "$tmp"
}
trap cleanup EXIT

fail() {
    echo "FAILED: $*"
    exit 1
}

# blocks LANGUAGE: the fenced blocks of that language in the section; the first for c and json.
blocks() {
    awk -v lang="$1" '
        /^```/ && inside { inside = 0; next }
        !inside && /^#/ { here = /^#+ The smallest plugin/ }
        inside == 2 { print }
        /^```/ { inside = here && $0 == "```" lang && (lang == "sh" || !seen++) ? 2 : 1 }
    ' "$README"
}

mkdir "$tmp/root" "$tmp/empty"
cd "$AX_ROOT" || exit
config=${AX_BUILD#"$AX_ROOT"/build}
make -s install CONFIG="${config#/}" DESTDIR="$tmp/root" PREFIX=/usr || fail "make install"
# The tools take what lies below $tmp/root for what lies below /.
export PATH=$tmp/root/usr/bin:$PATH PKG_CONFIG_SYSROOT_DIR=$tmp/root
export PKG_CONFIG_PATH=$tmp/root/usr/lib/pkgconfig
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1

cd "$tmp/empty" || exit
blocks c >tally.c
blocks json >tally.json
blocks sh >steps
[[ -s tally.c && -s tally.json && -s steps ]] || fail "README.md has no such section or blocks"
# shellcheck disable=SC2046 # flags are words
for compiler in gcc clang; do
    "$compiler" -Wall -Wextra -Werror -fsyntax-only $(pkg-config --cflags ax) tally.c ||
        fail "tally.c: $compiler warns"
done

prints=0
while IFS= read -r step <&3; do
    [[ -n $step ]] || continue
    echo "\$ $step"
    if [[ $step == *'&' ]]; then
        eval "$step"
        pid=$!
        continue
    fi
    printed=$(eval "$step") || fail "status $?"
    if [[ $step == *'# prints '* ]]; then
        [[ $printed == "${step##*'# prints '}" ]] || fail "it printed: $printed"
        ((prints++))
    fi
done 3<steps
((prints >= 3)) || fail "README.md says what $prints lines print: expected 3 or more"
wait "$pid" || fail "axsup run ended with status $?"
pid=
