#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Between axsup and the machine: memory that there is not, a terminal that is closed, standard
# input and outputs that are closed.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/machine.XXXXXX") || exit
conf=$dir/machine.json
mkfifo "$dir/never" || exit

# seen: the system in $pid has come so far that commands wait for it, and then runs.
seen() {
    local deadline=$((SECONDS + patience))
    until [[ -s $dir/run/lock ]] || ((SECONDS >= deadline)); do
        read -r -t 0.02 <>"$dir/never"
    done
    become '*: running, pid *' status "$conf"
}

# write_conf WORKER [SYSTEM]: a system of one entry, with these keys besides.
write_conf() {
    cat >"$conf" <<END
{ "system": "machine", "run_dir": "run", ${2-}
  "workers": [
    { "name": "w", "plugin": "$AX_BUILD/plugins/counter.so", $1
      "actors": [ { "name": "c", "contract": "counter" } ] } ] }
END
}

try() { # STATUS PATTERN ARGUMENT...
    local want=$1 pattern=$2 out status
    shift 2
    out=$(timeout 20 "$axsup" "$@" 2>&1 </dev/null)
    status=$?
    # shellcheck disable=SC2053
    [[ $status == "$want" && $out == $pattern ]]
    verdict $? "axsup $*: $status: $out"
}

# more memory than any machine has: nothing of it is allocated
write_conf '"count": 63, "arena": "64G",'
too_much="$conf:3:*: workers\[0\].arena: the system takes 41*M of memory when it starts, and there are *M here in all; the largest arenas are 63 times 64G of w"
try 2 "$too_much" check "$conf"
try 2 "$too_much" run "$conf" --for 1s
[[ ! -e $dir/run ]]
verdict $? "the run directory is left"

# what an arena may grow to is not allocated
write_conf '"arena": "1M", "arena_max": "64G",'
try 0 '' check "$conf"

# a limit of memory that is named will do. Where it holds, the sanitizer's shadow has no room.
enough() { # WORKER [SYSTEM]
    local said least
    write_conf "$1 \"limits\": { \"memory\": \"16M\" }," "${2-}"
    said=$("$axsup" check "$conf" 2>&1)
    least=${said##*at least \"} least=${least%%\"*}
    [[ $least =~ ^[0-9]+M$ ]]
    verdict $? "no limit is named: $said"
    write_conf "$1 \"limits\": { \"memory\": \"$least\" }," "${2-}"
    "$axsup" run "$conf" >"$dir/log" 2>&1 </dev/null &
    pid=$!
    seen
    try 0 '{"value":0}' call "$conf" c get
    try 0 '' stop "$conf"
    wait "$pid"
    [[ $? == 0 && $(<"$dir/log") != *'cannot start'* ]]
    verdict $? "a limit of $least: $(<"$dir/log")"
    pid=
}
greedy() {
    sed -e 's/"plugin".*so", /&"limits": { "memory": "24M" },/' -e 's/"actors".*"counter" } \]/"spin_us": 0/' \
        -e "s#plugins/counter.so#tests/plugins/load_greedy.so#" -i "$conf"
}
if [[ $AX_BUILD != */asan ]]; then
    enough ''
    enough '"max_actors": 200000, "max_asks": 65535, "max_memberships": 16000,' '"max_message": "1M",'
    enough '"count": 8, "arena_max": "4G",' '"lane": "1M", "events": 8192,'
    # one that is too little is named as the cause, and the system has not done what it should
    write_conf ''
    greedy
    try 1 '*error w/0 ax: cannot start: *: Cannot allocate memory: its address space is limited to 24M (limits.memory, or ulimit -v)*error axsup: w/0 has never run' \
        run "$conf" --for 2s
fi

# ---- the terminal is closed ----

write_conf ''
hang_up() { # ENV-OPTION: starts a system and sends it SIGHUP
    env "$1" "$axsup" run "$conf" >"$dir/log" 2>&1 </dev/null &
    pid=$!
    seen
    try 0 '' send "$conf" c add '{"by":3}'
    kill -HUP "$pid"
}
hang_up --default-signal=HUP
wait "$pid"
[[ $? == 0 && ! -e $dir/run && $(<"$dir/log") == *'system machine has stopped: 0 messages left'* ]]
verdict $? "SIGHUP: $(<"$dir/log")"
hang_up --ignore-signal=HUP
try 0 '{"value":3}' call "$conf" c get
try 0 '' stop "$conf"
wait "$pid"
verdict $? "SIGHUP that is ignored: $(<"$dir/log")"
pid=

# ---- what is closed at the start ----

# Each of its files and sockets would get a number that others write to.
for closed in '<&- >&- 2>&-' '2>&-' '<&-' '>&- 2>&-'; do
    eval "\"\$axsup\" run \"\$conf\" $closed &"
    pid=$!
    seen
    try 0 '*running*' status "$conf"
    try 0 '' stop "$conf"
    wait "$pid"
    verdict $? "axsup run $closed ended with $?"
done 2>/dev/null
pid=
"$axsup" schema >&- 2>"$dir/log"
[[ $? == 1 && $(<"$dir/log") == 'axsup: standard output: '* ]]
verdict $? "a standard output that is closed: $(<"$dir/log")"

echo "$passed passed, $failed failed"
((passed && !failed))
