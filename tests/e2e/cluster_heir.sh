#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Without a "give_up" who asks for the key of a node that was killed waits for the next owner, however
# long a lease lasts, and is answered by that.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/cluster.XXXXXX") || exit
declare -A pids=()

finish() {
    local node
    for node in "${!pids[@]}"; do
        kill -KILL "${pids[$node]}" 2>/dev/null
    done
    wait
    rm -rf "$dir"
}

# start NODE PORT PEER PORT: the leases are in the memory of a.
start() {
    cat >"$dir/$1.json" <<END
{ "system": "$1", "run_dir": "$dir/$1",
  "cluster": { "node": "$1", "listen": "127.0.0.1:$2", "peers": { "$3": "127.0.0.1:$4" },
    "token_file": "token", "store": { "memory": { "node": "a" } },
    "lease_ttl": "6s", "dead": "10s", "registries": [ { "name": "counters", "shards": 12 } ] },
  "workers": [
    { "name": "counting", "plugin": "$AX_BUILD/plugins/counter.so",
      "registries": [ { "name": "counters", "contract": "counter" } ] } ] }
END
    "$axsup" run "$dir/$1.json" >>"$dir/$1.log" 2>&1 </dev/null &
    pids[$1]=$!
}

# of_b: how many keys b has.
of_b() {
    "$axsup" actors "$dir/b.json" --json | grep -o '"contract":"counter"' | wc -l
}

"$axsup" keygen --token "$dir/token" || exit
read -r one two < <(free_ports 2)
start a "$one" b "$two"
start b "$two" a "$one"
become '*"state":"up"*' nodes "$dir/a.json" --json

# The memory store gives none for a while when it begins.
tries=20000
until [[ $("$axsup" leases "$dir/b.json" --json) == *'"state":"held"'* ]] || ! ((tries--)); do :; done
keys=() tries=2000
until ((${#keys[@]} >= 3)) || ! ((tries--)); do
    had=$(of_b)
    "$axsup" call "$dir/a.json" "counters/key$tries" get >"$dir/out" 2>&1
    (($(of_b) > had)) && keys+=("key$tries")
done
((${#keys[@]} >= 3))
verdict $? "b has ${#keys[@]} keys"

kill -KILL "${pids[b]}"
wait "${pids[b]}" 2>/dev/null
unset 'pids[b]'
become '*"node":"b",*"state":"down"*' nodes "$dir/a.json" --json
for key in "${keys[@]}"; do
    out=$("$axsup" call "$dir/a.json" "counters/$key" get --timeout 60s 2>&1)
    [[ $out == '{"value":0}' ]]
    verdict $? "the first ask for $key: $out"
done

"$axsup" stop "$dir/a.json" --now >"$dir/out" 2>&1
wait "${pids[a]}"
unset 'pids[a]'
echo "$passed passed, $failed failed"
((failed == 0))
