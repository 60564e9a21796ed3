#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Shards that change their epoch again and again, as the store falls silent or a node does: what ran
# under an epoch that is over is gone, what comes late of it changes nothing, there is one actor at the
# end, and a node that has given its shards away takes none. Node a keeps the store, and gives its
# shards away first.
# not-with-sanitizers: cluster, leases, singleton and sim/test_leases run what it looks at

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/epochs.XXXXXX") || exit
file=$dir/key # to which the singleton adds lines as long as it lives
epochs=50

name_nodes a b c
for node in a b c; do
    config $node '"lease_ttl": "100ms", "lease_margin": "10ms", "heartbeat": "20ms", "suspect": "800ms",
    "dead": "1s", "give_up": "1s", "redial": ["5ms", "20ms"], "resolve": "20ms", "retry": "50ms",
    "round": "10ms", "registries": [ { "name": "counters", "shards": 1 },
      { "name": "leases", "shards": 1, "singletons": [ "'"$file"'" ] } ]' \
        "$(counting traveler witness),
    { \"name\": \"leasing\", \"plugin\": \"$AX_BUILD/tests/plugins/leased.so\",
      \"registries\": [ { \"name\": \"leases\", \"contract\": \"leased\" } ] }" '"events": 8192'
done
mkfifo "$dir/never"
start_all
store_of_all=$(pid_of a gateway/0)

# total NAME: of all nodes that can be asked.
total() {
    local node n sum=0
    for node in "${asked[@]}"; do
        n=$(count "$node" "$1")
        sum=$((sum + ${n:-1000000}))
    done
    echo $sum
}
asked=(b c)

# totals PATTERN NAME: until it is like that.
totals() {
    local got deadline=$((SECONDS + patience))
    # shellcheck disable=SC2053
    while got=$(total "$2") && [[ $got != $1 ]] && ((SECONDS < deadline)); do :; done
    # shellcheck disable=SC2053
    [[ $got == $1 ]]
    verdict $? "${asked[*]} have $got $2, not $1"
}

# last: the epoch and the process of the last line.
last() {
    local line
    line=$(tail -n 1 "$file" 2>/dev/null)
    epoch=${line%% *} worker=${line##* }
    : "${epoch:=0}"
}

# rises: until there is a line of an epoch above the last one that was seen.
rises() {
    local before=$epoch deadline=$((SECONDS + patience))
    while last && ((epoch <= before && SECONDS < deadline)); do read -r -t 0.005 <>"$dir/never"; done
    ((epoch > before))
    verdict $? "nobody acts in an epoch above $before: $(tail -n 3 "$dir"/?.log)"
}

# add TRAVELER BY: to a counter, by an actor of a.
add() {
    "$axsup" call "$dir/a.json" "$1" add "{\"key\":\"key\",\"by\":$2,\"timeout_ns\":5000000000}" --timeout 20s 2>&1
}

# adds BY LEAST MOST: until it is answered, and then by a value between these: what was not answered may
# have been done.
adds() {
    local got value deadline=$((SECONDS + patience))
    while got=$(add traveler "$1") && [[ $got != '{"error":0,'* ]] && ((SECONDS < deadline)); do :; done
    value=${got#'{"error":0,"value":'} value=${value%\}}
    [[ $value =~ ^[0-9]+$ ]] && ((value >= $2 && value <= $3))
    verdict $? "add $1: $got, not from $2 to $3"
}

# acquired NODE: how often it has.
acquired() {
    "$axsup" events "$dir/$1.json" --json | grep -o '"event":"lease_acquired"' | wc -l
}

"$axsup" drain "$dir/a.json" >"$dir/out" 2>&1
verdict $? "drain a: $(<"$dir/out")"
of_a=$(acquired a)

# ---- under a new epoch ----

# What was done under the one before is gone before there is a new one.
adds 1000 1000 100000
kill -STOP "$store_of_all"
totals 0 held
totals 0 actors
kill -CONT "$store_of_all"
adds 1 1 999
ran new_epoch tcp

# ---- fifty epochs ----

rises
first=$epoch
while ((epoch < first + epochs && failed == 0)); do
    kill -STOP "$store_of_all"
    totals 0 held
    kill -CONT "$store_of_all"
    rises
    adds 1 1 20 # it begins anew; what a knows is of the epoch before
done
totals '[12]' actors # it may have changed once more, and nobody has asked for the counter
totals 0 spawning
totals 0 stopping
lives() {
    local node
    for node in a b c; do
        "$axsup" actors "$dir/$node.json" --contract leased --json
    done | grep -o '"contract":"leased"' | wc -l
}
deadline=$((SECONDS + patience))
until alive=$(lives) && ((alive == 1 || SECONDS >= deadline)); do :; done
((alive == 1))
verdict $? "after $epochs epochs $alive actors live"
in_order "$file" $epochs >"$dir/sum"
verdict $? "$(<"$dir/sum")"
cat "$dir/sum"
ran fifty_epochs tcp

# ---- what comes late of an old epoch ----

# Node a has asked under epochs that were over, and was told so.
totals '[1-9]*' moved

# Whose process stands still with a message, and its gateway with what it knows: the next owner begins,
# and when both go on they are late. The node may have the shard again by then, in a later epoch.
who=''
deadline=$((SECONDS + patience)) # its lease may run out as it is looked for
until [[ -n $who ]] || ((SECONDS >= deadline)); do
    adds 0 0 999
    for node in b c; do
        (($(counters $node) > 1)) && who=$node # one of them has a name
    done
done
[[ -n $who ]]
verdict $? "neither b nor c has the counter"
[[ -n $who ]] || exit
[[ $who == b ]] && other=c || other=b
worker=$(pid_of "$who" counting/0) gateway=$(pid_of "$who" gateway/0)
kill -STOP "$worker"
add witness 1000 >"$dir/late" 2>&1 &
pids[late]=$!
deadline=$((SECONDS + patience)) # its lease may run out just now
until [[ -s $dir/late || $(count "$who" served) == [1-9]* ]] || ((SECONDS >= deadline)); do :; done
kill -STOP "$gateway"
wait "${pids[late]}"
unset "pids[late]"
[[ $(<"$dir/late") == '{"error":'[1-9]* ]]
verdict $? "who does not answer has answered: $(<"$dir/late")"
adds 1 1 999
kill -CONT "$worker"
adds 1 1 999
kill -CONT "$gateway"
comes '*"state":"leaving"*"state":"up"*' nodes "$dir/$who.json" --json # a has left
"$axsup" drain "$dir/$who.json" --within 20s >"$dir/out" 2>&1
verdict $? "drain $who: $(<"$dir/out")"
asked=("$who")
totals 0 actors
totals 0 stopping
adds 1 1 999
in_order "$file" $epochs >"$dir/sum"
verdict $? "$(<"$dir/sum")"
ran late tcp

# ---- who is paused ----

# Only one node takes shards. Without it nobody has any, though it is asked for them.
of_who=$(acquired "$who")
lose "$other"
become '*"state":"down"*' nodes "$dir/a.json" --json
got=$(add traveler 1)
[[ $got == '{"error":'[1-9]* ]]
verdict $? "nobody has the key, and who asks for it is told $got"
asked=(a "$who")
totals 0 held
[[ $(acquired a) == "$of_a" && $(acquired "$who") == "$of_who" ]]
verdict $? "who is paused has taken shards: a $(acquired a) and not $of_a, $who $(acquired "$who") and not $of_who"
start "$other"
adds 1 1 999
ran paused tcp

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
