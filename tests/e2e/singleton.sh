#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A singleton of the cluster: a supervisor of two, in a registry of one shard, that nobody asks for.
# It lives on the node that has the lease, and so do its children, which act by themselves all the
# time and show when they believe to be alone: whatever stands still, dies or gives its shards away,
# no two nodes act at a time, and it is there again.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/single.XXXXXX") || exit

# The store is kept by a, which is never stopped.
configure() { # NODE
    config "$1" '"lease_ttl": "2s", "lease_margin": "100ms", "suspect": "3s", "dead": "4s",
    "registries": [ { "name": "thrones", "shards": 1, "singletons": [ "'"$dir"'/crown" ] } ]' \
        '{ "name": "ruling", "plugin": "'"$AX_BUILD"'/tests/plugins/leased.so",
      "registries": [ { "name": "thrones", "contract": "crown" } ] }'
}

# last CHILD: its last line; zeros, where there is none.
last() {
    local line
    line=$(tail -n 1 "$dir/crown.$1" 2>/dev/null)
    echo "${line:-0 0 0}"
}

# look: sets epoch, and who: the node, of the last line.
epoch=0 who=
look() {
    local line
    line=$(last two)
    epoch=${line%% *} who=$(node_of "${line##* }" ruling/0)
}

# rules PATTERN: until both children act in an epoch above the last one that was seen, on a node of
# that pattern.
rules() {
    local deadline=$((SECONDS + patience)) child now
    for child in one two; do
        while now=$(last $child) && ! ((${now%% *} > epoch)) && ((SECONDS < deadline)); do
            read -r -t 0.02 <>"$dir/never"
        done
        ((${now%% *} > epoch))
        verdict $? "nobody acts in an epoch above $epoch: \"$now\"; $(tail -n 3 "$dir"/?.log)"
    done
    look
    # shellcheck disable=SC2053
    [[ $who == $1 ]]
    verdict $? "\"$who\" has the singleton, not $1"
}

mkfifo "$dir/never"
name_nodes a b c
for node in a b c; do
    configure $node
    start $node
done

# Nobody has asked for it.
rules '[abc]'

# Given away, with its children first. Who has the store is asked for nothing else from here on.
"$axsup" drain "$dir/a.json" >"$dir/out" 2>&1
verdict $? "drain a: $(<"$dir/out")"
if [[ $who == a ]]; then
    rules '[bc]'
fi
before=$who
"$axsup" drain "$dir/$before.json" >"$dir/out" 2>&1
verdict $? "drain $before: $(<"$dir/out")"
rules "[^a$before]"
become '[]' actors "$dir/$before.json" --contract heir --json
become '[]' actors "$dir/$before.json" --contract crown --json
stop "$before"

# Its process dies: it and its children go on where they were, in the same epoch.
worker=$(pid_of "$who" ruling/0)
kill -KILL "$worker"
deadline=$((SECONDS + patience))
while now=$(last two) && [[ ${now##* } == "$worker" ]] && ((SECONDS < deadline)); do
    read -r -t 0.02 <>"$dir/never"
done
[[ ${now%% *} == "$epoch" && ${now##* } == "$(pid_of "$who" ruling/0)" ]]
verdict $? "after its process has died: \"$now\", of $who in epoch $epoch before"

# Another node could take it, and may do so at once, as it is the one that should have it.
start "$before"
become "*\"node\":\"$who\"*\"state\":\"up\"*" nodes "$dir/$before.json" --json
look

# Its gateway stands still: the lease runs out, and the children see that by themselves.
stands=$who
gateway=$(pid_of "$stands" gateway/0)
kill -STOP "$gateway"
rules "[^a$stands]"
kill -CONT "$gateway"

# Its node dies.
kill -KILL "${pids[$who]}"
wait "${pids[$who]}" 2>/dev/null
unset "pids[$who]"
rules "[^a$who]"
become '{"running":2,*' call "$dir/a.json" "thrones/$dir/crown" children

for child in one two; do
    in_order "$dir/crown.$child" 4 >"$dir/sum"
    verdict $? "$child: $(<"$dir/sum")"
    cat "$dir/sum"
done
ran moves tcp

stop_all

# One that cannot be spawned: nobody has asked for it, so the log says that it is not there.
sed -i 's|"singletons": \[|& "'"$dir"'/other",|; s|"contract": "crown"|"keys": 1, &|' "$dir/a.json"
: >"$dir/a.log"
start a
deadline=$((SECONDS + patience))
until grep -q "warn gateway/0 gateway: the singleton thrones/$dir/[a-z]* cannot be had: .*(AX_E_LIMIT)" "$dir/a.log" ||
    ((SECONDS >= deadline)); do
    read -r -t 0.02 <>"$dir/never"
done
((SECONDS < deadline))
verdict $? "a does not say that a singleton is not there: $(tail -n 5 "$dir/a.log")"
stop a
echo "$passed passed, $failed failed"
((failed == 0))
