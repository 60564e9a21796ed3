#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Whom it concerns that a worker has ended: in one_for_all the others are stopped, the last one
# first, and all started in order; in rest_for_one those behind it. Mail and kept state stay, also
# of one that does not end when told. A worker that must not come back stays down, one that is
# given up ends the system, and a restart by hand concerns nobody else.
# test-timeout: 60

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup plugin=$AX_BUILD/tests/plugins/trouble.so
dir=$(mktemp -d "${TMPDIR:-/tmp}/strategies.XXXXXX") || exit
conf=$dir/conf.json

# said PATTERN: reads what the system says until a line matches, and keeps in $order who was stopped
# and who runs.
said() {
    local line
    while read -r -t 20 -u "$says" line; do
        echo "$line" >>"$dir/log"
        [[ $line =~ \ ([abc])/0\ (is stopped|runs) ]] &&
            order+=" ${BASH_REMATCH[1]} ${BASH_REMATCH[2]};"
        # shellcheck disable=SC2053
        [[ $line == $1 ]] && passed=$((passed + 1)) && return 0
    done
    verdict 1 "the system never said: $1"
    cat "$dir/log"
    exit 1
}

start() { # STRATEGY POLICY_OF_C
    cat >"$conf" <<END
{ "system": "strategies", "run_dir": "run", "strategy": "$1", "shutdown": "1s",
  "workers": [
    { "name": "a", "plugin": "$plugin", "actors": [ { "name": "t", "contract": "trouble" } ] },
    { "name": "b", "plugin": "$plugin",
      "restart": { "max": 2, "backoff": ["0ms", "0ms"] },
      "actors": [ { "name": "u", "contract": "trouble" } ] },
    { "name": "c", "plugin": "$plugin", "restart": { "policy": "$2" },
      "actors": [ { "name": "v", "contract": "trouble" } ] } ] }
END
    : >"$dir/log"
    begin "$conf"
    order=
    said '*c/0 runs: *'
    in_order ' a runs; b runs; c runs;'
}

ended() { # STATUS
    wait "$pid"
    local status=$?
    pid=
    [[ $status == "$1" ]]
    verdict $? "the system ended with $status, not $1: $(cat "$dir/log" - <&"$says")"
    exec {says}<&-
}

in_order() { # WANTED
    [[ $order == "$1" ]]
    verdict $? "in order:$order, not$1"
    order=
}

tell() { # ACTOR MESSAGE [JSON]
    "$axsup" send "$conf" "$@"
    verdict $? "send $*"
}

value() { # ACTOR WANTED
    local got
    got=$("$axsup" call --timeout 20s "$conf" "$1" get 2>&1)
    [[ $got == "{\"value\":$2}" ]]
    verdict $? "$1 has $got, not $2"
}

# worker NAME PATTERN: the worker's object in the status.
worker() {
    local all
    all=$("$axsup" status --json "$conf")
    all=${all#*"{\"name\":\"$1\""}
    # shellcheck disable=SC2053
    [[ ${all%%\}*} == $2 ]]
    verdict $? "$1 is not $2 but $all"
}

pid_of() { # WORKER
    [[ $("$axsup" status --json "$conf") =~ \"name\":\"$1\"[^\}]*\"pid\":([0-9]+) ]] &&
        echo "${BASH_REMATCH[1]}"
}

start one_for_all on_failure
for who in t u v; do
    tell "$who" add '{"by":7}'
    value "$who" 7
done
tell u die '{"signal":11}'
said '*c/0 runs: * incarnation 2,*'
in_order ' c is stopped; a is stopped; a runs; b runs; c runs;'
for who in t u v; do
    value "$who" 7
done
worker a/0 '*"restarts":1,*"reason":"shutdown","signal":"SIGTERM",*"suspect":null,*'
worker b/0 '*"restarts":1,*"signal":"SIGSEGV",*"suspect":"u",*'

# one that does not end when told is killed, and its mail goes over
kill -STOP "$(pid_of c/0)"
for ((k = 0; k < 3; k++)); do
    tell v add '{"by":1}'
done
tell u die '{"signal":6}'
said '*c/0 does not end in time: SIGKILL*'
said '*c/0 runs: * incarnation 3,*'
in_order ' c is stopped; a is stopped; a runs; b runs; c runs;'
value v 10

# by hand it is a matter of its own, and counts for nothing
old=$(pid_of a/0)
"$axsup" restart "$conf" b
verdict $? 'restart b'
said '*b/0 runs: * incarnation 4,*'
in_order ' b runs;'
[[ $(pid_of a/0) == "$old" ]]
verdict $? "a/0 is $(pid_of a/0), not $old"

# the ends of others are not its own: b has been stopped for one of a
"$axsup" kill "$conf" a
said '*c/0 runs: * incarnation 4,*'
in_order ' c is stopped; b is stopped; a runs; b runs; c runs;'
for k in 5 6; do
    "$axsup" kill "$conf" b
    said "*c/0 runs: * incarnation $k,*"
done
"$axsup" kill "$conf" b
said '*b/0 has failed: it ended once more after 2 restarts within 1m*'
said '*the system stops: *'
ended 1

start rest_for_one never
old=$(pid_of a/0)
"$axsup" kill "$conf" b
said '*b/0 runs: * incarnation 2,*'
in_order ' c is stopped; b runs;'
worker c/0 '*"pid":null,"state":"stopped",*"restarts":0,*'
[[ $(pid_of a/0) == "$old" ]]
verdict $? "a/0 is $(pid_of a/0), not $old"
"$axsup" kill "$conf" a
said '*b/0 runs: * incarnation 3,*'
in_order ' b is stopped; a runs; b runs;'
"$axsup" restart "$conf" c
said '*c/0 runs: * incarnation 2,*'
"$axsup" kill "$conf" c # never: its end concerns nobody
said '*c/0 has failed: its policy is never to be started again*'
value t 0
"$axsup" stop "$conf"
verdict $? 'stop'
ended 0

echo "$passed passed, $failed failed"
((!failed))
