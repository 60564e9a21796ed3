#!/bin/bash
# SPDX-License-Identifier: MIT
#
# "axsup reload CONF gateway": a node that runs gets other peers, addresses, tokens and pins, and
# nothing that is under way fails by that. What it cannot go on with is refused by its key.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/cluster.XXXXXX") || exit
declare -A key=() book=() pins=() tokens=() name=() listen=() keeper=() shards=()

finish() {
    local who
    rm -f "$dir/asking"
    for who in "${!pids[@]}"; do
        kill -KILL "${pids[$who]}" 2>/dev/null
    done
    wait
    rm -rf "$dir"
}

# config NODE: from what the tables say of it, at once: somebody may be reading it.
config() {
    cat >"$dir/$1.new" <<END
{ "system": "$1", "run_dir": "$dir/$1", "shutdown": "10s",
  "cluster": { "node": "${name[$1]}", "listen": "127.0.0.1:${listen[$1]}",
    "peers": { ${book[$1]} }, ${tokens[$1]}, "key_file": "$1.key", "pins": { ${pins[$1]} },
    "store": { "memory": { "node": "${keeper[$1]}" } }, "dead": "10s", "redial": [ "5ms", "20ms" ],
    "registries": [ { "name": "counters", "shards": ${shards[$1]} } ] },
  "workers": [
    { "name": "counting", "plugin": "$AX_BUILD/plugins/counter.so",
      "actors": [ { "name": "counter", "contract": "counter" } ],
      "registries": [ { "name": "counters", "contract": "counter" } ] },
    { "name": "traveling", "plugin": "$AX_BUILD/tests/plugins/traveler.so",
      "actors": [ { "name": "traveler", "contract": "traveler" } ] } ] }
END
    mv "$dir/$1.new" "$dir/$1.json"
}

# reload NODE: its config as the tables have it by now.
reload() {
    local out
    config "$1"
    out=$("$axsup" reload "$dir/$1.json" gateway 2>&1)
    verdict $? "reload $1: $out"
}

# refused STATUS PATTERN: what node a is to become, for which "reload" has no use.
refused() {
    local out status wanted=$1
    shift
    out=$("$axsup" reload "$dir/a.json" gateway 2>&1)
    status=$?
    # shellcheck disable=SC2053
    [[ $status == "$wanted" && $out == $1 ]]
    verdict $? "reload a: status $status, $out, not $1"
}

# add NODE OTHER: asks the counter of the other node.
add() {
    "$axsup" call "$dir/$1.json" traveler add_at \
        "{\"node\":\"$2\",\"name\":\"counter\",\"by\":1,\"timeout_ns\":10000000000}" --timeout 20s 2>&1
}

# reaches NODE OTHER: at once.
reaches() {
    local got
    got=$(add "$1" "$2")
    [[ $got == '{"error":0,'* ]]
    verdict $? "$1 asks $2: $got"
}

# up NODE OTHER, down NODE OTHER: until it is.
is() { become "*\"node\":\"$2\",\"address\":+([!,]),\"state\":\"$3\"*" nodes "$dir/$1.json" --json; }
up() { is "$1" "$2" up; }
down() { is "$1" "$2" down; }
gone() { become "!(*\"node\":\"$2\"*)" nodes "$dir/$1.json" --json; }

session() {
    "$axsup" sessions "$dir/$1.json" --json | tr '}' '\n' | grep -o '"session":"'"$2"'@[^"]*"'
}

# at NODE PORT: an entry of an address book.
at() { printf '"%s": "127.0.0.1:%s"' "$1" "$2"; }
pin() { printf '"%s": "%s"' "$1" "${key[$1]}"; }

# listener PORT FILE: takes connections and closes them, a letter in the file for each.
listener() {
    python3 -c '
import socket, sys
while True: # until the last process of a node that was killed has ended
    try:
        s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
        break
    except OSError:
        pass
with open(sys.argv[2], "a", buffering=1) as seen:
    seen.write("\n")
    while True:
        s.accept()[0].close()
        seen.write("x\n")' "$1" "$2" &
    pids[listener_$1]=$!
    until [[ -s $2 ]] || ! kill -0 "${pids[listener_$1]}" 2>/dev/null; do :; done
}

