#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Awaits that outlive their process: orders whose worker dies at every one of them, and whose figures
# add up all the same; everything that a handler may hold over an await; deaths from outside, and
# what ends an await for good: a crash of its own, a plugin that is loaded anew.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup plugins=$AX_BUILD/tests/plugins
dir=$(mktemp -d "${TMPDIR:-/tmp}/durable.XXXXXX") || exit
conf=$dir/durable.json

call() { # WANTED ACTOR MESSAGE [JSON]
    local wanted=$1 got
    shift
    got=$("$axsup" call --timeout 60s "$conf" "$@" 2>&1)
    # shellcheck disable=SC2053
    [[ $got == $wanted ]]
    verdict $? "$*: $got, not $wanted"
}

incarnation() { # WORKER
    [[ $("$axsup" status --json "$conf") =~ \"name\":\"$1\"[^\}]*\"incarnation\":([0-9]+) ]] &&
        echo "${BASH_REMATCH[1]}"
}

pid_of() { # WORKER
    [[ $("$axsup" status --json "$conf") =~ \"name\":\"$1\"[^\}]*\"pid\":([0-9]+) ]] &&
        echo "${BASH_REMATCH[1]}"
}

start() {
    exec {says}< <(exec "$axsup" run "$conf" 2>&1 </dev/null)
    pid=$!
    local line
    while read -r -t 20 -u "$says" line; do
        [[ $line == *'is running'* ]] && break
    done
    cat <&"$says" >"$dir/log" &
}

stop() {
    "$axsup" stop "$conf" >/dev/null
    verdict $? "stop"
    wait "$pid"
    verdict $? "the system's status"
    pid=
}

again='"restart": { "policy": "always", "max": 1000000, "backoff": ["0ms", "0ms"] }'

# ---- orders, the worker dying at each await ----

# place COUNT PRICE WANTED
place() {
    number=$((number + 1))
    call "$3" order place "{\"number\":$number,\"count\":$1,\"price\":$2}"
}

# orders TORMENT WORKER: the others are in a worker of their own, or in that one.
orders() {
    local k rest=", $houses" house=
    [[ $2 == house ]] && rest= &&
        house=", { \"name\": \"house\", \"plugin\": \"$plugin\", $again, \"actors\": [ $houses ] }"
    number=0
    cat >"$conf" <<END
{ "system": "orders", "run_dir": "run", "workers": [
    { "name": "desk", "plugin": "$plugin", "torment": "$1", $again,
      "actors": [ { "name": "order", "contract": "order" } $rest ] } $house ] }
END
    start
    [[ $1 == none ]] && kill_at_random &
    for ((k = 0; k < 6; k++)); do
        place 2 10 '{"done":true,"why":""}'
        place 1000 1 '{"done":false,"why":"sold out"}'
        place 3 20 '{"done":false,"why":"not paid"}'
        place 5 1 '{"done":false,"why":"too heavy"}'
    done
    touch "$dir/enough"
    wait "$!"
    call '{"shipped":6,"sold_out":6,"unpaid":6,"unshipped":6}' order total
    call '{"left":88,"reserved":18,"released":12}' stock total
    call '{"sum":120,"paid":12,"refunded":6}' till total
    call '{"parcels":6,"goods":12}' carrier total
    # 3 + 1 + 3 + 5 awaits, six times, and a death at each
    local lives
    lives=$(incarnation desk/0)
    [[ $lives == 73 || ($1 == none && $lives -gt 1) ]]
    verdict $? "desk/0 is in incarnation $lives"
    stop
}

# Whoever it is, wherever it is, as long as there are orders.
kill_at_random() {
    while [[ ! -e $dir/enough ]]; do
        "$axsup" kill "$conf" desk/0
        "$axsup" kill "$conf" house/0
    done >/dev/null 2>&1
}
plugin=$AX_BUILD/plugins/order.so
houses='{ "name": "stock", "contract": "stock" }, { "name": "till", "contract": "till" },
    { "name": "carrier", "contract": "carrier" }'
orders await house
orders await desk
rm -f "$dir/enough"
orders none house

# ---- what may be held over an await ----

cat >"$conf" <<END
{ "system": "durable", "run_dir": "run", "workers": [
    { "name": "a", "plugin": "$plugins/durable.so", "torment": "await", "rerandomize": 0, $again,
      "arena": "1M", "arena_max": "64M",
      "actors": [ { "name": "near", "contract": "echo", "capacity": 4 },
        { "name": "weaver", "contract": "weaver" } ] },
    { "name": "b", "plugin": "$plugins/durable.so", $again,
      "actors": [ { "name": "far", "contract": "echo", "capacity": 4 } ],
      "registries": [ { "name": "echoes", "contract": "echo" } ] },
    { "name": "c", "plugin": "$plugins/durable.so", "rerandomize": 1, $again,
      "actors": [ { "name": "calm", "contract": "weaver" }, { "name": "quiet", "contract": "echo" } ] } ] }
END
start
become '{"n":42}' call "$conf" weaver began
before=$(incarnation a/0)
call '{"sum":595,"awaits":20}' weaver weave '{"depth":19}'
[[ $(incarnation a/0) == $((before + 20)) ]]
verdict $? "a/0 is in incarnation $(incarnation a/0), not $before + 20"
for size in 10 400 4000; do
    x=$(printf '%*s' "$size" '' | tr ' ' x)
    call "{\"first\":\"$x\",\"second\":\"$x\"}" weaver letter "{\"size\":$size}"
done
call '{"error":0}' weaver crowd '{"n":40}'
n=0
for ((i = 1; i <= 40; i++)); do n=$((n * 31 + i)); done
call "{\"n\":$(printf %u "$n")}" far noted
call '{"error":10}' weaver named
before=$(incarnation a/0) # it waits for room, and then for the answer
call '{"error":0,"n":14}' weaver fill '{"n":7}'
[[ $(incarnation a/0) == $((before + 2)) ]]
verdict $? "a/0 is in incarnation $(incarnation a/0), not $before + 2"

# kept maps, in an arena that grows meanwhile
before=$(incarnation a/0)
call '{"count":100,"wrong":0}' weaver hoard '{"n":100,"size":60000}'
[[ $(incarnation a/0) == $((before + 100)) ]]
verdict $? "a/0 is in incarnation $(incarnation a/0), not $before + 100"

# a failure or a crash of its own is that: the message is dropped, who asked is told
call '*canceled*' weaver crash '{"die":false}'
call '{"sum":*,"awaits":2}' weaver weave '{"depth":1}'
call '*canceled*' weaver crash '{"die":true}'
call '{"sum":*,"awaits":2}' weaver weave '{"depth":1}'

# ---- waits that end with the process: whoever dies in one is told of, and tormented as well ----

for what in ping snapshot key; do
    lost=$("$axsup" events --json "$conf" | grep -o '"await_lost"' | wc -l)
    before=$(incarnation a/0)
    call '*canceled*' weaver call "{\"what\":\"$what\"}"
    [[ $(incarnation a/0) == $((before + 1)) ]]
    verdict $? "$what: a/0 is in incarnation $(incarnation a/0), not $before + 1"
    lost=$(($("$axsup" events --json "$conf" | grep -o '"await_lost"' | wc -l) - lost))
    ((lost == 1))
    verdict $? "$what: $lost times await_lost"
done
for what in ping key; do
    call '{"error":0}' calm call "{\"what\":\"$what\"}"
done

# ---- the one that is asked does not answer; the deadline is kept over deaths ----

kill -STOP "$(pid_of b/0)"
before=$(incarnation a/0)
call '{"error":5}' weaver late '{"timeout_ns":300000000}'
[[ $(incarnation a/0) == $((before + 1)) ]]
verdict $? "a/0 did not die at the await with a timeout"

# ---- it is killed while it waits, by whatever; it goes on ----

exec {answer}< <("$axsup" call --timeout 60s "$conf" calm late '{"timeout_ns":60000000000}' 2>&1)
become '*"calm"*"suspended"*' actors --json "$conf" --contract weaver --worker c
for signal in KILL SEGV; do
    before=$(incarnation c/0)
    "$axsup" kill "$conf" c/0 "$signal"
    become "*\"c/0\"*\"state\":\"running\",*\"incarnation\":$((before + 1)),*" status --json "$conf"
done
kill -CONT "$(pid_of b/0)"
read -r -t 60 got <&"$answer"
[[ $got == '{"error":0}' ]]
verdict $? "killed from outside: $got"

# ---- its plugin is loaded anew: it is over, and said ----

kill -STOP "$(pid_of b/0)"
exec {answer}< <("$axsup" call --timeout 60s "$conf" calm late '{"timeout_ns":60000000000}' 2>&1)
become '*"calm"*"suspended"*' actors --json "$conf" --contract weaver --worker c
"$axsup" kill "$conf" c/0 SEGV
read -r -t 60 got <&"$answer"
[[ $got == *canceled* ]]
verdict $? "loaded anew: $got"
become '*"await_lost"*"actor":"calm"*' events --json "$conf"
kill -CONT "$(pid_of b/0)"
call '{"error":0}' calm late '{"timeout_ns":60000000000}' # it lives
stop
[[ $(<"$dir/log") == *'calm: a durable await is canceled: its plugin has been loaded anew'* ]]
verdict $? "the log does not say it: $(grep -c . "$dir/log") lines"
[[ $(<"$dir/log") == *'weaver: a durable await is canceled: nothing was saved of it'* ]]
verdict $? "the log does not say that nothing was saved: $(grep -c . "$dir/log") lines"

# ---- state that would not be there ----

cat >"$conf" <<END
{ "system": "durable", "run_dir": "run", "workers": [
    { "name": "a", "plugin": "$plugins/load_durable.so" } ] }
END
got=$("$axsup" check "$conf" 2>&1)
[[ $got == *'its actor forgetful is AX_DURABLE, but its state does not outlive the process'* ]]
verdict $? "check: $got"

echo "$passed passed, $failed failed"
((!failed))
