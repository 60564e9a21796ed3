#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The key-value server of libax/examples/kv: answers as a real redis-server gives them, command by
# command; redis-cli, redis-benchmark and hiredis as its clients; large values, mistakes, channels,
# deadlines; and no acknowledged write is lost while its processes are killed one after another.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
export LC_ALL=C.UTF-8
axsup=$AX_BUILD/axsup
command -v redis-server redis-cli redis-benchmark >/dev/null || {
    echo "no redis-server, redis-cli, redis-benchmark here: make deps"
    exit 77
}
dir=$(mktemp -d "${TMPDIR:-/tmp}/kv.XXXXXX") || exit
redis='' load=''
conf=$dir/kv.json
mkfifo "$dir/never"
exec {never}<>"$dir/never"

finish() {
    [[ -n $load ]] && kill -KILL "$load" 2>/dev/null
    [[ -n $redis ]] && kill -KILL "$redis" 2>/dev/null
    [[ -n $pid ]] && kill -KILL "$pid" 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT

pause() { # SECONDS: between kills; nothing is waited for
    read -r -t "$1" -u "$never"
}

until_true() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        pause 0.05
    done
    return 0
}

cli() {
    timeout 20 redis-cli -p "$port" "$@"
}

says() { # WANTED ARGUMENT...
    local wanted=$1 got
    shift
    got=$(cli "$@" 2>&1)
    [[ $got == "$wanted" ]]
    verdict $? "$*: $got, not $wanted"
}

# What the server sends back to bytes that are not from a client library, until it closes.
raw() { # WANTED BYTES
    local got
    exec {socket}<>"/dev/tcp/127.0.0.1/$port"
    printf '%b' "$2" >&"$socket"
    got=$(timeout 20 cat <&"$socket")
    exec {socket}<&-
    [[ ${got%$'\r'} == "$(printf '%b' "$1")" ]]
    verdict $? "to $2: $got, not $1"
}

start() { # FILE: sets port
    sed -e 's|"system": "kv",|&\n  "run_dir": "run",|' -e 's|127.0.0.1:7379|127.0.0.1:0|' \
        -e "s|\"kv.so\"|\"$AX_BUILD/plugins/kv.so\"|" "$1" >"$conf" || exit
    "$axsup" run "$conf" >"$dir/log" 2>&1 {never}<&- &
    pid=$!
    until_true 20 answers
    verdict $? "the system starts"
}

answers() {
    [[ $("$axsup" status "$conf" --json 2>/dev/null) =~ 127\.0\.0\.1:([1-9][0-9]*) ]] || return
    port=${BASH_REMATCH[1]}
    [[ $(cli ping 2>/dev/null) == PONG ]]
}

stop() {
    timeout 20 "$axsup" stop "$conf" >/dev/null
    verdict $? "it stops"
    wait "$pid"
    verdict $? "with status 0"
    pid=
}

start "$AX_ROOT/conf/kv.json"

# --- side by side with redis-server -----------------------------------------------------------

redis-server --port 0 --unixsocket "$dir/redis" --save '' --appendonly no --dir "$dir" \
    >"$dir/redis.log" 2>&1 {never}<&- &
redis=$!
until_true 20 test -S "$dir/redis"
verdict $? "redis-server starts"
for seed in 1 2 3; do
    redis-cli -s "$dir/redis" flushall >/dev/null
    says OK flushall
    "$AX_BUILD/tests/e2e/helper_kv_compare" "$dir/redis" "$port" $seed 2000
    verdict $? "the same answers as redis-server, seed $seed"
done
kill "$redis"
wait "$redis" 2>/dev/null
redis=
says OK flushall

# --- clients, large values, mistakes ----------------------------------------------------------

says 'OK' set greeting 'hello world'
says 'hello world' get greeting
head -c 524288 /dev/urandom >"$dir/large"
says OK -x set large <"$dir/large"
says 524288 strlen large
cli get large | head -c 524288 | cmp -s - "$dir/large"
verdict $? "524288 bytes come back as they went"
for ((i = 0; i < 4; i++)); do
    says $((i + 1)) -x rpush '{large}list' <"$dir/large"
