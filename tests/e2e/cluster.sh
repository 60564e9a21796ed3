#!/bin/bash
# SPDX-License-Identifier: MIT
#
# cluster [memory|redis|etcd]: nodes on loopback, each a system with a gateway. Keys and names are
# reached from any of them; processes, gateways and nodes are killed, and what is asked meanwhile
# ends.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/cluster.XXXXXX") || exit

lease_store "${1-memory}" || exit 77

# configure NODE
configure() {
    config "$1" '"lease_ttl": "1s", "lease_margin": "100ms", "dead": "5s",
    "registries": [ { "name": "counters", "shards": 36 } ]' \
        "$(counting traveler)"
}

# ask NODE MESSAGE JSON: of its traveler, which does what it is told with counters elsewhere.
ask() {
    "$axsup" call "$dir/$1.json" traveler "$2" "$3" --timeout 20s 2>&1
}

# eventually PATTERN NODE MESSAGE JSON: until the answer is like this.
eventually() {
    local wanted=$1 got deadline=$((SECONDS + patience))
    shift
    # shellcheck disable=SC2053
    while got=$(ask "$@") && [[ $got != $wanted ]] && ((SECONDS < deadline)); do :; done
    # shellcheck disable=SC2053
    [[ $got == $wanted ]]
    verdict $? "$*: $got, not $wanted"
}

# answers PATTERN NODE MESSAGE JSON: at once.
answers() {
    local got
    got=$(ask "${@:2}")
    # shellcheck disable=SC2053
    [[ $got == $1 ]]
    verdict $? "${*:2}: $got, not $1"
}

# tells_lost NODE TARGET CONTRACT MESSAGE ERROR SENDER: the dead letter that there is.
tells_lost() {
    local sender=null
    [[ -z ${6-} ]] || sender="\"$6\""
    become "*\"sender\":$sender,\"target\":\"$2\",\"contract\":\"$3\",\"message\":\"$4\",*\"error\":\"$5\"}*" \
        deadletters "$dir/$1.json" --json
}

secs=1000000000
by() { echo "{\"key\":\"$1\",\"by\":$2,\"timeout_ns\":$((5 * secs))}"; }
at() { echo "{\"node\":\"$1\",\"name\":\"$2\",\"by\":$3,\"timeout_ns\":$((5 * secs))}"; }

name_nodes a b c
for node in a b c; do
    configure $node
done
start_all

# ---- keys and names ----

eventually '{"error":0,"value":1}' a add_at "$(at b counter 1)"
answers '{"error":0,"value":3}' c add_at "$(at b counter 2)"
answers '{"error":0,"value":7}' b add_at "$(at b counter 4)"
answers '{"error":3,"value":0}' a add_at "$(at b nobody 1)"
answers '{"error":19,"value":0}' a add_at "$(at nowhere counter 1)"
ran names tcp
tells_lost b nobody counter add AX_E_NO_ACTOR
tells_lost a 'counter at nowhere' counter add AX_E_NODE_DOWN traveler
for name in '' a/b 'a\u0001b' 1.2.3 "$(printf '%064d' 1)"; do # that no actor can have
    answers '{"error":10,"value":0}' a add_at "$(at b "$name" 1)"
done

