#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What lives under a lease ends with it, whatever it does just then and whoever has died: an actor that is
# idle, has children, awaits something, or was told to end before; and who monitors it is told.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/lapse.XXXXXX") || exit
many=5000 # actors that are looked at before those of keys are

lease_store redis || exit 77
name_nodes d
# A gateway that has died is not started again but by the script.
config d '"lease_ttl": "2s", "restart": { "max": 99, "backoff": [ "1h", "1h" ] },
    "registries": [ { "name": "users", "shards": 1 }, { "name": "counters", "shards": 1 } ]' "$(counting traveler),
    { \"name\": \"keyed\", \"plugin\": \"$AX_BUILD/tests/plugins/keyed.so\", \"max_actors\": $((many + 100)),
      \"restart\": { \"max\": 99, \"backoff\": [ \"5ms\", \"5ms\" ] },
      \"registries\": [ { \"name\": \"all\", \"contract\": \"keyed\", \"keys\": $many },
        { \"name\": \"users\", \"contract\": \"keyed\", \"drain\": \"1h\" } ] },
    { \"name\": \"driving\", \"plugin\": \"$AX_BUILD/tests/plugins/keyed.so\",
      \"actors\": [ { \"name\": \"driver\", \"contract\": \"driver\" } ] }"
start_all

held() { become '*"users","shard":0,"state":"held"*' leases "$dir/d.json" --json; }
epoch() { "$axsup" leases "$dir/d.json" --json | sed -n 's/.*"users","shard":0,[^}]*"epoch":\([0-9]*\).*/\1/p'; }
kill_gateway() { kill -KILL "$(pid_of d gateway/0)"; }
restart_gateway() {
    "$axsup" restart "$dir/d.json" gateway
    verdict $? 'the gateway comes back'
}

# get KEY...: has them spawned.
get() {
    local key
    for key; do
        become '{"value":0,"incarnation":1,"toiled":0,*' call "$dir/d.json" "users/$key" get
    done
}

# living OTHERS: how many there are that may live under a lease, beside others of their contract.
living() {
    local all
    "$axsup" actors "$dir/d.json" --json >"$dir/actors" || return
    all=$(grep -o '"contract":"keyed"' "$dir/actors" | wc -l)
    ((all >= $1)) && echo $((all - $1))
}

# all_end OTHERS: until no actor of a key lives, of those that begin with the worker's OTHERS others.
all_end() {
    local until=$((SECONDS + patience))
    until [[ $(living "$1") == 0 ]] || ((SECONDS >= until)); do :; done
    [[ $(living "$1") == 0 ]]
    verdict $? "still there: $(grep -o '{[^}]*"contract":"keyed"[^}]*}' "$dir/actors" | tail -n "$(living "$1")")"
}

# lapse: until the lease that was there when the gateway died is over.
lapse() { read -r -t 2.1 <>"$dir/never"; }
mkfifo "$dir/never"

# ---- idle ----

held
[[ $("$axsup" call "$dir/d.json" driver add '{"registry":"all","prefix":"k","keys":'$many'}' --timeout 20s) == *'"error":0}' ]]
verdict $? 'many actors that no lease is about'
get alice bob carol
become '{"error":0}' call "$dir/d.json" traveler watch '{"key":"k"}'
become '{"downs":0,*' call "$dir/d.json" traveler seen '{}'
[[ $(living $many) == 3 ]]
verdict $? "there are $(living $many) actors of keys"
kill_gateway
all_end $many
become '{"downs":1,"reason":"lease lost","restarts":false}' call "$dir/d.json" traveler seen '{}'
restart_gateway
held

# ---- in the midst of something ----

# The store is away, and everybody lives: the gateway tells them.
get alice
"$axsup" send "$dir/d.json" users/alice toil '{"ms":3600000}'
become '*"contract":"keyed",*"suspended"*' actors "$dir/d.json" --json
kill -STOP "$server"
all_end $many
become '!(*fenced*)' leases "$dir/d.json" --json
become '*"event":"lease_lost"*"registry":"users"*"why":"lost"*' events "$dir/d.json" --json
kill -CONT "$server"
held

# ---- between two looks ----

# A process that has not looked yet when the lease ends. Others of a registry are no more than their keys now.
get alice
before=$(pid_of d keyed/0)
kill_gateway
kill -KILL "$before"
become '*"name":"keyed/0"*"incarnation":2,*' status "$dir/d.json" --json
worker=$(pid_of d keyed/0)
kill -STOP "$worker"
lapse
kill -CONT "$worker"
all_end $many
restart_gateway
held

# A lease that was lost and had again meanwhile, and used.
get alice
was=$(epoch)
worker=$(pid_of d keyed/0)
kill -STOP "$worker"
kill_gateway
lapse
restart_gateway
until=$((SECONDS + patience))
until is=$(epoch) && [[ $is != "$was" && -n $is ]] || ((SECONDS >= until)); do :; done
[[ -n $is && $is != "$was" ]]
verdict $? "the epoch was $was, and is $is"
"$axsup" call "$dir/d.json" users/bob get --timeout 20s >"$dir/bob" 2>&1 &
asker=$!
for i in 1 2 3; do
    "$axsup" sessions "$dir/d.json" >/dev/null # it is behind the call by now
done
kill -CONT "$worker"
wait $asker
[[ $(<"$dir/bob") == '{"value":0,'* ]]
verdict $? "bob: $(<"$dir/bob")"
all_end $((many + 1))

# ---- while the node leaves ----

# It awaits somebody, its child, who does not live just now; was told to end; and has mail that it may handle
# before.
get alice
"$axsup" send "$dir/d.json" users/alice toil '{"ms":3600000}'
become '*"contract":"keyed",*"suspended"*' actors "$dir/d.json" --json
for i in 1 2 3; do
    "$axsup" send "$dir/d.json" users/alice add '{"by":1}'
done
"$axsup" drain "$dir/d.json" >"$dir/drained" 2>&1 &
drain=$!
become '*"users","shard":0,"state":"draining"*' leases "$dir/d.json" --json
kill_gateway
all_end $many
restart_gateway
wait $drain
verdict $? "the drain: $(<"$dir/drained")"

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
