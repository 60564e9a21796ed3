#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Follows README.md's "The smallest plugin" and "A cluster" to the letter, each in an empty folder
# against an installation: the first c block of the section is NAME.c, the json blocks are the configs,
# and the lines of the sh blocks are run one after another. Both compilers have nothing to say of
# NAME.c. What stands behind "# prints " is what a line must print. Ports are others, which are free.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
: "${README:=$AX_ROOT/README.md}"
command -v pkg-config >/dev/null || { echo "pkg-config is not installed" && exit 77; }

dir=$(mktemp -d) || exit
trap finish EXIT

fail() {
    echo "FAILED: $*"
    exit 1
}

# blocks SECTION LANGUAGE [N]: its fenced blocks of that language; the Nth one.
blocks() {
    awk -v section="$1" -v lang="$2" -v wanted="${3-}" '
        /^```/ && inside { inside = 0; next }
        !inside && /^#/ { here = $0 ~ "^#+ " section "$" }
        inside == 2 { print }
        /^```/ {
            inside = 1
            if (here && $0 == "```" lang && (++seen == wanted || wanted == ""))
                inside = 2
        }
    ' "$README"
}

read -r -a ports < <(free_ports 2)

# run_steps PRINTS: what is in steps, of which so many lines at least say what they print.
run_steps() {
    local step printed prints=0
    while IFS= read -r step <&3; do
        [[ -n $step ]] || continue
        echo "\$ $step"
        if [[ $step == *'&' ]]; then
            eval "$step"
            pids[$!]=$!
            continue
        fi
        printed=$(eval "$step") || fail "status $?"
        if [[ $step == *'# prints '* ]]; then
            [[ $printed == "${step##*'# prints '}" ]] || fail "it printed: $printed"
            ((++prints))
        fi
    done 3<steps
    ((prints >= $1)) || fail "README.md says what $prints lines print: expected $1 or more"
}

# follow SECTION NAME PRINTS CONFIG...
follow() {
    local section=$1 name=$2 prints=$3 n=0 config compiler process
    shift 3
    mkdir "$dir/$name" && cd "$dir/$name" || exit
    blocks "$section" c 1 >"$name.c"
    for config; do
        n=$((n + 1))
        blocks "$section" json $n | sed "s/7411/${ports[0]}/; s/7412/${ports[1]}/" >"$config"
        [[ -s $config ]] || fail "README.md has no $config"
    done
    blocks "$section" sh >steps
    [[ -s $name.c && -s steps ]] || fail "README.md has no such section or blocks"
    # shellcheck disable=SC2046 # flags are words
    for compiler in gcc clang; do
        "$compiler" -Wall -Wextra -Werror -fsyntax-only $(pkg-config --cflags ax) "$name.c" ||
            fail "$name.c: $compiler warns"
    done
    run_steps "$prints"
    for process in "${pids[@]}"; do
        wait "$process" || fail "axsup run ended with status $?"
    done
    pids=()
}

mkdir "$dir/root"
cd "$AX_ROOT" || exit
config=${AX_BUILD#"$AX_ROOT"/build}
make -s install CONFIG="${config#/}" DESTDIR="$dir/root" PREFIX=/usr || fail "make install"
# The tools take what lies below $dir/root for what lies below /.
export PATH=$dir/root/usr/bin:$PATH PKG_CONFIG_SYSROOT_DIR=$dir/root
export PKG_CONFIG_PATH=$dir/root/usr/lib/pkgconfig
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1

follow "The smallest plugin" tally 3 tally.json
follow "A cluster" visits 1 one.json two.json
