#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What is measured and shown of actors, and who takes too long: slow messages are warned of, one
# that computes or blocks for ever is a hang and one whose process is stopped is none; actors are
# sorted, filtered and inspected; the lifecycle stream, within a worker and between two, over its
# death, and to a reader that is too slow.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup plugins=$AX_BUILD/tests/plugins
dir=$(mktemp -d "${TMPDIR:-/tmp}/meters.XXXXXX") || exit
conf=$dir/meters.json
mkfifo "$dir/never" "$dir/gate" || exit

said() { # PATTERN
    local line
    while read -r -t 30 -u "$says" line; do
        echo "$line" >>"$dir/log"
        # shellcheck disable=SC2053
        [[ $line == $1 ]] && passed=$((passed + 1)) && return 0
    done
    verdict 1 "the system never said: $1"
    cat "$dir/log"
    return 1
}

tell() { # ACTOR MESSAGE [JSON]
    "$axsup" send "$conf" "$@"
    verdict $? "send $*"
}

call() { # WANTED ACTOR MESSAGE [JSON]
    local wanted=$1 got
    shift
    got=$("$axsup" call "$conf" "$@" 2>&1)
    # shellcheck disable=SC2053
    [[ $got == $wanted ]]
    verdict $? "$*: $got, not $wanted"
}

shows() { # PATTERN COMMAND ARGUMENT...
    local pattern=$1 got command=$2
    shift 2
    got=$("$axsup" "$command" "$conf" "$@" 2>&1)
    # shellcheck disable=SC2053
    [[ $got == $pattern ]]
    verdict $? "$command $*: $got, not $pattern"
}

# becomes PATTERN COMMAND ARGUMENT...: the same, sooner or later.
becomes() {
    local pattern=$1 got command=$2 deadline=$((SECONDS + patience))
    shift 2
    # shellcheck disable=SC2053
    while got=$("$axsup" "$command" "$conf" "$@" 2>&1) && [[ $got != $pattern ]] && ((SECONDS < deadline)); do
        read -r -t 0.05 <>"$dir/never"
    done
    # shellcheck disable=SC2053
    [[ $got == $pattern ]]
    verdict $? "$command $*: $got, never $pattern"
}

# Nobody who asks it from now on is answered before somebody writes to the gate.
block_w() {
    tell w block "{\"path\":\"$dir/gate\"}"
    becomes '\[{"name":"w",*"in_flight":1,*' actors --json --name w
}

