#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Monitors of actors of another node, where what is said of them does not come, comes twice, comes as
# the actor ends, or has to wait until the node is down: no watcher and no monitor stays behind, and
# who monitors is told once. Nor does anything stay of what could not be sent.
# not-with-sanitizers: cluster, cluster_monitors and sim/test_monitors run what it looks at

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/watch.XXXXXX") || exit
rounds=24 # races
most=16   # monitors, and requests
guests=(guest0 guest1 guest2 guest3)

# A node that does not answer stays up for as long as this takes.
name_nodes a b
counters=() ends='{ "name": "end", "contract": "distance_end" }'
for ((i = 0; i < 5; i++)); do
    counters+=("{ \"name\": \"counter$i\", \"contract\": \"counter\" }")
done
for ((i = 0; i <= rounds; i++)); do
    ends+=", { \"name\": \"near$i\", \"contract\": \"distance\" }"
done
smaller= # messages than a sends are all that b takes
for node in a b; do
    config $node '"suspect": "100s", "dead": "200s", "retry": "50ms", "redial": ["10ms", "50ms"],
    "registries": [ { "name": "travelers", "shards": 4 } ], "monitors": '$most', "requests": '$most \
        "$(counting "${guests[@]}"),
    { \"name\": \"ends\", \"plugin\": \"$AX_BUILD/tests/plugins/distance.so\", \"actors\": [ $ends ] },
    { \"name\": \"watched\", \"plugin\": \"$AX_BUILD/plugins/counter.so\",
      \"actors\": [ $(IFS=,; echo "${counters[*]}") ] },
    { \"name\": \"keyed\", \"plugin\": \"$AX_BUILD/tests/plugins/traveler.so\",
      \"registries\": [ { \"name\": \"travelers\", \"contract\": \"traveler\" } ] }" "$smaller"
    smaller='"max_message": "4K"'
done
start_all

# guest N MESSAGE [ARGUMENTS]: what a traveler of a says.
guest() {
    "$axsup" call "$dir/a.json" "guest$1" "${@:2}" --timeout 20s 2>&1
}

# watch N NAME, unwatch N: it does.
watch() {
    local got
    got=$(guest "$1" watch_at "{\"node\":\"b\",\"name\":\"$2\"}")
    [[ $got == '{"error":0}' ]]
    verdict $? "guest$1 watches $2: $got"
}
unwatch() {
    local got
    got=$(guest "$1" unwatch)
    [[ $got == '{"error":0}' ]]
    verdict $? "guest$1 takes a monitor back: $got"
}

# ask N TIMEOUT_NS: a counter of b.
ask() {
    guest "$1" add_at "{\"node\":\"b\",\"name\":\"counter0\",\"by\":1,\"timeout_ns\":$2}"
}

# farewell I: of an actor of b, which ends for good.
farewell() {
    "$axsup" call "$dir/b.json" "near$1" farewell '{"node":"b","count":0}' --timeout 20s
}

# downs N COUNT REASON: until so many were told to it, the last one by that reason.
downs() {
    become "{\"downs\":$2,\"reason\":\"$3\",*" call "$dir/a.json" "guest$1" seen
}

# counts NODE NAME VALUE...: until it counts so.
counts() {
    local pattern='*'
    for ((i = 2; i < $#; i += 2)); do
        pattern+="{\"count\":\"${*:i:1}\",\"value\":${*:i+1:1}[,}]*"
    done
    become "$pattern" counts "$dir/$1.json" --json
}

# nothing_left: of monitors, on either node.
nothing_left() {
    counts a monitors 0 monitors_new 0 monitors_back 0
    counts b watchers 0 downs 0
}

# ---- what cannot be sent ----

# What another node takes no message of: all keys are of b.
"$axsup" drain "$dir/a.json" >"$dir/out" 2>&1
verdict $? "drain a: $(<"$dir/out")"
comes '{"error":16}' call "$dir/a.json" travelers/one unwatch # AX_E_NO_KEY
printf -v large '%20000s' ''
for ((i = 0; i <= most; i++)); do
    got=$("$axsup" call "$dir/a.json" travelers/one watch "{\"key\":\"$large\"}" 2>&1)
    [[ $got == *'(AX_E_TOO_BIG)' ]]
    verdict $? "b is asked what is too big: $got"
done
counts a requests 0 ensures 0

# ---- the actor ends as it is watched ----

for ((i = 0; i < rounds; i++)); do
    ((i % 2 == 0)) || watch $((i % 4)) near$i &
    first=$!
    farewell $i >"$dir/out.$i" 2>&1 &
    last=$!
    ((i % 2 == 1)) || watch $((i % 4)) near$i
    wait $first $last
done
[[ $(sort -u "$dir"/out.*) == '{"error":0}' ]]
verdict $? "they end: $(sort "$dir"/out.* | uniq -c)"
for i in 0 1 2 3; do
    downs $i $((rounds / 4)) '@(normal|no such actor)'
done
nothing_left
ran race_with_the_end tcp
told=$((rounds / 4))

# ---- the same monitor comes twice ----

# It is sent again as long as it is not answered: for longer than an ask takes to run out.
gateway=$(pid_of b gateway/0)
kill -STOP "$gateway"
watch 0 near$rounds
got=$(ask 0 300000000)
[[ $got == '{"error":5,"value":0}' ]] # AX_E_TIMEOUT
verdict $? "who does not answer is asked: $got"
counts a monitors 1 monitors_new 1
kill -CONT "$gateway"
counts b watchers 1 repeated_monitors '[1-9]*'
counts a monitors 1 monitors_new 0
[[ $(farewell $rounds) == '{"error":0}' ]]
verdict $? 'it ends'
downs 0 $((told + 1)) normal
nothing_left
downs 0 $((told + 1)) normal
ran twice tcp

# ---- the answer is lost ----

kill -STOP "$gateway"
for ((i = 0; i < 5; i++)); do watch 1 counter$i; done
counts a monitors_new 5
kill -STOP "$(pid_of a gateway/0)"
kill -CONT "$gateway"
counts b watchers 5
kill -KILL "$(pid_of a gateway/0)"
downs 1 $((told + 5)) 'node down'
comes '*"state":"up"*' nodes "$dir/a.json" --json
nothing_left
downs 1 $((told + 5)) 'node down'
ran answer_is_lost tcp

# ---- what waits for a node ----

# The downs of its actors, once each.
for ((i = 0; i < 5; i++)); do watch 2 counter$i; done
counts b watchers 5
kill -STOP "$(pid_of a gateway/0)"
kill -KILL "$(pid_of b watched/0)"
counts b watchers 5 downs 5
lose a
counts b watchers 0 downs 0 untold_downs 5

# Monitors, of which all of one node that watch an actor have one.
start a
connected a
gateway=$(pid_of b gateway/0)
kill -STOP "$gateway"
for ((i = 0; i < 10; i++)); do
    watch 0 nobody$i
    watch 1 nobody$i
done
counts a monitors 10 monitors_new 10 monitors_back 0
for ((i = 0; i < 4; i++)); do
    unwatch 0
    unwatch 1
done
counts a monitors 10 monitors_new 6 monitors_back 4
for ((i = 10; i < most; i++)); do watch 2 nobody$i; done
counts a monitors $most monitors_new $((most - 4)) monitors_back 4
got=$(guest 3 watch_at '{"node":"b","name":"one too many"}')
[[ $got == '{"error":14}' ]] # AX_E_LIMIT
verdict $? "guest3 watches one too many: $got"
counts a monitors $most monitors_new $((most - 4)) monitors_back 4
lose b
become '*"state":"down"*' nodes "$dir/a.json" --json
for i in 0 1 2; do
    downs $i 6 'node down'
done
counts a monitors 0 monitors_new 0 monitors_back 0 unsettled_demonitors 4
ran waits_for_a_node tcp

# ---- what cannot be sent to anybody ----

for ((i = 0; i <= most; i++)); do
    got=$(ask 3 10000000000)
    [[ $got == '{"error":19,"value":0}' ]] # AX_E_NODE_DOWN
    verdict $? "a node that is down is asked: $got"
    ((i % 2 == 0)) || continue
    watch 3 counter0
done
downs 3 $((most / 2 + 1)) 'node down'
counts a requests 0 ensures 0 monitors 0 monitors_new 0 monitors_back 0
start b
connected b
become '{"error":0,*' call "$dir/a.json" guest3 add_at \
    '{"node":"b","name":"counter0","by":1,"timeout_ns":10000000000}'
ran failed_send tcp

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
