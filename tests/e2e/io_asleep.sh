#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A worker that has sent something and parks sleeps on when that has left, but not where somebody
# waits for it, and not when it has not left. One that sleeps on all the same is woken after half a
# second, so each is done often enough to take far too long then. And what a turn has written leaves
# before the worker does anything else.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/asleep.XXXXXX") || exit
conf=$dir/asleep.json
times=60 most=15 # seconds: with half a second each it were twice as long

cat >"$conf" <<END
{
  "system": "asleep", "run_dir": "run",
  "listen": { "door": "127.0.0.1:0", "near": "$dir/near" },
  "workers": [
    { "name": "near", "plugin": "$AX_BUILD/tests/plugins/net.so", "spin_us": 0,
      "restart": { "max": 100, "backoff": ["0ms", "10ms"] },
      "actors": [ { "name": "door", "contract": "door" },
                  { "name": "side", "contract": "door", "args": { "listen": "near" } } ] }
  ]
}
END
begin "$conf"
said '*is running*' || exit 1
[[ $("$axsup" status --json "$conf") =~ \"name\":\"door\",\"address\":\"127.0.0.1:([0-9]+)\" ]]
port=${BASH_REMATCH[1]}

all_of() { # FUNCTION: so many times, before the time is over
    local i end=$((SECONDS + most))
    for ((i = 0; i < times && SECONDS < end; i++)); do
        "$1" || break
    done
    ((i == times))
    verdict $? "$1: $i of $times in $most s"
}

hears() { # PATTERN...: on fd 5
    local line
    for pattern; do
        # shellcheck disable=SC2053
        read -r -t 10 -u 5 line && [[ $line == $pattern ]] || return
    done
}

waits_until_it_has_left() {
    echo push >&5
    hears pushed 'it has left'
}

closes() {
    exec 6<>"/dev/tcp/127.0.0.1/$port"
    echo shut >&6
    [[ $(timeout 10 cat <&6) == bye ]]
}

writes_no_more() {
    echo 'run tail -n 1' >&5 # which says nothing before the end
    hears 'to the child' 'exited: 0'
}

exec 5<>"/dev/tcp/127.0.0.1/$port"
all_of waits_until_it_has_left
all_of closes
all_of writes_no_more

timeout "$most" "$AX_BUILD/tests/e2e/helper_brim" "$dir/near" "$times" >"$dir/brim" 2>&1
verdict $? "what does not fit: $(<"$dir/brim")"

# The worker dies of the next thing that it does.
exec 6<>"/dev/tcp/127.0.0.1/$port"
mkfifo "$dir/nap"
echo "nap $dir/nap" >&5
exec 7>"$dir/nap" # its hook has begun
echo crash >&6
exec 7>&- # and may end
hears slept
verdict $? 'what was written leaves before the next turn'

end_system

echo "$passed passed, $failed failed"
((!failed))
