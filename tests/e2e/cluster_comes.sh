#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A node that comes has its part of the shards as others give it back, and does not wait for leases to
# run out: here that would take an hour.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/comes.XXXXXX") || exit

if ! lease_store redis; then
    echo "skipped: there is no redis-server"
    exit 77
fi

name_nodes a b c
for node in a b c; do
    config $node '"lease_ttl": "1h", "registries": [ { "name": "counters", "shards": 12 } ]' "$(counting)"
done

# held NODE: how many shards it has.
held() {
    "$axsup" leases "$dir/$1.json" --json | grep -o '"state":"held"' | wc -l
}

# has_some NODE: until it has some.
has_some() {
    comes '*"state":"held"*' leases "$dir/$1.json" --json
}

start a
has_some a
start b
has_some b
start c
has_some c

# And when one goes: what it has given back is not waited for either.
stop b
deadline=$((SECONDS + 60))
until (($(held a) + $(held c) == 12 || SECONDS >= deadline)); do :; done
(($(held a) + $(held c) == 12))
verdict $? "a and c have $(held a) and $(held c) shards"
for key in k1 k2 k3 k4 k5 k6; do
    become '{"value":0*' call "$dir/a.json" counters/$key get --timeout 20s
done

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
