#!/bin/bash
# SPDX-License-Identifier: MIT
#
# One of two processes that are the homes of keys is stopped while many new keys are asked for: those
# of the other one are found, the rest not in time, and all when it goes on.
# not-with-sanitizers: cluster and cluster_busy ask for keys that are not there yet

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/keys.XXXXXX") || exit
keys=120

name_nodes a
config a '"give_up": "15s", "ensures": 1024,
    "registries": [ { "name": "counters", "shards": 12 } ]' \
    '{ "name": "counting", "plugin": "'"$AX_BUILD"'/plugins/counter.so", "count": 2,
      "registries": [ { "name": "counters", "contract": "counter" } ] }'
start_all
shards=
for ((i = 0; i < 12; i++)); do
    shards+='*"state":"held"'
done
become "$shards*" leases "$dir/a.json" --json

# ask KEY: what its counter says.
ask() {
    "$axsup" call "$dir/a.json" "counters/k$1" get --timeout 100s 2>&1
}

# found: how many say what they should.
found() {
    grep -lxF '{"value":0}' "$dir"/asked.* | wc -l
}

halted=$(pid_of a counting/0)
kill -STOP "$halted"
for ((i = 0; i < keys; i++)); do
    ask $i >"$dir/asked.$i" &
    pids[ask$i]=$!
done
for ((i = 0; i < keys; i++)); do
    wait "${pids[ask$i]}"
    unset "pids[ask$i]"
done
found=$(found) late=$(grep -l AX_E_TIMEOUT "$dir"/asked.* | wc -l)
((found + late == keys))
verdict $? "of $keys new keys $found are found, and $late not in time: $(sort "$dir"/asked.* | uniq -c)"

# Those that were not belong to the process that was stopped.
kill -CONT "$halted"
for ((i = 0; i < keys; i++)); do
    ask $i >"$dir/asked.$i"
done
(($(found) == keys))
verdict $? "of $keys keys $(found) are found by a process that goes on: $(sort "$dir"/asked.* | uniq -c)"
there=$("$axsup" actors "$dir/a.json" --worker counting/1 --json | grep -o '"contract":"counter"' | wc -l)
((found == there && found > 0 && found < keys))
verdict $? "of $keys new keys, $there of them at home in the one that runs, $found were found"

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
