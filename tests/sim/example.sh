#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The test in plain C that overlay/README.md shows compiles without a warning, runs, and prints what
# is said there.

set -u
readme=$AX_ROOT/overlay/README.md

die() {
    echo "$*" >&2
    exit 1
}

# block NAME: the first block that begins with ```NAME in the section.
block() {
    awk -v begin="\`\`\`$1" '
        /^## / { here = /^## To test your own actors/ }
        inside && /^```/ { exit }
        inside { print }
        here && !other && $0 == begin { inside = 1; next }
        here && /^```/ { other = !other }' "$readme"
}

block c >"$TMPDIR/test.c"
block '' >"$TMPDIR/expected"
[[ -s $TMPDIR/test.c && -s $TMPDIR/expected ]] || die "overlay/README.md has no such section"
sanitize=()
case $AX_BUILD in
*/asan) sanitize=("-fsanitize=address,undefined" -fno-sanitize-recover=all) ;;
*/cov) sanitize=(--coverage) ;;
esac
gcc -std=gnu17 -Wall -Wextra -Werror "${sanitize[@]}" -I"$AX_ROOT" -I"$AX_ROOT/libax/include" \
    "$TMPDIR/test.c" "$AX_BUILD/liboverlay.a" -L"$AX_BUILD" -lax -lsodium \
    -Wl,-rpath,"$AX_BUILD" -o "$TMPDIR/test" || die "it does not compile"
"$TMPDIR/test" >"$TMPDIR/printed" || die "it fails"
diff "$TMPDIR/expected" "$TMPDIR/printed"
