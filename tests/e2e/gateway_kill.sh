#!/bin/bash
# SPDX-License-Identifier: MIT
#
# gateway_kill [KILLS]: gateways are killed while actors ask others of another node. Each ask ends, with
# an answer or with an error and not by its timeout; what was answered was done once, and what was
# not, once at most.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup kills=${1:-9}
askers=(1 2 3 4)
dir=$(mktemp -d "${TMPDIR:-/tmp}/gateway_kill.XXXXXX") || exit
declare -A pids=()

finish() {
    local each
    for each in "${!pids[@]}"; do
        kill -KILL "${pids[$each]}" 2>/dev/null
    done
    wait
    rm -rf "$dir"
}

read -r -a ports < <(python3 -c '
import socket
s = [socket.socket() for _ in range(2)]
for x in s: x.bind(("127.0.0.1", 0))
print(*[x.getsockname()[1] for x in s])')

# begin_node NODE PORT PEER PORT
begin_node() {
    local actors='' i
    for i in "${askers[@]}"; do
        actors+="${actors:+, }{ \"name\": \"asker$i\", \"contract\": \"traveler\" }"
    done
    cat >"$dir/$1.json" <<END_OF_CONFIG
{ "system": "$1", "run_dir": "$dir/$1", "shutdown": "10s",
  "cluster": { "node": "$1", "listen": "127.0.0.1:$2", "peers": { "$3": "127.0.0.1:$4" },
    "token_file": "token", "store": { "memory": { "node": "a" } }, "redial": ["10ms", "50ms"],
    "registries": [ { "name": "counters", "shards": 4 } ] },
  "workers": [
    { "name": "counting", "plugin": "$AX_BUILD/plugins/counter.so",
      "actors": [ { "name": "counter", "contract": "counter" } ],
      "registries": [ { "name": "counters", "contract": "counter" } ] },
    { "name": "traveling", "plugin": "$AX_BUILD/tests/plugins/traveler.so",
      "actors": [ $actors ] } ] }
END_OF_CONFIG
    "$axsup" run "$dir/$1.json" >>"$dir/$1.log" 2>&1 </dev/null &
    pids[$1]=$!
}

# add ASKER BY: of the counter of node a, by an actor of node b.
add() {
    "$axsup" call "$dir/b.json" "asker$1" add_at \
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

pid_of_gateway() {
    "$axsup" status "$dir/$1.json" --json |
        sed -n 's|.*"name":"gateway/0"[^}]*"pid":\([0-9]*\).*|\1|p'
}

"$axsup" keygen --token "$dir/token" || exit
begin_node a "${ports[0]}" b "${ports[1]}"
begin_node b "${ports[1]}" a "${ports[0]}"
for node in a b; do
    become '*"state":"up"*' nodes "$dir/$node.json" --json
done
((failed == 0)) || exit 1
for i in "${askers[@]}"; do
    ask_on "$i" &
    pids[asker$i]=$!
done

# One is killed when some more asks have gone well, so many that it may be anywhere in the next ones.
for ((k = 0; k < kills; k++)); do
    node=b until=$((SECONDS + 60)) enough=$(($(answers '"error":0') + 1 + RANDOM % 20))
    ((k % 3 == 2)) && node=a
    while (($(answers '"error":0') < enough && SECONDS < until)); do :; done
    ((SECONDS < until))
    verdict $? "no ask goes well after $k kills"
    kill -KILL "$(pid_of_gateway $node)"
done

touch "$dir/enough"
for i in "${askers[@]}"; do
    wait "${pids[asker$i]}"
    unset "pids[asker$i]"
done
all=$(answers '') done=$(answers '"error":0') down=$(answers '"error":19')
((done + down == all))
verdict $? "$all asks, $done done, $down failed; the others: $(cat "$dir"/answers.* |
    grep -v '"error":\(0\|19\)' | sort | uniq -c | head -n 5)"
((down > 0))
verdict $? "no ask was in hand at a death: nothing was tried"
until=$((SECONDS + 30))
while got=$(add 1 0) && [[ $got != '{"error":0,'* ]] && ((SECONDS < until)); do :; done
count=${got//[!0-9]/ }
read -r _ count <<<"$count"
((count >= done && count <= done + down))
verdict $? "the counter has $count: $done asks were answered, $down were not"

for node in b a; do
    "$axsup" stop "$dir/$node.json" >"$dir/out" 2>&1
    verdict $? "stop $node: $(<"$dir/out")"
    wait "${pids[$node]}"
    unset "pids[$node]"
done
echo "$all asks, $done done, $down failed, of which $((count - done)) were done all the same"
echo "$passed passed, $failed failed"
((failed == 0))
