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

# ---- addresses that are swapped ----

# a dials each of two nodes where the other one is, and is dialled by none. Both ends say so, a once in a
# while of each peer; when it has the right addresses it reaches both.
nodes=(a b c)
for node in a b c; do
    config $node '"redial": [ "5ms", "20ms" ], '"$(registries 12)" "$(counting)"
done
nowhere=$(free_ports 1)
sed -i "s|\"a\": \"[^\"]*\"|\"a\": \"127.0.0.1:$nowhere\"|" "$dir/b.json" "$dir/c.json"
cp "$dir/a.json" "$dir/right.json"
sed -i "s|\"b\": \"[^\"]*\"|\"b\": \"127.0.0.1:${port[c]}\"|
    s|\"c\": \"[^\"]*\"|\"c\": \"127.0.0.1:${port[b]}\"|" "$dir/a.json"
for node in b c a; do
    start $node
done
become "*\"dial_refused\"*\"node\":\"b\",\"address\":\"127.0.0.1:${port[c]}\",\"count\":4}*" events "$dir/a.json" --json
become "*\"dial_refused\"*\"node\":\"c\",\"address\":\"127.0.0.1:${port[b]}\",\"count\":4}*" events "$dir/a.json" --json
refused() { # how many connections b has refused
    "$axsup" events "$dir/b.json" --json | grep -o '"auth_refused"[^}]*"why":"another node is meant"' |
        sed -n 's/.*"count":\([0-9]*\),.*/\1/p' | awk '{ n += $1 } END { print n + 0 }'
}
told() { "$axsup" events "$dir/a.json" --json | grep -o '"dial_refused"' | wc -l; }
deadline=$((SECONDS + patience))
until (($(refused) > 40 || SECONDS >= deadline)); do :; done
(($(refused) > 40))
verdict $? "b has refused few connections of a: $(refused)"
grep -q "node b is not at 127.0.0.1:${port[c]}: another node is there" "$dir/a.log"
verdict $? "a's log says so: $(tail -n 3 "$dir/a.log")"
cp "$dir/right.json" "$dir/a.json"
"$axsup" reload "$dir/a.json" gateway
verdict $? "a gets the right addresses"
connected a
(($(told) <= 2 + 2 * (SECONDS / 10)))
verdict $? "it is told too often: $(told)"
[[ $("$axsup" events "$dir/b.json" --json) != *'"dial_refused"'* ]]
verdict $? "b tells of a, where nobody is: $("$axsup" events "$dir/b.json" --json | grep dial_refused)"
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
    lose a
done
grep -q 'node b gets no lease: this node has no peers' "$dir/a.log"
verdict $? "a's log says why: $(tail -n 3 "$dir/a.log")"
stop_all
echo "$passed passed, $failed failed"
((failed == 0))
