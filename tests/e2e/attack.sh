#!/bin/bash
# SPDX-License-Identifier: MIT
#
# attack: who has no token, and who has it and misbehaves, against a gateway that listens. It stays as
# large as it was, and who behaves is served meanwhile.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup helper=$AX_BUILD/tests/e2e/helper_attack
dir=$(mktemp -d "${TMPDIR:-/tmp}/attack.XXXXXX") || exit

# configure NODE
configure() {
    config "$1" '"lease_ttl": "3s", "dead": "30s", "connect": "2s",
    "registries": [ { "name": "counters", "shards": 4 } ]' \
        "$(counting traveler),
    { \"name\": \"shelves\", \"plugin\": \"$AX_BUILD/tests/plugins/courier.so\",
      \"actors\": [ { \"name\": \"shelf\", \"contract\": \"shelf\" } ] }" '"events": 65536'
}

add_at() { # BY
    "$axsup" call "$dir/b.json" traveler add_at \
        "{\"node\":\"a\",\"name\":\"counter\",\"by\":$1,\"timeout_ns\":20000000000}" --timeout 30s 2>&1
}

# Who behaves, all the time: each answer is one more than the one before.
behave() {
    local n=0 got
    while [[ ! -e $dir/enough ]]; do
        n=$((n + 1))
        got=$(add_at 1)
        if [[ $got != "{\"error\":0,\"value\":$n}" ]]; then
            echo "ask $n: $got" >"$dir/wrong"
            return
        fi
        echo "$n" >"$dir/served.new"
        mv "$dir/served.new" "$dir/served"
    done
}

served() { cat "$dir/served" 2>/dev/null || echo 0; }
resident() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$gateway/status"; }
descriptors() { find "/proc/$gateway/fd" -mindepth 1 | wc -l; }

# How many were refused, by all that was told.
refused() {
    "$axsup" events "$dir/a.json" --json | sed 's/{/\n{/g' |
        sed -n 's/.*"auth_refused".*"count":\([0-9]*\).*/\1/p' | awk '{ n += $1 } END { print n + 0 }'
}

# refusals WANTED KIND: until it is told that so many more were refused.
refusals() {
    local got until=$((SECONDS + 30))
    while got=$(refused) && ((got < told + $1 && SECONDS < until)); do :; done
    ((got == told + $1))
    verdict $? "$2: $((got - told)) refused, not $1"
    told=$got
}

# bounded WHAT: it is the same process, and has not grown by much.
bounded() {
    local now more
    now=$(resident)
    more=$(($(descriptors) - descriptors))
    ((now < resident + 32768))
    verdict $? "$1: the gateway has $now KiB, and had $resident"
    ((more <= 80))
    verdict $? "$1: the gateway has $more descriptors more"
}

# Meanwhile who behaves is served.
goes_on() {
    local before until=$((SECONDS + 30))
    before=$(served)
    while (($(served) <= before + 1 && SECONDS < until)) && [[ ! -e $dir/wrong ]]; do :; done
    (($(served) > before + 1))
    verdict $? "$1: after ask $before nobody is served; $(cat "$dir/wrong" 2>/dev/null)"
}

name_nodes a b
configure a
configure b
start_all
gateway=$(pid_of a gateway/0)
session=$("$axsup" sessions "$dir/a.json" --json)
behave &
pids[behave]=$!
goes_on 'the beginning'
resident=$(resident) descriptors=$(descriptors) told=0

# ---- who has no token ----

for kind in garbage no_token wrong_token stolen own_name replayed reflected oversize changed; do
    got=$("$helper" stranger "${port[a]}" "$dir/token" $kind 40 2>&1)
    [[ $got == "closed 40,"* ]]
    verdict $? "$kind: $got"
    refusals 40 $kind
    ((failed == 0)) || exit 1 # or each of the others is waited for
done

# Who has the token and says what a member may say, but in place of the hello, is refused for that, and
# nobody hears of it. From a member it is heard: see below.
puts() {
    local got
    got=$("$axsup" call "$dir/a.json" shelf seen)
    [[ $got == "{\"puts\":$1,\"wrong\":0}" ]]
    verdict $? "$2: the shelf has $got, not $1 puts"
}
# refused_for KIND WHY
refused_for() {
    local got
    got=$("$helper" stranger "${port[a]}" "$dir/token" "$1" 40 2>&1)
    [[ $got == "closed 40,"* ]]
    verdict $? "$1: $got"
    refusals 40 "$1"
    got=$("$axsup" events "$dir/a.json" --json | grep -o '"auth_refused".*' | tail -n 1)
    [[ $got == *'"why":"'"$2"'"'* ]]
    verdict $? "$1: refused by: $got"
}
for kind in early_tell early_monitor; do
    refused_for $kind 'the first record is not the hello that was due'
done
refused_for versions 'there is no version in common'
ran no_version_in_common tcp
[[ $("$axsup" nodes "$dir/a.json" --json) != *'"node":"x"'* ]]
verdict $? "who has not said hello is a node: $("$axsup" nodes "$dir/a.json" --json)"
puts 0 'before the hello'
got=$("$axsup" inspect "$dir/a.json" shelf --json)
[[ $got == *'"watchers":[],'* ]]
verdict $? "before the hello: the shelf is watched: $got"
ran early tcp
ran strangers tcp
told=$(refused)
"$helper" stranger "${port[a]}" "$dir/token" truncated 200 >/dev/null
verdict $? "truncated"
"$helper" stranger "${port[a]}" "$dir/token" slow 1000 >"$dir/slow" 2>&1 &
pids[slow]=$!
most=0
while kill -0 "${pids[slow]}" 2>/dev/null; do
    n=$(descriptors)
    ((n > most)) && most=$n
done
((most <= descriptors + 400)) # the places, and those that make room and are being closed
verdict $? "slow: the gateway has had $most descriptors, and $descriptors before"
[[ $(<"$dir/slow") == "closed 1000" ]]
verdict $? "slow: $(<"$dir/slow")"
refusals 1000 slow
"$helper" stranger "${port[a]}" "$dir/token" flood 3000 >/dev/null
verdict $? "flood"
had=$(count a unfinished_handshakes)
((had >= 200))
verdict $? "of 200 handshakes that were cut $had were counted"

# Those who fill all places for handshakes keep out nobody who has the token.
"$helper" stranger "${port[a]}" "$dir/token" siege 80 >/dev/null 2>&1 &
pids[siege]=$!
had=$(count a gate_full) until=$((SECONDS + patience))
until (($(count a gate_full) >= had + 100 || SECONDS >= until)); do :; done
for i in 1 2 3; do
    got=$("$helper" member "${port[a]}" "$dir/token" watch_one 1 2>&1)
    [[ $got == 'up answers=1 status0=1' ]]
    verdict $? "siege: who has the token has $got"
done
kill -0 "${pids[siege]}"
verdict $? 'the siege has ended'
kill -KILL "${pids[siege]}"
wait "${pids[siege]}" 2>/dev/null
unset "pids[siege]"
bounded 'strangers'
goes_on 'strangers'

# ---- who has one ----

while read -r kind count wanted; do
    got=$("$helper" member "${port[a]}" "$dir/token" "$kind" "$count" 2>&1)
    # shellcheck disable=SC2053
    [[ $got == $wanted ]]
    verdict $? "$kind: $got, not $wanted"
done <<'END_OF_LIST'
put 3 up answers=3 status0=3
watch_shelf 1 up answers=1 status0=1
tells 6000 up answers=6000 *
asks 2000 up answers=2000 *
watch 3000 up answers=3000 status0=3000 reason7=*
watch_one 3000 up answers=3000 status0=3000
contracts 6000 up answers=6000 status12=6000
long 1000 up answers=1000 status3=1000
ask_lease 1000 up answers=1000 status10=1000
ask_lease_own 100 up answers=100 status0=100
ask_lease_other 100 up answers=100 status10=100
ask_lease_beyond 100 up answers=100 status10=100
ask_lease_epoch 100 up answers=100 status10=100
END_OF_LIST
puts 3 'members'
goes_on 'members'
bounded 'members'

# Who asks and does not read the answers is not read either; mail to others leaves meanwhile.
turns() {
    "$axsup" actors "$dir/a.json" --json --name shelf | sed -n 's/.*"turns":\([0-9]*\).*/\1/p'
}
had=$(turns)
"$helper" member "${port[a]}" "$dir/token" deaf 5000 >"$dir/deaf" 2>&1 &
pids[deaf]=$!
before='' until=$((SECONDS + patience))
until [[ -s $dir/deaf ]] || ((SECONDS >= until)); do :; done
while n=$(turns) && [[ $n != "$before" ]] && ((SECONDS < until)); do before=$n; done
[[ $(<"$dir/deaf") == 'asked 5000' && $n -gt $had && $n -lt $((had + 5000)) ]]
verdict $? "deaf: $(<"$dir/deaf"), and $n were handled"
got=$("$axsup" call "$dir/a.json" traveler add_at \
    '{"node":"b","name":"counter","by":1,"timeout_ns":10000000000}' --timeout 15s 2>&1)
[[ $got == '{"error":0,"value":1}' ]]
verdict $? "deaf: a asks b meanwhile: $got"
bounded deaf
goes_on deaf
kill -KILL "${pids[deaf]}"
wait "${pids[deaf]}" 2>/dev/null
unset "pids[deaf]"

# Who answers what it was not asked, with the id of what another node is asked meanwhile, is not heard:
# each answer is late, as if to what has ended. The last thing that it sends is a monitor.
worker=$(pid_of b counting/0)
kill -STOP "$worker"
"$axsup" call "$dir/a.json" traveler add_at \
    '{"node":"b","name":"counter","by":1,"timeout_ns":60000000000}' --timeout 60s >"$dir/asked" 2>&1 &
pids[asked]=$!
become '*"count":"served","value":[1-9]*' counts "$dir/b.json" --json
had=$(count a late_answers) unasked=$((2 * 4 * (2048 + 128)))
got=$("$helper" member "${port[a]}" "$dir/token" unasked $((unasked + 1)) 2>&1)
[[ $got == 'up answers=1 status0=1' && $(($(count a late_answers) - had)) == "$unasked" ]]
verdict $? "unasked: $got, and $(($(count a late_answers) - had)) of $unasked answers were late"
[[ ! -s $dir/asked ]] && kill -0 "${pids[asked]}"
verdict $? "what b is asked has ended: $(<"$dir/asked")"
kill -CONT "$worker"
wait "${pids[asked]}"
unset "pids[asked]"
[[ $(<"$dir/asked") == '{"error":0,"value":2}' ]]
verdict $? "what b was asked was answered by $(<"$dir/asked")"
ran unasked tcp
bounded unasked
goes_on unasked

# ---- nothing has come of it ----

touch "$dir/enough"
wait "${pids[behave]}"
unset "pids[behave]" "pids[slow]"
[[ ! -e $dir/wrong ]]
verdict $? "who behaves: $(cat "$dir/wrong" 2>/dev/null)"
got=$(add_at 0)
[[ $got == "{\"error\":0,\"value\":$(served)}" ]]
verdict $? "the counter has $got after $(served) asks"
[[ $("$axsup" sessions "$dir/a.json" --json) == "$session" ]]
verdict $? "the session was $session, and is $("$axsup" sessions "$dir/a.json" --json)"
! grep -q 'gateway/0 ended' "$dir/a.log"
verdict $? "the gateway has died: $(grep 'gateway/0' "$dir/a.log" | tail -n 3)"
told=$("$axsup" events "$dir/a.json" --json)
for event in node_up node_down; do
    [[ $told == *"\"event\":\"$event\""* ]]
    verdict $? "no $event was told"
done
[[ $told$("$axsup" events "$dir/b.json" --json) == *'"event":"lease_acquired"'* ]]
verdict $? "neither node has told of a lease" # all four shards may be of one
[[ $told == *'"auth_refused"'*'"from":"127.0.1.'*'"why":"this is no preamble"'* ]]
verdict $? "it is not told who was refused, and why"

n=$(grep -o '"auth_refused"' <<<"$told" | wc -l)
((n <= SECONDS + 1))
verdict $? "$n times it was told in $SECONDS seconds who was refused"

stop_all

echo "$passed passed, $failed failed"
((failed == 0))
