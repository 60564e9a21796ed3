#!/bin/bash
# SPDX-License-Identifier: MIT
#
# An actor goes to the limits of the interface: parts of 4 GiB, more timers than a turn can log, asks
# until there is no room, waits for room that does not come, replies that are too large, work that
# never ends. Each is told in its return value, and nothing half-done remains.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/edges.XXXXXX") || exit
axsup=$AX_BUILD/axsup conf=$dir/edges.json
stopped=''

finish() {
    [[ -n $stopped ]] && kill -CONT "$stopped" 2>/dev/null
    [[ -n $pid ]] && kill -KILL "$pid" 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT

cat >"$conf" <<END
{
  "system": "edges", "run_dir": "run", "shutdown": "2s",
  "workers": [
    { "name": "w", "plugin": "$AX_BUILD/tests/plugins/edges.so", "count": 2,
      "actors": [ { "name": "e", "contract": "edges", "worker": 0 },
                  { "name": "near", "contract": "sink", "worker": 0, "capacity": 8 },
                  { "name": "e2", "contract": "edges", "worker": 0 },
                  { "name": "far", "contract": "sink", "worker": 1, "capacity": 8 },
                  { "name": "wet", "contract": "sink", "worker": 1,
                    "overload": { "high": 3, "low": 1, "policy": "reject" } },
                  { "name": "heir", "contract": "edges", "worker": 0 },
                  { "name": "other", "contract": "edges", "worker": 1 },
                  { "name": "deep", "contract": "sink", "worker": 1, "capacity": 100000 } ] }
  ]
}
END
near=1.2.1 far=2.1.1 wet=2.2.1 deep=2.4.1
full=1 timeout=5 deadlock=6 too_big=11 limit=14

begin "$conf"
while read -r -t 20 -u "$says" line && [[ $line != *'is running'* ]]; do
    echo "$line"
done
cat <&"$says" >"$dir/log" &
reader=$!

call() { # ACTOR METHOD [JSON]
    answer=$("$axsup" call "$conf" "$@" 2>&1)
    return 0
}

# call_is EXPECTED ACTOR METHOD [JSON]
call_is() {
    local want=$1
    shift
    call "$@"
    # shellcheck disable=SC2053 # a pattern
    [[ $answer == $want ]]
    verdict $? "$*: $answer instead of $want"
}

# Asks again until the answer is as expected; for what comes by itself.
becomes() { # EXPECTED ACTOR METHOD [JSON]
    local want=$1 deadline=$((SECONDS + patience))
    shift
    # shellcheck disable=SC2053 # a pattern
    while call "$@" && [[ $answer != $want ]] && ((SECONDS < deadline)); do
        read -r -t 0.05 <>"$dir/never"
    done
    # shellcheck disable=SC2053
    [[ $answer == $want ]]
    verdict $? "$*: $answer never became $want"
}
mkfifo "$dir/never"

# sum of parts: not in 32 bits
call_is "{\"error\":$too_big}" e part_of_4g

# what no config could say of an actor
call_is '{"taken":0}' e spawn_wrong

# timers until the turn is full; it can still be ended, and all that were set go off
call_is "{\"error\":$limit,\"set\":*,\"cancel\":$limit}" e timers
set=${answer#*\"set\":} set=${set%%,*}
((set > 1000))
verdict $? "only $set timers in a turn"
becomes "{\"replies\":0,\"timeouts\":0,\"ticks\":$set}" e answers

# asks until there is no room: as many replies as were sent, and no timeout for one that was not
call_is "{\"error\":$full,\"sent\":8}" e asks "{\"to\":\"$near\"}"
becomes "{\"replies\":8,\"timeouts\":0,\"ticks\":$set}" e answers
call_is "{\"error\":$full,\"sent\":8}" e asks "{\"to\":\"$far\"}"
becomes "{\"replies\":16,\"timeouts\":0,\"ticks\":$set}" e answers

# capacity holds within a turn also for a mailbox elsewhere
call_is "{\"error\":$full,\"sent\":8}" e fill "{\"to\":\"$near\"}"
call_is "{\"error\":$full,\"sent\":8}" e fill "{\"to\":\"$far\"}"
becomes '{"notes":8}' far count

# a reply that does not fit is the answerer's failure, or told to it; the asker goes on
call_is '{"error":0,"got":1000}' e ask_large "{\"to\":\"$near\",\"size\":1000}"
call_is '{"error":0,"got":0}' e ask_large "{\"to\":\"$near\",\"size\":100000}"
call_is '{"error":0,"got":0}' e ask_large "{\"to\":\"$far\",\"size\":70000}"

# who waits for room in its own mailbox waits for itself, and the chain is named
call_is "{\"error\":$deadlock}" e wait_own
"$axsup" call "$conf" e ping >/dev/null
grep -q 'deadlock: e -> e would wait for itself' "$dir/log"
verdict $? 'the deadlock is not named'

# a worker stands still: the lane to it is full and stays so. Two wait for room there with deadlines,
# others go on meanwhile, and both get a timeout, once.
all=$("$axsup" status --json "$conf")
[[ $all =~ \"name\":\"w/1\"[^\}]*\"pid\":([0-9]+) ]] && stopped=${BASH_REMATCH[1]}
kill -STOP "$stopped"
call_is "{\"error\":$full,\"sent\":*}" e fill "{\"to\":\"$deep\"}"
"$axsup" call "$conf" e2 wait_for "{\"to\":\"$deep\",\"ms\":300}" >"$dir/e2" 2>&1 &
waiter=$!
call_is "{\"error\":$timeout}" e wait_for "{\"to\":\"$deep\",\"ms\":100}"
wait "$waiter"
[[ $(<"$dir/e2") == "{\"error\":$timeout}" ]]
verdict $? "e2 wait_for: $(<"$dir/e2")"
call_is '{"pings":*}' e ping
call_is '{"pings":*}' e2 ping
# and one of the two gets room when there is some
"$axsup" call "$conf" e2 wait_for "{\"to\":\"$deep\",\"ms\":10000}" >"$dir/e2" 2>&1 &
waiter=$!
call_is '{"pings":*}' e ping
kill -CONT "$stopped"
stopped=
wait "$waiter"
[[ $(<"$dir/e2") == '{"error":0}' ]]
verdict $? "e2 wait_for when there was room: $(<"$dir/e2")"

# the high watermark is for mail from elsewhere too
kill -STOP "${BASH_REMATCH[1]}"
stopped=${BASH_REMATCH[1]}
for _ in 1 2 3 4 5; do
    call e fill "{\"to\":\"$wet\"}"
done
kill -CONT "$stopped"
stopped=
becomes '{"notes":[1-9]*}' wet count
"$axsup" events --json "$conf" 2>/dev/null | grep -q overload
verdict $? 'mail from another worker never was too much'
call_is '{"error":*,"sent":*}' e fill "{\"to\":\"$wet\"}"
[[ $answer != *'"sent":0'* ]]
verdict $? "the mark stays although the mailbox is empty: $answer"

# a configured actor ends, and its name goes to one in another worker; a restart of its worker, and
# one of the heir's, change nothing in that
call_is '{"pings":1}' heir ping
"$axsup" send "$conf" heir quit
becomes '*AX_E_NO_ACTOR*' heir ping
call_is '{"error":0}' other bear '{"name":"heir"}'
call_is '{"pings":1}' heir ping
for worker in w/0 w/0 w/1; do
    "$axsup" restart "$conf" "$worker" >/dev/null
    verdict $? "restart $worker"
    call_is '{"pings":*}' e ping
    call_is '{"pings":*}' heir ping
    call_is '{"error":8}' e bear '{"name":"heir"}'
done

# a child that a handler forks has nothing of the worker's memory to write to
"$axsup" send "$conf" e2 child
for _ in 1 2 3; do
    call_is '{"pings":*}' e2 ping
done
all=$("$axsup" status --json "$conf")
[[ $all =~ \"name\":\"w/0\"[^\}]*\"incarnation\":([0-9]+) ]]
verdict $((BASH_REMATCH[1] != 3)) "w/0 is at incarnation ${BASH_REMATCH[1]} after a child was forked"

# work that never ends does not keep the system from stopping in order
"$axsup" send "$conf" e spin
"$axsup" stop "$conf" >/dev/null
verdict $? 'stop'
wait "$pid"
verdict $? "run ended with status $?"
pid=
wait "$reader"
grep -q '0 workers killed' "$dir/log"
verdict $? "$(tail -n 1 "$dir/log")"

# what a worker that stands still has not read is mail, and is told as left
begin "$conf"
while read -r -t 20 -u "$says" line && [[ $line != *'is running'* ]]; do
    echo "$line"
done
cat <&"$says" >"$dir/log" &
reader=$!
all=$("$axsup" status --json "$conf")
[[ $all =~ \"name\":\"w/1\"[^\}]*\"pid\":([0-9]+) ]] && stopped=${BASH_REMATCH[1]}
kill -STOP "$stopped"
for _ in 1 2 3; do
    "$axsup" send "$conf" deep note '{"data":""}'
    verdict $? 'send to a worker that stands still'
done
all=$("$axsup" status --json "$conf")
[[ $all =~ \"name\":\"w/1\"[^\}]*\"mail\":3 ]]
verdict $? "three messages in a lane are no mail: $all"
"$axsup" stop "$conf" >/dev/null 2>&1
wait "$pid"
pid='' stopped=
wait "$reader"
grep -q 'has stopped: 3 messages left, 1 worker killed, 3 dead letters' "$dir/log"
verdict $? "$(tail -n 1 "$dir/log")"

echo "$passed passed, $failed failed"
((failed == 0))
