#!/bin/bash
# SPDX-License-Identifier: MIT
#
# bench: "axsup bench --json" prints one object that has every figure as a number above 0. How large
# they are is not for a test to say: it shares the machine with others.
# test-timeout: 180, not-with-sanitizers: they are what would be measured

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=${AX_BUILD:?}/axsup

figures='raw_line_rtt_ns raw_ring_msgs_per_s raw_memcpy_bytes_per_s raw_eventfd_rtt_ns
raw_eventfd_rtt_one_core_ns local_ask_ns local_tell_per_s cross_ask_ns cross_ask_ratio
cross_tell_per_s cross_tell_ratio cross_tell_64k_bytes_per_s cross_tell_64k_ratio
cross_ask_64_slots_ns cross_ask_64_slots_ratio cross_ask_parked_ns cross_ask_parked_ratio
cross_ask_parked_one_core_ns cross_ask_parked_one_core_ratio one_core_tell_per_s await_ns
await_durable_ns fiber_switch_ns spawn_ns timer_ns registry_get_ns restart_ns monitor_ns link_ns
downs_ns idle_cpu_ns raw_table_get_ns map_get_ns map_get_ratio map_put_ns actor_idle_bytes
actor_one_message_bytes kill_to_down_ns kill_to_down_1g_ns kill_to_served_ns
kill_to_served_1g_ns commit_ns'

out=$("$axsup" bench --json --quick --rounds 1)
verdict $? 'bench --json --quick'
number='[0-9]+(\.[0-9]+)?'
[[ $out =~ ^\{(\"[a-z0-9_]+\":$number,)*\"[a-z0-9_]+\":$number\}$ ]]
verdict $? "one object of numbers: $out"
for figure in $figures; do
    [[ $out =~ \"$figure\":${number}[,}] && ! $out =~ \"$figure\":0(\.0*)?[,}] ]]
    verdict $? "$figure is there and above 0"
done

out=$("$axsup" bench --json --quick --rounds 3 --only commit_ns)
[[ $out =~ ^\{\"commit_ns\":$number\}$ ]]
verdict $? "--only commit_ns: $out"

for figure in $figures; do
    grep -q "^  $figure " <("$axsup" bench --help)
    verdict $? "--help has $figure"
done

# a bench that is ended leaves nothing of its own, however early and by whatever signal
mkdir "$TMPDIR/bench"
mkfifo "$TMPDIR/never"
ended_by() { # SIGNAL
    local bench deadline=$((SECONDS + patience))
    TMPDIR=$TMPDIR/bench "$axsup" bench --rounds 99 >/dev/null 2>&1 &
    bench=$!
    while all=("$TMPDIR"/bench/*) && [[ ! -e ${all[0]} ]] && ((SECONDS < deadline)); do
        read -r -t 0.01 <>"$TMPDIR/never"
    done
    kill -"$1" "$bench"
    wait "$bench"
    while all=("$TMPDIR"/bench/*) && [[ -e ${all[0]} ]] && ((SECONDS < deadline)); do
        read -r -t 0.05 <>"$TMPDIR/never"
    done
    ((SECONDS < deadline))
    verdict $? "the folder of a bench that was ended by $1: ${all[*]}"
}
ended_by TERM
ended_by KILL

refused() { # WORDS ARGUMENT...
    local words=$1 out status
    shift
    out=$("$axsup" bench "$@" 2>&1)
    status=$?
    [[ $status -eq 2 && $out == *"$words"* ]]
    verdict $? "bench $*: status $status: $out"
}
refused 'did you mean "commit_ns"' --only comit_ns
refused 'must be a number from 1' --rounds none
refused 'is no option' --fast
refused 'takes no argument' fast

[[ -z $(find "${TMPDIR:?}" -name 'axsup-bench*') ]]
verdict $? "left behind: $(find "$TMPDIR" -name 'axsup-bench*')"
echo "$passed passed, $failed failed"
((passed && !failed))