# dialled FILE TIMES: until so many connections have come.
dialled() {
    local deadline=$((SECONDS + patience))
    until (($(wc -l <"$1") > $2)) || ((SECONDS >= deadline)); do :; done
    (($(wc -l <"$1") > $2))
    verdict $? "dialled $(wc -l <"$1") times, not $2"
}

read -r 'port[a]' 'port[b]' 'port[c]' nowhere other < <(free_ports 5)
for node in a b c; do
    key[$node]=$("$axsup" keygen "$dir/$node.key" --key | grep -o '[0-9a-f]\{64\}') || exit
    name[$node]=$node listen[$node]=${port[$node]} keeper[$node]=a shards[$node]=8
    tokens[$node]='"token_file": "old"'
done
"$axsup" keygen --token "$dir/old" && "$axsup" keygen --token "$dir/new" || exit

# c cannot reach a by its own book, so what they have a has begun.
book[a]=$(at b "${port[b]}") pins[a]="$(pin a), $(pin b), $(pin c)"
book[b]=$(at a "${port[a]}") pins[b]="$(pin a), $(pin c)"
book[c]=$(at a "$nowhere") pins[c]="$(pin a), $(pin b)"
for node in a b c; do
    config $node
    start $node
done
up a b
up b a

# ---- while somebody asks ----

touch "$dir/asking"
while [[ -e $dir/asking ]]; do
    add a b
done >"$dir/asked" &
asker=$!
"$axsup" call "$dir/a.json" traveler watch_at '{"node":"b","name":"counter"}' >"$dir/out"
before=$(session a b)
[[ -n $before ]]
verdict $? "a has a session with b: $("$axsup" sessions "$dir/a.json" --json)"

# A new peer, which is not where the book says; then it is; then the gateway forgets nothing.
book[a]="$(at b "${port[b]}"), $(at c "$nowhere")"
reload a
down a c
book[a]="$(at b "${port[b]}"), $(at c "${port[c]}")"
reload a
up a c
reaches a c
reload a
reaches a c

# A peer that is in the book no more stays, as long as its session does.
with_c=$(session a c)
book[a]=$(at b "${port[b]}")
reload a
reaches a c
[[ -n $with_c && $(session a c) == "$with_c" ]]
verdict $? "the session with c was $with_c, and is $(session a c)"

# The token changes, in three steps.
for step in '"token_file": "old", "accepted": [ "new" ]' '"token_file": "new", "accepted": [ "old" ]' \
    '"token_file": "new"'; do
    for node in a b; do
        tokens[$node]=$step
        reload $node
    done
done

# What cannot be changed is told by its key, and nothing is.
now=(name listen keeper shards)
for field in "${now[@]}"; do
    declare -n table=$field
    was=${table[a]}
    case $field in
    name)
        table[a]=z book[a]="$(at b "${port[b]}"), $(at a "$nowhere")"
        said='*cluster.node: cannot be changed while the system runs: expected "a"*'
        ;;
    listen) table[a]=$other said="*cluster.listen: cannot be changed*expected \"127.0.0.1:${port[a]}\"*" ;;
    keeper) table[a]=b said='*cluster.store: cannot be changed while the system runs*' ;;
    shards) table[a]=9 said='*cluster.registries: cannot be changed while the system runs*' ;;
    esac
    config a
    refused 2 "$said"
    table[a]=$was book[a]=$(at b "${port[b]}")
done
book[a]='"b": "there"'
config a
refused 2 '*cluster.peers.b: expected "IP:PORT"*found "there"*'
book[a]=$(at b "${port[b]}") tokens[a]='"token_file": "none"'
config a
refused 2 '*cluster.token_file: expected a file at *none: there is none*'
tokens[a]='"token_file": "new"'
reload a

