#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The commands against a system that runs: what they print, how they end, what they say of mistakes.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/cli.XXXXXX") || exit

# try STATUS OUTPUT ERRORS COMMAND...: runs axsup; the outputs are patterns of the whole.
try() {
    local want=$1 out=$2 err=$3 status
    shift 3
    "$axsup" "$@" >"$dir/out" 2>"$dir/err" <"${input:-/dev/null}"
    status=$?
    # shellcheck disable=SC2053 # they are patterns
    [[ $status == "$want" && $(<"$dir/out") == $out && $(<"$dir/err") == $err ]]
    verdict $? "axsup $*: $status, \"$(<"$dir/out")\", \"$(<"$dir/err")\""
}

# said PATTERN: reads what the system says until a line matches.
said() {
    local line
    while read -r -t 20 -u "$says" line; do
        echo "$line" >>"$dir/log"
        # shellcheck disable=SC2053
        [[ $line == $1 ]] && return 0
    done
    verdict 1 "the system never said: $1"
    cat "$dir/log"
    return 1
}

conf=$dir/counter.json
cat >"$conf" <<END
{
  "system": "counter",
  "run_dir": "$dir/run",
  "workers": [
    { "name": "counting", "plugin": "$AX_BUILD/plugins/counter.so", "count": 2,
      "actors": [
        { "name": "counter", "contract": "counter", "worker": 0 },
        { "name": "other", "contract": "counter", "worker": 1 } ] }
  ]
}
END
sed 's/"system": "counter"/"system": "no counter"/' "$conf" >"$dir/wrong.json"

# without a system
try 0 '' '' check "$conf"
try 0 '{*json-schema.org*}' '' schema
try 0 '*keys:*workers\[\].actors\[\].restart.backoff *; default \["10ms", "5s"\]*' '' check --help
try 2 '' "$dir/wrong.json:2:13: system: *" check "$dir/wrong.json"
cp "$dir/err" "$dir/checked"
try 2 '' '*' run "$dir/wrong.json"
cmp -s "$dir/err" "$dir/checked"
verdict $? "run tells mistakes in another form than check"
try 2 '' "$dir/wrong.json:2:13: system: *" status "$dir/wrong.json"
try 2 '' 'axsup: there is no command "statsu"; did you mean "status"?' statsu "$conf"
try 3 '' "axsup: counter: no such system is running (run_dir $dir/run)" status "$conf"
try 3 '' "axsup: counter: no such system *" call "$conf" counter get
try 3 '' "axsup: counter: no such system *" stop "$conf"

begin "$conf"
said '*axsup: system counter is running: 2 workers, 2 actors, run_dir *' || exit
try 2 '' "*in use by a living system (pid $pid)*" run "$conf"
[[ $(stat -c '%a %F' "$dir/run/control") == '600 socket' ]]
verdict $? "the control socket: $(stat -c '%a %F' "$dir/run/control")"

# messages
try 0 '{"value":0}' '' call "$conf" counter get
try 0 '' '' send "$conf" counter add '{"by":5}'
try 0 '{}' '' call "$conf" counter inc
try 0 '{"value":6}' '' call "$conf" counter get '{}' --timeout 2s
try 2 '' 'axsup: counter.get: a JSON object is expected, such as {} (AX_E_INVALID)' \
    call "$conf" counter get -
printf '{"by":"\377"}' >"$dir/latin"
input=$dir/latin try 2 '' 'axsup: standard input is not UTF-8' call "$conf" counter add -
try 0 '*' '' actors "$conf" --min-mail 0
try 2 '' 'axsup: --min-mail "-3": must be an integer from 0' actors "$conf" --min-mail -3
for text in '5' 'by=5' '' '[{"by":5}]' 'null'; do
    try 2 '' 'axsup: counter.add: a JSON object is expected, such as {"by":0} (AX_E_INVALID)' \
        send "$conf" counter add "$text"
done
try 2 '' "axsup: counter.add: column 8: no comma may stand before '}'; a JSON object is expected, such as {\"by\":0} (AX_E_INVALID)" call "$conf" counter add '{"by":5,}'
from() { # FILE COMMAND...: try with that as standard input
    input=$1 try "${@:2}"
}
echo '{"by":4}' >"$dir/four"
from "$dir/four" 0 '' '' send "$conf" counter add -
{ printf '{"by":%s-4' '' && head -c 200000 /dev/zero | tr '\0' ' ' && echo '}'; } >"$dir/large"
from "$dir/large" 0 '{}' '' call "$conf" counter add -
head -c 2000000 /dev/zero | tr '\0' ' ' >"$dir/larger"
from "$dir/larger" 2 '' 'axsup: standard input: more than*' send "$conf" counter add -
try 0 '{"n":6}' '' state "$conf" counter
try 0 '{"n":0}' '' state "$conf" other
try 1 '' 'axsup: there is no actor "countr"; did you mean "counter"? (AX_E_NO_ACTOR)' \
    call "$conf" countr get
try 1 '' 'axsup: counter has no message "gte"; it has: inc, add, get (AX_E_INVALID)' \
    call "$conf" counter gte
try 1 '' 'axsup: counter.get has a reply: use "axsup call" (AX_E_INVALID)' send "$conf" counter get
try 2 '' 'axsup: counter.add: by: missing* (AX_E_INVALID)' send "$conf" counter add
try 2 '' 'axsup: counter.add: by: 9223372036854775808 is out of range for i64 (* to 9223372036854775807) (AX_E_INVALID)' send "$conf" counter add '{"by":9223372036854775808}'
try 2 '' 'axsup: counter.add: by: i64 expected, not a string (AX_E_INVALID)' send "$conf" counter add '{"by":"5"}'
try 2 '' 'axsup: counter.add: to: no such field (AX_E_INVALID)' send "$conf" counter add '{"by":5,"to":1}'
try 0 '{"value":6}' '' call "$conf" counter get

