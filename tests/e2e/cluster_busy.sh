#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A node takes as many requests as its config says: its own actors are refused what is more, and so
# are other nodes, as long as none has ended. It still finds and spawns the actors of keys.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/busy.XXXXXX") || exit
room=16 # requests of a node; nobody else asks anything meanwhile but for leases, of 12 shards at most

cluster="\"requests\": $room, \"registries\": [ { \"name\": \"counters\", \"shards\": 12 } ]"
ends='{ "name": "end", "contract": "distance_end" }'
for ((i = 0; i <= room; i++)); do
    ends+=", { \"name\": \"near$i\", \"contract\": \"distance\" }"
done
name_nodes a b c
for node in a b c; do
    config $node "$cluster" "$(counting traveler),
    { \"name\": \"ends\", \"plugin\": \"$AX_BUILD/tests/plugins/distance.so\", \"actors\": [ $ends ] }"
done
start_all

# has_shards NODE: within 5 s; which node a shard is placed on is decided by its boot, so it may be none.
has_shards() {
    local until=$((SECONDS + 5))
    until [[ $("$axsup" leases "$dir/$1.json" --json) == *'"state":"held"'* ]] || ((SECONDS >= until)); do :; done
    ((SECONDS < until))
}
for tries in 1 2 3 4 5; do
    has_shards b && break
    lose b
    start b
    connected b
done
((tries < 5))
verdict $? 'b has no shard, whatever its boot'

# seen NODE NEAR [LIMIT]: one of its actors asks the end of b.
seen() {
    "$axsup" call "$dir/$1.json" "near$2" seen '{"node":"b","key":0}' --timeout "${3-20s}"
}

[[ $(seen a 0) == *'"error":0}' && $(seen c 0) == *'"error":0}' ]]
verdict $? 'the end of b is asked by a and c'
rests='{"node":"b","key":0,"rest_ns":1000000000000,"count":0,"size":0}'
[[ $("$axsup" call "$dir/a.json" near0 flood "$rests") == '{"taken":0,"error":0}' ]]
verdict $? 'the end of b rests'
for ((i = 0; i <= room; i++)); do
    seen a $i 1000s >"$dir/seen.a$i" 2>&1 &
    pids[seen.a$i]=$!
done
seen c 1 1000s >"$dir/seen.c1" 2>&1 &
pids[seen.c1]=$!

# answers: of those asks, as they are by now.
answers() {
    cat "$dir"/seen.*
}

# a has one too many for itself, and with that of c there is one too many for b: it may be any of them.
deadline=$((SECONDS + patience))
while (($(answers | wc -l) < 2 && SECONDS < deadline)); do :; done
[[ $(answers) == $'{"messages":0,"error":21}\n{"messages":0,"error":21}' ]] # AX_E_BUSY
verdict $? "of $((room + 2)) asks, for $room of which there is room, these have ended: $(answers)"
ran busy tcp

# Until there are some of b's shards among them.
for ((i = 0; i < 200 && (i < 12 || $(counters b) == 1); i++)); do
    out=$("$axsup" call "$dir/c.json" traveler watch "{\"key\":\"k$i\"}" --timeout 20s)
    [[ $out == '{"error":0}' ]] || break
done
[[ $out == '{"error":0}' ]]
verdict $? "c looks for the key k$i: $out"
(($(counters b) > 1)) # one of them has a name
verdict $? "b has spawned $(counters b) counters"
(($(answers | wc -l) == 2))
verdict $? "asks that a node has in hand have ended: $(answers)"
ran room_for_ensures tcp

echo "$passed passed, $failed failed"
((failed == 0))
