#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Lives and deaths of workers as axsup tells them: every sort of end, who was suspect, restart,
# backoff, giving up, hangs, memory that does not add up, restarts by hand, the stop with its one
# deadline, run directories, plugins that cannot be loaded, and nothing left behind by any of it.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup plugins=$AX_BUILD/tests/plugins
dir=$(mktemp -d "${TMPDIR:-/tmp}/sup.XXXXXX") || exit
skipped=0
mkfifo "$dir/never" || exit

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

# ended STATUS [run]: waits for the system, and looks whether it left anything.
ended() {
    local status
    wait "$pid"
    status=$?
    pid=
    [[ $status == "$1" ]]
    verdict $? "the system ended with $status, not $1: $(cat "$dir/log" - <&"$says")"
    exec {says}<&-
    [[ -n ${2-} || ! -e $dir/run ]]
    verdict $? 'the run directory is gone'
}

tell() { # ACTOR MESSAGE [JSON]
    "$axsup" send "$conf" "$@"
    verdict $? "send $*"
}

value() { # ACTOR WANTED
    local got
    got=$("$axsup" call --timeout 20s "$conf" "$1" get 2>&1)
    [[ $got == "$2" ]]
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

refused() { # STATUS PATTERN ARGUMENT...
    local want=$1 pattern=$2 out status
    shift 2
    out=$("$axsup" "$@" 2>&1)
    status=$?
    # shellcheck disable=SC2053
    [[ $status == "$want" && $out == $pattern ]]
    verdict $? "axsup $*: $status: $out"
    [[ ! -e $dir/run ]]
    verdict $? "axsup $* has left the run directory"
}

pid_of() { # WORKER
    [[ $("$axsup" status --json "$conf") =~ \"name\":\"$1\"[^\}]*\"pid\":([0-9]+) ]] &&
        echo "${BASH_REMATCH[1]}"
}

# state_of PID: its letter in proc(5), or nothing where there is no such process.
state_of() {
    local line
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return
    line=${line##*) }
    echo "${line%% *}"
}

# gone PID: waits until it has been reaped.
gone() {
    local deadline=$((SECONDS + patience))
    while [[ -n $(state_of "$1") ]] && ((SECONDS < deadline)); do
        read -r -t 0.05 <>"$dir/never"
    done
    ((SECONDS < deadline))
    verdict $? "process $1 is not reaped"
}

# idle NAME: the processes of the entry that are in no slot: its template first.
idle() {
    local child there all=()
    read -r -a there < <(cat /proc/"$pid"/task/*/children)
    for child in "${there[@]}"; do
        [[ $(tr '\0' ' ' <"/proc/$child/cmdline") == "axsup --template $1 " ]] &&
            ! grep -q memfd "/proc/$child/maps" && all+=("$child")
    done 2>/dev/null
    echo "${all[@]}"
}

# spare NAME [NOT]: the one that is forked ahead, as soon as it is there.
spare() {
    local deadline=$((SECONDS + patience)) pids
    while read -r -a pids < <(idle "$1"); [[ -z ${pids[1]-} || ${pids[1]} == "${2-}" ]]; do
        ((SECONDS < deadline)) || return
        read -r -t 0.05 <>"$dir/never"
    done
    echo "${pids[1]}"
}

# hold end TID, or hold reap PID: keeps the task from that, once it comes to it, until let_go.
# False where nobody may be traced.
hold() {
    local line
    mkfifo "$dir/hold" "$dir/held" || exit
    "$AX_BUILD/tests/e2e/helper_hold" "$@" <"$dir/hold" >"$dir/held" &
    holder=$!
    exec {holds}>"$dir/hold" {helds}<"$dir/held"
    rm "$dir/hold" "$dir/held"
    read -r -t 20 -u "$helds" line
    [[ $line == ready ]] && return
    exec {holds}>&- {helds}<&-
    wait "$holder"
    (($? == 77))
    verdict $? "the holder: $line"
    skipped=$((skipped + 1))
    return 1
}

held() {
    local line
    read -r -t 20 -u "$helds" line
    [[ $line == held ]]
    verdict $? "the holder: $line"
}

let_go() {
    exec {holds}>&- {helds}<&-
    wait "$holder"
    verdict $? 'the holder'
}

conf=$dir/trouble.json
write_conf() { # STOP_TIME
    cat >"$conf" <<END
{ "system": "trouble", "run_dir": "run", "shutdown": "$1",
  "workers": [
    { "name": "a", "plugin": "$plugins/trouble.so", "hang_after": "100ms", "rerandomize": 0,
      "restart": { "max": 1000 }, "actors": [ { "name": "t", "contract": "trouble" } ] },
    { "name": "b", "plugin": "$plugins/trouble.so",
      "restart": { "policy": "always", "max": 2, "backoff": ["20ms", "30ms"] },
      "actors": [ { "name": "u", "contract": "trouble" } ] },
    { "name": "c", "plugin": "$plugins/trouble.so", "restart": { "policy": "never" },
      "actors": [ { "name": "v", "contract": "trouble" } ] }
  ] }
END
}

# ---- ends and what follows; mail and kept state go over ----

write_conf 10s
start "$conf"
tell t add '{"by":7}'
tell t die '{"signal":11}'
said '*a/0 ended by SIGSEGV; suspect: t in die*'
said '*a/0 runs: * incarnation 2,*'
value t '{"value":7}'
worker a/0 '*"restarts":1,*"reason":"signal","signal":"SIGSEGV","code":null,"suspect":"t","message":"die","hung":false,*'
tell t leave '{"code":3}'
said '*a/0 ended with exit status 3; suspect: t in leave*'
value t '{"value":7}'
worker a/0 '*"reason":"exited","signal":null,"code":3,"suspect":"t","message":"leave"*'
"$axsup" kill "$conf" a/0
verdict $? 'kill a/0'
said '*a/0 ended by SIGKILL*'
said '*a/0 runs: * incarnation 4,*'
value t '{"value":7}'

tell t hang
said '*a/0 hangs: * ms in hang of t*'
said '*a/0 hung, ended by SIGABRT; suspect: t in hang*'
value t '{"value":7}'
worker a/0 '*"reason":"hung","signal":"SIGABRT",*"suspect":"t","message":"hang","hung":true,*'

"$axsup" restart "$conf" a/0
verdict $? 'restart a/0'
said '*a/0 ended by SIGTERM*'
value t '{"value":7}'
worker a/0 '*"reason":"shutdown",*"suspect":null,*'

# ---- a process that is over makes room at once, reaped or not ----

old=$(pid_of a/0)
if hold reap "$old"; then
    "$axsup" kill "$conf" a/0
    held
    said '*a/0 ended by SIGKILL*'
    said '*a/0 runs: *'
    value t '{"value":7}'
    # one whose forerunner is not reaped yet has to be reaped itself
    next=$(pid_of a/0)
    tell t die '{"signal":11}'
    said '*a/0 ended by SIGSEGV; suspect: t in die*'
    said '*a/0 runs: *'
    value t '{"value":7}'
    [[ $(state_of "$old") == Z && -z $(state_of "$next") ]]
    verdict $? "process $old is $(state_of "$old"), $next is $(state_of "$next")"
    let_go
    gone "$old"
fi

# while another thread of it is left it may write to the memory
tell t thread
value t '{"value":7}'
old=$(pid_of a/0)
for task in /proc/"$old"/task/*; do
    [[ $task == */"$old" ]] || thread=${task##*/}
done
if hold end "${thread-0}"; then
    tell t part '{"code":4}'
    held
    worker a/0 "*\"pid\":$old,\"state\":\"backoff\",*"
    let_go
    said '*a/0 ended with exit status 4; suspect: t in part*'
    said '*a/0 runs: *'
    value t '{"value":7}'
    gone "$old"
fi

# who exits in the middle of a message has failed in it, whatever its status
tell t leave '{"code":0}'
said '*a/0 ended with exit status 0; suspect: t in leave*'
said '*a/0 runs: *'
value t '{"value":7}'

# ---- backoff, and giving up ----

for k in 1 2; do
    tell u die '{"signal":6}'
    said '*b/0 ended by SIGABRT*'
    said "*b/0 runs: * incarnation $((k + 1)),*"
done
tell u die '{"signal":6}'
said '*b/0 has failed*'
worker b/0 '*"pid":null,"state":"failed",*"restarts":2,*'
tell v leave '{"code":1}'
said '*c/0 has failed*'
events=$("$axsup" events --json "$conf")
first='"worker_restarting","worker":"b/0","incarnation":1,"backoff_ns":'
second='"worker_restarting","worker":"b/0","incarnation":2,"backoff_ns":'
hung='"message":"hang","duration_ns":'
[[ $events == *"$first"2[0-2]??????[!0-9]* &&
    $events == *"$second"[23]???????[!0-9]* &&
    $events == *'"worker_failed","worker":"b/0"'* && $events == *'"hung","worker":"a/0",'*"$hung"1????????[!0-9]* ]]
verdict $? "events: $events"
"$axsup" restart "$conf" b
verdict $? 'restart of a failed worker'
said '*b/0 runs: *'
value u '{"value":0}'

# ---- memory that does not add up ----

tell t scribble '{"memory":"private:"}'
said '*a/0 starts with empty memory*'
said '*a/0 runs: *'
value t '{"value":0}'
worker a/0 '*"reason":"memory does not add up"*'
tell t add '{"by":3}'
value t '{"value":3}'
value u '{"value":0}'
tell t scribble '{"memory":"public:"}'
said '*a/0: the head of its memory does not add up*'
said '*a/0 runs: *'
value u '{"value":0}'
tell t forge '{"memory":"lanes:a/0>b/0"}'
value u '{"value":0}' # wakes it, and it looks
said '*a/0: a lane that it writes does not add up*'
said '*a/0 ended by SIGKILL (memory does not add up)*'
said '*a/0 runs: *'
value t '{"value":0}'

# ---- the next process is forked ahead, and another one when that is lost ----

next=$(spare a)
"$axsup" kill "$conf" a/0
verdict $? 'kill a/0'
said '*a/0 ended by SIGKILL*'
said '*a/0 runs: *'
[[ $(pid_of a/0) == "$next" ]]
verdict $? "a/0 is $(pid_of a/0), not $next"
for ((k = 0, lost = 0; k < 11; k++)); do # as often as there are other ones for it
    lost=$(spare b "$lost")
    kill -KILL "$lost"
    said '*b: a spare process is lost*'
    gone "$lost"
done
said '*b: its spare processes die again and again'
"$axsup" restart "$conf" b
said '*b/0 ended by SIGTERM*'
said '*b/0 runs: *'
value u '{"value":0}'
[[ -n $(spare b "$lost") ]]
verdict $? 'nothing is forked ahead any more'

# ---- the template dies; the next fork makes another ----

for name in a b c; do
    read -r template _ < <(idle "$name")
    kill -KILL "$template"
    said "*the template of $name: crashed by SIGKILL*"
done
tell t add '{"by":1}'
"$axsup" kill "$conf" a/0 SEGV
verdict $? 'kill a/0 SEGV'
said '*a/0 ended by SIGSEGV*'
value t '{"value":1}'
"$axsup" stop "$conf"
verdict $? 'stop'
ended 0

# ---- the stop has one deadline ----

write_conf 300ms
start "$conf"
tell v deaf
tell v hang
kill -TERM "$pid"
said '*c/0 does not end in time: SIGTERM*'
said '*c/0 does not end in time: SIGKILL*'
said '*a/0 ended with exit status 0*'
said '*1 worker killed*'
ended 1

# ---- where processes are counted: those forked ahead give way, and a corpse is waited for ----

for user in games news uucp irc none; do
    id -u "$user" >/dev/null 2>&1 && [[ -z $(find /proc -maxdepth 1 -user "$user") ]] && break
done
if ((EUID == 0)) && [[ $user != none ]]; then
    mkdir "$dir/own" && chmod 711 "$dir" && chmod 755 "$dir/own" || exit
    cp "$axsup" "$AX_BUILD/libax.so" "$plugins/trouble.so" "$dir/own"
    ln -s libax.so "$dir/own/libax.so.0"
    sed -e "s|$plugins|$dir/own|; s|\"plugin\"|\"user\": \"$user\", &|" "$conf" >"$dir/own.json"
    own() { # LIMIT: for the template of a; and it shall have nothing that it has forked ahead
        local one
        setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups \
            prlimit --pid "$template" --nproc="$1"
        verdict $? 'prlimit'
        read -r _ one < <(idle a)
        [[ -z $one ]] && return
        kill -KILL "$one"
        said '*a: a spare process is lost*'
        gone "$one"
    }
    each=$axsup axsup=$dir/own/axsup
    conf=$dir/own.json
    start "$conf"
    for name in b c a; do spare "$name" >"$dir/out"; done
    read -r template _ < <(idle a)
    for limit in 8 6; do # one less than there are; templates and workers alone
        own "$limit"
        old=$(pid_of a/0)
        hold reap "$old" || break
        "$axsup" kill "$conf" a/0
        held
        [[ $limit == 8 ]] || let_go
        said '*a/0 ended by SIGKILL*'
        said '*a/0 runs: *'
        [[ $limit == 6 ]] || let_go
        gone "$old"
        value t '{"value":0}'
    done
    ! grep -q 'cannot be started' "$dir/log"
    verdict $? "a/0 was not started: $(<"$dir/log")"
    kill -TERM "$pid"
    ended 0
    axsup=$each conf=$dir/trouble.json
else
    skipped=$((skipped + 1))
fi

# ---- one system in a folder; a dead one's is taken over, and its processes went with it ----

write_conf 10s
start "$conf"
out=$("$axsup" run "$conf" 2>&1)
[[ $? == 2 && $out == *"is in use by a living system (pid $pid)"* ]]
verdict $? "a second system: $out"
children=$(cat /proc/"$pid"/task/*/children)
kill -KILL "$pid"
wait "$pid" 2>/dev/null
while read -r -u "$says" _; do :; done # until the last process has closed it
for child in $children; do
    deadline=$((SECONDS + patience))
    while kill -0 "$child" 2>/dev/null && ((SECONDS < deadline)); do
        read -r -t 0.05 <>"$dir/never"
    done
    ((SECONDS < deadline))
    verdict $? "process $child has outlived axsup"
done
[[ -e $dir/run/lock ]]
verdict $? 'a killed system leaves its lock file'
start "$conf"
kill -INT "$pid"
ended 0 run
rmdir "$dir/run"
verdict $? 'of a folder that was there before nothing but the folder is left'

# ---- what cannot start ----

(
    ulimit -n 40
    exec "$axsup" run "$conf"
) >"$dir/out" 2>&1
[[ $? == 1 && $(<"$dir/out") == *'cannot make '*'Too many open files'* && ! -e $dir/run ]]
verdict $? "40 open files: $(<"$dir/out")"

plugin() { # NAME [TIMEOUT]
    echo "{\"name\": \"$1\", \"plugin\": \"$plugins/load_$1.so\", \"load_timeout\": \"${2:-20s}\"}"
}
conf=$dir/plugins.json
cat >"$conf" <<END
{ "system": "bad", "run_dir": "run", "workers": [
$(plugin crash),
$(plugin exit),
$(plugin hang 300ms),
$(plugin thread),
$(plugin abi),
$(plugin nothing),
$(plugin fork),
$(plugin leave),
{ "name": "text", "plugin": "plugins.json" },
{ "name": "good", "plugin": "$plugins/trouble.so",
  "actors": [ { "name": "x", "contract": "troubel" } ] }
] }
END
for command in run check; do # which ends when all have closed the pipe, so nothing is left of them
    refused 2 "$conf:2:*workers[[]0].plugin: *crashed by SIGSEGV while it was loaded
$conf:3:*workers[[]1].plugin: *ended the process with exit status 7*
$conf:4:*workers[[]2].plugin: *has not finished loading within 300ms*
$conf:5:*workers[[]3].plugin: *started a thread*
$conf:6:*workers[[]4].plugin: *ABI*
$conf:7:*workers[[]5].plugin: *is not an ax plugin*
$conf:8:*workers[[]6].plugin: *started a process*
$conf:9:*workers[[]7].plugin: *ended the process with exit status 8*
$conf:10:*workers[[]8].plugin: *cannot be loaded*
$conf:12:*workers[[]9].actors[[]0].contract: *did you mean trouble?*" "$command" "$conf"
done

echo "$passed passed, $failed failed, $skipped skipped"
((!failed))
