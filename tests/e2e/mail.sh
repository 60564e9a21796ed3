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
  "system": "mail", "run_dir": "run", "shutdown": "2s", "events": 8192,
  "workers": [
    { "name": "w", "plugin": "$AX_BUILD/tests/plugins/mail.so", "count": 2, "spin_us": 0,
      "actors": [ { "name": "desk0", "contract": "desk", "worker": 0, "control_capacity": 4 },
                  { "name": "desk1", "contract": "desk", "worker": 1, "drain": "1s" },
                  { "name": "heir0", "contract": "clerk", "worker": 0, "initial_snapshot": "legacy" },
                  { "name": "heir1", "contract": "clerk", "worker": 1, "initial_snapshot": "legacy" },
                  { "name": "broken0", "contract": "clerk", "worker": 0, "initial_snapshot": "bad" },
                  { "name": "broken1", "contract": "clerk", "worker": 1, "initial_snapshot": "bad" },
                  { "name": "echo0", "contract": "echo", "worker": 0 },
                  { "name": "echo1", "contract": "echo", "worker": 1 } ] }
  ]
}
END
printf 'silver\0\0\0\0\0\0\0\0\0\0' >"$dir/legacy"
printf 'bad\0\0\0\0\0\0\0\0\0\0\0\0\0' >"$dir/bad"
here=1.1.1 there=2.1.1
declare -A place=([$here]=inside [$there]=between)

begin "$conf"
while read -r -t 20 -u "$says" line && [[ $line != *'is running'* ]]; do
    echo "$line"
done
mkfifo "$dir/never"
cat <&"$says" >"$dir/log" &
reader=$!

# What stateful has dropped, as it was told: the message that failed, and three behind it.
dropped() { # DESK
    local letters clerk wanted='' message
    letters=$("$axsup" deadletters "$conf" --json)
    clerk=$(grep -o "\"target\":\"${1%%.*}\.[^\"]*\"" <<<"$letters" | tail -n 1)
    for message in die note note get; do
        wanted+="*$clerk,\"contract\":\"clerk\",\"message\":\"$message\",\"reason\":\"canceled\""
    done
    # shellcheck disable=SC2053
    [[ $letters == $wanted* ]]
    verdict $? "stateful at $1: dead letters $letters"
    [[ $(grep -o "$clerk," <<<"$letters" | wc -l) == 4 &&
        $("$axsup" status "$conf" --json) == *"\"deadletters\":$(grep -o '"target"' <<<"$letters" | wc -l),"* ]]
    verdict $? "stateful at $1: counted $("$axsup" status "$conf" --json), listed $letters"
}

run() { # TEST DESK
    local answer
    answer=$("$axsup" call "$conf" --timeout 30s desk0 run "{\"test\":\"$1\",\"at\":\"$2\"}" 2>&1)
    [[ $answer == '{"verdict":"ok"}' ]]
    verdict $? "$1 at $2: $answer"
}

late_replies() { # of w/0, where the askers are
    local all
    all=$("$axsup" status "$conf" --json)
    [[ $all =~ \"name\":\"w/0\"[^{}]*\"late_replies\":([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

for name in ${MAIL_TESTS:-forms given_up full fair apart names backoff plain stateful stateful_keeps graceful immediate late_end \
    stale hooks end_in_hook bad_start bad_end bad_hooks snapshots control in_a_row ping reject block refs cycle heir}; do
    for at in "$here" "$there"; do
        late=$(late_replies)
        run "$name" "$at"
        ran "$name" "${place[$at]}"
        [[ $name == stateful ]] && dropped "$at"
        # one ask was given up, and its reply came for nothing
        [[ $name != given_up || $(late_replies) == $((late + 1)) ]]
        verdict $? "given_up at $at: $(late_replies) late replies, after $late"
    done
done

logged() { # PATTERN: sooner or later
    local deadline=$((SECONDS + patience))
    until grep -q "$1" "$dir/log"; do
        ((SECONDS < deadline)) || return
        read -r -t 0.05 <>"$dir/never"
    done
}
logged 'deadlock: ann -> bob -> ann would wait for itself\|deadlock: bob -> ann -> bob would' "$dir/log"
verdict $? 'the cycle in a worker is not named'
logged 'deadlock: .*amy -> bob -> amy waited for itself\|deadlock: .*bob -> amy -> bob waited' "$dir/log"
verdict $? 'the cycle between workers is not named'
logged 'failed in its start: a bad snapshot' "$dir/log"
verdict $? 'the reason of a start that failed is not named'

# Why actors ended, by what the tests do in each worker. In bad_start three cannot be restored, as
# the broken one of the config, and three fail in their start; bad_hooks has three others and bad_end one; late_end alone is told to end
# and not let handle its mail in time.
events=$("$axsup" events "$conf" --json)
while read -r times stop; do
    for slot in 1 2; do
        got=$(grep -o "\"ref\":\"$slot\.[^{}]*\"stop\":\"$stop\"" <<<"$events" | wc -l)
        [[ $got == "$times" ]]
        verdict $? "$got actors of slot $slot ended by $stop, not $times"
    done
done <<END
4 factory panic
7 lifecycle hook panic
1 shutdown deadline exceeded
END
# Of those that were told to end, graceful and late_end alone have time for their mail.
count() { # STOP
    grep -o "\"stop\":\"$1\"" <<<"$events" | wc -l
}
[[ $(count 'shutdown graceful') == 2 && $(count 'shutdown deadline exceeded') == 2 ]] &&
    (($(count 'shutdown immediate') > 10))
verdict $? "those told to end did so by $(grep -o '"stop":"[^"]*"' <<<"$events" | sort | uniq -c)"

for name in w/0 w/1; do
    kill -KILL "$("$axsup" status "$conf" --json |
        sed "s|.*\"name\":\"$name\"[^}]*\"pid\":\([0-9]*\).*|\1|")"
    become "*\"name\":\"$name\",*\"state\":\"running\",*\"restarts\":1,*" status "$conf" --json
done
for at in "$here" "$there"; do
    run heir_again "$at"
done

"$axsup" stop "$conf" >/dev/null
verdict $? 'stop'
wait "$pid"
verdict $? "run ended with status $?"
pid=
wait "$reader"
for desk in desk0 desk1; do
    grep -q "$desk: spawn at the end: shutting down" "$dir/log"
    verdict $? "a spawn of $desk at the end is not refused"
done
ran end inside
((failed)) && tail -n 40 "$dir/log"

echo "$passed passed, $failed failed"
((failed == 0))
