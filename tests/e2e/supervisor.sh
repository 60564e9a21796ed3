#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Supervisors: each strategy, kind of child, limit and wait, with children in their supervisor's own
# worker and with those that a nursery bears in another one; with either process killed. The
# scenarios that a check shows are named in it.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup plugins=$AX_BUILD/tests/plugins
dir=$(mktemp -d "${TMPDIR:-/tmp}/supervisor.XXXXXX") || exit
conf=$dir/supervisor.json

said() { # PATTERN
    local line
    while read -r -t 20 -u "$says" line; do
        echo "$line" >>"$dir/log"
        # shellcheck disable=SC2053
        [[ $line == $1 ]] && passed=$((passed + 1)) && return 0
    done
    verdict 1 "$where: the system never said: $1"
    cat "$dir/log"
    return 1
}

tell() { # ACTOR MESSAGE [JSON]
    "$axsup" send "$conf" "$@"
    verdict $? "$where send $*"
}

# The next lines of the diary about a supervisor's children, as they should be.
happens() { # SUPERVISOR WANTED
    local lines='' got until=$((SECONDS + 20))
    while ((SECONDS < until)) && [[ $lines != "$2" ]]; do
        got=$("$axsup" call "$conf" diary told "{\"part\":\" $1-\"}" 2>&1)
        got=${got#*'"lines":"'}
        lines+=${got%'"}'}
    done
    [[ $lines == "$2" ]]
    verdict $? "$where: \"$lines\" happened, not \"$2\""
}

# Waits until its children are as wanted.
is() { # SUPERVISOR PATTERN
    local got='' until=$((SECONDS + 20))
    # shellcheck disable=SC2053
    while ((SECONDS < until)) && [[ $got != $2 ]]; do
        got=$("$axsup" call "$conf" "$1" children 2>&1)
    done
    # shellcheck disable=SC2053
    [[ $got == $2 ]]
    verdict $? "$where: $1 has $got, not $2"
}

counts() { # CHILD COUNT: how often it was asked, as it remembers
    local got
    got=$("$axsup" call "$conf" "$1" add 2>&1)
    [[ $got == "{\"count\":$2}" ]]
    verdict $? "$where: $1 has counted $got, not $2"
}

is_gone() { # ACTOR REASON
    local until=$((SECONDS + 20)) events='' event="*\"actor_stopped\"*\"actor\":\"$1\"*\"reason\":\"$2\"*"
    # shellcheck disable=SC2053
    while ((SECONDS < until)) && [[ $events != $event ]]; do
        events=$("$axsup" events --json "$conf")
    done
    # shellcheck disable=SC2053
    [[ $events == $event ]]
    verdict $? "$where: $1 has not ended, $2"
}

leaves() { # ACTOR
    local until=$((SECONDS + 20)) all="\"name\":\"$1\""
    while ((SECONDS < until)) && [[ $all == *"\"name\":\"$1\""* ]]; do
        all=$("$axsup" actors --json "$conf")
    done
    [[ $all == '['*']' && $all != *"\"name\":\"$1\""* ]]
    verdict $? "$where: $1 is there yet"
}

kill_worker() { # NAME
    "$axsup" kill "$conf" "$1/0"
    verdict $? "$where: kill $1"
    said "*$1/0 runs: * incarnation *"
}

bosses=
for name in one all rest kinds slow few; do
    bosses+=", { \"name\": \"$name\", \"contract\": \"boss\" }"
    bosses+=", { \"name\": \"far-$name\", \"contract\": \"boss\" }"
done
cat >"$conf" <<END
{ "system": "supervisor", "run_dir": "run", "shutdown": "10s",
  "workers": [
    { "name": "front", "plugin": "$plugins/supervised.so",
      "restart": { "max": 100, "backoff": ["0ms", "10ms"] },
      "actors": [ { "name": "diary", "contract": "diary" }$bosses ] },
    { "name": "back", "plugin": "$plugins/supervised.so",
      "restart": { "max": 100, "backoff": ["0ms", "10ms"] },
      "actors": [ { "name": "nursery", "contract": "nursery" } ] } ] }
END
where=start
begin "$conf"
said '*is running*' || exit

normal=0 shutdown=1 other=13

starts() { # SUPERVISOR LETTER...
    local boss=$1 letter text=
    shift
    for letter; do text+="start $boss-$letter;"; done
    echo "$text"
}

# P is "" for children in the supervisor's worker, "far-" for those in another one, PLACE their
# worker, WHERE that is inside or between.
scenarios() { # P PLACE WHERE
    local p=$1 place=$2 boss n begun
    for boss in one all rest kinds slow few; do
        where="S33 ${p}$boss"
        happens "$p$boss" "$(starts "$p$boss" a b c)"
    done

    where="S30 $p"
    tell "${p}one-b" fail
    happens "${p}one" "$(starts "${p}one" b)"
    is "${p}one" '{"running":3,"restarts":1,*'
    ran S30 "$3"

    where="S33 $p"
    tell "${p}all-b" fail
    happens "${p}all" "stop ${p}all-c;stop ${p}all-a;$(starts "${p}all" a b c)"
    tell "${p}rest-b" fail
    happens "${p}rest" "stop ${p}rest-c;$(starts "${p}rest" b c)"
    ran S33 "$3"

    where="spawned as told, $p"
    counts "${p}rest-a" 101
    tell "${p}rest-c" nap '{"ms":500}'
    said "*${p}rest-c*hangs*"
    tell "${p}rest-b" fail
    is "${p}rest" "*rest-c stopping;*"
    for _ in 1 2 3; do
        tell "${p}rest-c" mark
    done
    happens "${p}rest" "mark ${p}rest-c;mark ${p}rest-c;mark ${p}rest-c;stop ${p}rest-c;$(starts "${p}rest" b c)"

    where="S34 $p"
    # permanent: after normal, too; with it the others; the temporary one does not come back, and is
    # killed as it does not end in time
    "$axsup" call "$conf" "${p}kinds-c" hang >/dev/null 2>&1 &
    local asker=$!
    said "*${p}kinds-c*hangs*"
    tell "${p}kinds-a" quit "{\"reason\":$normal}"
    said "*${p}kinds-c has not ended in time*"
    wait "$asker"
    happens "${p}kinds" "stop ${p}kinds-a;stop ${p}kinds-b;$(starts "${p}kinds" a b)"
    is "${p}kinds" "*kinds-a running;${p}kinds-b running;${p}kinds-c ended;*"
    # transient: after an error, but not after normal
    tell "${p}kinds-b" quit "{\"reason\":$other}"
    happens "${p}kinds" "stop ${p}kinds-b;stop ${p}kinds-a;$(starts "${p}kinds" a b)"
    tell "${p}kinds-b" quit "{\"reason\":$normal}"
    is "${p}kinds" "*kinds-a running;${p}kinds-b ended;${p}kinds-c ended;*"
    # permanent: but not after shutdown
    tell "${p}kinds-a" quit "{\"reason\":$shutdown}"
    is "${p}kinds" '{"running":0,*'
    happens "${p}kinds" "stop ${p}kinds-b;stop ${p}kinds-a;"
    ran S34 "$3"

    where="S31 $p"
    for n in 500000 1000000; do
        begun=${EPOCHREALTIME/./}
        tell "${p}slow-a" fail
        happens "${p}slow" "$(starts "${p}slow" a)"
        ((${EPOCHREALTIME/./} - begun >= n))
        verdict $? "$where: it came back before $n us were over"
    done
    ran S31 "$3"

    where="S32 $p"
    # three children, all concerned: 3, 6, and then more than 7
    for n in 1 2; do
        tell "${p}few-a" fail
        happens "${p}few" "stop ${p}few-c;stop ${p}few-b;$(starts "${p}few" a b c)"
        is "${p}few" "{\"running\":3,\"restarts\":$((3 * n)),*"
    done
    tell "${p}few-b" fail
    happens "${p}few" "stop ${p}few-c;stop ${p}few-a;"
    is_gone "${p}few" 'restart intensity exceeded'
    ran S32 "$3"

    where="kill, $p"
    # what dies with its process is back with it, and nobody else's restart
    counts "${p}one-a" 1
    kill_worker "$place"
    counts "${p}one-a" 2
    kill_worker front
    counts "${p}one-a" 3
    is "${p}one" '{"running":3,"restarts":1,*'
    is "${p}all" '{"running":3,"restarts":3,*'
    happens "${p}one" ''
    # nor is that of a supervisor
    tell "${p}one" fail
    is "${p}one" '{"running":3,"restarts":1,*'
    counts "${p}one-a" 4
    # but who takes its process along has ended
    tell "${p}rest-b" crash
    said "*$place/0 runs: * incarnation *"
    happens "${p}rest" "stop ${p}rest-c;$(starts "${p}rest" b c)"
    # while a child waits, and after what it waits for has come
    tell "${p}slow-b" fail
    is "${p}slow" '*-b waiting;*'
    kill_worker front
    happens "${p}slow" "$(starts "${p}slow" b)"

    where="end, $p"
    tell "${p}all" leave
    happens "${p}all" "stop ${p}all-c;stop ${p}all-b;stop ${p}all-a;"
    is_gone "${p}all" normal
    tell "${p}rest" send "{\"name\":\"${p}one\",\"reason\":$other}"
    happens "${p}one" "stop ${p}one-c;stop ${p}one-b;stop ${p}one-a;"
    is_gone "${p}one" other
    # stopped by anybody, which is a normal end, it leaves no child behind, and waits for none
    tell "${p}slow" stop_of "{\"name\":\"${p}rest\"}"
    is_gone "${p}rest" normal
    for n in a b c; do
        leaves "${p}rest-$n"
    done
}

scenarios '' front inside
scenarios far- back between

"$axsup" stop "$conf"
verdict $? stop
wait "$pid"
verdict $? 'the system ended with an error'
pid=

echo "$passed passed, $failed failed"
((!failed))
