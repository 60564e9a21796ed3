#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Several durable actors of a worker, each of which waits for others most of the time: what they send
# is what they were given, also where they had to wait for room; and each await outlives a process,
# whoever of them had been answered, and not gone on, when it was killed.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup plugin=$AX_BUILD/tests/plugins/courier.so
dir=$(mktemp -d "${TMPDIR:-/tmp}/couriers.XXXXXX") || exit
conf=$dir/couriers.json
cat >"$conf" <<END
{ "system": "couriers", "run_dir": "run", "shutdown": "2s",
  "workers": [
    { "name": "w", "plugin": "$plugin", "restart": { "max": 1000, "backoff": ["0ms", "0ms"] },
      "actors": [ { "name": "c0", "contract": "courier" }, { "name": "c1", "contract": "courier" },
                  { "name": "c2", "contract": "courier" }, { "name": "c3", "contract": "courier" } ] },
    { "name": "f", "plugin": "$plugin", "actors": [ { "name": "from", "contract": "shelf" } ] },
    { "name": "t", "plugin": "$plugin",
      "actors": [ { "name": "to", "contract": "shelf", "capacity": 2 } ] } ] }
END
begin "$conf"
said '* is running: *' || exit

for c in c0 c1 c2 c3; do
    "$axsup" send "$conf" "$c" carry '{"count":500,"size":5900}'
done
for c in c0 c1 c2 c3; do
    become '{"fetched":500}' call "$conf" "$c" "done"
done
become '{"puts":2000,"wrong":0}' call "$conf" to seen

for c in c0 c1 c2 c3; do
    "$axsup" send "$conf" "$c" fetch '{"count":100000000}'
done
for ((i = 0; i < 100; i++)); do
    "$axsup" kill "$conf" w >"$dir/killed" 2>&1 # or it is being started
done
lost=$("$axsup" events --json "$conf" | grep -c '"event":"await_lost"')
((lost == 0))
verdict $? "$lost awaits were lost"
"$axsup" stop --now "$conf" >"$dir/stopped" 2>&1
wait "$pid"
pid=

echo "$passed passed, $failed failed"
((passed && !failed))
