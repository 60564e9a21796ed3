#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The chat example (conf/chat.json): people hear each other through workers, and one of those being
# killed while they come refuses nobody.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/chat.XXXXXX") || exit
ann='' bob='' guest=''
conf=$dir/chat.json

hear() { # FD PATTERN...: the next lines
    local fd=$1 line pattern
    shift
    for pattern; do
        line='(nothing)'
        read -r -t 20 -u "$fd" line
        # shellcheck disable=SC2053
        [[ $line == $pattern ]]
        verdict $? "heard: $line, not: $pattern"
    done
}

dial() { # NAME: sets it to a descriptor
    local opened
    exec {opened}<>"/dev/tcp/127.0.0.1/$port"
    verdict $? 'a connection is refused'
    printf -v "$1" %s "$opened"
}

hang_up() { # FD
    local fd=$1
    exec {fd}>&-
}

pids_of() { # ENTRY
    "$axsup" status --json "$conf" | grep -o "\"name\":\"$1/[0-9]*\"[^}]*\"pid\":[0-9]*" |
        grep -o '[0-9]*$'
}

sed '1s/{/{ "run_dir": "run",/; s/127.0.0.1:7300/127.0.0.1:0/' "$AX_ROOT"/conf/chat.json >"$conf"
begin "$conf"
while read -r -t 20 -u "$says" line && [[ $line != *'is running'* ]]; do
    echo "$line"
done
cat <&"$says" >"$dir/log" &
[[ $("$axsup" status --json "$conf") =~ \"name\":\"chat\",\"address\":\"127.0.0.1:([0-9]+)\" ]]
verdict $? 'there is an address'
port=${BASH_REMATCH[1]}

dial ann
hear "$ann" 'your name?'
echo ann >&"$ann"
hear "$ann" '\* ann is here'
dial bob
hear "$bob" 'your name?'
echo bob >&"$bob"
hear "$ann" '\* bob is here'
hear "$bob" '\* bob is here'
echo 'hello, bob' >&"$ann"
hear "$bob" 'ann: hello, bob'
hear "$ann" 'ann: hello, bob'
hang_up "$bob"
hear "$ann" '\* bob has left'

# Both workers at the door die, with ann's connection, again and again while somebody comes. Whoever
# had been let in by the dead is cut off, and comes again; nobody is refused.
for ((i = 0; i < 10; i++)); do
    # shellcheck disable=SC2046
    kill -KILL $(pids_of door)
    for ((try = 0; try < 10; try++)); do
        dial guest
        line=
        { read -r -t 20 -u "$guest" line; } 2>/dev/null
        [[ $line == 'your name?' ]] && break
        hang_up "$guest"
    done
    verdict $((try == 10)) "after $i deaths nobody is served"
    echo "guest $i" >&"$guest"
    while read -r -t 20 -u "$guest" line && [[ $line != "* guest $i is here" ]]; do
        :
    done
    [[ $line == "* guest $i is here" ]]
    verdict $? "guest $i heard last: $line"
    hang_up "$guest"
done
hang_up "$ann"

# The hall has outlived them, and has seen each of them leave.
deadline=$((SECONDS + 20))
while count=$("$axsup" call "$conf" hall guests) && [[ $count != '{"count":0}' ]] &&
    ((SECONDS < deadline)); do
    :
done
[[ $count == '{"count":0}' ]]
verdict $? "in the end there are guests: $count"
end_system
echo "$passed passed, $failed failed"
((!failed))
