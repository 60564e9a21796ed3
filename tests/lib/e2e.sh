# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the scripts in tests/e2e share; they source it. A script has its folder in $dir and the process
# that it has started in $pid; one that leaves more behind has a finish of its own, and one that reads
# a system's output otherwise a said of its own.

failed=0 passed=0 pid=
patience=${AX_PATIENCE:-60} # seconds that what must come is waited for

finish() {
    [[ -n $pid ]] && kill -KILL "$pid" 2>/dev/null
    rm -rf "${dir-}"
}
trap finish EXIT

verdict() { # STATUS TEXT
    if (($1)); then
        echo "FAIL  $2"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}

# ran CHECK inside|between|tcp: what tests/SCENARIOS names has been looked at, inside one worker, between
# two, or between nodes; tests/scenarios looks for it.
ran() {
    echo "ran $1 $2"
}

# begin [ARGUMENT...]: axsup run, in $pid; what it says comes on $says.
begin() {
    coproc system { exec "$axsup" run "$@" 2>&1 </dev/null; }
    # shellcheck disable=SC2154 # set by coproc
    pid=$system_PID says=${system[0]}
    exec {says}<&"$says"
}

# said PATTERN: reads what the system says, on $says, until a line matches.
said() {
    local line
    while read -r -t 20 -u "$says" line; do
        echo "$line" >>"$dir/log"
        # shellcheck disable=SC2053
        [[ $line == $1 ]] && passed=$((passed + 1)) && return 0
    done
    verdict 1 "the system never said: $1"
    cat "$dir/log"
    return 1
}

# end_system: stops the one of $conf, which is $pid, and waits for its end.
end_system() {
    "$axsup" stop "$conf"
    verdict $? 'stop'
    wait "$pid" 2>/dev/null
    pid=
}

# become WANTED COMMAND...: until what a command of axsup says is like this.
become() {
    local wanted=$1 got deadline=$((SECONDS + patience))
    shift
    # shellcheck disable=SC2053
    while got=$("$axsup" "$@" 2>&1) && [[ $got != $wanted ]] && ((SECONDS < deadline)); do :; done
    # shellcheck disable=SC2053
    [[ $got == $wanted ]]
    verdict $? "axsup $*: $got, not $wanted"
}
