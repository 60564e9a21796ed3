#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Nodes on loopback, and more than one of them can take: its gateway is stopped while another one
# sends, which waits for it, but not for long where others are to be served; or the actor there has
# room for a few messages only. What is lost is a dead letter, by name on the node of the actor, by
# key and where it could not leave on that of the sender.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/cluster.XXXXXX") || exit

# configure NODE
configure() {
    config "$1" '"inbox": 64, "suspect": "100s", "dead": "200s",
    "registries": [ { "name": "ends", "shards": 64 } ]' \
        '{ "name": "ends", "plugin": "'"$AX_BUILD"'/tests/plugins/distance.so",
      "registries": [ { "name": "ends", "contract": "distance_end", "capacity": 16 } ],
      "actors": [
        { "name": "end", "contract": "distance_end", "capacity": 16 },
        { "name": "near", "contract": "distance" } ] }'
}

# flood COUNT SIZE [KEY]: what a's actor then says, of b's actor or of that of a key.
flood() {
    "$axsup" call "$dir/a.json" near flood \
        "{$(whom "${3-}"),\"rest_ns\":0,\"count\":$1,\"size\":$2}" --timeout 300s
}

# seen [KEY]: how many messages that one has handled, asked until it answers.
seen() {
    local got deadline=$((SECONDS + patience))
    while got=$("$axsup" call "$dir/a.json" near seen "{$(whom "${1-}")}" --timeout 60s 2>&1) &&
        [[ $got != *'"error":0}' ]] && ((SECONDS < deadline)); do :; done
    tr -dc '0-9:,' <<<"$got" | cut -d: -f2 | cut -d, -f1
}

whom() {
    [[ -n $1 ]] && echo "\"node\":\"\",\"key\":$1" || echo '"node":"b","key":0'
}

# logged NODE TEXT: so many lines.
logged() {
    grep -c "$2" "$dir/$1.log"
}

# letters NODE: how many there were.
letters() {
    "$axsup" status "$dir/$1.json" --json | sed 's|.*"deadletters":\([0-9]*\).*|\1|'
}

# full WORDS NODE [KEY]: the process of b's actor is stopped until one of the messages to it is a dead
# letter on NODE, with these WORDS; all that did not come are, on either node.
full() {
    local words=$1 node=$2 key=${3-} worker came before lost deadline=$((SECONDS + patience)) flood
    worker=$(pid_of b ends/0) came=$(seen "$key") before=$(letters "$node")
    lost=$(($(letters a) + $(letters b)))
    kill -STOP "$worker"
    flood 4000 32768 "$key" >"$dir/flood" &
    flood=$!
    until ((SECONDS >= deadline)) || (($(letters "$node") > before)); do :; done
    [[ $(letter "$node") == "$words" ]]
    verdict $? "the last dead letter of $node: $(letter "$node"), not $words"
    kill -CONT "$worker"
    wait $flood
    [[ $(<"$dir/flood") == '{"taken":4000,"error":0}' ]]
    verdict $? "a flood: $(<"$dir/flood")"
    came=$(($(seen "$key") - came)) lost=$(($(letters a) + $(letters b) - lost))
    ((came + lost == 4000 && lost > 0))
    verdict $? "of 4000 messages $came came, and $lost are dead letters"
}

# letter NODE: the last one, without its time.
letter() {
    "$axsup" deadletters "$dir/$1.json" --json | sed 's|.*{"at":[^,]*,||; s|}]$||'
}

name_nodes a b c
for node in a b c; do
    configure $node
done
start_all

# ---- a peer that does not read ----

# 128 MiB, which nobody can hold: the sender waits, and the gateway says that it is full. Then all of
# it comes, by the same connection.
kill -STOP "$(pid_of b gateway/0)"
flood 4000 32768 >"$dir/flood" &
flood=$!
deadline=$((SECONDS + patience))
until ((SECONDS >= deadline)) || [[ $("$axsup" nodes "$dir/a.json" --timeout 50ms 2>&1) == *AX_E_FULL* ]]; do :; done
((SECONDS < deadline))
verdict $? "the gateway takes mail while its peer does not read"
kill -0 $flood
verdict $? "the sender did not wait: $(<"$dir/flood")"
most=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$(pid_of a gateway/0)/status")
((most < 100000))
verdict $? "the gateway has $most KiB of what cannot be sent"
kill -CONT "$(pid_of b gateway/0)"
wait $flood
verdict $? "the flood: $(<"$dir/flood")"
[[ $(<"$dir/flood") == '{"taken":4000,"error":0}' ]]
verdict $? "what a could send: $(<"$dir/flood")"
came=$(seen) # behind all that was told
lost=$(letters b) unsent=$(letters a)
((came + lost + unsent == 4000))
verdict $? "of 4000 messages $came came, and $lost are dead letters of b, $unsent of a"
((lost < 2000))
verdict $? "$lost of 4000 messages were lost for want of room at an actor that takes them"
[[ $(logged a 'node b is down') == 0 && $(logged b 'node a is down') == 0 ]]
verdict $? "the connection was lost: $(grep 'is down' "$dir/a.log" "$dir/b.log")"

