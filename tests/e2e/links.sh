#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Links, exits, monitors and groups, inside one worker and between two; the scenarios that a check
# shows are named in it. A is always in worker "a"; B in "a" first and in "b" then.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup plugins=$AX_BUILD/tests/plugins
dir=$(mktemp -d "${TMPDIR:-/tmp}/links.XXXXXX") || exit
conf=$dir/links.json

tell() { # ACTOR MESSAGE [JSON]
    "$axsup" send "$conf" "$@"
    verdict $? "$where send $*"
}

call() { # WANTED ACTOR MESSAGE [JSON]
    local wanted=$1 got
    shift
    got=$("$axsup" call "$conf" "$@" 2>&1)
    # shellcheck disable=SC2053
    [[ $got == $wanted ]]
    verdict $? "$where $*: $got, not $wanted"
}

ok='{"error":0}'
do_it() { # ACTOR MESSAGE [JSON]
    call "$ok" "$@"
}

# The same, sooner or later.
comes() { # WANTED COMMAND ACTOR [ARGUMENT...]
    local wanted=$1 got command=$2 deadline=$((SECONDS + patience))
    shift 2
    # shellcheck disable=SC2053
    while got=$("$axsup" "$command" "$conf" "$@" 2>&1) && [[ $got != $wanted ]] && ((SECONDS < deadline)); do :; done
    # shellcheck disable=SC2053
    [[ $got == $wanted ]]
    verdict $? "$where $command $*: $got, never $wanted"
}

