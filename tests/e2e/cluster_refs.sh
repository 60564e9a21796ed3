#!/bin/bash
# SPDX-License-Identifier: MIT
#
# More keys are asked for than a gateway can remember: each is answered, and so is each again; who is
# monitored is not forgotten; and a gateway that begins anew among so many finds room for itself. Who
# monitors a key right after the gateway of its node began anew hears of no end, for there was none.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/refs.XXXXXX") || exit

most=$((128 + 64 + 64 + 512)) # keys, requests, monitors, and more

configure() { # NODE
    config "$1" '"keys": 128, "requests": 64, "ensures": 16, "monitors": 64,
    "registries": [ { "name": "ends", "shards": 64 }, { "name": "counters", "shards": 8 } ]' \
        "$(counting traveler),
    { \"name\": \"ends\", \"plugin\": \"$AX_BUILD/tests/plugins/distance.so\", \"max_actors\": 16384,
      \"registries\": [ { \"name\": \"ends\", \"contract\": \"distance_end\" } ],
      \"actors\": [ { \"name\": \"end\", \"contract\": \"distance_end\" },
                    { \"name\": \"near\", \"contract\": \"distance\" } ] }"
}

# answers WANTED ACTOR MESSAGE JSON
answers() {
    local got
    got=$("$axsup" call "$dir/a.json" "$2" "$3" "$4" --timeout 100s 2>&1)
    # shellcheck disable=SC2053
    [[ $got == $1 ]]
    verdict $? "$2 $3 $4: $got, not $1"
}

stand_ins() {
    "$axsup" actors "$dir/a.json" --worker gateway --json | grep -o '"contract":"remote"' | wc -l
}

name_nodes a b
configure a
configure b
start_all

answers '{"error":0}' traveler watch '{"key":"kept"}'
for salt in 0 1500 0; do
    answers '{"median_ns":0,"n":0}' near firsts "{\"pid\":0,\"salt\":$salt,\"count\":1500}"
done
n=$(stand_ins)
((n > most / 2 && n <= most))
verdict $? "of 3000 keys $n are remembered, and $most can be"

answers '{"downs":0,*' traveler seen '{}'
kill -KILL "$(pid_of a gateway/0)"
until=$((SECONDS + patience))
while got=$("$axsup" call "$dir/a.json" near seen '{"node":"","key":2999}' --timeout 60s 2>&1) &&
    [[ $got != '{"messages":0,"error":0}' ]] && ((SECONDS < until)); do :; done
[[ $got == '{"messages":0,"error":0}' ]]
verdict $? "a key, asked for by the next gateway: $got; $(tail -n 3 "$dir/a.log")"
answers '{"median_ns":0,"n":0}' near firsts '{"pid":0,"salt":0,"count":1500}'

# downs: how many ends the traveler was told of.
downs() {
    "$axsup" call "$dir/a.json" traveler seen | sed 's/{"downs":\([0-9]*\),.*/\1/'
}
each() { # WANTED MESSAGE MORE: of some keys, of both nodes
    local key
    for key in k0 k1 k2 k3 k4 k5 k6 k7; do
        answers "$1" traveler "$2" "{\"key\":\"$key\"${3-}}"
    done
}
each '{"error":0,"value":1}' add ',"by":1,"timeout_ns":20000000000'
kill -KILL "$(pid_of b gateway/0)"
become '*"name":"gateway/0"*"state":"running","incarnation":2,*' status "$dir/b.json" --json
connected a
had=$(downs)
each '{"error":0}' watch
each '{"error":0,"value":2}' add ',"by":1,"timeout_ns":20000000000'
[[ $(downs) == "$had" ]]
verdict $? "of 8 actors that live $(($(downs) - had)) are told to have ended"

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