# ---- one that does not read for long ----

# Who asks another node is answered; what is for it is refused, and said to be; it takes the rest.
deadline=$((SECONDS + patience))
stopped=$(pid_of b gateway/0) before=$(seen) unsent=$(letters a) lost=$(letters b)
kill -STOP "$stopped"
flood 4000 32768 >"$dir/flood" &
flood=$!
until ((SECONDS >= deadline)) || (($(letters a) > unsent)); do :; done
[[ $(letter a) == '"sender":"near","target":"end at b",'*'"message":"blob","reason":"mailbox full","error":"AX_E_FULL"' ]]
verdict $? "the last dead letter of a: $(letter a)"
got=$("$axsup" call "$dir/a.json" near seen '{"node":"c","key":0}' --timeout 60s 2>&1)
[[ $got == '{"messages":0,"error":0}' ]]
verdict $? "c is asked while b does not read: $got"
((failed == 0)) || exit 1 # the flood would be waited for
wait $flood
[[ $(<"$dir/flood") == '{"taken":4000,"error":0}' ]]
verdict $? "a flood for who does not read: $(<"$dir/flood")"
got=$("$axsup" call "$dir/a.json" near seen '{"node":"b","key":0}' --timeout 60s 2>&1)
[[ $got == "{\"messages\":0,\"error\":1}" ]]
verdict $? "b is asked while it does not read: $got"
kill -CONT "$stopped"
came=$(($(seen) - before)) # behind all that was told
unsent=$(($(letters a) - unsent)) lost=$(($(letters b) - lost))
((came + lost + unsent == 4000 && came > 0))
verdict $? "of 4000 messages $came came, and $lost are dead letters of b, $unsent of a"
[[ $(logged a 'node b is down') == 0 ]]
verdict $? "the connection was lost: $(grep 'is down' "$dir/a.log")"

# ---- many small ones ----

came=$(seen) lost=$(letters b)
[[ $(flood 20000 100) == '{"taken":20000,"error":0}' ]]
verdict $? "20000 messages were not taken"
came=$(($(seen) - came))
lost=$(($(letters b) - lost))
((came + lost == 20000 && lost < 10000))
verdict $? "of 20000 messages $came came, and $lost are dead letters"
[[ $(logged a 'node b is down') == 0 ]]
verdict $? "the connection was lost: $(grep 'is down' "$dir/a.log")"

# ---- an actor that has no room ----

fit='"contract":"distance_end","message":"blob","reason":"mailbox full","error":"AX_E_FULL"'
full "\"sender\":null,\"target\":\"end\",$fit" b
become '*"event":"deadletter"*"target":"end"*' events "$dir/b.json" --json
key=$("$axsup" call "$dir/a.json" near key_of "{\"pid\":$(pid_of b ends/0),\"salt\":1}" --timeout 60s)
key=${key//[^0-9]/}
hex=$(python3 -c 'import sys; print(int(sys.argv[1]).to_bytes(8, "little").hex())' "$key")
full "\"sender\":\"near\",\"target\":\"ends/0x$hex\",$fit" a "$key"

# ---- last words that wait for room ----

# One more than there is room for; the down of who said them comes behind it.
[[ $("$axsup" call "$dir/a.json" end mind '{"node":"b"}') == '{"error":0}' ]]
verdict $? "a monitors who is near at b"
before=$("$axsup" call "$dir/a.json" end seen | sed 's/.*"messages":\([0-9]*\).*/\1/')
"$axsup" send "$dir/a.json" end rest '{"ns":100000000}'
[[ $("$axsup" call "$dir/b.json" near farewell '{"node":"a","count":17}') == '{"error":0}' ]]
verdict $? "b says farewell"
become '{"downs":1,*' call "$dir/a.json" end minded
got=$("$axsup" call "$dir/c.json" near seen '{"node":"a","key":0}' --timeout 60s) # behind what waits
[[ $("$axsup" call "$dir/a.json" end minded) == '{"downs":1,"before":'*',"after":0}' ]]
verdict $? "after $before came, of 17, $got; $("$axsup" call "$dir/a.json" end minded)"
gateways_live a b

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
