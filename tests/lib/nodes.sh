# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the scripts that run nodes of a cluster on loopback share. Those in tests/e2e source it behind
# e2e.sh; others have a folder in $dir, and look after what they have started themselves.

: "${patience:=60}"
declare -A pids=() # of nodes by name, and of whatever else a script has started
declare -A port=() # of nodes by name
nodes=()
store='{ "memory": { "node": "a" } }' # of configs
server=                               # of leases, where there is one

finish() {
    local each
    for each in "${!pids[@]}"; do
        kill -KILL "${pids[$each]}" 2>/dev/null
    done
    [[ -n $server ]] && kill -KILL "$server" 2>/dev/null
    wait
    rm -rf "$dir"
}

# free_ports N: ports of 127.0.0.1 that nobody has now.
free_ports() {
    python3 -c '
import socket, sys
s = [socket.socket() for _ in range(int(sys.argv[1]))]
for x in s: x.bind(("127.0.0.1", 0))
print(*[x.getsockname()[1] for x in s])' "$1"
}

# begin_server WHAT COMMAND...: runs the command, which starts a server at the port $listen, $server, and
# may give it the port $peer too, until there is one. Not at all: it ends the script.
begin_server() {
    local tries
    for tries in 1 2 3; do # somebody may be faster at a port
        read -r listen peer < <(free_ports 2)
        "${@:2}"
        until (exec 3<>"/dev/tcp/127.0.0.1/$listen") 2>/dev/null; do
            kill -0 "$server" 2>/dev/null || continue 2
        done
        return 0
    done
    echo "FAIL  a server of $1 has ended $tries times: $(tail -n 3 "$dir/server.log")"
    exit 1
}

# serve KIND: starts a server of leases at the port $listen, in $server.
serve() {
    case $1 in
    redis)
        redis-server --port "$listen" --bind 127.0.0.1 --dir "$dir" --save '' \
            --maxmemory-policy noeviction >"$dir/server.log" 2>&1 </dev/null &
        ;;
    etcd)
        etcd --data-dir "$dir/etcd" --listen-client-urls "http://127.0.0.1:$listen" \
            --advertise-client-urls "http://127.0.0.1:$listen" --listen-peer-urls "http://127.0.0.1:$peer" \
            --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
            --initial-cluster "default=http://127.0.0.1:$peer" >"$dir/server.log" 2>&1 </dev/null &
        ;;
    esac
    server=$!
}

# has_kind KIND: whether this build has that kind of store, or says that it has not.
has_kind() {
    echo "{ \"cluster\": { \"store\": { \"$1\": {} } } }" >"$dir/kind.json"
    [[ $("$axsup" check "$dir/kind.json" 2>&1) != *"store.$1: left out of this build"* ]] && return
    echo "skipped: $1 is left out of this build"
    return 1
}

# lease_store KIND [TIMEOUT]: sets $store, the "store" of a cluster's config, and starts the server that
# it needs. False: there is no such server here, or no such kind in this build, which it says; a server
# that does not run ends the script.
lease_store() {
    local program=$1
    [[ $1 == memory ]] && return
    [[ $1 == etcd ]] || program=redis-server
    has_kind "$1" || return
    command -v $program >/dev/null || {
        echo "skipped: there is no $program here: make deps"
        return 1
    }
    begin_server "$1" serve "$1"
    store="{ \"$1\": { \"endpoints\": [ \"127.0.0.1:$listen\" ], \"timeout\": \"${2-200ms}\" } }"
}

