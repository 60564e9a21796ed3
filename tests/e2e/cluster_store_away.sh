#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A lease store that does not answer: when a node starts, which waits for it or, as its config says, ends;
# and later. Logs and events tell, of a server as of the node whose memory it is.
# not-with-sanitizers: leases_redis and cluster_unlike have the stores

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/away.XXXXXX") || exit

# configured NODE STORE_WAIT
configured() {
    config "$1" '"store_wait": "'"$2"'", "lease_ttl": "600ms", "lease_margin": "60ms",
    "registries": [ { "name": "counters", "shards": 24 } ]' "$(counting)"
}

# ends NODE STORE_WAIT: the system stops by itself, and says that it is for the store.
ends() {
    configured "$1" "$2"
    "$axsup" run "$dir/$1.json" >"$dir/$1.log" 2>&1 </dev/null
    [[ $? == 1 ]] && grep -q "error axsup: the system stops: its lease store has not answered for $2" "$dir/$1.log"
    verdict $? "$1 has not ended for its store: $(<"$dir/$1.log")"
}

# news NODE: what its events say of the store.
news() {
    "$axsup" events "$dir/$1.json" --json | grep -o '"event":"store_[^}]*' |
        sed -n 's/.*"event":"\(store_[a-z]*\)".*"store":"\([^"]*\)"\(,"why":"\([^"]*\)"\)\?.*/\1 \2 \4/p' |
        sed 's/ *$//' | paste -sd ';'
}

# tells NODE NEWS
tells() {
    local got deadline=$((SECONDS + patience))
    # shellcheck disable=SC2053
    until got=$(news "$1") && [[ $got == $2 ]] || ((SECONDS >= deadline)); do
        read -r -t 0.05 <>"$dir/never"
    done
    # shellcheck disable=SC2053
    [[ $got == $2 ]]
    verdict $? "the news of $1: $got, not $2; $(tail -n 5 "$dir/$1.log")"
}

# anew NODE: its gateway dies, and another process has begun.
anew() {
    local first deadline=$((SECONDS + patience))
    first=$(pid_of "$1" gateway/0)
    "$axsup" kill "$dir/$1.json" gateway
    until [[ $(pid_of "$1" gateway/0) =~ ^[0-9]+$ && ${BASH_REMATCH[0]} != "$first" ]] ||
        ((SECONDS >= deadline)); do :; done
    [[ ${BASH_REMATCH[0]-} =~ ^[0-9]+$ && ${BASH_REMATCH[0]} != "$first" ]]
    verdict $? "there is no gateway of $1 behind $first: $(tail -n 5 "$dir/$1.log")"
}

silent='the lease store does not answer: no session: node a'
silences() { grep -c "$silent" "$dir/$1.log"; }

# silent_again NODE BEFORE: until it has logged once more than so often that its store is.
silent_again() {
    local deadline=$((SECONDS + patience))
    until (($(silences "$1") > $2 || SECONDS >= deadline)); do
        read -r -t 0.05 <>"$dir/never"
    done
    (($(silences "$1") > $2))
    verdict $? "$1 has not logged it again: $silent; $(tail -n 5 "$dir/$1.log")"
}

# stays WHY: a, begun at $began, does not end within 5 s.
stays() {
    while kill -0 "${pids[a]}" 2>/dev/null && ((SECONDS < began + 5)); do
        read -r -t 0.1 <>"$dir/never"
    done
    "$axsup" status "$dir/a.json" >"$dir/out" 2>&1
    verdict $? "a has ended though $1: $(<"$dir/out"); $(tail -n 3 "$dir/a.log")"
}

# ---- the memory of a node ----

mkfifo "$dir/never"
name_nodes a b
configured a 20s
ends b 3s
grep -q 'warn gateway/0 gateway: the lease store does not answer: no session: node a' "$dir/b.log"
verdict $? "b does not log why: $(<"$dir/b.log")"
configured b 0s
start b
tells b 'store_down memory of a no session: node a'
start a # which gives no lease for lease_ttl
tells a 'store_up memory of a'
tells b 'store_down memory of a no session: node a;store_up memory of a'
become '*"state":"held"*' leases "$dir/b.json" --json
anew b
become '*"state":"held"*' leases "$dir/b.json" --json
tells b 'store_down memory of a no session: node a;store_up memory of a'
stop a
tells b '*;store_up memory of a;store_down memory of a no session: node a'
before=$(silences b)
anew b
silent_again b "$before"
tells b '*;store_up memory of a;store_down memory of a no session: node a'
stop b

# ---- more leases at once than there is room for events, and a node that says no ----

nodes=(a)
configured a 3s
sed -i 's|"shards": 24|"shards": 600|; s|"shutdown"|"events": 64, &|' "$dir/a.json"
start a
began=$SECONDS
become '*"state":"held"*' leases "$dir/a.json" --json
stays "it has leases"
nodes=(a b)
configured b 0s
start b
tells b 'store_down memory of a *: node a'
grep -q 'gateway: the lease store does not answer: .*allowed.*: node a' "$dir/b.log"
verdict $? "b does not log that a says no: $(tail -n 3 "$dir/b.log")"
stop_all

# ---- a server ----

lease_store redis || {
    stop_all
    echo "$passed passed, $failed failed"
    exit $((failed > 0))
}
{ kill -KILL "$server" && wait "$server"; } 2>/dev/null
nodes=(a)
ends a 700ms
configured a 0s
start a
tells a "store_down redis ax/ redis 127.0.0.1:$listen: *"
serve redis
tells a 'store_down *;store_up redis ax/'
become '*"state":"held"*' leases "$dir/a.json" --json
stop a

# What has answered once is waited for.
configured a 3s
start a
began=$SECONDS
tells a 'store_up redis ax/'
{ kill -KILL "$server" && wait "$server"; } 2>/dev/null
tells a 'store_up *;store_down *'
stays "its store had answered"
serve redis
tells a 'store_up *;store_down *;store_up *'
become '*"state":"held"*' leases "$dir/a.json" --json

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
