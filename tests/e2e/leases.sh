#!/bin/bash
# SPDX-License-Identifier: MIT
#
# leases [memory|redis|etcd]: an actor that acts by itself all the time, and so shows who believes to
# own its key. Whatever stands still, dies or is cut off, no two nodes act at a time, epochs rise, and
# there is an owner again.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/leases.XXXXXX") || exit

lease_store "${1-memory}" || exit 77

# etcd counts in seconds.
ttl=600ms
[[ ${1-} == etcd ]] && ttl=2s

# The store is kept by a, which is never stopped; b and c have all shards in turn.
configure() { # NODE
    config "$1" '"lease_ttl": "'$ttl'", "lease_margin": "60ms", "suspect": "3s", "dead": "4s",
    "registries": [ { "name": "leases", "shards": 32 } ]' \
        '{ "name": "leasing", "plugin": "'"$AX_BUILD"'/tests/plugins/leased.so",
      "registries": [ { "name": "leases", "contract": "leased" } ] }'
}

# owner: the node that has written the last line.
owner() {
    local last
    last=$(tail -n 1 "$file" 2>/dev/null)
    [[ -z $last ]] || node_of "${last##* }" leasing/0
}

name_nodes a b c
for node in a b c; do
    configure $node
done
start_all

# stand_still [WORKER]: stops the gateway of the node that acts, $who, and the worker with it. It may have
# moved on, as shards do when nodes have come: what was seen is looked at again once it stands still.
stand_still() {
    local now='' deadline=$((SECONDS + patience))
    while ((SECONDS < deadline)) && who=$(owner) && [[ -n $who ]]; do
        gateway=$(pid_of "$who" gateway/0) worker=$(pid_of "$who" leasing/0)
        kill -STOP "$gateway" ${1+"$worker"}
        now=$(tail -n 1 "$file")
        [[ ${now##* } == "$worker" ]] && break
        kill -CONT "$gateway" "$worker"
    done
    epoch=${now%% *}
}

# A key that b or c has: there are so many shards that a does not have them all by chance. The gateway
# of that node stands still: its lease runs out, and its worker sees that by itself.
deadline=$((SECONDS + patience)) gateway=
for ((i = 0; SECONDS < deadline; i++)); do
    file=$dir/key$((i % 30))
    "$axsup" call "$dir/a.json" "leases/$file" epoch --timeout 5s >/dev/null 2>&1
    [[ $(owner) == [bc] ]] && stand_still && [[ $who == [bc] ]] && break
    [[ -z $gateway ]] || kill -CONT "$gateway"
done
((SECONDS < deadline))
verdict $? "neither b nor c has a key"
acts
kill -CONT "$gateway"
ran run_out tcp

# The worker stands still, with all its node.
stand_still worker
kill -STOP "${pids[$who]}"
[[ $who == a ]] && kill -CONT "$gateway" # it has the store
[[ $who == a ]] || acts
kill -CONT "$gateway" "$worker" "${pids[$who]}"

# The gateway dies: the next one is of the same node, and may go on with its lease. The node dies.
who=$(owner)
kill -KILL "$(pid_of "$who" gateway/0)"
deadline=$((SECONDS + patience))
while ((SECONDS < deadline)); do
    [[ $("$axsup" call "$dir/a.json" "leases/$file" epoch --timeout 5s 2>&1) == '{'* ]] && break
done
((SECONDS < deadline))
verdict $? "the next gateway does not find the key: $(tail -n 3 "$dir"/?.log)"
stand_still
if [[ $who == a ]]; then
    kill -CONT "$gateway"
else
    kill -KILL "${pids[$who]}"
    wait "${pids[$who]}" 2>/dev/null
    acts
    freed "${port[$who]}"
    start "$who"
fi

# What was written: epochs never fall, and so no line of an earlier one comes behind a later one's.
in_order "$file" 2 >"$dir/sum"
verdict $? "$(<"$dir/sum")"
cat "$dir/sum"
ran fenced tcp

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
