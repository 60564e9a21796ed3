#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The wall clock of a Redis with the leases is stepped forth, so that all leases are over there at once:
# who had one is refused when it renews it, and goes on in the next epoch; and back, so that they last for hours.
# An actor that acts by itself all the time shows that no two nodes do at a time.
# not-with-sanitizers: the server cannot load a library that is built with them

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/clock.XXXXXX") || exit

# step SECONDS: by how much the server's wall clock is off (tests/plugins/stepped.c).
step() {
    python3 -c '
import struct, sys
with open(sys.argv[1], "r+b") as f: f.write(struct.pack("q", int(sys.argv[2]) * 10**9))' \
        "$dir/step" "$1"
}

printf '\0\0\0\0\0\0\0\0' >"$dir/step"
export STEPPED=$dir/step LD_PRELOAD=$AX_BUILD/tests/plugins/stepped.so
lease_store redis || exit 77
unset STEPPED LD_PRELOAD

name_nodes a b
for node in a b; do
    config $node '"lease_ttl": "600ms", "lease_margin": "60ms",
    "registries": [ { "name": "leases", "shards": 8 } ]' \
        '{ "name": "leasing", "plugin": "'"$AX_BUILD"'/tests/plugins/leased.so",
      "registries": [ { "name": "leases", "contract": "leased" } ] }'
done
start_all
file=$dir/key
acts
step 3600
acts
step 7200
acts
step 0 # what is left of a lease is hours now, for who has it
comes '{"epoch":*' call "$dir/b.json" "leases/$file" epoch --timeout 20s
stop b # which gives its shards back, however long they are its
comes '{"epoch":*' call "$dir/a.json" "leases/$file" epoch --timeout 20s
in_order "$file" 3 >"$dir/sum"
verdict $? "$(<"$dir/sum")"

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
