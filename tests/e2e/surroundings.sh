#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What axsup is started in and what is done to it from outside: signals that come early or are
# ignored by whoever starts it, a standard error that nobody reads, a config that has changed since,
# clients that come before the system does, a run directory that is somebody else's.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup plugins=$AX_BUILD/tests/plugins
dir=$(mktemp -d "${TMPDIR:-/tmp}/around.XXXXXX") || exit
skipped=0
mkfifo "$dir/never" || exit

# until_true TEXT COMMAND...: waits up to a minute.
until_true() {
    local text=$1 deadline=$((SECONDS + patience))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || break
        read -r -t 0.02 <>"$dir/never"
    done
    ((SECONDS < deadline))
    verdict $? "$text"
}

# ended STATUS: waits for the system.
ended() {
    local status
    wait "$pid"
    status=$?
    pid=
    [[ $status == "$1" ]]
    verdict $? "the system ended with $status, not $1: $(cat "$dir/log")"
    [[ ! -e $dir/run ]]
    verdict $? "the run directory is left: $(ls "$dir/run" 2>&1)"
}

try() { # STATUS PATTERN ARGUMENT...
    local want=$1 pattern=$2 out status
    shift 2
    out=$("$axsup" "$@" 2>&1 </dev/null)
    status=$?
    # shellcheck disable=SC2053
    [[ $status == "$want" && $out == $pattern ]]
    verdict $? "axsup $*: $status: $out"
}

conf=$dir/around.json
write_conf() { # PLUGIN [TIMEOUT]
    cat >"$conf" <<END
{ "system": "around", "run_dir": "run",
  "workers": [
    { "name": "a", "plugin": "$1", "load_timeout": "${2:-20s}", "rerandomize": 0,
      "restart": { "max": 100000, "backoff": ["0s", "0s"] },
      "actors": [ { "name": "t", "contract": "trouble" } ] } ] }
END
}
cp "$plugins/trouble.so" "$dir"
write_conf trouble.so

# ---- whoever starts it ignores the ends of children ----

env --ignore-signal=CHLD "$axsup" run "$conf" >"$dir/log" 2>&1 </dev/null &
pid=$!
try 0 '' send "$conf" t add '{"by":4}' # at once: a client waits for a system that starts
try 0 '' restart "$conf" a
try 0 '{"value":4}' call "$conf" t get
try 0 '' stop "$conf"
ended 0

# ---- a signal while plugins load ----

write_conf "$plugins/load_hang.so" 500ms
for signal in TERM INT HUP; do
    env --default-signal="$signal" "$axsup" run "$conf" >"$dir/log" 2>&1 </dev/null &
    pid=$!
    until_true 'the run directory is made' test -s "$dir/run/lock"
    kill "-$signal" "$pid"
    ended 0
    grep -q 'was told to stop before it ran' "$dir/log"
    verdict $? "SIG$signal while plugins load: $(cat "$dir/log")"
done

# ---- mistakes of plugins and of the run directory are told in one run ----

write_conf trouble.so
"$axsup" run "$conf" >"$dir/log" 2>&1 </dev/null &
pid=$!
try 0 '*' status "$conf"
sed 's/"contract": "trouble"/"contract": "trubble"/' "$conf" >"$dir/second.json"
try 2 "*run_dir: *is in use by a living system (pid $pid)*contract: *did you mean trouble*" \
    run "$dir/second.json"

# ---- the config is no longer what it was ----

mv "$dir/trouble.so" "$dir/trouble.so.old"
sed -i 's/"load_timeout"/"load_timeuot"/' "$conf"
try 2 '*no such plugin*load_timeuot*' check "$conf"
try 0 '' send "$conf" t add '{"by":1}'
try 0 '{"value":1}' call "$conf" t get
try 0 '' stop "$conf"
ended 0
echo '{ "system": "around", "run_dir"' >"$conf"
try 2 "$conf:2:*" stop "$conf"
mv "$dir/trouble.so.old" "$dir/trouble.so"
write_conf trouble.so

# ---- only a socket that nobody listens at makes room for another ----

listening=$dir/listening.json
sed "s|\"run_dir\"|\"listen\": { \"in\": \"$dir/in\" }, &|" "$conf" >"$listening"
echo 'not to be lost' >"$dir/in"
mkdir -m 700 "$dir/run"
echo 'nor this' >"$dir/run/control"
for command in check run; do
    try 2 "*:1:*: run_dir: *run/control is a regular file, not a socket*" "$command" "$listening"
    try 2 "*:1:*: listen.in: $dir/in is a regular file, not a socket*" "$command" "$listening"
