#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The memory store of a node that was started anew gives epochs from the time of day on, also for shards
# that nobody has had yet when its gateway dies.
# not-with-sanitizers: leases and cluster have the memory store

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/memory.XXXXXX") || exit

name_nodes a b
for node in a b; do
    config $node '"lease_ttl": "4s", "suspect": "100s", "dead": "200s",
        "registries": [ { "name": "counters", "shards": 24 } ]' "$(counting)"
done
today=$(date +%s)
start b
start a
connected a
connected b

# Node b stands still before anybody has a lease, and a takes no shard that should be of b.
[[ $("$axsup" leases "$dir/b.json" --json) != *'"state":"held"'* ]]
verdict $? 'b has leases already'
kill -STOP "$(pid_of b gateway/0)"
become '*"state":"held"*' leases "$dir/a.json" --json
kill -KILL "$(pid_of a gateway/0)"
become '*"name":"gateway/0"*"state":"running","incarnation":2,*' status "$dir/a.json" --json
kill -CONT "$(pid_of b gateway/0)"
become '*"state":"held"*' leases "$dir/b.json" --json

for node in a b; do
    low=$("$axsup" leases "$dir/$node.json" --json | grep -o '"epoch":[0-9]*' |
        awk -F: -v least="$today" '$2 < least')
    [[ -z $low ]]
    verdict $? "$node has epochs from before the start: $low"
done

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
