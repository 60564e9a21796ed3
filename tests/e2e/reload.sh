#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A plugin is replaced while the system runs: its workers go over to the new one, one after another,
# with mail, state and requests under way. One that does not fit, or cannot be loaded, is told with
# what is wrong, and the old one goes on as if nothing had been asked.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup plugins=$AX_BUILD/tests/plugins
dir=$(mktemp -d "${TMPDIR:-/tmp}/reload.XXXXXX") || exit
conf=$dir/reload.json
cat >"$conf" <<END
{ "system": "reload", "run_dir": "run", "shutdown": "2s",
  "workers": [
    { "name": "w", "plugin": "./swap.so", "count": 2, "load_timeout": "1s",
      "restart": { "max": 1, "backoff": ["0ms", "0ms"] },
      "actors": [ { "name": "a", "contract": "swap", "worker": 0 },
                  { "name": "b", "contract": "swap", "worker": 1 } ] },
    { "name": "r", "plugin": "./kept.so",
      "actors": [ { "name": "heir", "contract": "swap", "initial_snapshot": "legacy" } ] },
    { "name": "o", "plugin": "$plugins/swap_one.so",
      "actors": [ { "name": "other", "contract": "swap" } ] } ] }
END

# put FILE [PLUGIN]: the plugin becomes that one, as an installation would do it.
put() {
    cp "$1" "$dir/new.so" && mv "$dir/new.so" "$dir/${2-swap}.so"
}

try() { # STATUS WANTED COMMAND [ARGUMENT...]: the command of the system.
    local want=$1 pattern=$2 command=$3 out status
    shift 3
    out=$("$axsup" "$command" "$conf" "$@" 2>&1)
    status=$?
    # shellcheck disable=SC2053
    [[ $status == "$want" && $out == $pattern ]]
    verdict $? "axsup $command $*: $status, $out; not $want, $pattern"
}

# sound: what comes next would wait long for nothing where something is wrong already.
sound() {
    ((failed)) || return 0
    echo "$passed passed, $failed failed"
    exit 1
}

lives() { # the process and incarnation of each worker
    "$axsup" status --json "$conf" | grep -oE '"(pid|incarnation)":[0-9]+' | tail -n +2 | tr '\n' ' '
}

