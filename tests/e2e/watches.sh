#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What actors are told of each other's ends, and how they end: a watcher within the worker is told of
# the death of the process as one elsewhere is, more watchers than a turn can tell are told all of
# them, who waits for its restart can be told to end, and what a restart drops is mail alone.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup plugins=$AX_BUILD/tests/plugins
dir=$(mktemp -d "${TMPDIR:-/tmp}/watches.XXXXXX") || exit
conf=$dir/watches.json

tell() { # ACTOR MESSAGE [JSON]
    "$axsup" send "$conf" "$@"
    verdict $? "send $*"
}

call() { # WANTED ACTOR MESSAGE [JSON]
    local wanted=$1 got
    shift
    got=$("$axsup" call "$conf" "$@" 2>&1)
    # shellcheck disable=SC2053
    [[ $got == $wanted ]]
    verdict $? "$*: $got, not $wanted"
}

breed() { # WANTED NAME [BACKOFF_MIN BACKOFF_MAX [HIGH [DROP]]]
    call "{\"error\":$1}" far breed "{\"name\":\"$2\",\"backoff_min\":${3-0},
        \"backoff_max\":${4-0},\"high\":${5-0},\"drop_mail\":${6-false}}"
}

# The same, again and again while something is under way.
become() { # WANTED ACTOR MESSAGE
    local wanted=$1 got deadline=$((SECONDS + patience))
    shift
    # shellcheck disable=SC2053
    while got=$("$axsup" call "$conf" "$@" 2>&1) && [[ $got != $wanted ]] && ((SECONDS < deadline)); do :; done
    # shellcheck disable=SC2053
    [[ $got == $wanted ]]
    verdict $? "$*: $got, not $wanted"
}

actor() { # NAME
    echo "{ \"name\": \"$1\", \"contract\": \"watches\", \"capacity\": 20000 }"
}
cat >"$conf" <<END
{ "system": "watches", "run_dir": "run", "shutdown": "10s",
  "workers": [
    { "name": "a", "plugin": "$plugins/watches.so", "rerandomize": 0, "restart": { "max": 100 },
      "actors": [ $(actor near), $(actor seen), $(actor other) ] },
    { "name": "b", "plugin": "$plugins/watches.so", "actors": [ $(actor far) ] } ] }
END
begin "$conf"
said '*is running*' || exit

# ---- the death of a process, seen from within and from elsewhere ----

ok='{"error":0}'
call "$ok" near watch '{"name":"seen","times":1}'
call "$ok" far watch '{"name":"seen","times":1}'
"$axsup" kill "$conf" a/0 SEGV
said '*a/0 runs: * incarnation 2,*'
tell seen die '{"signal":11}'
said '*a/0 runs: * incarnation 3,*'
tell seen fail
become '*;seen 3 failed 0 suspect again;"*' far told
"$axsup" kill "$conf" a/0
said '*a/0 runs: * incarnation 4,*'
for watcher in near far; do
    become '*"seen 1 signal 11 bystander again;seen 2 signal 11 suspect again;seen 3 failed 0 suspect again;seen 4 signal 9 bystander again;"*' \
        "$watcher" told
done
# the same, as axsup shows it: who was told of whom, and how that one ended
events=$("$axsup" events --json "$conf")
for down in '*"down","worker":"b/0",*"actor":"seen",*"incarnation":2,"reason":"signal","signal":"SIGSEGV","suspect":true,"will_restart":true,"watcher":"far"*' \
    '*"down","worker":"b/0",*"actor":"seen",*"incarnation":3,"reason":"failed","signal":null,"suspect":true,"will_restart":true,"watcher":"far"*'; do
    # shellcheck disable=SC2053
    [[ $events == $down ]]
    verdict $? "no event like $down in $events"
done

# ---- more watchers than one turn can tell ----

many=10000
for ((k = 0; k < many; k += 2000)); do
    call "$ok" near watch '{"name":"other","times":2000}'
done
tell other fail
become "{\"n\":0,\"downs\":$((many + 4)),\"canceled\":0}" near get
"$axsup" kill "$conf" a/0
said '*a/0 runs: * incarnation 5,*'
become "{\"n\":0,\"downs\":$((2 * many + 5)),\"canceled\":0}" near get

# ---- backoff ----

hour=3600000000000
breed 10 slow 2 1
breed 0 slow "$hour" -1 # for ever
call "$ok" far watch '{"name":"slow","times":1}'
tell slow fail
become '*;slow 1 failed 0 suspect again;"*' far told
"$axsup" kill "$conf" b/0 # what it waits for adds up
said '*b/0 runs: *'
become '*;slow 2 signal 9 bystander again;"*' far told
call "$ok" far end '{"name":"slow"}' # and is not waited for
become '*;slow 3 normal 0 bystander gone;"*' far told

# ---- a reason that dies with its turn ----

tell seen fail_as '{"name":"far"}'
said '*failed in fail_as: of all the words that were to be remarked'

# ---- what a failure leaves of the mail ----

breed 0 keeper
tell keeper mope
become '{"n":100,"downs":1,"canceled":0}' keeper get
breed 0 dropper 0 0 0 true
tell dropper mope
become '{"n":0,"downs":1,"canceled":1}' dropper get

# a mailbox that was above its watermark, emptied by a drop
breed 0 high 0 0 3
call '{"error":1}' far pile '{"name":"high"}'
become '{"n":2,"downs":0,"canceled":0}' high get
tell high add '{"by":1}'
become '{"n":3,"downs":0,"canceled":0}' high get

# ---- a spawn that fails when its name was granted ----

call '{"error":14}' far crowd
for k in 1 2; do
    breed 14 late 77
done
breed 0 late

"$axsup" stop "$conf"
verdict $? stop
wait "$pid"
verdict $? 'the system ended with an error'
pid=

echo "$passed passed, $failed failed"
((!failed))
