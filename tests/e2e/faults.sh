#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What the system refuses, and memory that is not there: each time axsup says clearly what it could
# not have, ends with 1, and leaves no process, file or shared memory. Where a template or a worker
# has no memory, it may also say who died, and the next one serves.
# test-timeout: 300

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup refuse=$AX_BUILD/tests/e2e/helper_refuse plugins=$AX_BUILD/tests/plugins
dir=$(mktemp -d "${TMPDIR:-/tmp}/faults.XXXXXX") || exit
trap 'rm -rf "$dir"' EXIT
time=20ms

conf=$dir/conf.json
cat >"$conf" <<END
{ "system": "faults", "run_dir": "run", "shutdown": "2s",
  "workers": [
    { "name": "a", "plugin": "$plugins/trouble.so", "count": 2,
      "restart": { "max": 2 }, "actors": [ { "name": "t", "contract": "trouble" } ] } ] }
END

# Ends when every process that has inherited the pipe is gone.
run() { # COMMAND...
    local -x ASAN_OPTIONS=${ASAN_OPTIONS-}
    [[ $* == *clone* ]] && ASAN_OPTIONS+=:detect_leaks=0 # it needs a process of its own
    out=$("$@" "$axsup" run "$conf" --for "$time" 2>&1)
    status=$?
}

clean() { # TEXT
    [[ ! -e $dir/run ]]
    verdict $? "$1: the run directory is left"
}

run "$refuse" clone EAGAIN --
((status == 77)) && echo "$out" && exit 77

refused() { # PATTERN CALL ERROR...
    local pattern=$1
    shift
    run "$refuse" "$@" --
    # shellcheck disable=SC2053
    [[ $status == [12] && $out == $pattern ]]
    verdict $? "$*: $status: $out"
    clean "$*"
}

refused '*io_uring cannot be used (ENOSYS)*no io_uring*' io_uring_setup ENOSYS
refused '*io_uring cannot be used (EPERM)*kernel.io_uring_disabled*' io_uring_setup EPERM
refused '*io_uring cannot be used (EINVAL)*too old*' io_uring_setup EINVAL
refused '*io_uring cannot be used (ENOMEM)*' io_uring_setup ENOMEM
refused '*cannot make the shared memory private:*bytes): No space left on device: *' fallocate ENOSPC
refused '*cannot make the shared memory private:*Cannot allocate memory: *' fallocate ENOMEM
refused '*lock cannot be written: Cannot allocate memory*' ftruncate ENOMEM
refused '*cannot make the shared memory private:*Too many open files*' memfd_create EMFILE
refused '*cannot make *bell*Too many open files*' eventfd2 EMFILE
refused '*cannot start a template for a: Resource temporarily unavailable*' clone EAGAIN clone3 EAGAIN
refused '*cannot start a template for a: Too many open files*' socketpair EMFILE
refused '*plugin: *no_new_privs*' prctl EPERM
refused '*Too many open files*' signalfd4 EMFILE

# The template lives, its forks are refused: tried as often as the policy wants, then given up.
time=1s
run "$refuse" clone3 EAGAIN --
time=20ms
[[ $out == *'cannot be started: cannot fork: Resource temporarily unavailable'*'a/0 has failed'* ]]
verdict $? "clone3 EAGAIN: $status: $out"
clean 'clone3 EAGAIN'

# ---- the n-th allocation, for each n ----

if [[ $AX_BUILD == */asan ]]; then
    echo 'allocations: the sanitizer has an allocator of its own'
