#!/bin/bash
# SPDX-License-Identifier: MIT
#
# test-timeout: 120
#
# Mailboxes, lives, snapshots and refs: each test of tests/plugins/mail/desk.c, with the actors it is
# about in the same worker and in another one.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/mail.XXXXXX") || exit
axsup=$AX_BUILD/axsup conf=$dir/mail.json

cat >"$conf" <<END
{
  "system": "mail", "run_dir": "run", "shutdown": "2s",
  "workers": [
    { "name": "w", "plugin": "$AX_BUILD/tests/plugins/mail.so", "count": 2, "spin_us": 0,
      "actors": [ { "name": "desk0", "contract": "desk", "worker": 0, "control_capacity": 4 },
                  { "name": "desk1", "contract": "desk", "worker": 1, "drain": "1s" },
                  { "name": "echo0", "contract": "echo", "worker": 0 },
                  { "name": "echo1", "contract": "echo", "worker": 1 } ] }
  ]
}
END
here=1.1.1 there=2.1.1

coproc system { exec "$axsup" run "$conf" 2>&1 </dev/null; }
# shellcheck disable=SC2154 # set by coproc
pid=$system_PID says=${system[0]}
exec {says}<&"$says"
while read -r -t 20 -u "$says" line && [[ $line != *'is running'* ]]; do
    echo "$line"
done
cat <&"$says" >"$dir/log" &
reader=$!

for name in ${MAIL_TESTS:-forms given_up full fair plain stateful stateful_keeps graceful immediate late_end \
    stale hooks bad_start bad_end snapshots control ping reject block refs cycle}; do
    for at in "$here" "$there"; do
        answer=$("$axsup" call "$conf" --timeout 30s desk0 run "{\"test\":\"$name\",\"at\":\"$at\"}" 2>&1)
        [[ $answer == '{"verdict":"ok"}' ]]
        verdict $? "$name at $at: $answer"
    done
done

grep -q 'deadlock: ann -> bob -> ann would wait for itself\|deadlock: bob -> ann -> bob would' "$dir/log"
verdict $? 'the cycle in a worker is not named'
grep -q 'deadlock: .*amy -> bob -> amy waited for itself\|deadlock: .*bob -> amy -> bob waited' "$dir/log"
verdict $? 'the cycle between workers is not named'
grep -q 'failed in its start: a bad snapshot' "$dir/log"
verdict $? 'the reason of a start that failed is not named'

# late_end alone was told to end and not let handle its mail in time
late=$("$axsup" events "$conf" --json | grep -o '"stop":"shutdown deadline exceeded"' | wc -l)
[[ $late == 2 ]]
verdict $? "$late actors ended by the deadline of their drain, not 2"

"$axsup" stop "$conf" >/dev/null
verdict $? 'stop'
wait "$pid"
verdict $? "run ended with status $?"
pid=
wait "$reader"
grep -q 'spawn at the end: shutting down' "$dir/log"
verdict $? 'a spawn at the end is not refused'
((failed)) && tail -n 40 "$dir/log"

echo "$passed passed, $failed failed"
((failed == 0))