# listings
try 0 '{"system":"counter","node":null,"pid":'"$pid"',"uptime_ns":*,"state":"running",*' '' \
    status "$conf" --json
try 0 '*"name":"counting/1","slot":2,*,"incarnation":1,"restarts":0,*"last_exit":null}*' '' \
    status "$conf" --json
try 0 'counter: running, pid *counting/0 *running*counting/1 *' '' status "$conf"
try 0 '\[{"name":"counter","ref":"1.1.*","contract":"counter","worker":"counting/0",*' '' \
    actors "$conf" --json
[[ $("$axsup" status --json "$conf") =~ \"name\":\"counting/1\"[^\}]*\"pid\":([0-9]+) &&
    $(<"/proc/${BASH_REMATCH[1]}/comm") == counting/1 ]]
verdict $? 'a process bears the name of its worker'
try 0 '*counter *1.1.*other *2.1.*' '' actors "$conf"
"$axsup" actors "$conf" --worker counting/1 | grep -q '^counter '
(($? == 1))
verdict $? 'actors --worker shows that of another worker'
try 1 '' 'axsup: no plugin implements a contract "countre"; did you mean "counter"? (AX_E_INVALID)' \
    actors "$conf" --contract countre --json
try 1 '' 'axsup: no plugin implements a contract "zz" (AX_E_INVALID)' actors "$conf" --contract zz
try 0 '\[\]' '' actors "$conf" --contract counter --state suspended --json
for state in live suspended restarting passive closing down failed; do
    try 0 '*' '' actors "$conf" --state "$state"
done
try 2 '' 'axsup: no such state "foo": expected one of live, suspended, restarting, passive, closing, down, failed (AX_E_INVALID)' actors "$conf" --state foo
try 2 '' 'axsup: no such order "foo": expected one of mail, turns, *, active (AX_E_INVALID)' \
    actors "$conf" --sort foo
try 1 '' 'axsup: there is no worker "countin"; *"counting"? (AX_E_INVALID)' \
    actors "$conf" --worker countin
try 0 '\[{"worker":"counting","plugin":"counter","contract":"counter","hash":"*' '' \
    contracts "$conf" --json
try 0 '*ask  get() -> (i64 value)*' '' contracts "$conf"
try 0 '\[\]' '' deadletters "$conf" --json

# deaths
try 2 '' 'axsup: there is no signal "KIL"; did you mean "KILL"?' kill "$conf" counting/0 kil
try 1 '' 'axsup: counting has 2 workers: name one, counting/0 to counting/1 (AX_E_INVALID)' \
    kill "$conf" counting
"$axsup" events "$conf" --follow --json >"$dir/events" 2>&1 &
follower=$!
try 0 '' '' kill "$conf" counting/0
said '*axsup: counting/0 *SIGKILL*'
said '*axsup: counting/0 runs*incarnation 2*'
try 0 '{"value":6}' '' call "$conf" counter get
try 0 '' '' kill "$conf" counting/1 segv
said '*axsup: counting/1 *SIGSEGV*'
said '*axsup: counting/1 runs*incarnation 2*'
try 0 '' '' restart "$conf" counting/0
try 0 '*"name":"counting/0","slot":1,*,"state":"running","incarnation":3,"restarts":2,*' '' \
    status "$conf" --json
try 0 '*"last_exit":{"at":"20*Z","reason":"signal","signal":"SIGSEGV","code":null,*' '' \
    status "$conf" --json
try 0 '*worker_down*counting/0*signal=SIGKILL*' '' events "$conf"
try 0 '{"value":6}' '' call "$conf" counter get

# A worker that does not answer.
try 0 '' '' kill "$conf" counting/0 STOP
become '*"name":"counting/0",*,"state":"running",*,"halted":true,*,"halted":false,*' status "$conf" --json
try 0 '*counting/0 * running, halted *counting/1 * running  *' '' status "$conf"
try 0 '' '' send "$conf" counter inc
try 1 '' 'axsup: counter.get: timed out (AX_E_TIMEOUT)' call "$conf" counter get --timeout 100ms
try 0 '{"n":6}' '' state "$conf" counter
try 0 '' '' kill "$conf" counting/0 SIGCONT
try 0 '{"value":7}' '' call "$conf" counter get
try 0 '*"halted":false,*"halted":false,*' '' status "$conf" --json

# the end
try 0 '' '' stop "$conf"
[[ ! -e /proc/$pid ]]
verdict $? 'stop returns before the system is gone'
said '*axsup: system counter has stopped: 0 messages left, 0 workers killed, 0 dead letters'
wait "$pid"
verdict $? 'the system ends well'
pid=
wait "$follower"
verdict $? 'events --follow ends well with the system'
grep -q '"event":"worker_down","worker":"counting/0",.*"signal":"SIGKILL",.*"will_restart":true' \
    "$dir/events"
verdict $? 'the follower has seen the death'
try 3 '' "axsup: counter: no such system *" status "$conf"
[[ ! -e $dir/run ]]
verdict $? 'the run_dir is left behind'

begin "$conf" --for 200ms
said '*axsup: system counter is running: *'
wait "$pid"
verdict $? 'run --for ends by itself'
pid=

echo "$passed passed, $failed failed"
((passed && !failed))
