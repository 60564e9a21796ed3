#!/bin/bash
# SPDX-License-Identifier: MIT
#
# gateway_kill [KILLS]: gateways are killed while actors ask others of another node. Each ask ends, with
# an answer or with an error and not by its timeout; what was answered was done once, and what was
# not, once at most. The actors of a gateway are as many as before. A tell to a key that was not
# answered is a dead letter.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup kills=${1:-9}
askers=(asker1 asker2 asker3 asker4)
dir=$(mktemp -d "${TMPDIR:-/tmp}/gateway_kill.XXXXXX") || exit

# configure NODE
configure() {
    config "$1" '"redial": ["10ms", "50ms"],
    "registries": [ { "name": "counters", "shards": 4 } ]' \
        "$(counting "${askers[@]}")"
}

# add ASKER BY: of the counter of node a, by an actor of node b.
add() {
    "$axsup" call "$dir/b.json" "$1" add_at \
        "{\"node\":\"a\",\"name\":\"counter\",\"by\":$2,\"timeout_ns\":60000000000}" \
        --timeout 90s 2>&1
}

# One asks and asks, until it is enough.
ask_on() {
    while [[ ! -e $dir/enough ]]; do
        add "$1" 1 >>"$dir/answers.$1"
    done
}

answers() { cat "$dir"/answers.* 2>/dev/null | grep -c "$1"; }

# actors NODE: how many its gateway has, besides those that stand for others.
actors() {
    "$axsup" actors "$dir/$1.json" --worker gateway --json | grep -o '"contract":"[^r]' | wc -l
}

name_nodes a b
configure a
configure b
start_all
((failed == 0)) || exit 1
before=$(actors b)
((before > 1))
verdict $? "the gateway of b has $before actors"
for i in "${askers[@]}"; do
    ask_on "$i" &
    pids[$i]=$!
done

# One is killed when some more asks have gone well, so many that it may be anywhere in the next ones.
for ((k = 0; k < kills; k++)); do
    node=b until=$((SECONDS + patience)) enough=$(($(answers '"error":0') + 1 + RANDOM % 20))
    ((k % 3 == 2)) && node=a
    while (($(answers '"error":0') < enough && SECONDS < until)); do :; done
    ((SECONDS < until))
    verdict $? "no ask goes well after $k kills"
    kill -KILL "$(pid_of $node gateway/0)"
done

touch "$dir/enough"
for i in "${askers[@]}"; do
    wait "${pids[$i]}"
    unset "pids[$i]"
done
all=$(answers '') done=$(answers '"error":0') down=$(answers '"error":19')
((done + down == all))
verdict $? "$all asks, $done done, $down failed; the others: $(cat "$dir"/answers.* |
    grep -v '"error":\(0\|19\)' | sort | uniq -c | head -n 5)"
((down > 0))
verdict $? "no ask was in hand at a death: nothing was tried"
until=$((SECONDS + 30))
while got=$(add asker1 0) && [[ $got != '{"error":0,'* ]] && ((SECONDS < until)); do :; done
count=${got//[!0-9]/ }
read -r _ count <<<"$count"
((count >= done && count <= done + down))
verdict $? "the counter has $count: $done asks were answered, $down were not"
until=$((SECONDS + patience))
while got=$(actors b) && ((got != before && SECONDS < until)); do :; done
((got == before))
verdict $? "the gateway of b had $before actors, and has $got"

# What is told to a key is in hand until its actor is spawned, which it is not before its worker goes on.
workers=("$(pid_of a counting/0)" "$(pid_of b counting/0)")
kill -STOP "${workers[@]}"
for i in 1 2 3 4 5; do
    "$axsup" send "$dir/b.json" counters/fresh add '{"by":1}'
done
become '*"count":"requests","value":[5-9]*' counts "$dir/b.json" --json
kill -KILL "$(pid_of b gateway/0)"
kill -CONT "${workers[@]}"
become '{"value":0}' call "$dir/b.json" counters/other get
letters=$("$axsup" deadletters "$dir/b.json" | grep -c 'counters/fresh .*node down')
((letters == 5))
verdict $? "of 5 tells that a gateway had in hand when it died $letters are dead letters: $("$axsup" deadletters "$dir/b.json" | tail -n 6)"
got=$("$axsup" call "$dir/b.json" counters/fresh get)
[[ $got == '{"value":'[0-5]'}' ]]
verdict $? "what was told has come to $got"

stop_all
echo "$all asks, $done done, $down failed, of which $((count - done)) were done all the same"
echo "$passed passed, $failed failed"
((failed == 0))
