#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A shard that is handed over in order has nobody left on the node that had it, and nothing of its mail is
# lost: also where the gateway has died since its actors were spawned, or dies meanwhile; and also what they
# have spawned ends.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/handover.XXXXXX") || exit

lease_store redis || exit 77
name_nodes a b

# configs TTL
configs() {
    local node
    for node in a b; do
        config $node '"lease_ttl": "'"$1"'", "heartbeat": "100ms", "redial": [ "5ms", "20ms" ], "round": "20ms",
            "restart": { "max": 99, "backoff": [ "5ms", "5ms" ] }, "registries": [ { "name": "users", "shards": 1 } ]' \
            "{ \"name\": \"keyed\", \"plugin\": \"$AX_BUILD/tests/plugins/keyed.so\",
            \"registries\": [ { \"name\": \"users\", \"contract\": \"keyed\", \"drain\": \"1h\" } ] }"
    done
}
configs 10m # a lease that is not given back is not over while this runs
start_all

# owner: sets it to the node that has the shard, and other to the one that has not, when it is to stay there:
# it had it the last 20 times.
owner() {
    local until=$((SECONDS + patience)) node times=0
    owner=
    while ((SECONDS < until && times < 20)); do
        for node in a b; do
            [[ $("$axsup" leases "$dir/$node.json" --json 2>/dev/null) == *'"shard":0,"state":"held"'* ]] || continue
            [[ $node == "$owner" ]] || times=0
            times=$((times + 1)) owner=$node
        done
    done
    ((times == 20))
    verdict $? 'no node has the shard, or now one, now another'
    other=$([[ $owner == a ]] && echo b || echo a)
}

use() { become '{"value":0,"incarnation":1,*' call "$dir/$owner.json" "users/$1" get; }
kill_gateway() {
    kill -KILL "$(pid_of "$owner" gateway/0)"
    become '*"name":"gateway/0"*"state":"running","incarnation":2,*' status "$dir/$owner.json" --json
}

# all_ended N: all that were there, N of them just now, and in order; then the other node has the key.
all_ended() {
    local out
    [[ $("$axsup" actors "$dir/$owner.json" --json) != *'"contract":"keyed"'* ]]
    verdict $? "there are actors of keys: $("$axsup" actors "$dir/$owner.json" | grep keyed)"
    out=$("$axsup" events "$dir/$owner.json" --json | grep -o '"event":"actor_stopped"[^}]*"contract":"keyed"[^}]*')
    (($(grep -c . <<<"$out") >= $1)) && [[ $(grep -v '"reason":"normal"' <<<"$out") == '' ]]
    verdict $? "of $1 there have ended: $out"
    out=$("$axsup" deadletters "$dir/$owner.json" | grep ' add ')
    [[ -z $out ]]
    verdict $? "dead letters: $out"
    become '{"value":0,"incarnation":1,*' call "$dir/$other.json" users/alice get
    out=$("$axsup" events "$dir/$owner.json" --json | grep '"event":"lease_lost"' | tail -n 1)
    [[ $out == *'"registry":"users","shard":0,'*'"why":"given away"'* ]]
    verdict $? "it is not told that the shard is given away: $out"
}

# again: the node that has left begins anew, and the next one is asked to leave.
again() {
    "$axsup" stop "$dir/$owner.json" >/dev/null
    wait "${pids[$owner]}"
    start "$owner"
    connected "$owner"
    connected "$other"
    owner
}

# ---- they are idle, and another gateway has spawned them ----

# One has a child that it has forgotten, as their process died meanwhile.
owner
use alice
use bob
"$axsup" send "$dir/$owner.json" users/alice toil '{"ms":3600000}'
become '*"contract":"keyed",*"suspended"*' actors "$dir/$owner.json" --json
kill -KILL "$(pid_of "$owner" keyed/0)"
become '*"name":"keyed/0"*"state":"running","incarnation":2,*' status "$dir/$owner.json" --json
kill_gateway
become '*"shard":0,"state":"held"*' leases "$dir/$owner.json" --json
"$axsup" drain "$dir/$owner.json"
verdict $? 'the drain'
all_ended 3
again

# ---- at once after its death ----

use alice
kill -KILL "$(pid_of "$owner" gateway/0)"
"$axsup" drain "$dir/$owner.json" --within 20s
verdict $? 'the drain'
all_ended 1
again

# ---- in the midst of a message, with mail behind ----

# It awaits its child, which does not live just now, and ends as well; longer than a lease lasts that is not
# renewed.
stop_all
configs 1s
start_all
owner
use alice
"$axsup" send "$dir/$owner.json" users/alice toil '{"ms":2500}'
become '*"contract":"keyed",*"suspended"*' actors "$dir/$owner.json" --json
for i in 1 2 3; do
    "$axsup" send "$dir/$owner.json" users/alice add '{"by":1}'
done
kill_gateway
"$axsup" drain "$dir/$owner.json"
verdict $? 'the drain'
all_ended 2
again

# The gateway dies while the node leaves.
use alice
"$axsup" send "$dir/$owner.json" users/alice toil '{"ms":700}'
become '*"contract":"keyed",*"suspended"*' actors "$dir/$owner.json" --json
"$axsup" send "$dir/$owner.json" users/alice add '{"by":1}'
"$axsup" drain "$dir/$owner.json" &
drain=$!
become '*"shard":0,"state":"draining"*' leases "$dir/$owner.json" --json
kill -KILL "$(pid_of "$owner" gateway/0)"
wait $drain
verdict $? 'the drain'
[[ $("$axsup" actors "$dir/$owner.json" --json) != *'"contract":"keyed"'* ]]
verdict $? "there are actors of keys: $("$axsup" actors "$dir/$owner.json" | grep keyed)"

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
