#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Several durable actors of a worker, each of which waits for others most of the time: what they send
# is what they were given, also where they had to wait for room, and their process died meanwhile; and
# each await outlives a process, whoever of them had been answered, and not gone on, when it was
# killed. What plain actors send is what they were given as well, whatever becomes of it while they
# wait.

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
    { "name": "p", "plugin": "$plugin",
      "actors": [ { "name": "p0", "contract": "porter" }, { "name": "p1", "contract": "porter" } ] },
    { "name": "f", "plugin": "$plugin", "actors": [ { "name": "from", "contract": "shelf" } ] },
    { "name": "t", "plugin": "$plugin",
      "actors": [ { "name": "to", "contract": "shelf", "capacity": 2 } ] } ] }
END
begin "$conf"
said '* is running: *' || exit

for p in p0 p1; do
    "$axsup" send "$conf" "$p" carry '{"count":500,"size":5900}'
    "$axsup" send "$conf" "$p" check '{"count":500,"size":5900}'
done
for p in p0 p1; do
    become '{"carried":1000}' call "$conf" "$p" "done"
done
become '{"puts":1000,"wrong":0}' call "$conf" to seen

for c in c0 c1 c2 c3; do
    "$axsup" send "$conf" "$c" carry '{"count":2000,"size":5900}'
done
for ((i = 0; i < 50; i++)); do
    "$axsup" kill "$conf" w >"$dir/killed" 2>&1 # or it is being started
done
for c in c0 c1 c2 c3; do
    become '{"fetched":2000}' call "$conf" "$c" "done"
done
become '{"puts":9000,"wrong":0}' call "$conf" to seen

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
