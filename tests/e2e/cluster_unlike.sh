#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Nodes whose configs say different things of what all must say alike: the shards of a registry, and
# where leases are. Each side is told by its log and by an event; those that are alike are not.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/unlike.XXXXXX") || exit

registries() { echo "\"registries\": [ { \"name\": \"counters\", \"shards\": $1 }${2-} ]"; }

# of NODE OTHER: what the node has been told of the other's config.
of() {
    "$axsup" events "$dir/$1.json" --json | grep '"config_differs"' |
        sed -n 's/.*"node":"'"$2"'","session":[0-9]*,"why":"\([^"]*\)".*/\1/p' | sort | paste -sd ';'
}

name_nodes a b c d
config a "$(registries 12)" "$(counting)"
config b "$(registries 16)" "$(counting)"
store='{ "memory": { "node": "c" } }'
one='{ "name": "counters", "contract": "counter" }'
config c "$(registries 12 ', { "name": "more", "shards": 3 }')" \
    "$(counting | sed "s/$one/$one, ${one/counters/more}/")"
store='{ "memory": { "node": "a" } }'
config d "$(registries 12)" "$(counting)"
start_all
for node in a b c d; do
    [[ $node != b ]] || continue
    become '*"config_differs"*"node":"'$node'","session":*"why":"counters: 12 shards there, 16 here"*' \
        events "$dir/b.json" --json
    become '*"config_differs"*"node":"b","session":*"why":"counters: 16 shards there, 12 here"*' \
        events "$dir/$node.json" --json
done
become '*"node":"c","session":*"why":"leases: memory of c there, memory of a here"*' events "$dir/a.json" --json
become '*"node":"d","session":*"why":"leases: memory of a there, memory of c here"*' events "$dir/c.json" --json
[[ -z $(of a d) && -z $(of d a) ]]
verdict $? "nodes that are alike: $(of a d), $(of d a)"
grep -q 'node b is configured in another way.* counters: 16 shards there, 12 here' "$dir/a.log"
verdict $? "a's log says so too: $(tail -n 9 "$dir/a.log")"
stop_all

# One that has no peers keeps leases for itself alone: it need not wait for what it gave before.
nodes=(a)
store='{ "memory": { "node": "a" } }'
config a "$(registries 12), \"lease_ttl\": \"1h\"" "$(counting)"
nodes=(a b)
config b "$(registries 12), \"lease_ttl\": \"1h\"" "$(counting)"
for life in 1 2; do
    start a
    become '*"state":"held"*' leases "$dir/a.json" --json
    ((life == 2)) || start b
    comes '*"state":"up"*' nodes "$dir/b.json" --json
    become '*"a"*"state":"up"*' nodes "$dir/b.json" --json
    [[ $("$axsup" leases "$dir/b.json" --json) != *'"state":"held"'* ]]
    verdict $? "b has got leases of a: $("$axsup" leases "$dir/b.json" --json)"
    ((life == 1)) || break
    kill -KILL "${pids[a]}"
    wait "${pids[a]}" 2>/dev/null
    while (exec 3<>"/dev/tcp/127.0.0.1/${port[a]}") 2>/dev/null; do :; done
done
grep -q 'node b gets no lease: this node has no peers' "$dir/a.log"
verdict $? "a's log says why: $(tail -n 3 "$dir/a.log")"
stop_all
echo "$passed passed, $failed failed"
((failed == 0))