done
(($(cli lrange '{large}list' 0 -1 | wc -c) >= 4 * 524288)) # an answer longer than a message
verdict $? "2 MiB in one answer"
mapfile -t many < <(seq 1 3000)
says 3000 rpush long "${many[@]}"
says 3000 sadd many "${many[@]}"
says 3000 llen long
says 2 del long many
says 0 exists long many
cli eval 'return 1' 0 | grep -q "^ERR unknown command 'eval', with args beginning with: 'return 1' '0'"
verdict $? "a command that there is not"
# shellcheck disable=SC2016 # a dollar sign of the protocol
raw '-ERR Protocol error: invalid bulk length' '*1\r\n$999999999999\r\n'
raw "-ERR Protocol error: expected '\$', got ':'" '*1\r\n:1\r\n'
raw '+PONG\r\n-ERR Protocol error: unbalanced quotes in request' 'PING\r\nset a "b\r\n'
# shellcheck disable=SC2016
raw '+OK\r\n$1\r\n1\r\n+OK' 'SET one 1\r\nGET one\r\nQUIT\r\nGET one\r\n'

says OK flushall
for ((i = 0; i < 500; i++)); do
    echo "SET scanned:$i $i"
done | cli >/dev/null
[[ $(cli --scan --pattern 'scanned:*' | sort -u | wc -l) == 500 ]]
verdict $? "SCAN finds every key"
says 500 dbsize
[[ $(printf 'MULTI\nSET scanned:1 a\nSET scanned:2 b\nSET scanned:3 c\nSET scanned:4 d\nEXEC\n' | cli) == \
    *CROSSSLOT*EXECABORT* ]]
verdict $? "a transaction over several shards is refused"
[[ $(printf 'MULTI\nINCR {t}a\nINCRBY {t}b 5\nEXEC\n' | cli | tail -n 2 | tr '\n' ' ') == "1 5 " ]]
verdict $? "a transaction on one shard"

timeout 60 redis-benchmark -p "$port" -c 50 -n 20000 -P 16 -r 1000 -q -t \
    set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,mset >"$dir/benchmark" 2>&1
verdict $? "redis-benchmark runs: $(tail -n 1 "$dir/benchmark")"
(($(tr '\r' '\n' <"$dir/benchmark" | grep -c 'requests per second') == 10))
verdict $? "all of its tests"

# --- deadlines and channels -------------------------------------------------------------------

is_gone() { # without a look at the key: the sweep does it
    [[ $(cli dbsize) == 1 ]]
}
says OK flushall
says OK set stays 1
for ((i = 0; i < 100; i++)); do
    echo "SET passing:$i 1 PX $((50 + i))"
done | cli >/dev/null
until_true 20 is_gone
verdict $? "what has expired goes by itself"

exec {subscriber}<>"/dev/tcp/127.0.0.1/$port"
printf 'SUBSCRIBE news other\r\n' >&"$subscriber"
for ((i = 0; i < 12; i++)); do
    read -r -t 20 -u "$subscriber" line
done
[[ ${line%$'\r'} == other ]] && read -r -t 20 -u "$subscriber" line
[[ ${line%$'\r'} == :2 ]]
verdict $? "two channels: $line"
says 1 publish news told
until [[ ${line%$'\r'} == told ]]; do
    read -r -t 20 -u "$subscriber" line || break
done
[[ ${line%$'\r'} == told ]]
verdict $? "what is published comes"
exec {subscriber}<&-
nobody() {
    [[ $(cli publish news again) == 0 ]]
}
until_true 20 nobody
verdict $? "a subscriber that has gone is none"

# --- processes die ----------------------------------------------------------------------------

says OK flushall
program=$AX_BUILD/tests/e2e/helper_kv_load
if [[ ! -x $program ]]; then
    stop
    echo "what is lost at deaths is skipped: its client needs hiredis, which is left out of this build"
    echo "$passed passed, $failed failed, 1 skipped"
    ((failed == 0))
    exit
fi
"$program" "$port" 10 "$dir/enough" >"$dir/load" {never}<&- &
load=$!
for ((i = 0; i < 24; i++)); do
    pause 0.05
    "$axsup" kill "$conf" shard/$((i % 2)) >/dev/null 2>&1
done
for ((i = 0; i < 3; i++)); do # by its own doing, as it seems: the request in hand is dropped
    pause 0.1
    "$axsup" kill "$conf" shard/$((i % 2)) SEGV >/dev/null 2>&1
done
for ((i = 0; i < 4; i++)); do
    pause 0.1
    "$axsup" kill "$conf" front/0 >/dev/null 2>&1
    pause 0.1
    "$axsup" kill "$conf" shard/$((i % 2)) >/dev/null 2>&1
done
touch "$dir/enough"
wait "$load"
verdict $? "nothing acknowledged is lost: $(<"$dir/load")"
load=
cat "$dir/load"
only_mine() { # connections of dead processes are gone
    (($("$axsup" actors "$conf" | grep -c session) <= 1))
}
until_true 20 only_mine
verdict $? "connections end with their process"
stop

echo "$passed passed, $failed failed"
((failed == 0))
