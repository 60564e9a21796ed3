#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Two systems of one name: the one that comes later takes the place of the other, which is not let in
# again when that has gone; who refuses it says so, and it comes back as another boot.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/twin.XXXXXX") || exit

cluster='"redial": ["10ms", "100ms"], "registries": [ { "name": "counters", "shards": 12 } ]'
name_nodes a b twin
nodes=(a b)
config a "$cluster" "$(counting)"
config b "$cluster" "$(counting)"
sed "s/\"system\": \"b\"/\"system\": \"twin\"/; s#$dir/b\"#$dir/twin\"#; s/:${port[b]}\"/:${port[twin]}\"/" \
    "$dir/b.json" >"$dir/twin.json"
start a
start b
comes '*"b"*"state":"up"*' nodes "$dir/a.json" --json
start twin
comes '*"a"*"state":"up"*' nodes "$dir/twin.json" --json
stop twin
become '*"why":"another boot of its name has come since"*' events "$dir/a.json" --json
[[ $("$axsup" nodes "$dir/a.json" --json) != *'"state":"up"'* ]]
verdict $? "a boot that another one has taken the place of: $("$axsup" nodes "$dir/a.json" --json)"
grep -q 'refused .*: another boot of its name has come since' "$dir/a.log"
verdict $? "a's log says why: $(tail -n 3 "$dir/a.log")"
stop b
start b
comes '*"b"*"state":"up"*' nodes "$dir/a.json" --json
stop_all
echo "$passed passed, $failed failed"
((failed == 0))
