#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A node that comes has its part of the shards as others give it back, and does not wait for leases to
# run out, nor for answers of a store that it had not reached: here both would take very long.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/comes.XXXXXX") || exit

cluster='"lease_ttl": "1h", "round": "200ms", "registries": [ { "name": "counters", "shards": 36 } ]'

# held NODE: how many shards it has.
held() {
    "$axsup" leases "$dir/$1.json" --json 2>/dev/null | grep -o '"state":"held"' | wc -l
}

# have_all NODE...: until they have all shards, each some.
have_all() {
    local deadline=$((SECONDS + patience)) node each n has
    while n=0 each=1 && ((SECONDS < deadline)); do
        for node; do
            has=$(held "$node")
            ((n += has, each *= has))
        done
        ((n == 36 && each > 0)) && break
    done
    ((n == 36 && each > 0))
    verdict $? "$* have $n of 36 shards$(for node; do echo ", $node $(held "$node")"; done)"
}

# ---- the memory store of a node that has known no other ----

name_nodes a b c
nodes=(a)
config a "$cluster" "$(counting)"
start a
have_all a
nodes=(a b)
config a "$cluster" "$(counting)"
config b "$cluster" "$(counting)"
start b
"$axsup" reload "$dir/a.json" gateway >"$dir/out" 2>&1
verdict $? "reload: $(<"$dir/out")"
have_all a b
stop b
have_all a
stop a

# ---- a store that is asked before any node is known ----

if lease_store redis 5s; then
    nodes=(a b c)
    for node in a b c; do
        config $node "$cluster" "$(counting)"
    done
    start a
    have_all a
    start b
    have_all a b
    start c
    have_all a b c
    stop b # nor is what it gives back waited for
    have_all a c
    for key in k1 k2 k3 k4 k5 k6; do
        become '{"value":0*' call "$dir/a.json" counters/$key get --timeout 20s
    done
    stop_all
else
    echo "the half of it is skipped: it needs redis"
fi
echo "$passed passed, $failed failed"
((failed == 0))
