#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Somebody else listens where a node should. Who says nothing is dialled by one connection at a time,
# however many ask for that node meanwhile; who does not know the token, and answers as well as it can
# without, has no session, whatever it makes of what the node itself says.
# not-with-sanitizers: unit/test_core, unit/test_handshake and sim/test_strangers run what it looks at

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/impostor.XXXXXX") || exit
callers=24

# The impostor listens at a port of its own, and is what $dir/part says when a connection comes:
#
#   silent      it says nothing
#   random      its answer has the right size and nothing else
#   reflected   it says what it has heard
#   plain       it answers as who has no token to one that has none
#   changed     it answers as the node does, with one bit turned over
#   replayed    it answers as the node has answered another connection
#   honest      it is no more than a wire
#
# A line in $dir/seen for each connection: "PART opened N", N of those that are open with it, and at its
# end "PART closed N", for the N bytes that have come behind the answer.
impostor() { # PORT PORT_OF_THE_NODE
    PYTHONPATH=$AX_ROOT/tests/lib exec python3 -B -c '
import os, select, socket, struct, sys
from wire import wire
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
folder = sys.argv[3]
seen = open(folder + "/seen", "a", buffering=1)
quiet, answers = [], []

def take(near, n):
    got = b""
    while len(got) < n:
        more = near.recv(n - len(got))
        if not more:
            raise OSError("it ends")
        got += more
    return got

def message(near):
    size = take(near, 2)
    return size + take(near, struct.unpack("<H", size)[0])

def beginning(near):
    head = take(near, 10)
    return head + take(near, struct.unpack("<H", head[8:])[0] - 10), message(near)

def of_the_node(said):
    with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as far:
        far.sendall(b"".join(said))
        return message(far)

def answer(part, said):
    if part == "random":
        return struct.pack("<H", 50) + os.urandom(50)
    if part == "reflected":
        return said[1]
    if part == "plain":
        return struct.pack("<HH", 2, 1)
    if part == "changed":
        answers.append(of_the_node(said))
        return answers[-1][:-1] + bytes([answers[-1][-1] ^ 1])
    return answers[-1]

def be_a_wire(near):
    wire(near, socket.create_connection(("127.0.0.1", int(sys.argv[2]))))

def serve(near, part):
    behind = 0
    near.sendall(answer(part, beginning(near)))
    try:
        while data := near.recv(65536):
            behind += len(data)
    except ConnectionResetError:
        pass
    seen.write(f"{part} closed {behind}\n")

def look_at(one):
    try:
        if one.recv(65536, socket.MSG_DONTWAIT):
            return
    except BlockingIOError:
        return
    except OSError:
        pass
    quiet.remove(one)
    one.close()

while True:
    select.select([listener] + quiet, [], [])
    if not select.select([listener], [], [], 0)[0]:
        for one in list(quiet):
            look_at(one)
        continue
    near = listener.accept()[0]
    for one in list(quiet):
        look_at(one)
    part = open(folder + "/part").read().strip()
    seen.write(f"{part} opened {len(quiet) + 1}\n")
    try:
        if part == "silent":
            quiet.append(near)
        elif part == "honest":
            be_a_wire(near)
        else:
            serve(near, part)
            near.close()
    except OSError: # one of the nodes has gone
        near.close()
' "$1" "$2" "$dir"
}

# play PART
play() {
    echo "$1" >"$dir/part.new"
    mv "$dir/part.new" "$dir/part"
}

# seen N PATTERN: until there are so many such lines.
seen() {
    local n deadline=$((SECONDS + patience))
    while n=$(grep -c "$2" "$dir/seen"); ((n < $1 && SECONDS < deadline)); do :; done
    ((n >= $1))
    verdict $? "$n lines $2, not $1: $(tail -n 5 "$dir/seen")"
}

# add TRAVELER
add() {
    "$axsup" call "$dir/a.json" "$1" add_at \
        '{"node":"b","name":"counter","by":1,"timeout_ns":10000000000}' --timeout 20s 2>&1
}

