#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Many processes of a node are stopped, and actors in them are told more than they take. What is for
# actors of another process of that node comes as ever, and so do downs; what was for those that are
# stopped comes once or is a dead letter.
# not-with-sanitizers: cluster_slow tells one process that is stopped more than it takes

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/halted.XXXXXX") || exit
processes=12 keys=24 # as many of each

actors='{ "name": "end", "contract": "distance_end" }'
for ((i = 0; i <= keys + 1; i++)); do
    actors+=", { \"name\": \"near$i\", \"contract\": \"distance\" }"
done
actors+=', { "name": "near", "contract": "distance" }'
name_nodes a b
for node in a b; do
    [[ $node == a ]] && count=1 || count=$processes
    config $node '"registries": [ { "name": "ends", "shards": 64 } ]' \
        '{ "name": "keyed", "plugin": "'"$AX_BUILD"'/tests/plugins/distance.so", "count": '"$count"',
      "registries": [ { "name": "ends", "contract": "distance_end", "capacity": 16 } ] },
    { "name": "named", "plugin": "'"$AX_BUILD"'/tests/plugins/distance.so", "actors": [ '"$actors"' ] }'
done
start_all

# tell N KEY: what the Nth actor of a says again and again, until it is enough.
tell() {
    while [[ ! -e $dir/enough ]]; do
        "$axsup" call "$dir/a.json" "near$1" flood \
            "{\"node\":\"\",\"key\":$2,\"rest_ns\":0,\"count\":20,\"size\":32768}" --timeout 300s
    done >"$dir/told$1" 2>&1
}

# number TEXT NAME: of an answer.
number() {
    [[ $1 =~ \"$2\":([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

# seen KEY: how many messages its actor has handled, asked until it answers.
seen() {
    local got deadline=$((SECONDS + patience))
    while got=$("$axsup" call "$dir/a.json" "near$keys" seen "{\"node\":\"\",\"key\":$1}" --timeout 60s 2>&1) &&
        [[ $got != *'"error":0}' ]] && ((SECONDS < deadline)); do :; done
    number "$got" messages
}

# letters NODE: how many there were.
letters() {
    number "$("$axsup" status "$dir/$1.json" --json)" deadletters
}

halted=() of=()
for ((i = 0; i < keys; i++)); do
    halted[i]=$(pid_of b keyed/$((i % processes)))
    got=$("$axsup" call "$dir/a.json" near0 key_of "{\"pid\":${halted[i]},\"salt\":$((i * 10000))}" --timeout 60s)
    of[i]=$(number "$got" key)
done
[[ $("$axsup" call "$dir/b.json" end mind '{"node":"a"}') == '{"error":0}' ]]
verdict $? 'b monitors who is near at a'
lost=$(($(letters a) + $(letters b)))

kill -STOP "${halted[@]}"
for ((i = 0; i < keys; i++)); do
    tell $i "${of[i]}" &
    pids[tell$i]=$!
done

# asked: fifty times, one after another; says what is wrong.
asked() {
    local i got
    for ((i = 0; i < 50; i++)); do
        got=$("$axsup" call "$dir/a.json" "near$keys" seen '{"node":"b","key":0}' --timeout 15s 2>&1)
        [[ $got == '{"messages":0,"error":0}' ]] || { echo "$got" && return 1; }
    done
}

# From when nobody waits any more for the last that has been found to be full.
deadline=$((SECONDS + patience))
until (($(letters a) > lost || SECONDS >= deadline)); do :; done
[[ $("$axsup" deadletters "$dir/a.json" --json) == *'"AX_E_FULL"'* ]]
verdict $? "the processes take all: $("$axsup" deadletters "$dir/a.json" --json | tail -c 300)"
until got=$(asked) || ((SECONDS >= deadline)); do :; done
[[ -z $got ]]
verdict $? "an actor of another process of b is asked: $got"
[[ $("$axsup" call "$dir/a.json" near farewell '{"node":"b","count":0}') == '{"error":0}' ]]
verdict $? 'who is monitored ends'
become '{"downs":1,*' call "$dir/b.json" end minded

kill -CONT "${halted[@]}"
touch "$dir/enough"
came=0
for ((i = 0; i < keys; i++)); do
    wait "${pids[tell$i]}"
    unset "pids[tell$i]"
    came=$((came + $(seen "${of[i]}")))
done
told=$(sed 's/.*"taken":\([0-9]*\).*/\1/' "$dir"/told* | awk '{ n += $1 } END { print n }')
lost=$(($(letters a) + $(letters b) - lost))
((came + lost >= told && came <= told)) # what was to rest is lost as well
verdict $? "of $told messages $came came, and $lost are dead letters"
gateways_live a b

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
