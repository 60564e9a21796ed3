#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What "make install" puts below a prefix works there, without the source tree: a plugin builds with
# pkg-config alone, and the installed axsup finds its library, the new plugin and its own ones.
# "make uninstall" takes every file away again.

set -euo pipefail
if [[ $AX_BUILD != "$AX_ROOT/build" ]]; then
    echo 'only the plain build is installed'
    exit 77
fi
prefix=$TMPDIR/prefix outside=$TMPDIR/outside
cd "$AX_ROOT"

fail() {
    echo "install: $*"
    exit 1
}

make -s install PREFIX="$prefix"
for file in bin/axsup lib/libax.so lib/pkgconfig/ax.pc lib/axsup/plugins/counter.so \
    include/ax/errors.h share/axsup/conf/counter.json share/man/man8/axsup.8; do
    [[ -s $prefix/$file ]] || fail "$file is not there"
done

# The counter once more, under another name and in a folder that knows nothing of the tree.
mkdir "$outside"
if [[ -d libax/examples/counter ]]; then
    cp libax/examples/counter/*.[ch] "$outside"
else
    cp libax/examples/counter*.[ch] "$outside"
fi
cd "$outside"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
read -r -a flags < <(pkg-config --cflags --libs ax)
gcc -Wall -Wextra -Werror -shared -fPIC -o outside.so ./*.c "${flags[@]}"

axsup=$prefix/bin/axsup
config() { # PLUGIN
    cat <<END
{
  "system": "outside",
  "run_dir": "$TMPDIR/run",
  "workers": [
    { "name": "w", "plugin": "$1", "actors": [ { "name": "counter", "contract": "counter" } ] }
  ]
}
END
}
config outside.so >beside.json
config counter.so >installed.json
"$axsup" check beside.json
"$axsup" check installed.json
env -C "$prefix" "$axsup" check share/axsup/conf/counter.json

cd "$AX_ROOT"
make -s uninstall PREFIX="$prefix"
left=$(find "$prefix" ! -type d)
[[ -z $left ]] || fail "uninstall left $left"

# The same below DESTDIR: nothing may go to, or point to, the prefix itself.
make -s install DESTDIR="$TMPDIR/dest" PREFIX=/opt/ax
"$TMPDIR/dest/opt/ax/bin/axsup" check "$TMPDIR/dest/opt/ax/share/axsup/conf/counter.json"
[[ ! -e /opt/ax ]] || fail '/opt/ax was written'
