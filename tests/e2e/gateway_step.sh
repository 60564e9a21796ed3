#!/bin/bash
# SPDX-License-Identifier: MIT
#
# gateway_step [POINTS]: a gateway is killed between two instructions of an ask's way through it, at so
# many points in equal distance from the first to the last; the one of the node that asks, and the one of
# the node that is asked. The ask ends, with the answer or as its node is down; what was answered was
# done once, and what was not, once at most. test-timeout: 300, not-with-sanitizers: they are
# ten times as many instructions

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup points=${1:-${AX_POINTS:-4}}
dir=$(mktemp -d "${TMPDIR:-/tmp}/gateway_step.XXXXXX") || exit

name_nodes a b
for node in a b; do
    # No sign of life comes between, and nobody waits long for the next connection.
    config $node '"redial": ["10ms", "20ms"], "heartbeat": "20s", "suspect": "50s", "dead": "60s",
    "lease_ttl": "60s", "restart": { "max": 1000000, "backoff": ["0s", "0s"] }' "$(counting asker)"
done
start_all
((failed == 0)) || exit 1

# add BY: of the counter of node a, by an actor of node b.
add() {
    "$axsup" call "$dir/b.json" asker add_at \
        "{\"node\":\"a\",\"name\":\"counter\",\"by\":$1,\"timeout_ns\":60000000000}" --timeout 90s 2>&1
}

# works: until an ask is answered again. Sets count.
works() {
    local until=$((SECONDS + patience)) got
    while got=$(add 0) && [[ $got != '{"error":0,'* ]] && ((SECONDS < until)); do :; done
    read -r _ count <<<"${got//[!0-9]/ }"
    [[ $got == '{"error":0,'* ]]
    verdict $? "no ask goes well any more: $got; $(tail -n 3 "$dir"/?.log)"
}

# kill_at NODE STEPS: an ask, while the gateway of NODE goes that far and is killed. Sets steps, how,
# and got, what the ask has come to.
kill_at() {
    local said
    coproc stepper { exec "$AX_BUILD/tests/e2e/helper_step" "$(pid_of "$1" gateway/0)" "$2"; }
    # shellcheck disable=SC2154 # set by coproc
    pids[stepper]=$stepper_PID
    exec {from}<&"${stepper[0]}" {to}>&"${stepper[1]}"
    read -r -t 60 -u $from said
    began=${EPOCHREALTIME/./}
    add 1 >"$dir/got" &
    pids[add]=$!
    # Under way it is when its actor waits for it.
    become '*"suspended_on":"*' actors "$dir/b.json" --worker traveling --json
    echo >&$to
    read -r -t 60 -u $from steps how
    verdict $? "it is stopped ($said) and killed after $2 instructions"
    exec {from}<&- {to}>&-
    wait "${pids[stepper]}"
    wait "${pids[add]}"
    took=$((${EPOCHREALTIME/./} - began))
    unset 'pids[stepper]' 'pids[add]'
    got=$(<"$dir/got")
}

works
done=0 down=0 late=0
for node in b a; do
    kill_at $node 4000000
    all=$steps
    [[ $how == idle ]]
    verdict $? "the way through the gateway of $node has an end: $steps instructions, $how"
    works
    for ((i = 0; i < points; i++)); do
        first=$count
        kill_at $node $((all * i / points + 1))
        works
        case $got in
        '{"error":0,'*)
            ((count == first + 1))
            verdict $? "$node, $steps $how: answered and done $((count - first)) times"
            ((done++))
            ;;
        '{"error":19,'*)
            ((count == first || count == first + 1))
            verdict $? "$node, $steps $how: not answered and done $((count - first)) times"
            ((down++, late += count - first))
            ;;
        *) verdict 1 "$node, $steps $how: $got after $took us; $(tail -n 12 "$dir"/?.log)" ;;
        esac
    done
    echo "node $node: $all instructions, $points points"
done
((down > 0))
verdict $? "no ask was lost with a gateway: nothing was tried"
echo "$done answered, $down not, of which $late were done"
stop_all
echo "$passed passed, $failed failed"
((failed == 0))
