#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What the system refuses, and memory that is not there: each time axsup says clearly what it could
# not have, ends with 1, and leaves no process, file or shared memory.
# test-timeout: 240

set -u
axsup=$AX_BUILD/axsup refuse=$AX_BUILD/tests/e2e/helper_refuse plugins=$AX_BUILD/tests/plugins
dir=$(mktemp -d "${TMPDIR:-/tmp}/faults.XXXXXX") || exit
trap 'rm -rf "$dir"' EXIT
failed=0 passed=0 time=20ms

verdict() { # STATUS TEXT
    if (($1)); then
        echo "FAIL  $2"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}

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

# ---- the n-th allocation: every twelfth, from one that the seed says, or all of them ----

if [[ $AX_BUILD == */asan ]]; then
    echo 'allocations: the sanitizer has an allocator of its own'
else
    log=$dir/starved
    step=12 first=$((1 + ${AX_SEED:=$RANDOM} % 12))
    [[ -n ${AX_THOROUGH-} ]] && step=1 first=1
    echo "allocations: AX_SEED=$AX_SEED, so every ${step}th from $first on"
    for ((n = first, beyond = 0; !beyond && n < 100000; n += step)); do
        rm -f "$log"
        run env LD_PRELOAD="$plugins/starve.so" AX_STARVE="$n" AX_STARVE_LOG="$log"
        [[ -e $log ]] || beyond=1
        # it may do without; but then all of it, and where not it says so
        [[ $status == 0 || ($status == [12] && -n $out) ]]
        verdict $? "allocation $n: $status: $out"
        clean "allocation $n"
    done
    ((beyond && n > 100))
    verdict $? "allocations: $n were reached"
fi

echo "$passed passed, $failed failed"
((!failed))
