#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What an operator meets when things go wrong: asks to a worker that is given up, workers that hang
# at the stop, a config of another system, an axsup that stands still, too many commands at once.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup plugins=$AX_BUILD/tests/plugins
dir=$(mktemp -d "${TMPDIR:-/tmp}/operator.XXXXXX") || exit
stood='' still=''
mkfifo "$dir/never" || exit

finish() {
    [[ -n $stood ]] && kill -CONT "$stood" 2>/dev/null
    [[ -n $still ]] && kill -KILL "$still" 2>/dev/null
    [[ -n $pid ]] && kill -KILL "$pid" 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT

# said PATTERN: reads what the system says until a line matches.
said() {
    local line
    while read -r -t 20 -u "$says" line; do
        echo "$line" >>"$dir/log"
        # shellcheck disable=SC2053
        [[ $line == $1 ]] && passed=$((passed + 1)) && return 0
    done
    verdict 1 "the system never said: $1"
    cat "$dir/log"
    return 1
}

start() {
    : >"$dir/log"
    begin "$@"
    said '*is running*' || exit
}

ended() { # STATUS
    local status
    wait "$pid"
    status=$?
    pid=
    cat <&"$says" >>"$dir/log"
    exec {says}<&-
    [[ $status == "$1" ]]
    verdict $? "the system ended with $status, not $1: $(<"$dir/log")"
}

# try STATUS PATTERN COMMAND...: runs axsup; the pattern is of both outputs.
try() {
    local want=$1 pattern=$2 out status
    shift 2
    out=$("$axsup" "$@" 2>&1)
    status=$?
    # shellcheck disable=SC2053
    [[ $status == "$want" && $out == $pattern ]]
    verdict $? "axsup $*: $status, \"$out\""
}

# until_it PATTERN COMMAND...: runs axsup until what it says matches.
until_it() {
    local pattern=$1 deadline=$((SECONDS + patience)) out
    shift
    # shellcheck disable=SC2053
    while out=$("$axsup" "$@" 2>&1) && [[ $out != $pattern ]] && ((SECONDS < deadline)); do
        read -r -t 0.05 <>"$dir/never"
    done
    # shellcheck disable=SC2053
    [[ $out == $pattern ]]
    verdict $? "axsup $*: \"$out\" never became $pattern"
}

# follow CONF FILE: its events go there, by $follower, from when there is one.
follow() {
    local deadline=$((SECONDS + patience))
    "$axsup" events --follow --json "$1" >"$2" 2>&1 &
    follower=$!
    until [[ -s $2 ]] || ((SECONDS >= deadline)); do
        read -r -t 0.05 <>"$dir/never"
    done
}

conf=$dir/op.json
cat >"$conf" <<END
{ "system": "op", "run_dir": "run", "shutdown": "2s",
  "workers": [
    { "name": "a", "plugin": "$plugins/trouble.so",
      "actors": [ { "name": "t", "contract": "trouble" },
                  { "name": "w", "contract": "trouble",
                    "restart": { "backoff": ["1m", "1m"] } } ] },
    { "name": "z", "plugin": "$plugins/trouble.so", "restart": { "policy": "never" },
      "hang_after": "0s", "actors": [ { "name": "u", "contract": "trouble" } ] }
  ] }
END

# ---- an axsup that stands still: see below, as it takes a while until nobody waits any more ----

sed 's/"system": "op", "run_dir": "run"/"system": "still", "run_dir": "still"/' "$conf" >"$dir/still.json"
"$axsup" run "$dir/still.json" >"$dir/still.log" 2>&1 </dev/null &
still=$!
until_it '*"name":"z/0",*"state":"running",*' status --json "$dir/still.json"
follow "$dir/still.json" "$dir/follow"
watcher=$follower
kill -STOP "$still"
stood=$still k=0
for command in status stop 'call t get --timeout 100ms' actors; do
    read -r -a words <<<"$command"
    "$axsup" "${words[0]}" "$dir/still.json" "${words[@]:1}" >"$dir/asked.$k" 2>&1 &
    asking[k]=$!
    k=$((k + 1))
done

# ---- asks that lie in the mailbox of a worker that is given up were accepted ----

start "$conf"
"$axsup" send "$conf" u hang
"$axsup" call "$conf" u get >"$dir/one" 2>&1 &
one=$!
"$axsup" call "$conf" t ask_of '{"name":"u"}' --timeout 20s >"$dir/two" 2>&1 &
two=$!
until_it '*"z/0"*"mail":3,*' status --json "$conf"
try 0 '' kill "$conf" z
wait "$one"
[[ $? == 1 && $(<"$dir/one") == 'axsup: u.get: canceled (AX_E_CANCELED)' ]]
verdict $? "an ask of the command line: $(<"$dir/one")"
wait "$two"
[[ $? == 0 && $(<"$dir/two") == '{"error":4}' ]]
verdict $? "an ask of a plugin: $(<"$dir/two")"
try 1 '*AX_E_CLOSED*' call "$conf" u get
try 0 '*"name":"t",*"state":"live",*"name":"u",*"state":"failed",*' actors --json "$conf"

# ---- mail of a worker that stands still is its actors' ----

[[ $("$axsup" status --json "$conf") =~ \"name\":\"a/0\"[^\}]*\"pid\":([0-9]+) ]]
worker=${BASH_REMATCH[1]}
kill -STOP "$worker"
for _ in 1 2 3; do
    try 0 '' send "$conf" t add '{"by":1}'
done
try 0 '*"name":"t",*"mail":3,*' actors --json "$conf"
kill -CONT "$worker"

# ---- an actor goes on with its process, and events are in order ----

try 0 '' kill "$conf" a
try 0 '{"value":3}' call "$conf" t get
until_it '*"name":"a/0",*"restarts":1,*"turns":[4-9],*"name":"z/0"*' status --json "$conf"
try 0 '*"actor_restarted","worker":"a/0","actor":"t","ref":"1.1.1","contract":"trouble","incarnation":2*' \
    events --json "$conf"
"$axsup" events --json "$conf" | grep -o '"at":"[^"]*' >"$dir/at"
(($(wc -l <"$dir/at") > 7)) && sort -c "$dir/at"
verdict $? "events are not in order: $(<"$dir/at")"
"$axsup" stop "$conf" >"$dir/out" 2>&1
ended 0

# ---- who asks a worker that waits for its restart does not wait for the end of a stop ----

sed 's/"policy": "never"/"backoff": ["1m", "1m"]/' "$conf" >"$dir/later.json"
start "$dir/later.json"
try 0 '' kill "$dir/later.json" z
until_it '*"name":"z/0",*"state":"backoff"*' status --json "$dir/later.json"
"$axsup" call "$dir/later.json" u get >"$dir/one" 2>&1 &
one=$!
"$axsup" call "$dir/later.json" t ask_of '{"name":"u"}' --timeout 20s >"$dir/two" 2>&1 &
two=$!
until_it '*"name":"z/0"*"mail":2,*' status --json "$dir/later.json"
follow "$dir/later.json" "$dir/events"
try 0 "*2 messages were left" stop "$dir/later.json"
wait "$follower"
wait "$one"
[[ $? == 1 && $(<"$dir/one") == 'axsup: u.get: canceled (AX_E_CANCELED)' ]]
verdict $? "an ask of the command line in a stop: $(<"$dir/one")"
wait "$two"
[[ $? == 0 && $(<"$dir/two") == '{"error":4}' ]]
verdict $? "an ask of a plugin in a stop: $(<"$dir/two")"
ended 0
# what no process of that worker will come to is a dead letter as well
letter='"event":"deadletter","worker":"z/0","sender":%s,"target":"u","contract":"trouble","message":"get",'
letter+='"reason":"canceled","error":"AX_E_CANCELED"'
for sender in '"0[.][^"]*"' '"t"'; do
    # shellcheck disable=SC2059 # it is a format
    grep -q "$(printf "$letter" "$sender")" "$dir/events"
    verdict $? "no dead letter from $sender: $(<"$dir/events")"
done
[[ $(<"$dir/log") == *'2 messages left, 0 workers killed, 2 dead letters'* ]]
verdict $? "what was left: $(tail -n 1 "$dir/log")"

# ---- an actor that is given up is said to be ----

sed 's/"restart": { "backoff": \["1m", "1m"\] }/"restart": { "max": 0 }/' "$conf" >"$dir/once.json"
start "$dir/once.json"
try 0 '' send "$dir/once.json" w die '{"signal":11}'
until_it '*"name":"a/0",*"state":"running","incarnation":2,*' status --json "$dir/once.json"
try 0 '{"value":0}' call "$dir/once.json" t get
try 0 '' stop "$dir/once.json"
ended 0
grep -q 'error a/0 w: given up: it failed once more after 0 restarts within ' "$dir/log"
verdict $? "an actor that is given up is not named: $(<"$dir/log")"

# ---- a worker that hangs takes nothing from the others' time to stop ----

start "$conf"
"$axsup" send "$conf" u deaf
"$axsup" send "$conf" u hang
"$axsup" send "$conf" u add '{"by":1}'
try 1 'axsup: op: 1 worker had to be killed, 2 messages were left (AX_E_CANCELED)' stop "$conf"
ended 1
[[ $(<"$dir/log") == *'2 messages left, 1 worker killed, 2 dead letters'* ]]
verdict $? "what was left: $(tail -n 1 "$dir/log")"
[[ $(<"$dir/log") == *'z/0 does not end in time: SIGTERM'*'z/0 does not end in time: SIGKILL'*'a/0 ended with exit status 0'*'1 worker killed'* ]]
verdict $? "the log of the stop: $(<"$dir/log")"

# what waits for an actor that waits for its restart is left, and said
start "$conf"
try 0 '' send "$conf" w say '{"text":"no"}'
said '*failed in say: no'
try 0 '' send "$conf" w add '{"by":1}'
try 0 '' send "$conf" w add '{"by":1}'
try 0 'axsup: op: 2 messages were left' stop "$conf"
ended 0
[[ $(<"$dir/log") == *'2 messages left, 0 workers killed, 3 dead letters'* ]]
verdict $? "what was left: $(tail -n 1 "$dir/log")"

# the last one has what is left, and the deadline
start "$conf"
"$axsup" send "$conf" t deaf
"$axsup" send "$conf" t hang
try 1 'axsup: op: 1 worker had to be killed, 1 message was left (AX_E_CANCELED)' stop "$conf"
ended 1
[[ $(<"$dir/log") == *'z/0 ended with exit status 0'*'over: SIGTERM to 1 worker'*'over: SIGKILL to 1 worker'* ]]
verdict $? "the log of the stop: $(<"$dir/log")"

# ---- a config of another system does not control this one ----

start "$conf"
sed 's/"system": "op"/"system": "other"/' "$conf" >"$dir/other.json"
for command in status stop 'restart a' 'call t get'; do
    read -r -a words <<<"$command"
    try 3 "axsup: other: run_dir $dir/run belongs to system op (AX_E_NOT_RUNNING)" \
        "${words[0]}" "$dir/other.json" "${words[@]:1}"
done

# ---- what a plugin says makes no lines of its own, and tells a terminal nothing ----

try 0 '' send "$conf" t say '{"text":"one\n2026 error axsup: two \u001b[31m"}'
said '* info a/0 t: one\\n2026 error axsup: two \\x1b\[31m'
said '* error a/0 t: failed in say: one\\n2026 error axsup: two \\x1b\[31m'

# ---- more commands at once than there are places ----

for ((k = 0, calls = 0; k < 100; k++)); do
    "$axsup" call "$conf" t get >"$dir/call.$k" 2>&1 &
    callers[k]=$!
done
for ((k = 0; k < 100; k++)); do
    wait "${callers[k]}" && [[ $(<"$dir/call.$k") == '{"value":0}' ]] && calls=$((calls + 1))
done
((calls == 100))
verdict $? "of 100 calls $calls were answered: $(sort "$dir"/call.* | uniq -c)"

# ---- hundreds that are connected and say nothing ----

coproc crowd { "$AX_BUILD/tests/e2e/helper_crowd" "$dir/run/control" 300 2>&1; }
# shellcheck disable=SC2154 # set by coproc
silent=${crowd[1]}
read -r -t 20 -u "${crowd[0]}" line
[[ $line == ready ]]
verdict $? "300 connections: $line"
# each of five rounds lasted five seconds once
timeout 15 "$axsup" actors "$conf" --json >"$dir/crowded" 2>&1
verdict $? "behind 300 that are silent: $(<"$dir/crowded")"
exec {silent}>&-

"$axsup" stop "$conf" >"$dir/out" 2>&1
ended 0

# ---- the axsup that stands still was waited for no longer than a while ----

for ((k = 0; k < 4; k++)); do
    wait "${asking[k]}"
    [[ $? == 1 && $(<"$dir/asked.$k") == 'axsup: still: the system does not answer (AX_E_TIMEOUT)' ]]
    verdict $? "command $k of a system that stands still: $(<"$dir/asked.$k")"
done
kill -CONT "$stood" # and it does what it has been told, stop among it
stood=
wait "$still"
verdict $? "the system that stood still ended badly: $(<"$dir/still.log")"
still=
wait "$watcher"
verdict $? "a follower of a system that has stopped: $(<"$dir/follow")"
[[ $(<"$dir/follow") != *\"end\":* &&
    $(<"$dir/follow") == *'"actor_stopped",'*'"contract":"trouble",'*'"reason":"shutdown"'* ]]
verdict $? "the follower has printed the end: $(<"$dir/follow")"

# ---- who follows a system that is killed is told ----

start "$conf"
follow "$conf" "$dir/killed"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
pid=
wait "$follower"
[[ $? == 1 && $(tail -n 1 "$dir/killed") == "axsup: op: the system has gone away (run_dir $dir/run)" ]]
verdict $? "a follower of a system that was killed: $(<"$dir/killed")"
exec {says}<&-

# ---- a plugin that cannot be loaded any more: once, and why ----

cp "$plugins/trouble.so" "$dir/own.so"
sed "s|\"plugin\": \"$plugins/trouble.so\",$|\"plugin\": \"own.so\", \"rerandomize\": 1,|" "$conf" >"$dir/own.json"
start "$dir/own.json"
try 0 '' send "$dir/own.json" t die '{"signal":11}'
said '*a/0 runs: *incarnation 2,*'
rm "$dir/own.so"
try 0 '' send "$dir/own.json" t die '{"signal":11}'
said '*a/0 cannot be started: cannot be loaded: *own.so*'
said '*a/0 has failed: its plugin cannot be used any more'
try 0 '*"a/0"*"state":"failed"*"code":102,*"why":"cannot be loaded: *own.so*' status --json "$dir/own.json"
try 0 '*not started: cannot be loaded*' status "$dir/own.json"
try 1 '*a/0 has failed: cannot be loaded: *' restart "$dir/own.json" a
try 1 '*a/0 has no process: it has failed *' kill "$dir/own.json" a
"$axsup" stop "$dir/own.json" >"$dir/out" 2>&1
ended 0

echo "$passed passed, $failed failed"
((!failed))
