#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Ten thousand monitors on actors of another node, among heartbeats that come so often that each read
# has one: none of them breaks the connection, and all are told when the node dies.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/cluster.XXXXXX") || exit
monitors=10000

name_nodes a b
for node in a b; do
    config $node "\"monitors\": $monitors, \"heartbeat\": \"1ms\", \"suspect\": \"100s\", \"dead\": \"200s\"" \
        "{ \"name\": \"ends\", \"plugin\": \"$AX_BUILD/tests/plugins/distance.so\", \"max_actors\": $((2 * monitors)),
        \"arena_max\": \"1G\", \"actors\": [
        { \"name\": \"end\", \"contract\": \"distance_end\" },
        { \"name\": \"near\", \"contract\": \"distance\", \"capacity\": $((2 * monitors)) } ] }"
done
start_all

# watch COUNT
watch() {
    "$axsup" call "$dir/a.json" near watch "{\"node\":\"b\",\"count\":$1}" --timeout 300s 2>&1
}

out=$(watch $monitors)
[[ $out == "{\"watched\":$monitors,\"error\":0,"* ]]
verdict $? "$monitors monitors: $out"
become '{"downs":0,*' call "$dir/a.json" near downs '{}'
! grep -q 'is down' "$dir/a.log" "$dir/b.log"
verdict $? "the connection was lost: $(grep 'is down' "$dir/a.log" "$dir/b.log")"

# All of a node dies with its axsup.
kill -KILL "${pids[b]}"
wait "${pids[b]}" 2>/dev/null
unset "pids[b]"
become "{\"downs\":$monitors,*" call "$dir/a.json" near downs '{}'

stop a
echo "$passed passed, $failed failed"
((failed == 0))
