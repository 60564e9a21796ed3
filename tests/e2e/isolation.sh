#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What a worker holds: its descriptors and mappings are exactly those it may have, so it can read no
# mail but its own. And what a worker with a uid of its own can reach beyond that: it tries to open
# again, map, remap, mprotect and trace its way to what is not its own, and every door is shut.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/isolation.XXXXXX") || exit
chmod 755 "$dir"
skipped=0

# A user of its own must be able to read what it runs.
cp "$AX_BUILD/axsup" "$AX_BUILD/libax.so" "$AX_BUILD/plugins/counter.so" \
    "$AX_BUILD/tests/plugins/burglar.so" "$dir" && ln -s libax.so "$dir/libax.so.0" || exit
chmod 755 "$dir"/*
axsup=$dir/axsup conf=$dir/isolation.json
user=
((EUID == 0)) && user='"user": "nobody", '
cat >"$conf" <<END
{
  "system": "isolation", "run_dir": "run",
  "workers": [
    { "name": "burglar", ${user}"plugin": "burglar.so",
      "actors": [ { "name": "burglar", "contract": "burglar" } ] },
    { "name": "home", "plugin": "counter.so", "count": 2,
      "actors": [ { "name": "left", "contract": "counter", "worker": 0 },
                  { "name": "right", "contract": "counter", "worker": 1 } ] }
  ]
}
END
workers=(axsup burglar/0 home/0 home/1) # by slot

begin "$conf"
while read -r -t 20 -u "$says" line && [[ $line != *'is running'* ]]; do
    echo "$line"
done
# Somebody reads on, or the workers' log would fill the pipe.
cat <&"$says" >"$dir/log" &
reader=$!

# pid_of WORKER
pid_of() {
    local all
    all=$("$axsup" status --json "$conf")
    [[ $all =~ \"name\":\"$1\"[^\}]*\"pid\":([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

# What the mappings of shared memory should be, sorted: permissions and name.
mappings_of() { # WORKER
    local other
    echo "rw-s private:$1"
    for other in "${workers[@]}"; do
        if [[ $other == "$1" ]]; then
            echo "rw-s public:$1"
        else
            echo "r--s public:$other"
            echo "rw-s lanes:$1>$other"
            echo "r--s lanes:$other>$1"
        fi
    done
}

check_mappings() { # WORKER PID
    local want got
    want=$(mappings_of "$1" | sort)
    got=$(sed -n 's/^[^ ]* \([^ ]*\) .*\/memfd:\([^ ]*\) (deleted)$/\1 \2/p' "/proc/$2/maps" | sort)
    [[ $got == "$want" ]]
    verdict $? "$1 has mapped: $(diff <(echo "$want") <(echo "$got"))"
}

# Standard streams, a bell of its own for each other slot, where it hears theirs, at most one ring.
check_descriptors() { # WORKER PID
    local fd link bells=0 ears=0 rings=0 others=''
    for fd in /proc/"$2"/fd/*; do
        link=$(readlink "$fd")
        case ${fd##*/}:$link in
        0:/dev/null | [12]:*) ;;
        *:anon_inode:\[eventfd\]) bells=$((bells + 1)) ;;
        *:anon_inode:\[eventpoll\]) ears=$((ears + 1)) ;;
        *:anon_inode:\[io_uring\]) rings=$((rings + 1)) ;;
        *) others+=" ${fd##*/}=$link" ;;
        esac
    done
    ((bells == ${#workers[@]} - 1 && ears == 1 && rings <= 1)) && [[ -z $others ]]
    verdict $? "$1 holds $bells bells, $ears epolls, $rings rings and$others"
}

for worker in "${workers[@]:1}"; do
    worker_pid=$(pid_of "$worker")
    check_mappings "$worker" "$worker_pid"
    check_descriptors "$worker" "$worker_pid"
done

# A template has no memory of any slot, and its one socket; so has what it forks ahead.
idle() {
    local stat line one
    for stat in /proc/[0-9]*/stat; do
        { read -r line <"$stat"; } 2>/dev/null || continue
        one=${line%% *}
        [[ ${line##*) } == ?\ "$pid"\ * ]] || continue
        [[ $(tr '\0' ' ' <"/proc/$one/cmdline") == 'axsup --template'* ]] || continue
        [[ $(cd "/proc/$one/fd" && echo *) == '0 1 2 3' ]] && echo "$one" # else it is a worker
    done
}
mkfifo "$dir/never" || exit
deadline=$((SECONDS + patience))
while mapfile -t idle < <(idle); ((${#idle[@]} != 4 && SECONDS < deadline)); do
    read -r -t 0.05 <>"$dir/never"
done
((${#idle[@]} == 4))
verdict $? "${#idle[@]} templates and spare processes were found"
for one in "${idle[@]}"; do
    ! grep -q memfd "/proc/$one/maps"
    verdict $? "$one has mapped $(grep memfd "/proc/$one/maps")"
done

if ((EUID == 0)); then
    report=$("$axsup" call "$conf" burglar pry \
        "{\"supervisor\":$pid,\"neighbour\":$(pid_of home/0)}")
    verdict $? "pry: $report"
    report=${report#*\"report\":\"}
    doors=0
    while read -r line; do
        [[ $line == *': '* ]] || continue
        doors=$((doors + 1))
        case $line in
        'reopen through map_files: '[EA]*) [[ $line == *EPERM || $line == *EACCES ]] ;;
        'write to '*) [[ $line == *EIO || $line == *EFAULT || $line == *EPERM ]] ;;
        *) [[ $line == *EPERM || $line == *EACCES ]] ;;
        esac
        verdict $? "$line"
    done <<<"${report//\\n/$'\n'}"
    ((doors > 40))
    verdict $? "only $doors doors were tried"
    # nobody's files: not even to be listed by him
    [[ $(stat -c %a "$dir/run") == 700 && $(stat -c %a "$dir/run/control") == 600 ]]
    verdict $? "the run directory is $(stat -c '%a %n' "$dir/run" "$dir/run/control")"
else
    skipped=1
    echo 'only root can give a worker a user of its own: its attempts at memory were not made'
fi

"$axsup" stop "$conf"
verdict $? 'stop'
wait "$pid"
verdict $? 'the system did not end well'
pid=
wait "$reader"
echo "$passed passed, $failed failed, $skipped skipped"
((!failed))
