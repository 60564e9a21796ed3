#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Two nodes on loopback, and more than one of them can take: its gateway is stopped while the other
# one sends, or the actor there has room for a few messages only.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/cluster.XXXXXX") || exit

# configure NODE
configure() {
    config "$1" '"inbox": 64, "suspect": "100s", "dead": "200s"' \
        '{ "name": "ends", "plugin": "'"$AX_BUILD"'/tests/plugins/distance.so", "actors": [
        { "name": "end", "contract": "distance_end", "capacity": 16 },
        { "name": "near", "contract": "distance" } ] }'
}

# flood COUNT SIZE: what a's actor then says.
flood() {
    "$axsup" call "$dir/a.json" near flood \
        "{\"node\":\"b\",\"rest_ns\":0,\"count\":$1,\"size\":$2}" --timeout 300s
}

# seen: how many messages b's actor has handled. The question may find no room either.
seen() {
    local got tries=20
    while got=$("$axsup" call "$dir/a.json" near seen '{"node":"b"}' --timeout 60s) &&
        [[ $got != *'"error":0}' ]] && ((tries--)); do :; done
    sed 's|{"messages":\([0-9]*\),"error":0}|\1|' <<<"$got"
}

# logged NODE TEXT: so many lines.
logged() {
    grep -c "$2" "$dir/$1.log"
}

name_nodes a b
configure a
configure b
start_all

# ---- a peer that does not read ----

# 128 MiB, which nobody can hold: the sender waits, and the gateway says that it is full. Then all of
# it comes, by the same connection.
kill -STOP "$(pid_of b gateway/0)"
flood 4000 32768 >"$dir/flood" &
flood=$!
tries=2000
until ! ((tries--)) || [[ $("$axsup" nodes "$dir/a.json" --timeout 50ms 2>&1) == *AX_E_FULL* ]]; do :; done
((tries > 0))
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
came=$(seen)
lost=$(logged b 'a tell from another node is lost')
((came + lost == 4000))
verdict $? "of 4000 messages $came came, and $lost are told as lost"
((lost < 2000))
verdict $? "$lost of 4000 messages were lost for want of room at an actor that takes them"
[[ $(logged a 'node b is down') == 0 && $(logged b 'node a is down') == 0 ]]
verdict $? "the connection was lost: $(grep 'is down' "$dir/a.log" "$dir/b.log")"

# ---- many small ones ----

[[ $(flood 20000 100) == '{"taken":20000,"error":0}' ]]
verdict $? "20000 messages were not taken"
came=$(($(seen) - came))
lost=$(($(logged b 'a tell from another node is lost') - lost))
((came + lost == 20000 && lost < 10000))
verdict $? "of 20000 messages $came came, and $lost are told as lost"
[[ $(logged a 'node b is down') == 0 ]]
verdict $? "the connection was lost: $(grep 'is down' "$dir/a.log")"

stop_all

echo "$passed passed, $failed failed"
((failed == 0))
