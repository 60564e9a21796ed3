# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the scripts in tests/e2e share; they source it. A script has its folder in $dir and the process
# that it has started in $pid; one that leaves more behind has a finish of its own, and one that reads
# a system's output otherwise a said of its own.

failed=0 passed=0 pid=

finish() {
    [[ -n $pid ]] && kill -KILL "$pid" 2>/dev/null
    rm -rf "${dir-}"
}
trap finish EXIT

verdict() { # STATUS TEXT
    if (($1)); then
        echo "FAIL  $2"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}

# ran CHECK inside|between: what tests/SCENARIOS names has been looked at, inside one worker or between
# two; tests/scenarios looks for it.
ran() {
    echo "ran $1 $2"
}

# begin [ARGUMENT...]: axsup run, in $pid; what it says comes on $says.
begin() {
    coproc system { exec "$axsup" run "$@" 2>&1 </dev/null; }
    # shellcheck disable=SC2154 # set by coproc
    pid=$system_PID says=${system[0]}
    exec {says}<&"$says"
}

# said PATTERN: reads what the system says, on $says, until a line matches.
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

# become WANTED COMMAND...: until what a command of axsup says is like this.
become() {
    local wanted=$1 got tries=500
    shift
    # shellcheck disable=SC2053
    while got=$("$axsup" "$@" 2>&1) && [[ $got != $wanted ]] && ((tries--)); do :; done
    # shellcheck disable=SC2053
    [[ $got == $wanted ]]
    verdict $? "axsup $*: $got, not $wanted"
}

# free_ports N: ports of 127.0.0.1 that nobody has now.
free_ports() {
    python3 -c '
import socket, sys
s = [socket.socket() for _ in range(int(sys.argv[1]))]
for x in s: x.bind(("127.0.0.1", 0))
print(*[x.getsockname()[1] for x in s])' "$1"
}

# lease_store KIND: sets $store, the "store" of a cluster's config, and starts the server that it needs
# in $dir, in $server. False: there is no such server here.
server=
lease_store() {
    local port peer
    read -r port peer < <(free_ports 2)
    case $1 in
    memory)
        store='{ "memory": { "node": "a" } }'
        return
        ;;
    redis)
        command -v redis-server >/dev/null || return
        redis-server --port "$port" --bind 127.0.0.1 --dir "$dir" --save '' --maxmemory-policy noeviction \
            >"$dir/redis.log" 2>&1 </dev/null &
        ;;
    etcd)
        command -v etcd >/dev/null || return
        etcd --data-dir "$dir/etcd" --listen-client-urls "http://127.0.0.1:$port" \
            --advertise-client-urls "http://127.0.0.1:$port" --listen-peer-urls "http://127.0.0.1:$peer" \
            --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
            --initial-cluster "default=http://127.0.0.1:$peer" >"$dir/etcd.log" 2>&1 </dev/null &
        ;;
    esac
    server=$!
    # shellcheck disable=SC2034 # for who sources this
    store="{ \"$1\": { \"endpoints\": [ \"127.0.0.1:$port\" ], \"timeout\": \"200ms\" } }"
    until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        kill -0 "$server" || return
    done
}
