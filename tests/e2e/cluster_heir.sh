#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Without a "give_up" who asks for the key of a node that was killed waits for the next owner, however
# long a lease lasts, and is answered by that.
# not-with-sanitizers: leases and cluster have owners that die

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/cluster.XXXXXX") || exit

name_nodes a b
for node in a b; do
    config $node '"lease_ttl": "3s", "dead": "10s",
    "registries": [ { "name": "counters", "shards": 12 } ]' "$(counting)"
done
start_all

# The memory store gives none for a while when it begins.
deadline=$((SECONDS + patience))
until [[ $("$axsup" leases "$dir/b.json" --json) == *'"state":"held"'* ]] || ((SECONDS >= deadline)); do :; done
keys=() deadline=$((SECONDS + patience))
for ((i = 0; ${#keys[@]} < 3 && SECONDS < deadline; i++)); do
    had=$(counters b)
    "$axsup" call "$dir/a.json" "counters/key$i" get >"$dir/out" 2>&1
    (($(counters b) > had)) && keys+=("key$i")
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

stop a
echo "$passed passed, $failed failed"
((failed == 0))