rm "$dir/asking"
wait "$asker"
bad=$(grep -cv '^{"error":0,' "$dir/asked")
[[ $bad == 0 && -s $dir/asked ]]
verdict $? "of $(wc -l <"$dir/asked") asks $bad failed: $(grep -v '^{"error":0,' "$dir/asked" | head -n 1)"
[[ $(session a b) == "$before" ]]
verdict $? "the session with b was $before, and is $(session a b)"
become '{"downs":0,*' call "$dir/a.json" traveler seen '{}'

# ---- once a session has ended ----

# a does not dial c: not even as often as another one that nobody answers for.
kill -KILL "${pids[c]}"
wait "${pids[c]}" 2>/dev/null
unset 'pids[c]'
listener "${port[c]}" "$dir/at_c"
listener "$other" "$dir/at_d"
key[d]=${key[c]}
gone a c
seen=$(wc -l <"$dir/at_c")
book[a]="$(at b "${port[b]}"), $(at d "$other")" pins[a]="$(pin b), $(pin c), $(pin d)"
reload a
dialled "$dir/at_d" 20
[[ $(wc -l <"$dir/at_c") == "$seen" ]]
verdict $? "c was dialled $(($(wc -l <"$dir/at_c") - seen)) times, although it was forgotten"
down a d
book[a]="$(at b "${port[b]}"), $(at c "${port[c]}")"
reload a
dialled "$dir/at_c" 3
gone a d
for at in "${port[c]}" "$other"; do
    kill -KILL "${pids[listener_$at]}"
    wait "${pids[listener_$at]}" 2>/dev/null
    unset "pids[listener_$at]"
done

# The token that is gone opens nothing; the new one does.
book[c]=$(at a "${port[a]}")
config c
start c
become '*another token*' events "$dir/a.json"
tokens[c]='"token_file": "new"'
reload c
up a c
reaches a c
"$axsup" restart "$dir/b.json" gateway
verdict $? "b's gateway begins anew"
up a b
up b a

# The next process of the gateway knows what the one before has learnt.
book[c]=$(at a "$nowhere")
reload c
reaches c a
"$axsup" restart "$dir/a.json" gateway
verdict $? "a's gateway begins anew"
up a c
reaches a c

# Whom it trusts is not for actors to say.
become '{"error":13}' call "$dir/a.json" traveler teach '{}'
reaches a c

# Who has another key in the book is put out, and comes back with the right one.
right=${key[b]}
key[b]=${key[c]}
pins[a]="$(pin b), $(pin c)"
reload a
down a b
become "*the peer's key is not the one*" events "$dir/a.json"
reaches a c
key[b]=$right
pins[a]="$(pin b), $(pin c)"
reload a
up a b
reaches a b

# More than this process has room for, in one step with all that may change: it changes nothing, not even
# who is no peer any more. The next one knows them all.
book[a]=$(at b "${port[b]}")
for ((i = 1; i <= 40; i++)); do
    book[a]+=", \"n$i\": \"127.0.1.$i:$nowhere\""
    pins[a]+=", \"n$i\": \"${key[c]}\""
done
pins[a]=${pins[a]/"$(pin b)"/\"b\": \"${key[c]}\"}
tokens[a]='"token_file": "old"'
before=$(session a b)
config a
refused 1 '*gateway: cluster.peers: 41 are too many for this process, which has room for 1[78]: nothing was*'
"$axsup" nodes "$dir/a.json" --json >"$dir/out"
[[ $(<"$dir/out") == *'"node":"c","address":"127'* && $(<"$dir/out") != *'"node":"n'* ]]
verdict $? "some peers were taken: $(<"$dir/out")"
reaches a b
"$axsup" restart "$dir/b.json" gateway
verdict $? "b's gateway begins anew"
become "!(*$before*)" nodes "$dir/a.json" --json
up a b
reaches a b
pins[a]=${pins[a]/\"b\": \"${key[c]}\"/"$(pin b)"}
tokens[a]='"token_file": "new"'
config a
refused 1 '*gateway: cluster.peers: 41 are too many *'
"$axsup" restart "$dir/a.json" gateway
verdict $? "a's gateway begins with more room"
up a b
down a n40
reload a

nodes=(a b c)
stop_all
echo "$passed passed, $failed failed"
((failed == 0))
