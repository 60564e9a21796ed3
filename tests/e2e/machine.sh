#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Between axsup and the machine: memory that there is not.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/machine.XXXXXX") || exit
conf=$dir/machine.json

# write_conf WORKER: a system of one entry, with these keys besides.
write_conf() {
    cat >"$conf" <<END
{ "system": "machine", "run_dir": "run",
  "workers": [
    { "name": "w", "plugin": "$AX_BUILD/plugins/counter.so", $1
      "actors": [ { "name": "c", "contract": "counter" } ] } ] }
END
}

try() { # STATUS PATTERN ARGUMENT...
    local want=$1 pattern=$2 out status
    shift 2
    out=$(timeout 20 "$axsup" "$@" 2>&1 </dev/null)
    status=$?
    # shellcheck disable=SC2053
    [[ $status == "$want" && $out == $pattern ]]
    verdict $? "axsup $*: $status: $out"
}

# more memory than any machine has: nothing of it is allocated
write_conf '"count": 63, "arena": "64G",'
too_much="$conf:3:*: workers\[0\].arena: the system takes 41*M of memory when it starts, and there are *M here in all; the largest arenas are 63 times 64G of w"
try 2 "$too_much" check "$conf"
try 2 "$too_much" run "$conf" --for 1s
[[ ! -e $dir/run ]]
verdict $? "the run directory is left"

# what an arena may grow to is not allocated
write_conf '"arena": "1M", "arena_max": "64G",'
try 0 '' check "$conf"

echo "$passed passed, $failed failed"
((passed && !failed))
