#!/bin/bash
# SPDX-License-Identifier: MIT
#
# gateway_step [POINTS [WHAT...]]: a gateway is killed as it hands messages over between lanes and sockets, each
# time one point later: where it has changed memory that it shares, or made a system call. One is of the
# node that sends, one of the node that is sent to; what is sent is an ask, tells, an ask by key, and a
# monitor. An ask ends, with the answer or with an error and not by its timeout; what was answered was done
# once, and what was not, once at most; no tell is handled twice, and of those that the gateway of the
# node that sends had taken each is handled or a dead letter; who monitors is told once.
# POINTS: so many of each, in equal distance; "all": each. not-with-sanitizers: a gateway has other points
# there, and each kill another way of it is in gateway_kill. test-timeout: 300

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup points=${1:-${AX_POINTS:-4}}
kinds=("${@:2}")
((${#kinds[@]})) || kinds=(ask tell key monitor)
dir=$(mktemp -d "${TMPDIR:-/tmp}/gateway_step.XXXXXX") || exit
"$AX_BUILD/tests/e2e/helper_step" >"$dir/out" 2>&1
(($? != 77)) || { cat "$dir/out" && exit 77; }

name_nodes a b
again='"restart": { "max": 1000000, "backoff": ["0s", "0s"] }'
for node in a b; do
    # Signs of life seldom come between, and nobody waits long for the next connection.
    config $node '"redial": ["10ms", "20ms"], "heartbeat": "2s", "suspect": "50s", "dead": "60s",
    "lease_ttl": "4s", "registries": [ { "name": "travelers", "shards": 8 } ], '"$again" \
        '{ "name": "counting", "plugin": "'"$AX_BUILD"'/plugins/counter.so", '"$again"',
      "actors": [ { "name": "counter", "contract": "counter" } ] },
    { "name": "traveling", "plugin": "'"$AX_BUILD"'/tests/plugins/traveler.so", '"$again"',
      "actors": [ { "name": "asker", "contract": "traveler" } ],
      "registries": [ { "name": "travelers", "contract": "traveler" } ] }'
done
start_all
((failed == 0)) || exit 1

# asker MESSAGE ARGUMENTS: what the one of node b says to it.
asker() {
    "$axsup" call "$dir/b.json" asker "$@" --timeout 90s 2>&1
}

at_a='"node":"a","name"' long='"timeout_ns":60000000000'

# Each adds to a count of node a, and has its value: by an ask of an actor, or of the one of a key there;
# by tells of another actor, as many are before.
ask() { asker count_at "{$at_a:\"asker\",\"by\":${1-1},$long}"; }
key() { asker count_by "{\"key\":\"$key\",\"by\":${1-1},$long}"; }
told() { asker add_at "{$at_a:\"counter\",\"by\":${1-0},$long}"; }

# works ask|key|told: until that is answered again. Sets count.
works() {
    local until=$((SECONDS + patience)) got
    while got=$("$1" 0) && [[ $got != '{"error":0,'* ]] && ((SECONDS < until)); do :; done
    read -r _ count <<<"${got//[!0-9]/ }"
    [[ $got == '{"error":0,'* ]]
    verdict $? "no ask goes well any more: $got; $(tail -n 3 "$dir"/?.log)"
}

# dead_letters: how many node b has had.
dead_letters() {
    local said
    said=$("$axsup" status "$dir/b.json" --json)
    [[ $said =~ \"deadletters\":([0-9]+) ]] && echo "${BASH_REMATCH[1]}" || echo -1000000
}

# downs: how many there were, of the monitors of the one of node b.
downs() {
    local got
    got=$(asker seen '{}')
    read -r got _ <<<"${got//[!0-9]/ }"
    echo "$got"
}

# Tells more than a gateway remembers (SHM_TELLS), so that what it notes takes the place of others.
tell_on() {
    local i got
    for ((i = 0; i < 170; i++)); do
        got=$(asker tell_nothing '{"times":100}')
        [[ $got == '{"error":0}' ]] || break
    done
    ((i == 170))
    verdict $? "tell_nothing, 100 each: the ${i}th: $got"
}

# For each that is sent: NAME sends it, and says what came of it; NAME_before looks at what there is
# before that, and NAME_after at what has become of it.
ask_before() { works ask && first=$count; }
ask_after() { works ask && answered_or_down; }

key_before() { works key && first=$count; }
key_after() { works key && answered_or_down; }

tell() { asker tell_kept '{}'; }
tell_before() {
    works told && keeps
    [[ $node == a ]] || { tell_on && works told; } # which comes behind them
    first=$count letters=$(dead_letters)
}
tell_after() {
    local was dead ones
    works ask # by then a gateway that has died has been spoken for
    dead=$(($(dead_letters) - letters))
    works told
    was=$((count - first))
    [[ $got == '{"error":0}' && $was =~ ^[01]{1,5}$ ]]
    verdict $? "$where: $got; of tells by 1 to 10000, $was was done"
    ((was == 11111)) || ((down++))
    [[ $where != *"node b"* ]] && return
    ones=${was//0/}
    ((${#ones} + dead >= 5 && dead <= 5)) && [[ $how != idle || $dead == 0 ]]
    verdict $? "$where: of tells by 1 to 10000, $was was done, and $dead are dead letters"
    ((${#ones} + dead == 5)) || ((both++))
}

monitor() { asker watch_kept '{}'; }
monitor_before() { works told && keeps && first=$(downs); }
monitor_after() {
    local until=$((SECONDS + patience)) now
    [[ $got == '{"error":0}' ]]
    verdict $? "$where: $got"
    works told
    now=$(downs)
    ((now == first)) || ((down++))
    # The end of whom it monitors is the last that it can be told of.
    kill -KILL "$(pid_of a counting/0)"
    while ((now == first && SECONDS < until)); do now=$(downs); done
    works told
    now=$(downs)
    ((now == first + 1))
    verdict $? "$where: told of one end $((now - first)) times"
    asker unwatch '{}' >"$dir/out"
}

# keeps: the actor that sends has a ref to the other one, and need not ask for it.
keeps() {
    local got
    got=$(asker keep_at "{$at_a:\"counter\"}")
    [[ $got == '{"error":0}' ]]
    verdict $? "keep_at: $got"
}

# answered_or_down: what one ask has come to.
answered_or_down() {
    case $got in
    '{"error":0,'*)
        ((count == first + 1))
        verdict $? "$where: answered and done $((count - first)) times"
        ;;
    # AX_E_NODE_DOWN
    '{"error":19,'*)
        ((count == first || count == first + 1))
        verdict $? "$where: not answered and done $((count - first)) times"
        ((down++))
        ;;
    *) verdict 1 "$where: $got; $(tail -n 12 "$dir"/?.log)" ;;
    esac
}

# kill_at WHAT NODE POINTS: that is sent, while the gateway of NODE goes that far and is killed. Sets
# steps, how, where, and got, what has come of it.
kill_at() {
    local said
    coproc stepper { exec "$AX_BUILD/tests/e2e/helper_step" "$(pid_of "$2" gateway/0)" "$3" 2>&1; }
    # shellcheck disable=SC2154 # set by coproc
    pids[stepper]=$stepper_PID
    exec {from}<&"${stepper[0]}" {to}>&"${stepper[1]}"
    read -r -t 60 -u $from said
    "$1" >"$dir/got" &
    pids[sent]=$!
    # It is under way when its actor waits for it, or has said that it is sent.
    case $1/$2 in
    tell/* | monitor/a) wait "${pids[sent]}" ;;
    *) become '*"suspended_on":"*' actors "$dir/b.json" --worker traveling --json ;;
    esac
    echo >&$to
    read -r -t 60 -u $from steps how
    where="$1, node $2, point $steps $how"
    [[ $said == stopped && $how =~ ^(idle|killed)$ ]]
    verdict $? "$where: it is stopped ($said) and killed"
    exec {from}<&- {to}>&-
    wait "${pids[stepper]}"
    wait "${pids[sent]}"
    unset 'pids[stepper]' 'pids[sent]'
    got=$(<"$dir/got")
}

works ask
travelers_of_a() { "$axsup" actors "$dir/a.json" --worker traveling --json | grep -o '"contract"' | wc -l; }
for ((i = 0; ; i++)); do # a key whose shard node a has
    key=k$i before=$(travelers_of_a)
    works key
    (($(travelers_of_a) == before && i < 100)) || break
done
((i < 100))
verdict $? 'no key is of node a'

down=0 both=0
for what in "${kinds[@]}"; do
    for node in b a; do
        "${what}_before"
        kill_at "$what" $node 1000000
        all=$steps
        [[ $how == idle ]] && ((steps > 40))
        verdict $? "the way of a $what through the gateway of $node has an end: $steps points, $how"
        "${what}_after"
        tries=$points
        [[ $points != all ]] || tries=$all
        for ((i = 0; i < tries; i++)); do
            "${what}_before"
            kill_at "$what" $node $((all * i / tries + 1))
            "${what}_after"
        done
        echo "$what, node $node: $tries of $all points"
    done
    ((down > 0))
    verdict $? "no $what was lost with a gateway: nothing was tried"
    down=0
done
for node in a b; do
    become '*{"count":"monitors","value":0,*' counts "$dir/$node.json" --json
    become '*{"count":"watchers","value":0,*' counts "$dir/$node.json" --json
    become '*{"count":"requests","value":0,*' counts "$dir/$node.json" --json
done
stop_all
echo "tells that were handled, and dead letters too: at $both points"
echo "$passed passed, $failed failed"
((failed == 0))
