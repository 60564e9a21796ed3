#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What a worker is given at its birth, and what is left at an end: limits and privileges as its
# process has them, who ends with axsup, the order in which actors are stopped, what becomes of
# those that wait then, and dead letters, each of their members and how many are shown.
# test-timeout: 60

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup plugin=$AX_BUILD/tests/plugins/parting.so
dir=$(mktemp -d "${TMPDIR:-/tmp}/parting.XXXXXX") || exit
conf=$dir/parting.json
mkfifo "$dir/never" || exit

# comes TEXT COMMAND...: within some seconds the command succeeds.
comes() {
    local until=$((SECONDS + 20)) text=$1 status
    shift
    while "$@"; status=$?; ((status && SECONDS < until)); do
        read -r -t 0.05 <>"$dir/never"
    done
    verdict "$status" "$text"
}

start() {
    : >"$dir/log"
    coproc system {
        ulimit -Sn 512 # axsup takes what it can have, for itself
        exec "$axsup" run "$conf" 2>&1 </dev/null
    }
    # shellcheck disable=SC2154 # set by coproc
    pid=$system_PID says=${system[0]}
    exec {says}<&"$says"
    said '*is running*' || exit
}

asked() { # ARGUMENT... WANTED
    local got
    got=$("$axsup" "${@:1:$#-1}" 2>&1)
    # shellcheck disable=SC2053
    [[ $got == ${!#} ]]
    verdict $? "axsup ${*:1:$#-1}: $got"
}

pid_of() { # WORKER
    [[ $("$axsup" status --json "$conf") =~ \"name\":\"$1\"[^\}]*\"pid\":([0-9]+) ]] &&
        echo "${BASH_REMATCH[1]}"
}

cat >"$conf" <<END
{ "system": "parting", "run_dir": "run", "deadletters": 16, "shutdown": "10s",
  "workers": [
    { "name": "bound", "plugin": "$plugin",
      "limits": { "memory": "64G", "files": 100, "core": "0K", "cpu": "90s", "stack": "2M" },
      "actors": [ { "name": "x", "contract": "parting" } ] },
    { "name": "free", "plugin": "$plugin", "count": 2, "max_actors": 16,
      "restart": { "policy": "never" },
      "actors": [ { "name": "y", "contract": "parting", "worker": 0 },
                  { "name": "z", "contract": "parting", "worker": 1 } ] } ] }
END
[[ $AX_BUILD != */asan ]] || sed -i 's/"memory": "64G", //' "$conf" # its shadow is larger
start

# ---- limits and privileges, of the first process and of the next ----

limits_are() { # WORKER LINE...: soft and hard ones
    local got line
    got=$(sed 's/  */ /g' "/proc/$(pid_of "$1")/limits")
    for line in "${@:2}"; do
        [[ $got == *"$line"* ]]
        verdict $? "$1: no \"$line\" in $got"
    done
}

bound=('Max open files 100 100' 'Max core file size 0 0' 'Max cpu time 90 90'
    'Max stack size 2097152 2097152')
[[ $AX_BUILD == */asan ]] || bound+=('Max address space 68719476736 68719476736')
for life in 1 2; do
    limits_are bound/0 "${bound[@]}"
    limits_are free/1 'Max cpu time unlimited unlimited' 'Max address space unlimited unlimited' \
        "Max open files 512 $(ulimit -Hn)"
    for worker in bound/0 free/0 free/1; do
        [[ $(<"/proc/$(pid_of "$worker")/status") == *$'\nNoNewPrivs:\t1\n'* ]]
        verdict $? "$worker may gain privileges"
    done
    ((life == 2)) && break
    "$axsup" kill "$conf" bound/0
    said '*bound/0 runs: * incarnation 2,*'
done
asked status --json "$conf" '*"name":"bound/0",*"restarts":1,*"name":"free/0",*"restarts":0,*'

# ---- dead letters ----

letters=0
bury() { # COUNT: so many more, which are counted when all have been collected
    asked send "$conf" x bury "{\"count\":$1}" ''
    letters=$((letters + $1))
    comes "there are no $letters dead letters" all_counted
}
all_counted() { [[ $("$axsup" status --json "$conf") == *"\"deadletters\":$letters,"* ]]; }
shown() { # COUNT
    local got
    got=$("$axsup" deadletters --json "$conf" | grep -o '"sender":' | wc -l)
    ((got == $1))
    verdict $? "$got dead letters are shown, not $1"
}

bury 3
letter='{"at":"20*Z","sender":"x","target":"late","contract":"parting","message":"note",'
letter+='"reason":"canceled","error":"AX_E_CANCELED"}'
asked deadletters --json "$conf" "[[]$letter,$letter,$letter]"
asked deadletters "$conf" '*SENDER *TARGET *MESSAGE *REASON*x *late *parting *note *canceled*'
asked status "$conf" '*, 3 dead letters*'
shown 3
bury 40 # more than are kept
shown 16
asked events --json "$conf" "*\"event\":\"deadletter\",*\"sender\":\"x\",\"target\":\"late\",*"

# ---- a record that was to have a name is not lost with who waits for it ----

asked send "$conf" y rob '{"times":100}' ''
said '*y: has robbed*'
letters=$((letters + 100)) # what they had in hand
! grep 'y.*check failed\|has lived on' "$dir/log"
verdict $? 'who waits for a name was not killed, or has left something behind'

# ---- a stop in reverse order, with on_stop ----

stops=()
"$axsup" stop "$conf"
verdict $? stop
while read -r -t 20 -u "$says" line; do
    echo "$line" >>"$dir/log"
    case $line in
    *' late: is stopping' | *[0-9]': is stopping') ;; # not of the config
    *'is stopping' | *' ended with exit status 0') line=${line#* info } && stops+=("$line") ;;
    *'has stopped'*) break ;;
    esac
done
wanted='free/1 z: is stopping|axsup: free/1 ended with exit status 0|'
wanted+='free/0 y: is stopping|axsup: free/0 ended with exit status 0|'
wanted+='bound/0 x: is stopping|axsup: bound/0 ended with exit status 0|'
[[ $(printf '%s|' "${stops[@]}") == "$wanted" ]]
verdict $? "it stopped as $(printf '%s|' "${stops[@]}")"
[[ $line == *'has stopped: 0 messages left, 0 workers killed, '"$letters dead letters" ]]
verdict $? "at its end: $line"
wait "$pid"
verdict $? 'the system ended with an error'
pid=

# ---- a handler that waits costs neither its own actor nor any other its on_stop ----

many=$(printf '{ "name": "m%d", "contract": "parting" },' {0..9})
waits_and_stops() { # OTHERS ORDER...: one actor for each order
    local line i letters=({a..z}) actors=$1 wanted=() seen=()
    [[ -z $1 ]] || wanted=(m{0..9})
    shift
    for ((i = 0; i < $#; i++)); do
        actors+="{ \"name\": \"${letters[i]}\", \"contract\": \"parting\" },"
        wanted+=("${letters[i]}")
    done
    cat >"$conf" <<END
{ "system": "parting", "run_dir": "run", "shutdown": "2s",
  "workers": [ { "name": "one", "plugin": "$plugin", "actors": [ ${actors%,} ] } ] }
END
    start
    for ((i = 0; i < $#; i++)); do
        asked send "$conf" "${letters[i]}" "${@:i+1:1}" '{}' ''
        said "* ${letters[i]}: waits"
    done
    "$axsup" stop "$conf"
    verdict $? "$*: stop"
    while read -r -t 20 -u "$says" line; do
        echo "$line" >>"$dir/log"
        case $line in
            *' has heard: AX_E_CANCELED') ((i--)) ;;
            *': is stopping') line=${line%: *} && seen+=("${line##* }") ;;
            *'has stopped'*) break ;;
        esac
    done
    ((i == 0))
    verdict $? "$*: $i handlers were not canceled"
    [[ $(printf '%s\n' "${seen[@]}" | sort) == "$(printf '%s\n' "${wanted[@]}" | sort)" ]]
    verdict $? "$*: on_stop of ${seen[*]}, not of ${wanted[*]}"
    [[ $line == *', 0 workers killed, '* ]]
    verdict $? "$*: at its end: $line"
    wait "$pid"
    verdict $? "$*: the system ended with an error"
    pid=
}
saved=$(<"$conf")
waits_and_stops '' hear
waits_and_stops '' wonder
waits_and_stops "$many" hear wonder
echo "$saved" >"$conf"
# ---- what led to the end of an actor, where the whole is stopped ----

cat >"$dir/stops.json" <<END
{ "system": "stops", "run_dir": "stops", "shutdown": "10s",
  "workers": [
    { "name": "w", "plugin": "$plugin",
      "actors": [ { "name": "idle", "contract": "parting" },
                  { "name": "busy", "contract": "parting" },
                  { "name": "drained", "contract": "parting", "drain": "1h" } ] } ] }
END
"$axsup" run "$dir/stops.json" >"$dir/log" 2>&1 </dev/null &
pid=$!
for actor in busy drained; do "$axsup" send "$dir/stops.json" "$actor" toil || failed=1; done
exec {happens}< <(exec "$axsup" events --follow --json "$dir/stops.json" 2>&1)
read -r -t 20 -u "$happens" line # it follows
"$axsup" stop "$dir/stops.json"
verdict $? 'stop of three'
wait "$pid"
pid=
ends=$(sed -n 's/.*"event":"actor_stopped",.*"actor":"\([a-z]*\)",.*"stop":"\([a-z ]*\)".*/\1: \2/p' \
    <&"$happens" | sort)
[[ $ends == $'busy: shutdown immediate\ndrained: shutdown graceful\nidle: shutdown graceful' ]]
verdict $? "they ended by $ends"

# ---- who is stopped last has time for what it waits for, too ----

cat >"$dir/two.json" <<END
{ "system": "two", "run_dir": "two", "shutdown": "10s",
  "workers": [
    { "name": "last", "plugin": "$plugin", "actors": [ { "name": "l", "contract": "parting" } ] },
    { "name": "first", "plugin": "$plugin", "actors": [ { "name": "f", "contract": "parting" } ] } ] }
END
"$axsup" run "$dir/two.json" >"$dir/log" 2>&1 </dev/null &
pid=$!
"$axsup" send "$dir/two.json" l doze
comes 'it waits' grep -q 'l: waits' "$dir/log"
"$axsup" stop "$dir/two.json"
verdict $? 'stop of two'
wait "$pid"
pid=
[[ $(grep 'has heard' "$dir/log") == *'last/0 l: has heard: the end' ]]
verdict $? "the last one was not waited for: $(<"$dir/log")"

# ---- at once: on_stop without the mail that waits, also while the whole is stopping ----

stops_now() {
    local line ends
    "$axsup" run "$dir/stops.json" >"$dir/log" 2>&1 </dev/null &
    pid=$!
    for actor in busy drained; do "$axsup" send "$dir/stops.json" "$actor" toil || failed=1; done
    exec {happens}< <(exec "$axsup" events --follow --json "$dir/stops.json" 2>&1)
    read -r -t 20 -u "$happens" line # it follows
    "$axsup" stop --now "$dir/stops.json" 2>"$dir/said"
    verdict $? "stop --now: $(<"$dir/said")"
    wait "$pid"
    verdict $? "the system ended with an error: $(<"$dir/log")"
    pid=
    ends=$(sed -n 's/.*"event":"actor_stopped",.*"actor":"\([a-z]*\)",.*"stop":"\([a-z ]*\)".*/\1: \2/p' \
        <&"$happens" | sort)
    [[ $ends == $'busy: shutdown immediate\ndrained: shutdown immediate\nidle: shutdown immediate' ]]
    verdict $? "at once: they ended by $ends"
    [[ $(grep -c ': is stopping$' "$dir/log") == 3 ]]
    verdict $? "at once: not each was told: $(<"$dir/log")"
    [[ $(<"$dir/said") == 'axsup: stops: 2 messages were left' ]]
    verdict $? "at once: what was left: $(<"$dir/said")"
}
stops_now
# A handler that waits for ever, and an hour for it.
sed 's/"10s"/"1h"/' "$dir/stops.json" >"$dir/slow.json"
"$axsup" run "$dir/slow.json" >"$dir/log" 2>&1 </dev/null &
pid=$!
"$axsup" send "$dir/slow.json" busy hear
comes 'it waits' grep -q 'busy: waits' "$dir/log"
"$axsup" stop "$dir/slow.json" &
slowly=$!
comes 'it is stopping' grep -q 'axsup: stopping' "$dir/log"
timeout 20 "$axsup" stop --now "$dir/slow.json"
verdict $? 'a stop at once of what is stopping'
wait "$slowly"
verdict $? 'the first stop'
wait "$pid"
verdict $? "the system that was hurried ended with an error: $(<"$dir/log")"
pid=
[[ $(grep -c ': is stopping$' "$dir/log") == 3 ]]
verdict $? "hurried: not each was told: $(<"$dir/log")"

# ---- who does not read what axsup would tell it ends with it all the same ----

all_gone() {
    local one
    for one in "${children[@]}"; do [[ ! -e /proc/$one/exe ]] || return; done
}
outlived() {
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null
    pid=
    comes "some of ${children[*]} have outlived axsup" all_gone
    kill -KILL "${children[@]}" 2>/dev/null
}
start
read -r -a children < <(cat /proc/"$pid"/task/*/children)
((${#children[@]} >= 5))
verdict $? "axsup has ${#children[@]} children"
kill -STOP "${children[@]}"
outlived

# a template that is held up by its plugin
sed -i "s|\"plugin\": \"$plugin\"|\"plugin\": \"${plugin%/*}/load_hang.so\"|" "$conf"
"$axsup" run "$conf" >"$dir/log" 2>&1 </dev/null &
pid=$!
loading() {
    local one
    read -r -a children < <(cat /proc/"$pid"/task/*/children)
    ((${#children[@]} == 2)) || return
    for one in "${children[@]}"; do grep -q load_hang "/proc/$one/maps" || return; done
}
comes 'the plugins are loaded' loading
outlived

echo "$passed passed, $failed failed"
((!failed))