# The lines of an actor, collected until they are as wanted.
become() { # WANTED ACTOR
    local lines='' got deadline=$((SECONDS + patience))
    while ((SECONDS < deadline)) && [[ $lines != "$1" ]]; do
        got=$("$axsup" call "$conf" "$2" told 2>&1)
        got=${got#*'"lines":"'}
        lines+=${got%'"}'}
    done
    [[ $lines == "$1" ]]
    verdict $? "$where $2 was told \"$lines\", not \"$1\""
}

gone() { # ACTOR
    local deadline=$((SECONDS + patience))
    while "$axsup" call "$conf" "$1" told >/dev/null 2>&1 && ((SECONDS < deadline)); do :; done
    ((SECONDS < deadline))
    verdict $? "$where $1 is still there"
}

shows() { # PATTERN ACTOR
    local got
    got=$("$axsup" inspect "$conf" "$2" --json 2>&1)
    # shellcheck disable=SC2053
    [[ $got == $1 ]]
    verdict $? "$where inspect $2: $got, not $1"
}

actor() { # NAME
    echo "{ \"name\": \"$1\", \"contract\": \"links\", \"capacity\": 20000 }"
}
cat >"$conf" <<END
{ "system": "links", "run_dir": "run", "shutdown": "10s",
  "workers": [
    { "name": "a", "plugin": "$plugins/links.so", "rerandomize": 0, "restart": { "max": 100 },
      "max_memberships": 100, "actors": [ $(actor a), $(actor nest-a) ] },
    { "name": "b", "plugin": "$plugins/links.so", "restart": { "max": 100 },
      "actors": [ $(actor nest-b) ] } ] }
END
where=start
begin "$conf"
said '*is running*' || exit

normal=0 failed_reason=2 killed=3 other=13

scenarios() { # NEST: who spawns B, PLACE
    local nest=$1
    where="S25 $nest"
    do_it a trap '{"on":true}'
    # each of them once: an end told by a link, by a monitor, and by one that waits for the last
    do_it "$nest" breed '{"name":"b"}'
    do_it a tie '{"name":"b"}'
    do_it a tie '{"name":"b"}' # the same
    do_it a watch '{"name":"b","flags":0}'
    do_it a watch '{"name":"b","flags":1}'
    tell b part "{\"name\":\"a\",\"reason\":$other}"
    gone b
    become 'one;two;down 1 other gone;down 1 other gone;exit 1 other gone;' a
    # a reason in its own words, as long as they may be, to all of them and on to who is linked
    long=$(printf '%.47d' 0)
    do_it "$nest" breed '{"name":"b"}'
    do_it nest-a breed '{"name":"c"}'
    do_it a watch '{"name":"b","flags":0}'
    do_it b tie '{"name":"c"}'
    do_it a tie '{"name":"c"}'
    call '{"error":11}' b quit_words "{\"words\":\"0$long\"}"
    do_it b quit_words "{\"words\":\"$long\"}"
    gone c
    become "down 1 other gone: $long;exit 1 other gone: $long;" a
    do_it "$nest" breed '{"name":"b"}'
    do_it a tie '{"name":"b"}'
    do_it a send_words '{"name":"b","words":"no \"use\""}'
    gone b
    become 'exit 1 other gone: no \"use\";' a
    # normal is told to who traps
    do_it "$nest" breed '{"name":"b"}'
    do_it b tie '{"name":"a"}'
    tell b quit "{\"reason\":$normal}"
    become 'exit 1 normal gone;' a
    # not linked any more
    do_it "$nest" breed '{"name":"b"}'
    do_it a tie '{"name":"b"}'
    do_it b untie '{"name":"a"}'
    call '{"error":3}' b untie '{"name":"a"}'
    tell b quit "{\"reason\":$failed_reason}"
    gone b
    # who does not trap ends with it, by the same reason, on to the third
    do_it "$nest" breed '{"name":"b"}'
    do_it nest-a breed '{"name":"c"}'
    do_it b tie '{"name":"c"}'
    do_it c tie '{"name":"a"}'
    shows '*"links":\[{"actor":"c",*"link":[1-9]*}\],"groups":\[\],*' b
    shows '*"links":\[{"actor":"[ab]",*,{"actor":"[ab]",*}\],"groups":*' c
    do_it a watch '{"name":"b","flags":0}'
    tell b fail
    gone c
    become 'down 1 failed gone;exit 1 failed gone;' a
    # but not with normal
    do_it "$nest" breed '{"name":"b"}'
    do_it nest-a breed '{"name":"c"}'
    do_it b tie '{"name":"c"}'
    tell b quit "{\"reason\":$normal}"
    gone b
    tell c quit "{\"reason\":$normal}"
    gone c
    # a signal does what an end does; a kill is not trapped, and travels as killed
    do_it "$nest" breed '{"name":"b"}'
    do_it b trap '{"on":true}'
    do_it a send "{\"name\":\"b\",\"reason\":$other}"
    become 'exit 1 other gone;' b
    do_it a tie '{"name":"b"}'
    do_it a send "{\"name\":\"b\",\"reason\":$killed}"
    become 'exit 1 killed gone;' a
    gone b
    # also where its handler awaits
    do_it "$nest" breed '{"name":"b"}'
    do_it a tie '{"name":"b"}'
    tell b hang
    do_it a send "{\"name\":\"b\",\"reason\":$killed}"
    become 'exit 1 killed gone;' a
    gone b
    ran S25 "$2"

    where="S26 $nest"
    do_it a tie '{"name":"b"}' # by its address of then
    become 'exit 0 no such actor gone;' a
    do_it a watch '{"name":"b","flags":1}'
    become 'down 0 no such actor gone;' a
    tell a tie_untie '{"name":"b"}'
    become 'taken back;' a
    do_it "$nest" breed '{"name":"b"}'
    call '{"error":10}' b join '{"group":"a/b"}'
    call '{"error":2}' b join_late '{"group":"late"}'
    gone b
    call '{"count":0,"names":""}' a members '{"group":"late"}'
    ran S26 "$2"

    # each end is told once, to the link and to the monitor, and nothing is left of either
    where="S27 S28 $nest"
    do_it nest-a breed '{"name":"r"}'
    do_it r trap '{"on":true}'
    local bearer=$nest
    [[ $nest == nest-a ]] && bearer= # it does so itself
    do_it r race "{\"nest\":\"$bearer\",\"times\":200}"
    comes '{"exits":200,"downs":200}' call r ends
    shows '*"monitors":\[\],"watchers":\[\],"links":\[\],"groups":\[\],*' r
    comes '{"count":0,"names":""}' call a members '{"group":"racers"}'
    tell r quit "{\"reason\":$normal}"
    gone r
    ran S27 "$2"
    ran S28 "$2"

    where="S29 $nest"
    do_it a join '{"group":"g"}'
    do_it a join '{"group":"g"}'
    do_it "$nest" breed '{"name":"b"}'
    do_it b join '{"group":"g"}'
    do_it b join '{"group":"h"}'
    shows '*"links":\[\],"groups":\["h","g"\],*' b
    call '{"count":2,"names":"a;b;"}' a members '{"group":"g"}'
    call '{"count":2,"names":"a;b;"}' nest-b members '{"group":"g"}'
    call '{"count":1,"names":"b;"}' nest-b members '{"group":"h"}'
    call '{"count":2}' nest-b notify '{"group":"g","words":"all","one":false}'
    for _ in 1 2; do
        call '{"count":1}' nest-a notify '{"group":"g","words":"one","one":true}'
    done
    become 'all;one;' a
    become 'all;one;' b
    do_it a part_of '{"group":"g"}'
    call '{"error":3}' a part_of '{"group":"g"}'
    call '{"count":1,"names":"b;"}' a members '{"group":"g"}'
    tell b quit "{\"reason\":$normal}"
    gone b
    call '{"count":0,"names":""}' nest-b members '{"group":"g"}'
    call '{"count":0}' nest-b notify '{"group":"g","words":"one","one":true}'
    ran S29 "$2"
}

scenarios nest-a inside
scenarios nest-b between

# who was gone before a process died did not end with it, and comes back in no other
where='gone, then death'
do_it a trap '{"on":true}'
do_it nest-b breed '{"name":"b"}'
do_it a watch '{"name":"b","flags":0}'
tell b quit "{\"reason\":$normal}"
become 'down 1 normal gone;' a
"$axsup" kill "$conf" b/0 STOP
do_it a watch '{"name":"b","flags":0}'
do_it a tie '{"name":"b"}'
"$axsup" kill "$conf" b/0
said "*b/0 runs: *"
become 'down 0 no such actor gone;exit 0 no such actor gone;' a

# ---- the death of a process: told once to who traps, an end for nobody ----

for nest in nest-a nest-b; do
    where="death, $nest"
    worker=${nest#nest-}
    do_it a trap '{"on":true}'
    do_it "$nest" breed '{"name":"b"}'
    do_it "$nest" tie '{"name":"b"}' # does not trap
    do_it a tie '{"name":"b"}'
    do_it b join '{"group":"g"}'
    "$axsup" kill "$conf" "$worker/0"
    said "*$worker/0 runs: * incarnation [23],*"
    become 'exit 1 signal again;' a
    call '{"count":1,"names":"b;"}' a members '{"group":"g"}'
    tell b quit "{\"reason\":$killed}"
    become 'exit 2 killed gone;' a
    call '{"count":0,"names":""}' a members '{"group":"g"}'
    gone "$nest"
done

# as axsup shows it
events=$("$axsup" events --json "$conf")
for event in '*"actor_stopped",*"reason":"other",*"stop":"normal",*"words":"no *use*"*' \
    '*"exit","worker":"b/0",*"reason":"other",*"words":"no *use*",*' \
    '*"down","worker":"a/0",*"reason":"other",*"words":"000*0",*' \
    '*"exit","worker":"a/0",*"actor":"b",*"reason":"killed",*"receiver":"a"*' \
    '*"exit","worker":"b/0",*"actor":"b",*"reason":"killed",*"receiver":"nest-b"*' \
    '*"actor_stopped",*"actor":"nest-b",*"reason":"killed"*'; do
    # shellcheck disable=SC2053
    [[ $events == $event ]]
    verdict $? "no event like $event in $events"
done

"$axsup" stop "$conf"
verdict $? stop
wait "$pid"
verdict $? 'the system ended with an error'
pid=

echo "$passed passed, $failed failed"
((!failed))
