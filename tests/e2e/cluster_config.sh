#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A system with "cluster" in its config: what it starts besides, who holds which socket, that its
# gateway is restarted like any worker, and the commands that ask it. What the gateway does with
# other nodes is not looked at here.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/cluster.XXXXXX") || exit

# try STATUS OUTPUT ERRORS COMMAND...: runs axsup; the outputs are patterns of the whole.
try() {
    local want=$1 out=$2 err=$3 status
    shift 3
    "$axsup" "$@" >"$dir/out" 2>"$dir/err" </dev/null
    status=$?
    # shellcheck disable=SC2053 # they are patterns
    [[ $status == "$want" && $(<"$dir/out") == $out && $(<"$dir/err") == $err ]]
    verdict $? "axsup $*: $status, \"$(<"$dir/out")\", \"$(<"$dir/err")\""
}

# config NAME SHUTDOWN MORE: a system of one worker; MORE are keys of the top level.
config() {
    cat >"$dir/$1.json" <<END
{
  "system": "$1", "run_dir": "$dir/$1", "shutdown": "$2", $3
  "workers": [ { "name": "counting", "plugin": "$AX_BUILD/plugins/counter.so",
    "actors": [ { "name": "counter", "contract": "counter" } ],
    "registries": [ { "name": "users", "contract": "counter" } ] } ]
}
END
}

# begin_whole NAME: until it runs.
begin_whole() {
    begin "$dir/$1.json"
    said "*system $1 is running*"
}

# end_now NAME: without waiting for anything.
end_now() {
    try 0 '' '' stop "$dir/$1.json" --now
    said "*system $1 has stopped: *"
    wait "$pid"
    pid=
}

# pid_of CONF WORKER
pid_of() {
    "$axsup" status "$1" --json | sed 's|.*"name":"'"$2"'"[^}]*"pid":\([0-9]*\).*|\1|'
}

# port_of CONF: at which its cluster listens.
port_of() {
    "$axsup" status "$1" --json |
        sed 's|.*"listen":\[{"name":"cluster","address":"127.0.0.1:\([0-9]*\)"}\].*|\1|'
}

