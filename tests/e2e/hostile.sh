#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A hostile worker in a system that runs. Each round it overwrites, in the middle of a turn, some of
# what it may write (tests/lib/vandal.c), goes on with that, and is killed. Two witnesses, whose
# workers may not be restarted even once, must serve axsup all the time and have counted what they
# were told; axsup must answer every command; the culprit must be there again, with what does not
# add up told. crash/test_hostile does the same to memory alone, very many times.
# test-timeout: 240
#
#   AX_HOSTILE_ROUNDS  how many (300)     AX_HOSTILE_SEED  the first one's number (1)

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup plugin=$AX_BUILD/tests/plugins/hostile.so
dir=$(mktemp -d "${TMPDIR:-/tmp}/hostile.XXXXXX") || exit
rounds=${AX_HOSTILE_ROUNDS:-300} seed=${AX_HOSTILE_SEED:-1}

conf=$dir/hostile.json
again='"policy": "always", "max": 1000000, "window": "1s"'
cat >"$conf" <<END
{
  "system": "hostile", "run_dir": "run", "max_message": "4K", "lane": "16K", "events": 65536,
  "workers": [
    { "name": "hostile", "plugin": "$plugin", "arena": "1M", "max_actors": 16, "rerandomize": 0,
      "hang_after": "500ms", "restart": { $again, "backoff": ["0ms", "0ms"] },
      "actors": [ { "name": "wrecker", "contract": "wrecker", "restart": { $again } } ] },
    { "name": "witness", "plugin": "$plugin", "arena": "1M", "max_actors": 16, "count": 2,
      "restart": { "policy": "never" },
      "actors": [
        { "name": "witness-0", "contract": "witness", "worker": 0, "restart": { "max": 0 } },
        { "name": "witness-1", "contract": "witness", "worker": 1, "restart": { "max": 0 } } ] }
  ]
}
END

# event PATTERN: reads what happens until a line matches; the line is in $line.
event() {
    while read -r -t 20 -u "$happens" line; do
        [[ $line == *'"event":"worker_down"'* && $line == *'"worker":"hostile/0"'* ]] && downs=$((downs + 1))
        [[ $line == *'"worker_down"'* && $line == *'memory does not add up'* ]] && corrupt=$((corrupt + 1))
        # shellcheck disable=SC2053 # it is a pattern
        [[ $line == $1 ]] && return 0
    done
    verdict 1 "this never happened: $1"
    tail -n 40 "$dir/log"
    exit 1
}

# witness NUMBER: it is told something, asked, and has counted exactly that.
witness() {
    local got
    "$axsup" send "$conf" "witness-$1" add '{"by":1}' &&
        "$axsup" send "$conf" "witness-$1" talk &&
        got=$("$axsup" call "$conf" "witness-$1" get) && [[ $got == "{\"sum\":$told}" ]]
    verdict $? "round $round: witness $1 says ${got-nothing}"
}

# command ARGUMENT...: axsup answers.
command() {
    local said
    said=$("$axsup" "$@" 2>&1)
    verdict $? "round $round: axsup $*: $said"
}

# The worker may have ended its only actor by what it did to its own memory: then all begins anew.
wait_for_wrecker() {
    local tries said
    for ((tries = 0; tries < 10; tries++)); do
        said=$("$axsup" call "$conf" wrecker ping 2>&1) && [[ $said == '{"answer":42}' ]] && return
        "$axsup" kill "$conf" hostile/0 2>/dev/null
        event '*"worker_started"*"hostile/0"*'
    done
    [[ $said == *AX_E_NO_ACTOR* || $said == *AX_E_CLOSED* ]]
    verdict $? "round $round: the wrecker is there, and says $said"
    gone=$((gone + 1))
    stop_system
    start_system
}

start_system() {
    "$axsup" run "$conf" >>"$dir/log" 2>&1 </dev/null &
    pid=$!
    until "$axsup" status "$conf" >/dev/null 2>&1; do
        kill -0 "$pid" || exit
    done
    exec {happens}< <(exec "$axsup" events --follow --json "$conf" 2>&1)
    for _ in 1 2 3; do
        event '*"worker_started"*'
    done
    told=0
}

stop_system() {
    local status
    "$axsup" stop "$conf"
    wait "$pid"
    status=$?
    pid=
    exec {happens}<&-
    ((status <= 1))
    verdict $? "the system ended with $status: $(tail -n 20 "$dir/log")"
    [[ ! -e $dir/run ]]
    verdict $? 'the run directory is left'
}

downs=0 corrupt=0 gone=0 round=0
start_system

for ((round = 1; round <= rounds && failed < 20; round++)); do
    told=$((told + 1))
    "$axsup" send "$conf" wrecker wreck "{\"seed\":$((seed + round))}" 2>/dev/null
    witness 0
    witness 1
    if ((round % 10 == 0)); then
        command status "$conf" --json
        command actors "$conf" --json
        command events "$conf" --json
        command deadletters "$conf" --json
        "$axsup" state "$conf" wrecker >/dev/null 2>&1 # it may have none that makes sense
        (($? <= 1))
        verdict $? "round $round: axsup state"
    fi
    "$axsup" kill "$conf" hostile/0 2>/dev/null
    event '*"worker_started"*"hostile/0"*'
    ((round % 5)) || wait_for_wrecker
done
wait_for_wrecker

# It fills every bell that it can ring, and makes them block: nobody waits for that but itself.
"$axsup" send "$conf" wrecker gag
verdict $? 'gag'
for _ in 1 2 3; do
    told=$((told + 1))
    witness 0
    witness 1
    command status "$conf"
done
"$axsup" kill "$conf" hostile/0
event '*"worker_started"*"hostile/0"*'
wait_for_wrecker

((corrupt > 0))
verdict $? "of $downs deaths none was told as memory that does not add up"
[[ $(grep -c 'starts with empty' "$dir/log") -gt 0 ]]
verdict $? 'nothing was ever begun empty'
! grep -E 'witness/[01]( ended by|:.*does not add up)' "$dir/log"
verdict $? 'a witness was ended or blamed'
stop_system
echo "$rounds rounds, $downs deaths, $corrupt of them corrupt memory; the wrecker ended itself $gone times"
echo "$passed passed, $failed failed"
((!failed))
