#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Kept maps of real processes: they outlive kills, "axsup state" shows them whatever the worker does,
# and the arena grows as they fill, up to its limit and not beyond.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup plugins=$AX_BUILD/tests/plugins
dir=$(mktemp -d "${TMPDIR:-/tmp}/maps.XXXXXX") || exit
full=0
conf=$dir/maps.json

call() { # WANTED MESSAGE [JSON]
    local wanted=$1 got
    shift
    got=$("$axsup" call "$conf" big "$@" 2>&1)
    # shellcheck disable=SC2053
    [[ $got == $wanted ]]
    verdict $? "$*: $got, not $wanted"
}

state() { # WANTED [OPTION ...]
    local wanted=$1 got
    shift
    got=$("$axsup" state "$conf" big "$@" 2>&1)
    # shellcheck disable=SC2053
    [[ $got == $wanted ]]
    verdict $? "state $*: ${got:0:400}, not $wanted"
}

put() { # KEY VALUE
    call '{"error":0}' put "{\"key\":\"$(printf '%b' "$1" | base64)\",\"value\":\"$(printf '%b' "$2" | base64)\"}"
}

cat >"$conf" <<EOF
{ "system": "maps", "run_dir": "$dir/run", "shutdown": "500ms",
  "workers": [ { "name": "w", "plugin": "$plugins/maps.so", "arena": "1M", "arena_max": "24M",
                 "restart": { "window": "1s", "max": 1000, "backoff": ["0ms", "1ms"] },
                 "actors": [ { "name": "big", "contract": "maps" } ] } ] }
EOF
"$axsup" run "$conf" 2>"$dir/log" &
pid=$!

state '{"filled":0,"maps":{"data":{"count":0,"entries":[[]]},"other":{"count":0,"entries":[[]]}}}'
put 'user:1' 'Ada'
put 'user:2' '\xff\x00\x01'
put 'item:1' ''
state '*"data":{"count":3,"entries":*"other":*' --limit 2
state '{"filled":0,"maps":{"data":{"count":3,"entries":[[]{"key":"user:1","value":"Ada"}[]]},*' --prefix user:1
state '*"entries":[[]{"key":"user:2","value":{"base64":"/wAB"}}[]]*' --prefix user:2
state '*"entries":[[]{"key":"item:1","value":""}[]]*' --prefix item

# Some thousand turns and a kill in between, again and again; each put once.
"$axsup" send "$conf" big more '{"from":0,"to":40000,"size":64}'
for _ in {1..8}; do
    "$axsup" kill "$conf" w >/dev/null
done
for ((i = 0; i < 400; i++)); do
    [[ $("$axsup" state "$conf" big --limit 1) == '{"filled":40000,'* ]] && break
done
call '{"entries":40003,"bytes":*,"filled":40000}' count
state '*"data":{"count":40003,"entries":[[]{"key":"k39999",*' --prefix k39999
[[ $("$axsup" state "$conf" big --limit 100000 | grep -o '"key":' | wc -l) == 40003 ]]
verdict $? "state shows all entries"

# Above the limit nothing is put, and what there is stays.
"$axsup" send "$conf" big clear
for ((i = 0; i < 50 && full < 3; i++)); do
    got=$("$axsup" call "$conf" big fill "{\"from\":$((i * 100)),\"to\":$((i * 100 + 100)),\"size\":8000}")
    [[ $got == *'"error":7'* ]] && full=$((${full:-0} + 1)) || full=0
    last=$got
done
verdict $((${full:-0} < 3)) "an arena of 24M is never full: $last"
got=$("$axsup" call "$conf" big count)
entries=${got#*:} entries=${entries%%,*}
((entries > 1500 && entries < 2950))
verdict $? "an arena of 24M holds $entries entries of 8 KiB"
all=$("$axsup" status "$conf" --json)
used=${all#*\"arena_used\":} used=${used%%,*}
((used > entries * 8000 && used <= 25165824))
verdict $? "status tells how much of it is in use: $all"
[[ $all == *'"arena_max":25165824,'* && $("$axsup" status "$conf") == *%* ]]
verdict $? "status tells how much there could be: $all"
[[ $("$axsup" metrics "$conf") == *"ax_worker_arena_max_bytes{worker=\"w/0\"} 25165824"* ]]
verdict $? "metrics tell it as well"
"$axsup" kill "$conf" w >/dev/null
call "{\"entries\":$entries,*" count
"$axsup" send "$conf" big clear
call '{"to":100,"error":0}' fill '{"from":0,"to":100,"size":8000}'

# While a handler hangs, and while nobody is there: as of the last turn.
"$axsup" send "$conf" big hang '{"key":"aGFuZw=="}'
state '*"data":{"count":100,"entries":[[][]]}*' --prefix hang
worker=$("$axsup" status "$conf" --json | sed 's/.*"name":"w[^}]*"pid":\([0-9]*\).*/\1/')
kill -STOP "$pid"
kill -KILL "$worker"
kill -CONT "$pid"
state '*"data":{"count":100,"entries":[[]{"key":"k77",*' --prefix k77
[[ $(grep -cE 'does not add up|failed in' "$dir/log") == 0 ]]
verdict $? "the memory adds up: $(cat "$dir/log")"
"$axsup" kill "$conf" w >/dev/null
"$axsup" stop "$conf" 2>/dev/null # what was killed in hand is handled again, and hangs again
wait "$pid"
pid=

echo "$passed passed, $failed failed"
((passed && !failed))
