#!/bin/bash
# SPDX-License-Identifier: MIT
#
# rolling [memory|redis|etcd]: three nodes are restarted one after another, as ax_cluster(7) says, by
# SIGTERM and by axsup drain and axsup stop, while actors of all nodes call others by their keys. No
# call fails that is tried again until its deadline, and what was acknowledged is there. AX_ROLLS says
# how many times all are restarted both ways (default: 1). test-timeout: 300

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup kind=${1-memory} keys=24
dir=$(mktemp -d "${TMPDIR:-/tmp}/rolling.XXXXXX") || exit
export ROLLING=$dir/books
mkdir "$ROLLING"
touch "$ROLLING/calls"

lease_store "$kind" || exit 77

configure() { # NODE
    config "$1" '"lease_ttl": "2s", "lease_margin": "200ms", "dead": "10s",
    "registries": [ { "name": "notes", "shards": 12 } ]' \
        '{ "name": "noting", "plugin": "'"$AX_BUILD"'/tests/plugins/rolling.so",
      "registries": [ { "name": "notes", "contract": "noter" } ] },
    { "name": "calling", "plugin": "'"$AX_BUILD"'/tests/plugins/rolling.so", "actors": [
        { "name": "caller1", "contract": "caller" },
        { "name": "caller2", "contract": "caller" },
        { "name": "caller3", "contract": "caller" } ] }'
}

calls() { wc -l <"$ROLLING/calls"; }

# goes_on WHAT: so many calls more come to their end as there are callers, twice.
goes_on() {
    local goal=$(($(calls) + 18)) until=$((SECONDS + patience))
    while (($(calls) < goal && SECONDS < until)); do :; done
    (($(calls) >= goal))
    verdict $? "$1: calls do not go on; $(tail -n 3 "$dir"/?.log)"
}

# Each key has an actor elsewhere, which answers, while the node still runs.
hand_over() { # NODE
    local key
    "$axsup" drain "$dir/$1.json" --within 30s >"$dir/out" 2>&1
    verdict $? "drain $1: $(<"$dir/out")"
    [[ $("$axsup" actors "$dir/$1.json" --contract noter --json) == '[]' ]]
    verdict $? "$1 has actors when it is drained: $("$axsup" actors "$dir/$1.json" --contract noter)"
    for ((key = 0; key < keys; key++)); do
        comes '{"epoch":*' call "$dir/$1.json" "notes/key-$key" note '{"id":1}'
        ((failed == 0)) || exit 1
    done
    [[ $("$axsup" leases "$dir/$1.json" --json) == '[]' ]]
    verdict $? "$1 has shards when it is drained: $("$axsup" leases "$dir/$1.json")"
    goes_on "$1 is drained"
    "$axsup" stop "$dir/$1.json" >"$dir/out" 2>&1
    verdict $? "stop $1: $(<"$dir/out")"
}

# restart NODE HOW. All who call may wait for a key that has no owner yet, so that no call need come to
# its end within one restart; each then goes on.
meanwhile=0
restart() {
    local before node
    before=$(calls)
    case $2 in
    SIGTERM) kill -TERM "${pids[$1]}" ;;
    drain) hand_over "$1" ;;
    esac
    wait "${pids[$1]}"
    verdict $? "$2: $1 ends with status $?: $(tail -n 9 "$dir/$1.log")"
    [[ $(tail -n 1 "$dir/$1.log") == *'has stopped: '*' 0 workers killed'* ]]
    verdict $? "$2: $1 ends so: $(tail -n 9 "$dir/$1.log")"
    start "$1"
    for node in "${nodes[@]}"; do
        connected "$node"
    done
    echo "$1, $2: $(($(calls) - before)) calls"
    meanwhile=$((meanwhile + $(calls) - before))
    goes_on "$1 is back"
}

# Calls that have no outcome yet have it by their deadline.
at_rest() {
    local node i
    for node in "${nodes[@]}"; do
        for i in 1 2 3; do
            comes '{"idle":true}' call "$dir/$node.json" "caller$i" rest
        done
    done
}

name_nodes a b c
for node in "${nodes[@]}"; do
    configure "$node"
done
start_all
goes_on 'the beginning'

for ((roll = 0; roll < ${AX_ROLLS:-1}; roll++)); do
    for how in SIGTERM drain; do
        for node in c b a; do # who has the store last
            restart $node $how
        done
    done
done
((meanwhile > 0))
verdict $? "no call came to its end while any node was restarted"
at_rest
stop_all

# The keys' books, and then what callers were told.
awk '
    FILENAME !~ /calls$/ {
        key = FILENAME
        sub(/.*\//, "", key)
        seen[key, $1, $2, $3]++
        notes[key, $2] += $1 == "note"
        lives += $1 == "begin"
        ends += $1 == "end"
        next
    }
    $1 == "failed" { failed++; print "failed: " $0 }
    $1 == "done" {
        done++
        again += $5 - 1
        longest = $6 > longest ? $6 : longest
        if (!seen[$3, "note", $2, $4]) { lost++; print "not there: " $0 }
        if (notes[$3, $2] > $5) { twice++; print "noted " notes[$3, $2] " times: " $0 }
    }
    END {
        print done " calls done, " again " tries in vain, the longest call took " longest " ms; " \
            lives " lives of actors, " ends " ended in order"
        exit failed || lost || twice || !done || !ends
    }' "$ROLLING"/key-* "$ROLLING/calls" >"$dir/sum"
verdict $? "$(head -n 20 "$dir/sum")"
tail -n 1 "$dir/sum"

echo "$passed passed, $failed failed"
((failed == 0))