pid_of() { # WORKER
    [[ $("$axsup" status --json "$conf") =~ \"name\":\"$1\"[^\}]*\"pid\":([0-9]+) ]] &&
        echo "${BASH_REMATCH[1]}"
}

worker() { # NAME: its object in the status
    local all
    all=$("$axsup" status --json "$conf")
    all=${all#*"{\"name\":\"$1\""}
    echo "${all%%\}\}*}"
}

cat >"$conf" <<END
{ "system": "meters", "run_dir": "run",
  "workers": [
    { "name": "a", "plugin": "$plugins/meters.so", "hang_after": "300ms", "slow_after": "40ms",
      "actors": [ { "name": "t", "contract": "meters" }, { "name": "u", "contract": "meters" } ] },
    { "name": "b", "plugin": "$plugins/meters.so", "hang_after": "400ms", "slow_after": "0s",
      "actors": [ { "name": "v", "contract": "meters", "capacity": 20 } ] },
    { "name": "c", "plugin": "$plugins/meters.so",
      "actors": [ { "name": "w", "contract": "meters" }, { "name": "x", "contract": "meters" } ] }
  ] }
END
begin "$conf"
said '*is running*' || exit
ok='{"error":0}'

# ---- S38: a slow message is warned of with actor, message, time; a fast one is not ----

tell u add '{"by":1}'
tell t spin '{"ns":90000000}'
said '*warn a/0 t: slow: * ms in spin'
call '{"n":1}' u get
tell w add '{"by":0}'
call '{"n":0}' w get
shows '*"event":"slow","worker":"a/0","actor":"t",*"message":"spin","duration_ns":*' events --json
shows '*"name":"t",*"busy_ns":[1-9]*"slow":1}*' actors --json --name t
call '*"incarnation":1,"mail":*,"slow":1,"busy":true,*' v measure '{"name":"t"}' # from elsewhere
call '*"slow":1,"busy":true,*' u measure '{"name":"t"}'                         # and from within
for who in u v; do
    call '*"busy":*,"handled":2,"failures":0,*' "$who" measure '{"name":"w"}' # of add and get
done
tell v spin '{"ns":90000000}' # where nothing is slow
shows '*"worker":"a/0",*"slow":1,"busy_ns":[1-9]*"worker":"b/0",*"slow":0,*' metrics --json
shows '*ax_worker_slow_messages_total{worker="a/0"} 1*ax_handling_seconds_count{*' metrics
ran S38 inside
ran S38 between

# ---- hangs: a stopped process does not, one that computes or blocks does ----

old=$(pid_of a/0)
tell t halt
deadline=$((SECONDS + patience))
while ! grep -q '^State:.T' "/proc/$old/status" && ((SECONDS < deadline)); do
    read -r -t 0.05 <>"$dir/never"
done
tell v loop
said '*b/0 hangs: * ms in loop of v'
said '*b/0 hung, ended by SIGABRT; suspect: v in loop*'
said '*b/0 runs: *'
kill -CONT "$old"
call '{"n":0}' t get
[[ $(pid_of a/0) == "$old" ]]
verdict $? 'a stopped process was taken for a hung one'
[[ $(worker b/0) == *'"reason":"hung","signal":"SIGABRT",'*'"suspect":"v","message":"loop","hung":true'* ]]
verdict $? "b/0: $(worker b/0)"
tell t block "{\"path\":\"$dir/never\"}"
said '*a/0 hangs: * ms in block of t'
said '*a/0 runs: *'
shows '*"event":"hung","worker":"a/0",*"suspect":"t","message":"block","duration_ns":[3-9]*' events --json
shows '*"worker":"b/0",*"reason":"hung",*"message":"loop",*"worker":"a/0",*"message":"block",*' crashes --json
shows '*b/0*hung*SIGABRT*v*loop*' crashes

# ---- S40: who waits for whom, sorted and filtered ----

call "$ok" x watch '{"name":"w"}'
call "$ok" v watch '{"name":"w"}' # from another worker
tell w later '{"by":2}'
block_w
"$axsup" call "$conf" v wait_for '{"name":"w"}' >"$dir/waited" 2>&1 &
waits=$!
becomes '*"name":"v",*"state":"suspended",*"suspended_on":"w",*"in_flight":1,*' actors --json --state suspended
# it waits, and is neither idle nor, where somebody writes to it, silent for long
becomes '*"silence_ns":[1-9]?????????*,"idle_ns":0,*' call u measure '{"name":"v"}'
becomes '*"name":"v",*"idle_ns":0,*"silence_ns":[1-9]?????????*,*' actors --json --name v
heard=0
for ((i = 0; i < 10 && !heard; i++)); do
    "$axsup" send "$conf" v add '{"by":1}'
    [[ $("$axsup" call "$conf" u measure '{"name":"v"}') =~ \"silence_ns\":([0-9]+) ]] &&
        ((BASH_REMATCH[1] < 1000000000)) && heard=1
done
verdict $((!heard)) 'who is written to while it waits is silent'
tell v add '{"by":6}'
becomes '\[{"name":"v",*"mail":[3-9],*' actors --json --min-mail 3
shows '*"name":"w",*"in_flight":1,*"monitors":*"watchers":*"actor":"x"*"timers":*"message":"add"*"next":{"message":"block","ask":false,"from":null}*' inspect w --json
shows '*"watchers":\[{"actor":"[vx]",*},{"actor":"[vx]",*}\],"links":*' inspect w --json
for who in x v; do
    shows '*"incarnation":[12],"mail":*,"control_mail":0,*"idle_ns":*"monitors":\[{"actor":"w",*' inspect "$who" --json
done
call '*"waits_on":"w"}' u measure '{"name":"v"}'
echo >"$dir/gate"
wait "$waits"
[[ $(<"$dir/waited") == "$ok" ]]
verdict $? "wait_for: $(<"$dir/waited")"
ran S40 inside
ran S40 between
becomes '*"name":"w",*"mail":0,*' actors --json --name w
shows '*{"name":"w",*' actors --json --sort turns --limit 1 --worker c
shows '\[{"name":"x",*' actors --json --sort failures --name x
shows '*axsup: *"weight"*' actors --sort weight
shows '*WORKER*ACTOR*' top --once

# ---- how long its messages take and wait, of an actor of the config ----

# one message in 95 at least is a sample, and then the next that is sent
shows '*"handling_ns":\[\],"queueing_ns":\[\]}*' inspect x --json
for count in 200 400; do
    tell w burst '{"name":"x","count":200}'
    call "{\"n\":$count}" x get
done
shows '*"handling_ns":\[\[[1-9]*\]\],"queueing_ns":\[\[[1-9]*\]\]}*' inspect x --json
shows '*handling: *queueing: *' inspect x
call "$ok" w breed '{"name":"spawned","restarts":1}'
shows '*"handling_ns":null,"queueing_ns":null}*' inspect spawned --json
"$axsup" kill "$conf" c/0
becomes '*"name":"x",*"incarnation":2,*"handling_ns":\[\[[1-9]*' inspect x --json

for who in u v; do # they stand over the death of its process
    call '*"incarnation":2,*,"handled":40?,"failures":0,*' "$who" measure '{"name":"x"}'
done

# ---- S20, S35: the lifecycle stream ----

call "$ok" u listen '{"on":true}'
call "$ok" w listen '{"on":true}'
call "$ok" t breed '{"name":"child","restarts":1}'
for who in u v; do # S20 by the ref, from within and from elsewhere
    call '{"error":0,*"incarnation":1,*' "$who" measure '{"name":"child"}'
done
tell child fail
for who in u v; do
    becomes '{"error":0,*"incarnation":2,*,"failures":1,*' call "$who" measure '{"name":"child"}'
done
tell child fail
call "$ok" t breed '{"name":"frail","restarts":0}'
call "$ok" t breed '{"name":"other","restarts":1}'
call '*"closed":false,"terminated":false,"incarnation":1,*' v measure '{"name":"other"}'
call "$ok" t end '{"name":"other"}'
call "$ok" t breed '{"name":"leaver","restarts":1}'
tell leaver leave
lives='*child started 1;child restarted 2;child stopped 2 restart intensity exceeded/panic;'
lives+='frail started 1;frail stopped 1 failed/lifecycle hook panic;other started 1;'
lives+='other stopped 1 normal/shutdown immediate;leaver started 1;leaver stopped 1 normal/context stop;*'
becomes "$lives" call u lives
becomes "$lives" call w lives
for place in inside between; do
    ran S20 "$place" && ran S35 "$place"
done
call '*"closed":true,"terminated":true,*' v measure '{"name":"other"}' # S21
shows '*"event":"actor_stopped",*"actor":"leaver",*"stop":"context stop"*' events --json
tell t crowd '{"count":300}' # more than its mailbox has room for
call "$ok" t breed '{"name":"late","restarts":1}'
becomes '*;late started 1 missed [1-9]*' call u lives
# and in another worker one that takes nothing while it waits, and holds 20
call "$ok" v listen '{"on":true}'
block_w
"$axsup" call "$conf" v wait_for '{"name":"w"}' >"$dir/waited" 2>&1 &
waits=$!
becomes '*"name":"v",*"state":"suspended",*' actors --json --state suspended
tell t crowd '{"count":300}'
becomes '\[{"name":"v",*"mail":20,*' actors --json --name v
echo >"$dir/gate"
wait "$waits"
"$axsup" kill "$conf" a/0 # it stands over the death of its process
verdict $? 'kill a/0'
becomes '*t restarted [2-9]*;u restarted [2-9];*' call u lives
becomes '*t restarted [2-9]*;u restarted [2-9];*' call w lives
becomes '* missed [1-9]*u restarted [2-9];*' call v lives
call "$ok" u listen '{"on":false}'
call "$ok" t breed '{"name":"unheard","restarts":1}'
call '{"lines":"*;"}' u lives
shows '*unheard*' actors
[[ $("$axsup" call "$conf" u lives) != *unheard* ]]
verdict $? 'who listens no more is told of a start'

"$axsup" stop "$conf"
verdict $? 'stop'
wait "$pid"
verdict $? 'the system ended badly'
pid=
cat <&"$says" >>"$dir/log"
slow=$(grep ' slow: ' "$dir/log" | grep -v 'in halt$\|in block$') # which were, all the more
[[ $slow == *' a/0 t: slow: '*' in spin' && $slow != *$'\n'* ]]
verdict $? "slow ones: $slow"

# ---- what the worker does between messages is no message's time ----

# A quarter of a second goes by while it reads of one death, which it owes so many downs.
conf=$dir/between.json
cat >"$conf" <<END
{ "system": "between", "run_dir": "run",
  "workers": [
    { "name": "a", "plugin": "$plugins/meters.so", "slow_after": "100ms", "arena": "512M",
      "actors": [ { "name": "t", "contract": "meters" } ] },
    { "name": "b", "plugin": "$plugins/meters.so", "arena": "512M", "restart": { "policy": "never" },
      "actors": [ { "name": "v", "contract": "meters" } ] }
  ] }
END
begin "$conf"
said '*is running*' || exit
tell t gaze '{"name":"v","count":800000}'
becomes '{"n":800000}' call t get
call '{"n":0}' v get # it has read what they say
"$axsup" kill "$conf" b/0
said '*b/0 *failed*'
# 8000 messages, the downs, and each time that it was asked
becomes '*"name":"t",*"turns":808???,*' actors --json --name t
shows '*"name":"t",*"slow":0}*' actors --json --name t
"$axsup" stop "$conf"
verdict $? 'stop'
wait "$pid"
pid=
echo "$passed passed, $failed failed"
((!failed))
