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
    "registries": [ { "name": "counters", "shards": 4 } ]' "$(counting)"
}

# ends NODE: the system stops by itself, and says that it is for the store.
ends() {
    "$axsup" run "$dir/$1.json" >"$dir/$1.log" 2>&1 </dev/null
    [[ $? == 1 ]] && grep -q 'error axsup: the system stops: its lease store has not answered for 700ms' "$dir/$1.log"
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
    until got=$(news "$1") && [[ $got == $2 ]] || ((SECONDS >= deadline)); do :; done
    # shellcheck disable=SC2053
    [[ $got == $2 ]]
    verdict $? "the news of $1: $got, not $2; $(tail -n 5 "$dir/$1.log")"
}

# ---- the memory of a node ----

name_nodes a b
configured a 20s
configured b 700ms
ends b
grep -q 'warn gateway/0 gateway: the lease store does not answer: no session with node a' "$dir/b.log"
verdict $? "b does not log why: $(<"$dir/b.log")"
configured b 0s
start b
tells b 'store_down memory of a no session with node a'
start a # which gives no lease for lease_ttl
tells a 'store_up memory of a'
tells b 'store_down memory of a no session with node a;store_up memory of a'
become '*"state":"held"*' leases "$dir/b.json" --json
stop a
tells b '*;store_up memory of a;store_down memory of a no session with node a'
stop b

# ---- a server ----

lease_store redis || {
    stop_all
    echo "$passed passed, $failed failed"
    exit $((failed > 0))
}
{ kill -KILL "$server" && wait "$server"; } 2>/dev/null
nodes=(a)
configured a 700ms
ends a
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
while kill -0 "${pids[a]}" 2>/dev/null && ((SECONDS < began + 5)); do :; done
"$axsup" status "$dir/a.json" >"$dir/out" 2>&1
verdict $? "a has ended though its store had answered: $(<"$dir/out"); $(tail -n 3 "$dir/a.log")"
serve redis
tells a 'store_up *;store_down *;store_up *'
become '*"state":"held"*' leases "$dir/a.json" --json

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