done
[[ $(<"$dir/in") == 'not to be lost' && $(<"$dir/run/control") == 'nor this' ]]
verdict $? 'a file that was no socket is gone'
rm "$dir/in" "$dir/run/control"
mkdir "$dir/in"
try 2 "*listen.in: $dir/in is a directory, not a socket" check "$listening"
rmdir "$dir/in" "$dir/run"
: >"$dir/log"
"$axsup" run "$listening" >>"$dir/log" 2>&1 </dev/null &
pid=$!
until_true 'a system that listens runs' grep -q 'is running' "$dir/log"
{ kill -KILL "$pid" && wait "$pid"; } 2>/dev/null
nobody_listens() { ! grep -q -e "$dir/in\$" -e "$dir/run/control\$" /proc/net/unix; }
until_true 'its workers end as well, and what the kernel held for it' nobody_listens
[[ -S $dir/in && -S $dir/run/control ]]
verdict $? 'a system that is killed leaves its sockets'
try 0 '' check "$listening"
: >"$dir/log"
"$axsup" run "$listening" >>"$dir/log" 2>&1 </dev/null &
pid=$!
until_true 'a system that listens runs' grep -q 'is running' "$dir/log"
try 0 '' stop "$listening"
wait "$pid"
verdict $? "a system beside stale sockets: $(cat "$dir/log")"
pid=
[[ ! -e $dir/in && ! -e $dir/run/control ]]
verdict $? 'a system that stops leaves its sockets'
rm -rf "$dir/run"

# ---- a client that had no time to ask before its place was given away asks again ----

# serves TURN...: stands in for the system; to each client it does one thing: close at once, or when its
# request has come, or some time after that, read the request and close, or answer it. Says "read" for
# each request that it has read, and its timeout before.
serves() {
    exec python3 - "$dir/run/control" "$@" <<'END'
import json, select, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
print("ready", flush=True)
for turn in sys.argv[2:]:
    client = server.accept()[0]
    if turn in ("close_late", "close_after_600ms"):
        client.recv(1, socket.MSG_PEEK)
    if turn == "close_after_600ms":
        select.select([], [], [], 0.6)
    if turn in ("read", "answer"):
        request = b""
        while not request.endswith(b"\n"):
            request += client.recv(65536)
        print(json.loads(request)["timeout_ns"], "read", flush=True)
    if turn == "answer":
        client.sendall(b'{"ok":true,"result":{"value":7}}\n')
    client.close()
END
}

# given STATUS PATTERN READ TURN...: what a call ends with where the system does that.
given() {
    local status=$1 pattern=$2 read=$3
    shift 3
    rm -rf "$dir/run" "$dir/served"
    mkdir -m 700 "$dir/run"
    serves "$@" >"$dir/served" 2>&1 &
    pid=$!
    until_true 'somebody stands in for the system' grep -qs ready "$dir/served"
    try "$status" "$pattern" call "$conf" t get --timeout "$timeout"
    { kill "$pid" && wait "$pid"; } 2>/dev/null
    pid=
    [[ $(grep -c read\$ "$dir/served") == "$read" ]]
    verdict $? "clients that are given $*: not $read requests were read: $(<"$dir/served")"
}
timeout=5s
given 0 '{"value":7}' 1 close close_late close answer
given 3 'axsup: around: the system has gone away (run_dir *' 1 close read answer
given 3 'axsup: around: the system has gone away (run_dir *' 0 close close_late
given 0 '{"value":7}' 1 close_after_600ms answer
left=$(sed -n 's/ read$//p' "$dir/served")
((left > 0 && left <= 4400000000))
verdict $? "after 600 ms of a timeout of 5 s it asks again with $left ns"
timeout=500ms
given 1 'axsup: around: the system does not answer (AX_E_TIMEOUT)' 0 close_after_600ms answer
rm -rf "$dir/run"

# ---- nobody reads what it says ----

mkfifo "$dir/full"
exec {pipe}<>"$dir/full"
dd if=/dev/zero of="$dir/full" oflag=nonblock bs=4096 count=1000 2>/dev/null
"$axsup" run "$conf" 2>"$dir/full" >"$dir/log" </dev/null &
pid=$!
try 0 '' send "$conf" t add '{"by":3}'
try 0 '' kill "$conf" a SEGV
try 0 '' restart "$conf" a
try 0 '' send "$conf" t say '{"text":"to nobody"}'
try 0 '{"value":3}' call "$conf" t get
dd if="$dir/full" iflag=nonblock bs=4096 count=1000 >"$dir/read" 2>/dev/null # somebody reads again
try 0 '' send "$conf" t say '{"text":"to somebody"}'
try 0 '{"value":3}' call "$conf" t get
try 0 '' stop "$conf"
ended 0
said=
while read -r -t 20 -u "$pipe" line && said+=$line$'\n' && [[ $line != *' has stopped: '* ]]; do :; done
[[ $said == *' warn axsup: '*' lines are missing here: standard error did not take them'* ]]
verdict $? "how much axsup did not write: $said"
[[ $said == *' warn a/0 ax: '*' lines are missing here: standard error did not take them'$'\n'*'to somebody'* ]]
verdict $? "how much the worker did not write: $said"
exec {pipe}<&-

echo "$passed passed, $failed failed, $skipped skipped"
((passed && !failed))
