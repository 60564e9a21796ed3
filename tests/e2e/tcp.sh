#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Two nodes on loopback, and what is between them: how many connections for how many messages, which
# of them has what, what the kernel does for them, that nobody on the way reads what goes by, and that
# who has another token, or none, is kept out, and that a node whose connections break is down long
# before its silence would say so. Node b is reached through a relay, which keeps all that it has
# seen.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/tcp.XXXXXX") || exit

read -r -a ports < <(free_ports 7)

auth() { [[ -n $1 ]] && echo "\"token_file\": \"$1\"," || echo '"allow_insecure_auth": true,'; }

# config NODE PORT PEERS TOKEN [MORE]: without a token it takes whoever comes. $dead: not 200s.
config() {
    cat >"$dir/$1.json" <<END
{ "system": "$1", "run_dir": "$dir/$1", "shutdown": "10s",
  "cluster": { "node": "$1", "listen": "127.0.0.1:$2", "peers": { $3 }, $(auth "$4")
    "suspect": "100s", "dead": "${dead:-200s}", "redial": [ "20ms", "100ms" ],
    "store": { "memory": { "node": "$1" } }${5-} },
  "workers": [
    { "name": "counting", "plugin": "$AX_BUILD/plugins/counter.so",
      "actors": [ { "name": "counter", "contract": "counter" } ] },
    { "name": "traveling", "plugin": "$AX_BUILD/tests/plugins/traveler.so",
      "actors": [ { "name": "traveler", "contract": "traveler" } ] },
    { "name": "ends", "plugin": "$AX_BUILD/tests/plugins/distance.so", "actors": [
        { "name": "end", "contract": "distance_end", "capacity": 65536 },
        { "name": "near", "contract": "distance" } ] } ] }
END
}

# relay PORT TO: what comes to one port goes on to the other, and is in $dir/seen.
relay() {
    PYTHONPATH=$AX_ROOT/tests/lib exec python3 -B -c '
import socket, sys
from wire import wire
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
seen = open(sys.argv[3], "ab", buffering=0)
while True:
    near = listener.accept()[0]
    try:
        far = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    except OSError:
        near.close()
        continue
    wire(near, far, seen)
' "$1" "$2" "$dir/seen"
}

# sockets NODE [bytes]: what its gateway has.
sockets() {
    "$AX_BUILD/tests/e2e/helper_sockets" "$(pid_of "$1" gateway/0)" "${@:2}"
}

"$axsup" keygen --token "$dir/token" || exit
"$axsup" keygen --token "$dir/other" || exit
config a "${ports[0]}" "\"b\": \"127.0.0.1:${ports[2]}\"" token
dead=210s config b "${ports[1]}" "\"a\": \"127.0.0.1:${ports[3]}\"" token \
    ', "keepalive": { "idle": "11s", "interval": "12s", "probes": 13 }'
config c "${ports[4]}" "\"a\": \"127.0.0.1:${ports[0]}\"" other
config d "${ports[5]}" "\"e\": \"127.0.0.1:${ports[6]}\"" token
config e "${ports[6]}" "\"d\": \"127.0.0.1:${ports[5]}\"" ''
relay "${ports[2]}" "${ports[1]}" &
pids[to_b]=$!
relay "${ports[3]}" "${ports[0]}" &
pids[to_a]=$!
start a
start b
for node in a b; do
    become '*"state":"up"*' nodes "$dir/$node.json" --json
done

# ---- two connections ----

before=$(sockets a)
if (($? == 77)); then
    echo 'skipped: the kernel does not lend the descriptors of another process'
    exit 77
fi
out=$("$axsup" call "$dir/a.json" near tells '{"node":"b","count":20000}' --timeout 100s)
[[ $out == *'"lost":0}' ]]
verdict $? "20000 tells: $out"
sockets a bytes >"$dir/earlier"
out=$("$axsup" call "$dir/a.json" near asks '{"node":"b","count":1000}' --timeout 100s)
[[ $out == '{"median_ns":'* ]]
verdict $? "1000 asks: $out"
# Asks, of 64 bytes and more, go by the data connection, where b says nothing; it answers by the other one.
sockets a bytes | paste "$dir/earlier" - | awk '{ print $5 - $2, $6 - $3 }' | sort -rn >"$dir/gone"
awk 'NR == 1 { asks = $1 >= 64000 && $2 == 0 } NR == 2 { answers = $1 < 64000 && $2 >= 64000 }
    END { exit !asks || !answers }' "$dir/gone"
verdict $? "of 1000 asks and their answers each connection sent, and received: $(<"$dir/gone")"
ran answers_by_control tcp
[[ $(wc -l <<<"$before") == 2 && $(sockets a) == "$before" ]]
verdict $? "21000 messages had these connections: $before; and at the end: $(sockets a)"

