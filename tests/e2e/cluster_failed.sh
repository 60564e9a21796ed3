#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A node whose gateway has failed for good: its own actors go on, each command that needs the gateway says
# what to do, and both "restart" and "reload" bring it back.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/failed.XXXXXX") || exit

name_nodes a b
for node in a b; do
    config $node '"restart": { "max": 0 }, "redial": [ "5ms", "20ms" ],
        "registries": [ { "name": "counters", "shards": 4 } ]' "$(counting traveler)"
done
start_all
up() { become '*"node":"b","address":+([!,]),"state":"up"*' nodes "$dir/a.json" --json; }
up

# says COMMAND...: it ends with 1, and says how the gateway is started.
says() {
    local out status
    out=$("$axsup" "$@" 2>&1)
    status=$?
    [[ $status == 1 && $out == *'gateway/0 has failed: "axsup restart" with its name starts it again'* ]]
    verdict $? "axsup ${*//"$dir/"/}: status $status, $out"
}

# fail_gateway: by SIGKILL, as often as its limit allows, and once more.
fail_gateway() {
    "$axsup" kill "$dir/a.json" gateway
    become '*"name":"gateway/0","slot":3,"pid":null,"state":"failed"*' status "$dir/a.json" --json
}

fail_gateway
for command in nodes sessions shards leases drain; do
    says $command "$dir/a.json"
done
says call "$dir/a.json" counters/k get
says send "$dir/a.json" counters/k inc
become '{"value":0}' call "$dir/a.json" counter get
"$axsup" restart "$dir/a.json" gateway
verdict $? 'restart brings it back'
up
become '{"value":0}' call "$dir/a.json" counters/k get

fail_gateway
"$axsup" reload "$dir/a.json" gateway
verdict $? 'reload brings it back'
up
become '{"value":0}' call "$dir/a.json" counters/k get

# With what the config says by then.
fail_gateway
sed -i "s/127.0.0.1:${port[b]}/127.0.0.1:1/" "$dir/a.json"
"$axsup" reload "$dir/a.json" gateway
verdict $? 'reload brings it back'
become '*"node":"b","address":"127.0.0.1:1",*' nodes "$dir/a.json" --json

# A stop that cannot hand its shards over says so.
fail_gateway
stop_all
grep -q ' warn axsup: the shards were not handed over, as no gateway runs' "$dir/a.log"
verdict $? "a has stopped with its gateway: $(tail -n 5 "$dir/a.log")"
echo "$passed passed, $failed failed"
((failed == 0))
