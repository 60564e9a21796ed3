#!/bin/bash
# SPDX-License-Identifier: MIT
#
# many: as many keys of a registry, over two workers, and entries of a kept map as AX_KEYS says
# (20,000; 1,000,000 by "make many"). Each process that has them is killed: nothing is missing after
# that, and it is said how long the first answer took.
# not-with-sanitizers: registry and maps do the same with less

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup
keys=${AX_KEYS:-20000}
dir=$(mktemp -d "${TMPDIR:-/tmp}/many.XXXXXX") || exit
conf=$dir/many.json
plugins=$AX_BUILD/tests/plugins

# Arenas: a keyed actor with kept state takes less than 1 KiB, an entry of the map less than 256 B.
cat >"$conf" <<END
{ "system": "many", "run_dir": "$dir/run", "shutdown": "60s",
  "workers": [
    { "name": "homes", "plugin": "$plugins/keyed.so", "count": 2, "max_actors": $((keys + 100)),
      "arena": "$((64 + keys / 1024))M",
      "registries": [ { "name": "all", "contract": "keyed", "keys": $keys } ] },
    { "name": "asking", "plugin": "$plugins/keyed.so", "hang_after": "0s",
      "actors": [ { "name": "driver", "contract": "driver" } ] },
    { "name": "mapping", "plugin": "$plugins/maps.so", "hang_after": "0s",
      "arena": "$((64 + keys / 2048))M",
      "actors": [ { "name": "maps", "contract": "maps" } ] } ] }
END

# answer PATTERN ACTOR MESSAGE JSON
answer() {
    local got
    got=$("$axsup" call "$conf" "$2" "$3" "$4" --timeout 200s 2>&1)
    # shellcheck disable=SC2053
    [[ $got == $1 ]]
    verdict $? "$2 $3: $got, not $1"
}

# killed WORKER PATTERN ACTOR MESSAGE JSON: kills it, and how long until it has answered.
killed() {
    local before
    before=$(date +%s%N)
    "$axsup" kill "$conf" "$1" KILL
    answer "${@:2}"
    echo "$1: killed, and answered after $((($(date +%s%N) - before) / 1000000)) ms"
}

begin "$conf"
said '*system many is running*'
fields="\"registry\":\"all\",\"prefix\":\"k\",\"keys\":$keys"
for _ in 1 2; do
    answer "{\"accepted\":$keys,\"error\":0}" driver add "{$fields}"
done
answer "{\"value\":$((2 * keys)),\"found\":$keys,\"incarnations\":$keys,\"wrong\":0}" driver sum "{$fields}"
one="\"registry\":\"all\",\"key\":\"k$((keys - 1))\",\"spawn\":false"
for home in homes/0 homes/1; do
    killed "$home" '{"error":0,"value":2,*' driver get "{$one}"
done
answer "{\"value\":$((2 * keys)),\"found\":$keys,*\"wrong\":0}" driver sum "{$fields}"

"$axsup" send "$conf" maps more "{\"from\":0,\"to\":$keys,\"size\":64}"
become "{\"entries\":$keys,*" call "$conf" maps count --timeout 60s
killed mapping/0 '{"error":0}' maps put '{"key":"azE=","value":"eA=="}'
answer "{\"entries\":$keys,*" maps count '{}'

"$axsup" stop "$conf"
wait "$pid"
verdict $? "it has not stopped by itself"
pid=
echo "$passed passed, $failed failed"
((failed == 0))
