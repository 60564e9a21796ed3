#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What "axsup counts" shows: each count is in the manual, is no more than it may be, and follows what is
# done. Monitors that are taken back, in whatever order, leave nothing on either side.
# not-with-sanitizers: cluster, cluster_monitors and sim/test_monitors run what it counts

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/counts.XXXXXX") || exit

name_nodes a b
for node in a b; do
    config $node '"monitors": 40, "registries": [ { "name": "counters", "shards": 48 } ]' "$(counting guest)"
done
# Both have a counter, and names are of one node.
start_all

# counts NODE PATTERN: waits until what it counts looks like that.
counts() {
    become "$2" counts "$dir/$1.json" --json
}

# guest NODE MESSAGE [ARGUMENTS]: what its traveler says to that.
guest() {
    local got
    got=$("$axsup" call "$dir/$1.json" guest "${@:2}" --timeout 60s 2>&1)
    [[ $got == '{"error":0}' ]]
    verdict $? "guest $*: $got"
}

# watch NODE OTHER: its traveler watches an actor of the other.
watch() { guest "$1" watch_at '{"node":"'"$2"'","name":"counter"}'; }

"$axsup" counts "$dir/a.json" --json >"$dir/counts"
names=$(grep -o '"count":"[a-z_]*"' "$dir/counts" | cut -d'"' -f4)
for name in $names; do
    grep -Eq "^\.It Cm (.* )?$name( |$)" "$AX_ROOT/man/ax_cluster.7"
    verdict $? "ax_cluster(7) does not say what $name is"
done
(($(wc -w <<<"$names") > 30))
verdict $? "there are few counts: $names"
[[ $("$axsup" counts "$dir/a.json") == COUNT*VALUE*MOST*requests*2048* ]]
verdict $? "as a table: $("$axsup" counts "$dir/a.json")"

for node in a b; do counts $node '*{"count":"monitors","value":0,"most":40}*'; done
# A node has one monitor of an actor of another one, for all of its own that monitor it.
for ((i = 0; i < 3; i++)); do watch a b; done
counts a '*{"count":"monitors","value":1,"most":40},{"count":"monitors_new","value":0,"most":40}*'
counts b '*{"count":"watchers","value":1,"most":40}*'
for ((i = 0; i < 10; i++)); do
    watch b a
    ((i % 3 == 0)) || guest b unwatch
    ((i % 4 != 3)) || guest b unwatch
done
counts b '*{"count":"monitors","value":1,*'
counts a '*{"count":"watchers","value":1,*'
# What is nobody's any more a node takes back after a while, both at the same time.
for ((i = 0; i < 3; i++)); do guest a unwatch; done
for i in 1 2; do guest b unwatch; done
for node in a b; do counts $node '*{"count":"monitors","value":0,*'; done
for node in a b; do counts $node '*{"count":"watchers","value":0,*'; done
ran taken_back tcp
ran in_any_order tcp

# All that is in hand is no more than it may be; a request is, while nobody answers.
worker=$(pid_of b counting/0)
kill -STOP "$worker"
for ((i = 0; i < 30; i++)); do
    guest a later '{"key":"k'$i'","timeout_ns":60000000000}' &
    pids[later$i]=$!
done
counts a '*{"count":"requests","value":[1-9]*'
"$axsup" counts "$dir/a.json" --json >"$dir/counts"
grep -o '"value":[0-9]*,"most":[0-9][0-9]*' "$dir/counts" | awk -F'[:,]' '$2 > $4 { exit 1 }'
verdict $? "more than it may be: $(<"$dir/counts")"
kill -CONT "$worker"
for ((i = 0; i < 30; i++)); do
    wait "${pids[later$i]}"
    unset "pids[later$i]"
done
counts a '*{"count":"requests","value":0,*'

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
