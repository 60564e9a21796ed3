#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A periodic timer over the deaths of its process: its moments do not drift, none is told twice and
# none is lost, for what nobody lived to see is counted.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup plugins=$AX_BUILD/tests/plugins
dir=$(mktemp -d "${TMPDIR:-/tmp}/timers.XXXXXX") || exit
conf=$dir/timers.json

moments() {
    local said
    said=$("$axsup" call --timeout 60s "$conf" t look)
    said=${said##*:}
    echo "${said%\}}"
}

cat >"$conf" <<END
{ "system": "timers", "run_dir": "run", "shutdown": "10s",
  "workers": [
    { "name": "w", "plugin": "$plugins/ticker.so",
      "restart": { "policy": "always", "max": 1000, "backoff": ["100ms", "100ms"] },
      "actors": [ { "name": "t", "contract": "ticker" } ] } ] }
END
exec {says}< <(exec "$axsup" run "$conf" 2>&1 </dev/null)
pid=$!
while read -r -t 20 -u "$says" line; do
    [[ $line == *'is running'* ]] && break
done
cat <&"$says" >"$dir/log" &

become '{"error":0}' call "$conf" t begin '{"period_ns":20000000}'
become '{"early":0,"on_time":true,*' call "$conf" t look
become '*"timers":*"every_ns":20000000,"message":"tick"*' inspect "$conf" t --json

# each time it is back on the same moments as before; those of the pause were counted
for life in 2 3 4 5 6; do
    before=$(moments)
    "$axsup" kill "$conf" w >/dev/null
    verdict $? "kill $life"
    become "*\"incarnation\":$life,*" status "$conf" --json
    deadline=$((SECONDS + patience))
    while after=$(moments) && ((after <= before + 4 && SECONDS < deadline)); do :; done
    ((after > before + 4))
    verdict $? "$after moments after the death, $before before it"
    become '{"early":0,"on_time":true,"missed":true,*' call --timeout 60s "$conf" t look
done

# it ends where it is canceled
become '{"error":0,"again":*}' call "$conf" t end
last=$(moments)
become '*"timers":[[]]*' inspect "$conf" t --json
become "*\"moments\":$last}" call "$conf" t look

"$axsup" stop "$conf" >/dev/null
verdict $? "stop"
wait "$pid"
verdict $? "the system's status"
pid=
echo "$passed passed, $failed failed"
((passed && !failed))