# ---- what the kernel does for them ----

# What is sent and not acknowledged breaks a connection when the other node would be down by silence.
[[ $(sockets a | grep -c ' keepalive=1 idle=30 interval=10 probes=5 user_timeout=200000$') == 2 ]]
verdict $? "a, which says 200 s of silence and nothing of keepalive, has: $(sockets a)"
[[ $(sockets b | grep -c ' keepalive=1 idle=11 interval=12 probes=13 user_timeout=210000$') == 2 ]]
verdict $? "b, which says 210 s, and 11 s, 12 s, 13, has: $(sockets b)"
ran keepalive tcp

# ---- nobody reads what goes by ----

secret=who-listens-must-not-read-this
out=$("$axsup" call "$dir/a.json" traveler add_at \
    "{\"node\":\"b\",\"name\":\"$secret\",\"by\":1,\"timeout_ns\":5000000000}" --timeout 20s)
[[ $out == '{"error":3,"value":0}' ]]
verdict $? "who is not there: $out"
become "*\"target\":\"$secret\"*" deadletters "$dir/b.json" --json
(($(wc -c <"$dir/seen") > 20000 * 64))
verdict $? "the relay has seen $(wc -c <"$dir/seen") bytes"
for text in "$secret" "$(<"$dir/token")"; do
    ! grep -aqF "$text" "$dir/seen"
    verdict $? "$text can be read on the way"
done
ran unread tcp

# ---- who has another token ----

start c
become '*"event":"auth_refused"*' events "$dir/a.json" --json
[[ $("$axsup" nodes "$dir/c.json" --json) != *'"state":"up"'* ]]
verdict $? "c, of another token, is up: $("$axsup" nodes "$dir/c.json" --json)"
[[ $("$axsup" nodes "$dir/a.json" --json) != *'"c"'*'"state":"up"'* ]]
verdict $? "a has c, of another token: $("$axsup" nodes "$dir/a.json" --json)"
ran another_token tcp

# ---- who has none ----

start d
start e
for node in d e; do
    become '*"event":"auth_refused"*' events "$dir/$node.json" --json
done
for node in d e; do
    [[ $("$axsup" nodes "$dir/$node.json" --json) == *'"state":"down"'* ]]
    verdict $? "$node of d, with a token, and e, without, has: $("$axsup" nodes "$dir/$node.json" --json)"
done
ran token_on_one_side tcp

# ---- an ask that takes long ----

rests='{"node":"b","key":0,"rest_ns":100000000000,"count":0,"size":0}'
[[ $("$axsup" call "$dir/a.json" near flood "$rests") == '{"taken":0,"error":0}' ]]
verdict $? "the end of b rests"
"$axsup" call "$dir/a.json" near seen '{"node":"b","key":0}' --timeout 100s >"$dir/slow" 2>&1 &
pids[slow]=$!
out=$("$axsup" call "$dir/a.json" traveler add_at \
    '{"node":"b","name":"counter","by":1,"timeout_ns":50000000000}' --timeout 50s)
[[ $out == '{"error":0,"value":1}' ]] && kill -0 "${pids[slow]}"
verdict $? "another actor of b is asked meanwhile: $out; $(<"$dir/slow")"
ran slow_ask tcp

# ---- a node dies ----

# By its connections: its silence would be told after 100 s, for which nothing here waits.
[[ $("$axsup" call "$dir/a.json" traveler watch_at '{"node":"b","name":"counter"}') == '{"error":0}' ]]
verdict $? "a watches an actor of b"
before=$("$axsup" sessions "$dir/a.json" --json)
[[ $before == '[{"node":"b","session":"b@boot-'*',"version":1,'* ]]
verdict $? "a has a session with b: $before"
kill -KILL "${pids[b]}"
wait "${pids[b]}" 2>/dev/null
unset "pids[b]"
become '{"downs":1,"reason":"node down","restarts":false}' call "$dir/a.json" traveler seen '{}'
become '*"event":"node_down"*' events "$dir/a.json" --json
ran node_down tcp

# Nothing is left of its session, and it comes with another one.
become '[]' sessions "$dir/a.json" --json
become '*{"node":"b",*"state":"down",*}*' nodes "$dir/a.json" --json
freed "${ports[1]}"
start b
become '[{"node":"b","session":"b@boot-*,"version":1,*' sessions "$dir/a.json" --json
got=$("$axsup" sessions "$dir/a.json" --json)
[[ ${got%%-session-*} != "${before%%-session-*}" ]]
verdict $? "b comes again as what it was: $got, and before: $before"
ran forgotten tcp

nodes=(a b c d e)
stop_all

echo "$passed passed, $failed failed"
((failed == 0))