# Shards move while nodes find each other; then one actor has a key, whoever asks.
settled() {
    local node all=0 n
    for node in a b c; do
        n=$("$axsup" leases "$dir/$node.json" --json | grep -o '"state":"\(held\|renewing\)"' | wc -l)
        ((n > 0)) || return 1
        all=$((all + n))
    done
    ((all == 36))
}
deadline=$((SECONDS + patience))
until settled || ((SECONDS >= deadline)); do :; done
settled
verdict $? "each node has some of the shards"
# All at once: nobody has asked for these keys yet, so that each is ensured by all nodes. Where one has
# all four it is one.
for key in ant bee cat dog eel fox gnu hen; do
    for node in a b c a; do
        "$axsup" call "$dir/$node.json" "counters/$key" add '{"by":1}' --timeout 20s \
            >"$dir/told.$key.$node.${#pids[@]}" 2>&1 &
        pids[ask_${#pids[@]}]=$!
    done
done
for each in "${!pids[@]}"; do
    [[ $each == ask_* ]] || continue
    wait "${pids[$each]}"
    unset "pids[$each]"
done
for key in ant bee cat dog eel fox gnu hen; do
    got=$(sort "$dir/told.$key".* | tr -d '\n')
    [[ $got == '{}{}{}{}' ]]
    verdict $? "$key, told four times at once: $got"
    eventually '{"error":0,"value":4}' b add "$(by $key 0)"
done
keyed=0
for node in a b c; do
    n=$("$axsup" actors "$dir/$node.json" --json | grep -o '"contract":"counter"' | wc -l)
    keyed=$((keyed + n - 1))
done
[[ $keyed == 8 ]]
verdict $? "eight keys have $keyed actors"
ran keys tcp

# The same from outside.
for node in a b c; do
    [[ $("$axsup" call "$dir/$node.json" counters/cat get 2>&1) == '{"value":4}' ]]
    verdict $? "call $node counters/cat get"
    "$axsup" send "$dir/$node.json" counters/dog inc
    verdict $? "send $node counters/dog inc"
done
become '{"value":7}' call "$dir/a.json" counters/dog get
out=$("$axsup" call "$dir/a.json" counters/cat fly 2>&1)
[[ $? == 1 && $out == *'no message "fly"'* ]]
verdict $? "a message that there is not: $out"
out=$("$axsup" call "$dir/a.json" counters/cat add '{"by":"x"}' 2>&1)
[[ $? == 2 && $out == *'by: i64 expected'* ]]
verdict $? "a field that does not fit: $out"

for node in a b; do
    answers '{"error":0}' $node later "{\"key\":\"ant\",\"timeout_ns\":$((5 * secs))}"
    eventually '{"replies":1,"error":0,"value":4}' $node replied '{}'
done

# ---- monitors ----

answers '{"error":0}' a watch_at '{"node":"b","name":"counter"}'
answers '{"error":0}' a watch_at '{"node":"b","name":"nobody"}'
eventually '{"downs":1,"reason":"no such actor","restarts":false}' a seen '{}'
kill -KILL "$(pid_of b counting/0)"
eventually '{"downs":2,"reason":"signal","restarts":true}' a seen '{}'
eventually '{"error":0,"value":7}' a add_at "$(at b counter 0)"
kill -KILL "$(pid_of b counting/0)"
eventually '{"downs":3,"reason":"signal","restarts":true}' a seen '{}'

ran monitors tcp

# ---- a gateway dies ----

# Either its end is seen first, or the session of the next one, in which monitors go on.
kill -KILL "$(pid_of b gateway/0)"
eventually '{"error":0,"value":7}' a add_at "$(at b counter 0)"
kill -KILL "$(pid_of b counting/0)"
eventually '{"downs":4,"reason":*' a seen '{}'
eventually '{"error":0,"value":7}' b add_at "$(at b counter 0)"
become '*"state":"up"*"state":"up"*' nodes "$dir/b.json" --json
kill -KILL "$(pid_of a gateway/0)" # with the leases of all
for key in ant bee cat; do
    for node in a b c; do
        eventually '{"error":0,*' $node add "$(by $key 0)"
    done
done

# ---- a lease is lost, and a node dies ----

# key_of NODE: sets key to one that nobody has asked for, and whose actor is then there.
key_of() {
    local deadline=$((SECONDS + patience)) had i
    for ((i = 0; SECONDS < deadline; i++)); do
        key=of_$1_$i
        had=$(counters "$1")
        ask a add "$(by "$key" 1)" >/dev/null
        (($(counters "$1") > had)) && break
    done
    ((SECONDS < deadline))
    verdict $? "no key of $i is one of $1"
}

# The store is silent, while nodes see each other.
silent=${server:-$(pid_of a gateway/0)}
key_of c
answers '{"error":0}' b watch "{\"key\":\"$key\"}"
kill -STOP "$silent"
eventually '{"downs":1,"reason":"lease lost","restarts":false}' b seen '{}'
kill -CONT "$silent"
ran lease_lost tcp
deadline=$((SECONDS + patience))
until settled || ((SECONDS >= deadline)); do :; done

# A ref to a key is one to whoever has it.
key_of c
answers '{"error":0}' a keep "{\"key\":\"$key\"}"
answers '{"error":0,"value":11}' a add_kept "{\"by\":10,\"timeout_ns\":$((5 * secs))}"
answers '{"error":0}' a watch_at '{"node":"c","name":"counter"}'
kill -KILL "${pids[c]}"
wait "${pids[c]}" 2>/dev/null
eventually '{"downs":5,"reason":"node down","restarts":false}' a seen '{}'
for key in ant bee cat dog eel fox gnu hen; do
    eventually '{"error":0,*' a add "$(by $key 0)"
    eventually '{"error":0,*' b add "$(by $key 0)"
done
ran failover tcp
eventually '{"error":0,"value":0}' a add_kept "{\"by\":0,\"timeout_ns\":$((5 * secs))}"
ran follows tcp
answers '{"error":19,"value":0}' a add_at "$(at c counter 1)"
tells_lost a 'counter at c' counter add AX_E_NODE_DOWN traveler
start c
eventually '{"error":0,"value":5}' a add_at "$(at c counter 5)"

# ---- they leave in order ----

# Not as long as the store is silent, and not before it has its part again, which a lease may delay.
become '*"state":"held"*' leases "$dir/c.json" --json
kill -STOP "$silent"
"$axsup" drain "$dir/c.json" --within 50ms >"$dir/out" 2>&1
[[ $? == 1 && $(<"$dir/out") == *AX_E_TIMEOUT* ]]
verdict $? "c has handed over what nobody has taken: $(<"$dir/out")"
kill -CONT "$silent"
"$axsup" drain "$dir/c.json" --within 20s
verdict $? 'drain c'
got=$("$axsup" leases "$dir/c.json" --json)
[[ $got != *'"state":"'@(held|renewing|draining)'"'* ]]
verdict $? "c has handed over all, and has $got"
"$axsup" kill "$dir/c.json" gateway # the next one takes none either
comes '*"state":"up"*"state":"up"*' nodes "$dir/c.json" --json
become '*"node":"c"*"state":"leaving"*' nodes "$dir/a.json" --json
got=$("$axsup" leases "$dir/c.json" --json)
[[ $got == '[]' ]]
verdict $? "c takes none after the death of its gateway, and has $got"
# What is no key of the cluster is told as such.
nobody() { # WHO WORDS
    [[ $("$axsup" call "$dir/a.json" "$1" get 2>&1) == "axsup: there is no actor \"$1\"$2 (AX_E_NO_ACTOR)" ]]
    verdict $? "call $1: $("$axsup" call "$dir/a.json" "$1" get 2>&1)"
}
nobody counters/ ': expected a key behind the "/"'
long=$(printf '%0129d' 0)
[[ $("$axsup" call "$dir/a.json" "counters/$long" get 2>&1) == 'axsup: 129 bytes are too many for a key: at most 128'* ]]
verdict $? "call of a long key: $("$axsup" call "$dir/a.json" "counters/$long" get 2>&1)"
[[ $("$axsup" call "$dir/a.json" "counters/${long#0}" get 2>&1) == '{"value":0}' ]]
verdict $? "call of the longest key: $("$axsup" call "$dir/a.json" "counters/${long#0}" get 2>&1)"
nobody count/x ', for the cluster has no registry "count"; it has: counters'

stop_all
for node in a b c; do
    grep -q 'has stopped: .* 0 workers killed' "$dir/$node.log"
    verdict $? "$node: $(tail -n 3 "$dir/$node.log")"
done

echo "$passed passed, $failed failed"
((failed == 0))