# holds PID: how many listening sockets of the port it has.
holds() {
    local fd link count=0
    for fd in "/proc/$1/fd"/*; do
        link=$(readlink "$fd") || continue
        [[ $link == "socket:[$inode]" ]] && count=$((count + 1))
    done
    echo "$count"
}

# ---- secrets ----

umask 0
try 0 '' '' keygen --token "$dir/token"
try 0 '*' '' keygen --key "$dir/key"
public=$(<"$dir/out")
[[ $public =~ ^[0-9a-f]{64}$ && $(<"$dir/key") =~ ^[0-9a-f]{64}$ && $public != "$(<"$dir/key")" ]]
verdict $? "a key pair: $public"
[[ $(<"$dir/token") =~ ^[0-9a-f]{64}$ ]]
verdict $? "a token"
[[ $(stat -c %a "$dir/token" "$dir/key") == $'600\n600' ]]
verdict $? "secrets are for their owner: $(stat -c %a "$dir/token" "$dir/key")"
before=$(<"$dir/token")
try 1 '' "axsup: $dir/token exists, and is not written over: *" keygen --token "$dir/token"
try 1 '' "axsup: $dir/key exists, and is not written over: *" keygen --key "$dir/key"
[[ $(<"$dir/token") == "$before" ]]
verdict $? "a token was written over"
ln -s "$dir/nowhere" "$dir/link"
try 1 '' "axsup: $dir/link exists*" keygen --token "$dir/link"
[[ ! -e $dir/nowhere ]]
verdict $? "a secret was written through a link"
try 1 '' "axsup: $dir/no/token cannot be made: No such file or directory" keygen --token "$dir/no/token"
try 2 '' 'axsup: keygen: the name of the file is empty: *' keygen --token ''
try 2 '' 'axsup: keygen: the name of the file is empty: *' keygen --key ''
try 2 '' '*--token or --key*' keygen "$dir/other"
try 2 '' '*--token or --key*' keygen --token --key "$dir/other"
[[ ! -e $dir/other ]]
verdict $? "a secret of no kind was made"

# ---- a node ----

config a 5s '"cluster": { "node": "alpha", "listen": "127.0.0.1:0" },'
try 2 '' '*cluster.token_file: missing: *' run "$dir/a.json"
ran no_token tcp
config a 5s "\"cluster\": { \"node\": \"alpha\", \"listen\": \"127.0.0.1:0\",
    \"token_file\": \"token\", \"accepted\": [ \"$dir/key\" ], \"key_file\": \"key\",
    \"pins\": { \"beta\": \"$public\" }, \"registries\": [ { \"name\": \"users\", \"shards\": 8 } ] },"
try 0 '' '' check "$dir/a.json"
try 3 '' '*no such system is running*' nodes "$dir/a.json"
try 3 '' '*no such system is running*' drain "$dir/a.json"
begin "$dir/a.json"
said '*system a is running: 2 workers, 2 actors*'
try 0 '{"system":"a","node":"alpha",*"workers":\[{"name":"counting/0",*{"name":"gateway/0",*' '' \
    status "$dir/a.json" --json
port=$(port_of "$dir/a.json")
[[ $port =~ ^[0-9]+$ ]]
verdict $? "it listens at one socket: $port"
inode=$(awk -v port="$(printf ':%04X' "$port")" '$2 ~ port "$" && $4 == "0A" { print $10 }' /proc/net/tcp)
[[ $(holds "$(pid_of "$dir/a.json" counting/0)") == 0 ]]
verdict $? "a worker holds the socket of the cluster"
[[ $(holds "$(pid_of "$dir/a.json" gateway/0)") == 1 ]]
verdict $? "the gateway does not hold its socket"

for what in nodes sessions shards leases; do
    try 0 '*' '' "$what" "$dir/a.json"
    try 0 '\[*\]' '' "$what" "$dir/a.json" --json
done
try 0 '' '' drain "$dir/a.json"
try 0 '' '' drain "$dir/a.json" --within 20s

# It dies like others; meanwhile who connects waits, and commands do.
first=$(pid_of "$dir/a.json" gateway/0)
kill -KILL "$first"
exec {peer}<>"/dev/tcp/127.0.0.1/$port"
verdict $? "nobody is at the socket of a gateway that was killed"
try 0 '\[*\]' '' nodes "$dir/a.json" --json
said '*gateway/0 runs: *incarnation 2*'
[[ $(pid_of "$dir/a.json" gateway/0) != "$first" ]]
verdict $? "it is another process"
exec {peer}>&-
[[ $(port_of "$dir/a.json") == "$port" ]]
verdict $? "it listens elsewhere: $(port_of "$dir/a.json")"
try 0 '' '' restart "$dir/a.json" gateway
said '*gateway/0 runs: *incarnation 3*'
try 0 '{"value":0}' '' call "$dir/a.json" counter get
try 0 '' '' stop "$dir/a.json"
said '*system a has stopped: 0 messages left, 0 workers killed*'
wait "$pid"
verdict $? "it has not stopped by itself"
pid=

# ---- one whose gateway does not answer ----

config b 1s '"cluster": { "node": "b", "listen": "/'"${dir#/}"'/b.socket", "allow_insecure_auth": true },'
begin_whole b
kill -STOP "$(pid_of "$dir/b.json" gateway/0)"
try 1 '' '*AX_E_TIMEOUT*' nodes "$dir/b.json" --timeout 20ms
try 1 '' '*AX_E_TIMEOUT*' drain "$dir/b.json" --within 20ms
try 1 '' '*' stop "$dir/b.json"
said '*the shards were not handed over: *'
said '*system b has stopped: *1 worker*killed*'
wait "$pid"
[[ ! -e $dir/b.socket ]]
verdict $? "its socket is left behind"
pid=

# A stop that is not to wait asks for nothing.
begin_whole b
try 0 '' '' stop "$dir/b.json" --now
said '*system b has stopped: *0 workers killed*'
wait "$pid"
pid=

# ---- a store in a gateway that begins anew ----

# What the process before has given is kept, and its epochs; they would be those of another second.
began=$(date +%s)
d='"cluster": { "node": "d", "listen": "'$dir'/d.socket", "allow_insecure_auth": true,
    "lease_ttl": "1h", "registries": [ { "name": "users", "shards": 8 } ]'
config d 5s "$d },"
begin_whole d
become '*"shard":0,"owner":"d@*,"here":true}*' shards "$dir/d.json" --json
epoch=$("$axsup" shards "$dir/d.json" --json | sed 's|.*"shard":0,[^}]*"epoch":\([0-9]*\).*|\1|')
((epoch > began))
verdict $? "epochs of a store that was empty do not go on from the time of day: $epoch"
until (($(date +%s) > epoch)); do :; done
kill -KILL "$(pid_of "$dir/d.json" gateway/0)"
said '*gateway/0 runs: *incarnation 2*'
become '*"shard":0,"owner":"d@*,"epoch":'"$epoch"',"here":true}*' shards "$dir/d.json" --json
# What is not known is null.
try 0 '' '' drain "$dir/d.json"
try 0 '\[*"shard":0,"owner":null,"epoch":null,"here":false}*\]' '' shards "$dir/d.json" --json
end_now d
grep -q ' warn gateway/0 gateway: allow_insecure_auth: ' "$dir/log"
verdict $? "nothing is said of who is let in"

# A store of several that was started anew does not know what others have: for so long it gives nothing.
config d 5s "$d, \"peers\": { \"e\\\"\": \"/no\\\"\u0001\\\\\" }, \"store\": { \"memory\": { \"node\": \"d\" } } },"
begin_whole d
become '*"state":"*' leases "$dir/d.json" --json
try 0 '\[{"node":"e\\"","address":"/no\\"\\u0001\\\\","state":"down","session":null}\]' '' \
    nodes "$dir/d.json" --json
[[ $("$axsup" leases "$dir/d.json" --json) != *'"state":"held"'* ]]
verdict $? "leases are given that others may have: $("$axsup" leases "$dir/d.json" --json)"
end_now d

# ---- a gateway that cannot begin ----

# It is its process that ends, so it is tried again, and can be started by hand; what is shown is shown
# in parts where messages are small.
cp "$dir/token" "$dir/d.token"
config d 5s "\"max_message\": \"1K\", \"cluster\": { \"node\": \"d\", \"listen\": \"$dir/d.socket\",
    \"token_file\": \"d.token\", \"registries\": [ { \"name\": \"users\", \"shards\": 100 } ] },"
begin_whole d
mv "$dir/d.token" "$dir/gone"
kill -KILL "$(pid_of "$dir/d.json" gateway/0)"
said '*cannot begin: No such file or directory*'
said '*gateway/0 ended with exit status 1*'
mv "$dir/gone" "$dir/d.token"
try 0 '' '' restart "$dir/d.json" gateway
become '{"value":0}' call "$dir/d.json" users/alice get
become '*"shard":99,"state":"held"*' leases "$dir/d.json" --json
end_now d

# ---- as many leases as fit ----

# One that is as large as a smaller one is told to be has room for all, also for one process after another.
config d 5s "$d, \"arena\": \"1M\" },"
sed -i 's|"shards": 8|"shards": 9000|' "$dir/d.json"
try 2 '' '*cluster.arena: 1M is too little for 9000 leases and messages of 64K: at least "*M", *' check "$dir/d.json"
least=$(sed -n 's|.*at least "\([0-9]*M\)".*|\1|p' "$dir/err")
sed -i "s|\"arena\": \"1M\"|\"arena\": \"$least\"|" "$dir/d.json"
try 0 '' '' check "$dir/d.json"
begin_whole d
become '*"shard":8999,"state":"held"*' leases "$dir/d.json" --json
kill -KILL "$(pid_of "$dir/d.json" gateway/0)"
said '*gateway/0 runs: *incarnation 2*'
become '*"shard":8999,"state":"held"*' leases "$dir/d.json" --json
become '*"name":"gateway/0"*"incarnation":2,*' status "$dir/d.json" --json
try 0 '' '*' stop "$dir/d.json" --now # some of so much may be left
said '*system d has stopped: *'
wait "$pid"
pid=

# ---- a gateway that does not come back in time ----

# Actors whose lease has run out end although nobody asks for them, and nobody else knows of them.
config d 5s "${d/1h/1s}, \"heartbeat\": \"200ms\",
    \"restart\": { \"max\": 9, \"backoff\": [ \"60s\", \"60s\" ] } },"
begin_whole d
for key in alice bob carol; do try 0 '{"value":0}' '' call "$dir/d.json" users/$key get; done
become '*"contract":"counter"*"contract":"counter"*"contract":"counter"*"contract":"counter"*' actors "$dir/d.json" --json
kill -KILL "$(pid_of "$dir/d.json" gateway/0)"
become '!(*"contract":"counter"*"contract":"counter"*)' actors "$dir/d.json" --json
become '*"reason":"lease lost"*"reason":"lease lost"*"reason":"lease lost"*' events "$dir/d.json" --json
become '*lease_acquired*shard=0 *' events "$dir/d.json"
end_now d

# ---- a user of its own, and keys that are alike ----

# It speaks with other nodes as somebody who can do little else; the others are who they were.
user=$(id -un) as=''
((EUID == 0)) && user=nobody as=', "user": "nobody"'
config d 5s "$d$as },"
begin_whole d
[[ $(stat -c %U "/proc/$(pid_of "$dir/d.json" gateway/0)") == "$user" &&
    $(stat -c %U "/proc/$(pid_of "$dir/d.json" counting/0)") == $(id -un) ]]
verdict $? "who runs as what: $(ps -o user,args --ppid "$pid")"
# A hash that is no secret takes these two for one.
try 0 '' '' send "$dir/d.json" users/X-MW81Hf3yz-rQ add '{"by":500}'
try 0 '{"value":500}' '' call "$dir/d.json" users/X-MW81Hf3yz-rQ get
try 0 '{"value":0}' '' call "$dir/d.json" users/RcBP0GAf7fe03Z get
end_now d

# ---- several that wait for a drain ----

# It lasts as long as an actor of a key does not end, also where a gateway dies meanwhile; nobody is left
# without an answer.
config d 5s "$d },"
begin_whole d
try 0 '{"value":0}' '' call "$dir/d.json" users/alice get
stopped=$(pid_of "$dir/d.json" counting/0)
kill -STOP "$stopped"
drains=()
for i in 1 2; do
    "$axsup" drain "$dir/d.json" >"$dir/drain.$i" 2>&1 &
    drains+=($!)
done
become '*"state":"draining"*' leases "$dir/d.json" --json
kill -KILL "$(pid_of "$dir/d.json" gateway/0)"
said '*gateway/0 runs: *incarnation 2*'
"$axsup" drain "$dir/d.json" >"$dir/drain.3" 2>&1 &
drains+=($!)
try 1 '' '*AX_E_TIMEOUT*' drain "$dir/d.json" --within 50ms
kill -CONT "$stopped"
for i in 0 1 2; do
    wait "${drains[i]}"
    verdict $? "one of several drains: $(<"$dir/drain.$((i + 1))")"
done
end_now d

# ---- a system without a cluster ----

config c 5s ''
begin_whole c
for what in nodes sessions shards leases drain; do
    try 1 '' 'axsup: c is a system without a cluster: its config has no "cluster"' "$what" "$dir/c.json"
done
[[ $("$axsup" status "$dir/c.json" --json) == *'"node":null'* ]]
verdict $? "it has the name of a node"
try 0 '' '' stop "$dir/c.json"
wait "$pid"
pid=

echo "$passed passed, $failed failed"
((failed == 0))