# name_nodes NODE...: those that the script is about, each with a port, and a token for all.
name_nodes() {
    local ports i=0 node
    nodes=("$@")
    read -r -a ports < <(free_ports $#)
    for node; do
        port[$node]=${ports[i++]}
    done
    "$axsup" keygen --token "$dir/token" || exit
}

# config NODE CLUSTER WORKERS [MORE]: writes $dir/NODE.json, of a node that knows all others; what is
# given is more of the cluster, the workers, and more of the system, as it stands in a config.
config() {
    local peers='' other
    for other in "${nodes[@]}"; do
        [[ $other == "$1" ]] || peers+="${peers:+, }\"$other\": \"127.0.0.1:${port[$other]}\""
    done
    cat >"$dir/$1.json" <<END
{ "system": "$1", "run_dir": "$dir/$1", "shutdown": "10s",${4:+ $4,}
  "cluster": { "node": "$1", "listen": "127.0.0.1:${port[$1]}", "peers": { $peers },
    "token_file": "token", "store": $store,
    $2 },
  "workers": [
    $3 ] }
END
}

# counting TRAVELER...: workers, for config: a counter, an actor of the registry "counters" for each key,
# and travelers with these names, who ask them.
counting() {
    local actors='' name
    for name; do
        actors+="${actors:+, }{ \"name\": \"$name\", \"contract\": \"traveler\" }"
    done
    cat <<END
{ "name": "counting", "plugin": "$AX_BUILD/plugins/counter.so",
      "actors": [ { "name": "counter", "contract": "counter" } ],
      "registries": [ { "name": "counters", "contract": "counter" } ] },
    { "name": "traveling", "plugin": "$AX_BUILD/tests/plugins/traveler.so",
      "actors": [ $actors ] }
END
}

# counters NODE: how many counters there are on it.
counters() {
    "$axsup" actors "$dir/$1.json" --json | grep -o '"contract":"counter"' | wc -l
}

# start NODE
start() {
    "$axsup" run "$dir/$1.json" >>"$dir/$1.log" 2>&1 </dev/null &
    pids[$1]=$!
}

# comes WANTED COMMAND...: as become, also where the command fails at first.
comes() {
    local got wanted=$1 until=$((SECONDS + patience))
    shift
    # shellcheck disable=SC2053
    until got=$("$axsup" "$@" 2>&1) && [[ $got == $wanted ]] || ((SECONDS >= until)); do :; done
    # shellcheck disable=SC2053
    [[ $got == $wanted ]]
    verdict $? "axsup $*: $got, not $wanted; $(for n in "${nodes[@]}"; do tail -n 5 "$dir/$n.log"; done)"
}

# connected NODE: until it runs and is connected with all others.
connected() {
    local node wanted='*'
    for node in "${nodes[@]:1}"; do
        wanted+='"state":"up"*'
    done
    comes "$wanted" nodes "$dir/$1.json" --json
}

start_all() {
    local node
    for node in "${nodes[@]}"; do
        start "$node"
    done
    for node in "${nodes[@]}"; do
        connected "$node"
    done
}

# pid_of NODE WORKER
pid_of() {
    "$axsup" status "$dir/$1.json" --json |
        sed -n 's|.*"name":"'"$2"'"[^}]*"pid":\([0-9]*\).*|\1|p'
}

# gateways_live NODE...: the first that each had.
gateways_live() {
    local node
    for node; do
        [[ $("$axsup" status "$dir/$node.json" --json) == *'"gateway/0"'*'"restarts":0,'* ]]
        verdict $? "the gateway of $node has died: $(grep gateway/0 "$dir/$node.log")"
    done
}

# freed PORT: until nobody has it, for the last process of a node that was killed ends after its axsup.
freed() {
    local until=$((SECONDS + patience))
    while (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && ((SECONDS < until)); do :; done
    ((SECONDS < until))
    verdict $? "somebody still has the port $1"
}

# lose NODE: all of it dies.
lose() {
    kill -KILL "${pids[$1]}"
    wait "${pids[$1]}" 2>/dev/null
    unset "pids[$1]"
    freed "${port[$1]}"
}

# count NODE NAME: what it counts.
count() {
    "$axsup" counts "$dir/$1.json" --json 2>/dev/null |
        sed -n 's/.*"count":"'"$2"'","value":\([0-9]*\).*/\1/p'
}

# node_of PID WORKER: of which node that is the worker; nothing: of none that runs.
node_of() {
    local node
    for node in "${nodes[@]}"; do
        [[ $1 == "$(pid_of "$node" "$2" 2>/dev/null)" ]] && echo "$node" && return
    done
}

# acts: asks for the key $file, of tests/plugins/leased, until that has lines of an epoch above the last
# one that was seen, in $epoch.
epoch=0
acts() {
    local deadline=$((SECONDS + patience)) line=0 now=0
    until ((${now:-0} > epoch || SECONDS >= deadline)); do
        "$axsup" call "$dir/a.json" "leases/$file" epoch --timeout 5s >/dev/null 2>&1
        line=$(tail -n 1 "$file" 2>/dev/null)
        now=${line%% *}
    done
    ((${now:-0} > epoch))
    verdict $? "nobody acts in an epoch above $epoch: \"$line\"; $(tail -n 3 "$dir"/?.log)"
    epoch=${now:-0}
}

# in_order FILE LEAST: whether no line "EPOCH TIME ..." of an epoch is of a later time than one of a
# higher epoch, none is without one, and there are as many epochs or more. Says how many, or what is
# wrong.
in_order() {
    sort -n -k2,2 "$1" | awk -v least="$2" '
        $1 == 0 { if (!wrong) print "without a lease at " $2; wrong = 1 }
        $1 < last { if (!wrong) print "epoch " $1 " acts at " $2 ", after " last; wrong = 1 }
        { last = $1 > last ? $1 : last; epochs[$1]++ }
        END { for (e in epochs) n++; print n " epochs, " NR " lines"; exit wrong || n < least }'
}

# stop_all: those that run, the first one last, for it may have the store.
stop_all() {
    local i
    for ((i = ${#nodes[@]} - 1; i >= 0; i--)); do
        [[ -z ${pids[${nodes[i]}]-} ]] || stop "${nodes[i]}"
    done
}

# stop NODE
stop() {
    "$axsup" stop "$dir/$1.json" >"$dir/out" 2>&1
    verdict $? "stop $1: $(<"$dir/out"); $(tail -n 9 "$dir/$1.log")"
    wait "${pids[$1]}"
    unset "pids[$1]"
}