# Node a knows the port of the impostor, and node b nobody; so each has a store of its own.
name_nodes a b
travelers=()
for ((i = 0; i < callers; i++)); do travelers+=("traveler$i"); done
for node in a b; do
    store='{ "memory": { "node": "'$node'" } }'
    config $node '"connect": "500ms", "redial": ["10ms", "20ms"]' "$(counting "${travelers[@]}")"
done
sed -i 's|"peers": {[^}]*}|"peers": {}|' "$dir/b.json"
read -r ours < <(free_ports 1)
sed -i "s|\"b\": \"127.0.0.1:[0-9]*\"|\"b\": \"127.0.0.1:$ours\"|" "$dir/a.json"
: >"$dir/seen"
play silent
impostor "$ours" "${port[b]}" &
pids[impostor]=$!
start b
for each in "$ours" "${port[b]}"; do
    deadline=$((SECONDS + patience))
    until (exec 3<>"/dev/tcp/127.0.0.1/$each") 2>/dev/null || ((SECONDS >= deadline)); do :; done
    ((SECONDS < deadline))
    verdict $? "nobody listens at $each"
done
((failed == 0)) || exit 1
start a

# ---- who says nothing ----

seen 2 'silent opened' # the first was to see whether it listens
for ((i = 0; i < callers; i++)); do
    add "traveler$i" >"$dir/told.$i" &
    pids[caller$i]=$!
done
for ((i = 0; i < callers; i++)); do
    wait "${pids[caller$i]}"
    unset "pids[caller$i]"
done
[[ $(sort -u "$dir"/told.*) == '{"error":19,"value":0}' ]] # AX_E_NODE_DOWN
verdict $? "$callers that ask for b at once: $(sort "$dir"/told.* | uniq -c)"
become '*"count":"late_dials","value":[2-9],*' counts "$dir/a.json" --json
opened=$(($(grep -c 'silent opened' "$dir/seen") - 1)) late=$(count a late_dials)
((opened >= 2 && opened <= late + 1))
verdict $? "$opened dials, of which $late took too long"
[[ $("$axsup" events "$dir/a.json") != *auth_refused* ]] # nobody has asked for anything
verdict $? "who was dialled is told as refused: $("$axsup" events "$dir/a.json" | grep auth_refused)"
! grep -qv 'silent opened 1$' "$dir/seen"
verdict $? "of those dialled by a there were at a time: $(sort "$dir/seen" | uniq -c)"
become '*"count":"handshakes","value":1,*' counts "$dir/a.json" --json
ran one_dial tcp

# ---- who answers without the token ----

had=$(count a refused_handshakes) late=$(count a late_dials)
for part in random reflected plain changed replayed; do
    play $part
    seen 3 "$part closed"
    [[ $("$axsup" nodes "$dir/a.json" --json) == *'"state":"down"'* && $(add traveler0) == '{"error":19,"value":0}' ]]
    verdict $? "$part: a has $("$axsup" nodes "$dir/a.json" --json)"
done
n=$(grep -c 'silent opened' "$dir/seen")
play silent
seen $((n + 1)) 'silent opened'
closed=$(grep -c closed "$dir/seen") refused=$(($(count a refused_handshakes) - had))
late=$(($(count a late_dials) - late)) # where the impostor got no processor
((refused <= closed && refused + late >= closed))
verdict $? "$refused were refused, and $late took too long, of $closed that have answered"
! grep -q 'closed [^0]' "$dir/seen"
verdict $? "to who has answered without the token a has said more: $(sort "$dir/seen" | uniq -c)"
become '*"event":"auth_refused"*"from":"127.0.0.1:'"$ours"'"*' events "$dir/a.json" --json
[[ $("$axsup" sessions "$dir/a.json" --json) == '[]' ]]
verdict $? "a has sessions: $("$axsup" sessions "$dir/a.json" --json)"
[[ $("$axsup" events "$dir/a.json" --json) != *'"event":"node_up"'* ]]
verdict $? "a node has come up: $("$axsup" events "$dir/a.json" --json)"
ran unauthentic tcp

# It was no more than the answers: by the same way a reaches b.
play honest
become '*"state":"up"*' nodes "$dir/a.json" --json
[[ $(add traveler0) == '{"error":0,"value":1}' ]]
verdict $? "a asks b by an honest wire"

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
