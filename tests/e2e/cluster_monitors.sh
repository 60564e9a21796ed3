#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Thousands of monitors on actors of another node, among heartbeats that come so often that each read
# has one: none of them breaks the connection, and all are told when the node dies.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/cluster.XXXXXX") || exit
monitors=4000
declare -A pids=()

finish() {
    local node
    for node in "${!pids[@]}"; do
        kill -KILL "${pids[$node]}" 2>/dev/null
    done
    wait
    rm -rf "$dir"
}

read -r -a ports < <(python3 -c '
import socket
s = [socket.socket() for _ in range(2)]
for x in s: x.bind(("127.0.0.1", 0))
print(*[x.getsockname()[1] for x in s])')

# config NODE INDEX OTHER OTHER_INDEX
config() {
    cat >"$dir/$1.json" <<END
{ "system": "$1", "run_dir": "$dir/$1", "shutdown": "10s",
  "cluster": { "node": "$1", "listen": "127.0.0.1:${ports[$2]}",
    "peers": { "$3": "127.0.0.1:${ports[$4]}" }, "token_file": "token", "monitors": $monitors,
    "heartbeat": "1ms", "suspect": "100s", "dead": "200s", "store": { "memory": { "node": "a" } } },
  "workers": [
    { "name": "ends", "plugin": "$AX_BUILD/tests/plugins/distance.so", "max_actors": 8192, "actors": [
        { "name": "end", "contract": "distance_end" },
        { "name": "near", "contract": "distance", "capacity": $((2 * monitors)) } ] } ] }
END
}

"$axsup" keygen --token "$dir/token" || exit
config a 0 b 1
config b 1 a 0
for node in a b; do
    "$axsup" run "$dir/$node.json" >>"$dir/$node.log" 2>&1 </dev/null &
    pids[$node]=$!
done
for node in a b; do
    become '*"state":"up"*' nodes "$dir/$node.json" --json
done

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

"$axsup" stop "$dir/a.json" >"$dir/out" 2>&1
verdict $? "stop a: $(<"$dir/out")"
wait "${pids[a]}"
unset "pids[a]"

echo "$passed passed, $failed failed"
((failed == 0))