# What axsup holds: its descriptors, and the processes that are its children.
held() {
    local fds=("/proc/$pid/fd"/*) children
    read -r -a children <"/proc/$pid/task/$pid/children"
    echo "${#fds[@]} descriptors, ${#children[@]} processes"
}

# settles PATTERN: it comes to that; a spare may be forked yet, or a client's end not be seen.
settles() {
    local deadline=$((SECONDS + patience))
    # shellcheck disable=SC2053 # a pattern
    until [[ $(held) == $1 ]] || ((SECONDS >= deadline)); do
        "$axsup" status "$conf" >"$dir/seen"
    done
    # shellcheck disable=SC2053
    [[ $(held) == $1 ]]
    verdict $? "$(held) where it had $1"
}

put "$plugins/swap_one.so"
printf 'what the heir begins from' >"$dir/legacy"
put "$plugins/swap_restore.so" kept
begin "$conf"
said '* is running: *' || exit
try 0 '' send a add '{"by":5}'
try 0 '{"value":5,"version":1}' call a get
first=$(lives)
settles '*, 10 processes' # a template, a spare and the workers of three entries
had=$(held)

# ---- nothing is wrong with it ----

put "$plugins/swap_two.so"
try 0 '{"value":5,"version":1}' call a get
try 0 '' reload w
try 0 '{"value":5,"version":2}' call a get
try 0 '{"value":0,"version":2}' call b get
try 0 '{"value":0,"version":1}' call other get
second=$(lives)
[[ ${first##*:} == "${second##*:}" && $second == *'"incarnation":2 '*'"incarnation":2 '*'"incarnation":1 ' ]]
verdict $? "the workers of one entry: $first, then $second"
try 0 '*worker_down*w/0*worker_started*w/0*reloaded*w/0*worker_down*w/1*worker_started*w/1*reloaded*w/1*' events
try 0 '*"event":"reloaded","worker":"w/1","incarnation":2,"duration_ns":*' events --json
try 0 '*"name":"w/0",*"incarnation":2,"restarts":1,*"reason":"shutdown"*' status --json

sound

# One worker's name will do, and who dies afterwards has the new one, too.
put "$plugins/swap_one.so"
try 0 '' reload w/1
try 0 '{"value":5,"version":1}' call a get
try 0 '' kill w/0
try 0 '{"value":5,"version":1}' call a get

# What waits is handled by the new one.
try 0 '' kill w/0 STOP
for ((i = 0; i < 3; i++)); do
    try 0 '' send a add '{"by":1}'
done
put "$plugins/swap_two.so"
try 0 '' reload w
try 0 '{"value":8,"version":2}' call a get

# Who waits for another actor does so in the old code, which is gone.
try 0 '' kill o STOP
"$axsup" call --timeout 30s "$conf" a other >"$dir/asked" 2>&1 &
asked=$!
become '*"suspended"*' actors --json --name a "$conf"
try 0 '' reload w
wait "$asked"
[[ $? == 1 && $(<"$dir/asked") == 'axsup: a.other: canceled (AX_E_CANCELED)' ]]
verdict $? "a wait of the old code: $(<"$dir/asked")"
become '*await_lost*' events "$conf"
try 0 '' kill o CONT

# ---- something is ----

before=$(lives)
settles "$had"
refused() { # FILE WORDS
    put "$1"
    # shellcheck disable=SC2053
    try 1 "axsup: w: */swap.so $2" reload w
    try 0 '{"value":8,"version":2}' call a get
    [[ $(lives) == "$before" ]]
    verdict $? "$1: $before, now $(lives)"
    settles "$had"
    sound
}
refused "$plugins/swap_message.so" 'has a message swap.add of other fields (AX_E_WRONG_CONTRACT)'
refused "$plugins/swap_state.so" 'keeps another state of swap (AX_E_WRONG_CONTRACT)'
refused "$AX_BUILD/plugins/counter.so" 'has an actor of contract counter where that of swap was (AX_E_WRONG_CONTRACT)'
refused "$plugins/load_nothing.so" 'is not an ax plugin* (AX_E_INVALID)'
refused "$plugins/load_crash.so" 'crashed by SIG* (AX_E_INVALID)'
refused "$plugins/load_exit.so" 'ended the process with exit status * (AX_E_INVALID)'
refused "$conf" 'cannot be loaded: * (AX_E_INVALID)'
refused "$plugins/load_hang.so" 'has not finished loading within 1s (load_timeout) (AX_E_TIMEOUT)'

put "$plugins/swap_one.so" kept
try 1 'axsup: r: */kept.so has no restore hook of swap, which initial_snapshot needs (AX_E_INVALID)' reload r
try 0 '{"value":0,"version":5}' call heir get

# What is there forks on, whatever the file is by now.
try 0 '' kill w/0
try 0 '{"value":8,"version":2}' call a get

# One at a time.
said '*w: its plugin is not loaded anew: *load_timeout*'
"$axsup" reload "$conf" w >"$dir/asked" 2>&1 &
asked=$!
said '*w: its plugin is being loaded anew*'
try 1 'axsup: w: its plugin is being loaded anew already (AX_E_NOT_ALLOWED)' reload w
wait "$asked"
[[ $? == 1 && $(<"$dir/asked") == *load_timeout* ]]
verdict $? "the first of two: $(<"$dir/asked")"
try 1 'axsup: there is no worker "v"*' reload v

# A worker that has been given up begins again with what is there now.
try 0 '' restart w/0
for ((i = 0; i < 2; i++)); do
    become '*"name":"w/0",*"state":"running"*"name":"w/1"*' status --json "$conf"
    try 0 '' kill w/0
done
become '*"name":"w/0",*"state":"failed"*"name":"w/1"*' status --json "$conf"
put "$plugins/swap_one.so"
try 0 '' reload w
try 0 '{"value":8,"version":1}' call a get
try 0 '{"value":0,"version":1}' call b get

# A system that stops does not wait for it.
said '*w/1 runs its plugin as it was loaded anew'
put "$plugins/load_hang.so"
"$axsup" reload "$conf" w >"$dir/asked" 2>&1 &
asked=$!
said '*w: its plugin is being loaded anew*'
try 0 '' stop
wait "$asked"
[[ $? == 1 && $(<"$dir/asked") == *'(AX_E_SHUTTING_DOWN)' ]]
verdict $? "a reload in a system that stops: $(<"$dir/asked")"
wait "$pid"
verdict $? 'the system ends well'
[[ ! -e $dir/run ]]
verdict $? 'the run_dir is left behind'
pid=

echo "$passed passed, $failed failed"
((passed && !failed))