else
    starve() { # OF N COMMAND...
        exec env LD_PRELOAD="$plugins/starve.so" AX_STARVE_OF="$1" AX_STARVE="$2" \
            AX_STARVE_LOG="$log" "${@:3}"
    }
    # each FUNCTION: with the number of each allocation, until there are not so many; they mostly wait,
    # so there are some at a time, each in a folder of its own. Sets n, how many there were, and beyond,
    # whether all have come that far.
    LANES=4
    each() {
        local lane lanes=() ok bad last
        for ((lane = 1; lane <= LANES; lane++)); do
            lane_of "$1" $lane >"$dir/$lane.said" 2>&1 &
            lanes+=($!)
        done
        wait "${lanes[@]}"
        beyond=1 n=100000
        for ((lane = 1; lane <= LANES; lane++)); do
            cat "$dir/$lane.said"
            ok=0 bad=1 last=0
            read -r ok bad last <"$dir/$lane/sum" || beyond=0
            passed=$((passed + ok)) failed=$((failed + bad))
            n=$((last < n ? last : n))
            rm -r "${dir:?}/$lane"
        done
        ((n < 100000)) || beyond=0
        echo "$1: $n allocations"
    }
    lane_of() { # FUNCTION LANE
        local n
        dir=$dir/$2 passed=0 failed=0
        mkdir "$dir" && cp "$conf" "$dir" || exit
        conf=$dir/conf.json log=$dir/starved
        for ((n = $2; n < 100000; n += LANES)); do
            rm -f "$log"
            "$1" "$n"
            clean "$1: allocation $n"
            [[ -e $log ]] || break
        done
        echo "$passed $failed $n" >"$dir/sum"
    }
    of_axsup() { # N
        run starve axsup "$1"
        # it may do without; but then all of it, and where not it says so
        [[ $status == 0 || ($status == [12] && -n $out) ]]
        verdict $? "allocation $1: $status: $out"
    }
    each of_axsup
    ((beyond && n > 100))
    verdict $? "allocations: $n were reached"

    # What was asked of the process that died is canceled, or failed in it.
    asked() {
        local tries
        for ((tries = 0; tries < 5; tries++)); do
            got=$("$axsup" call --timeout 20s "$conf" t get 2>&1)
            [[ $got == *AX_E_* ]] || break
        done
    }
    # Serves it, so does the next one; or the system says why it does not run. Nobody asks one that
    # has ended: a client would wait whether it is about to start.
    serves() { # OF N
        local got='' all='' line='' says pid
        exec {says}< <(starve "$1" "$2" "$axsup" run "$conf" 2>&1 </dev/null)
        pid=$! out=
        while [[ $line != *' is running: '* ]] && read -r -t 20 -u "$says" line; do
            out+=$line$'\n'
        done
        if [[ $line == *' is running: '* ]]; then
            asked
            all=$("$axsup" status --json "$conf" 2>&1)
            "$axsup" stop "$conf" >/dev/null 2>&1
        fi
        wait "$pid"
        status=$? out+=$(cat <&"$says")
        exec {says}<&-
        if [[ $status == [12] ]]; then
            [[ $out == *memory* || $out == *'cannot be '* || $out == *"$plugins"* ]] &&
                [[ $out != *'started a '* ]] # which it has not
        else
            [[ $status == 0 && $got == '{"value":0}' ]] &&
                { [[ $all == *'"restarts":0,'*'"restarts":0,'* ]] ||
                    [[ $out == *' ended '* || $out == *'could not begin'* ]]; }
        fi
        verdict $? "allocation $2 of the $1: $status, $got: $out; $all"
    }
    of_template() { serves template "$1"; }
    of_worker() { serves worker "$1"; }
    each of_template
    ((beyond && n > 24))
    verdict $? "allocations of the template: $n were reached"
    each of_worker
    ((beyond && n > 12))
    verdict $? "allocations of a worker: $n were reached"

    # A system has not begun while its worker waits for the second try: who asks meanwhile waits too.
    slow=$dir/slow.json
    sed 's/"max": 2/"max": 2, "backoff": ["300ms", "1s"]/' "$conf" >"$slow"
    log=$dir/starved
    starve worker 11 "$axsup" run "$slow" >"$dir/out" 2>&1 </dev/null &
    pid=$!
    until grep -q 'restart in' "$dir/out" || [[ ! -d /proc/$pid ]]; do :; done
    all=$("$axsup" status --json "$slow" 2>&1)
    [[ $all == *'"state":"starting",'*'"state":"backoff",'* ]]
    verdict $? "the system waits for its worker: $all"
    got=$("$axsup" call "$slow" t get 2>&1)
    [[ $got == '{"value":0}' ]]
    verdict $? "a call in the first backoff: $got"
    "$axsup" stop "$slow" >/dev/null 2>&1
    wait "$pid"
    clean 'a call in the first backoff'
fi

echo "$passed passed, $failed failed"
((!failed))
