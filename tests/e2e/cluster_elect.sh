#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Two nodes that dial each other at once, by relays that let go what the test lets go: for a while
# both have the data connection that a has dialled, then the one that b has dialled takes its place.
# What was sent on the first, and comes last, is there before what was sent on the second. At last a
# node does not hear that the other one's gateway has died, and has its next session in place of that.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/elect.XXXXXX") || exit
mkdir "$dir/shut" "$dir/seen"

# relay DIALLER LISTEN TO: of its Nth dial, from 0 on, DIALLERN.out is what goes to who was dialled,
# DIALLERN.back what comes from there; both begin when that one listens. Where there is such a file
# in $dir/shut, no more of it goes on than so many bytes; the one in $dir/seen has how many have come.
relay() {
    exec python3 -c '
import os, select, socket, sys
dialler, listen, to, where = sys.argv[1:]

class Way:
    def __init__(self, name, source, sink):
        self.name, self.source, self.sink = name, source, sink
        self.seen, self.given, self.bytes, self.ended = 0, 0, b"", False

    def take(self):
        try:
            got = self.source.recv(65536)
        except OSError:
            got = b""
        self.ended = not got
        self.bytes += got
        self.seen += len(got)
        new = where + "/seen/new." + dialler
        with open(new, "w") as out:
            out.write("%d\n" % self.seen)
        os.replace(new, where + "/seen/" + self.name)

    def give(self):
        may = len(self.bytes)
        try:
            with open(where + "/shut/" + self.name) as shut:
                may = int(shut.read()) - self.given
        except FileNotFoundError:
            pass
        try:
            self.sink.sendall(self.bytes[:may])
            if self.ended and may == len(self.bytes):
                self.sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self.given += min(may, len(self.bytes))
        self.bytes = self.bytes[may:]

listener = socket.create_server(("127.0.0.1", int(listen)))
open(where + "/seen/relay_" + dialler, "w").write("1\n")
waiting, ways = [], []
while True:
    sources = [way.source for way in ways if not way.ended]
    ready = select.select([listener] + sources, [], [], 0.01)[0]
    for way in ways:
        if way.source in ready and not way.ended:
            way.take()
        if way.bytes or way.ended:
            way.give()
    if listener in ready:
        waiting.append(listener.accept()[0])
    while waiting:
        try:
            far = socket.create_connection(("127.0.0.1", int(to)))
        except OSError:
            break # not yet, or no more
        near = waiting.pop(0)
        name = dialler + str(len(ways) // 2)
        ways += [Way(name + ".out", near, far), Way(name + ".back", far, near)]
' "$@" "$dir"
}

seen() { cat "$dir/seen/$1" 2>/dev/null || echo 0; }

# more WAY THAN: until more bytes have come on it.
more() {
    local got until=$((SECONDS + patience))
    while got=$(seen "$1") && ((got <= $2 && SECONDS < until)); do :; done
    ((got > $2))
    verdict $? "on $1 $got bytes have come, and no more"
    ((failed == 0)) || exit 1
}

# node NODE OTHER PORT: which dials the other one at that port.
node() {
    config "$1" "\"connect\": \"100s\", \"suspect\": \"100s\", \"dead\": \"200s\"" \
        "{ \"name\": \"ends\", \"plugin\": \"$AX_BUILD/tests/plugins/distance.so\",
           \"actors\": [ { \"name\": \"end\", \"contract\": \"distance_end\" },
                         { \"name\": \"near\", \"contract\": \"distance\" } ] }"
    sed -i "s/\"$2\": \"127.0.0.1:[0-9]*\"/\"$2\": \"127.0.0.1:$3\"/" "$dir/$1.json"
}

# shut WAY [BYTES]: more than so many wait, or than have come.
shut() {
    echo "${2-$(seen "$1")}" >"$dir/new"
    mv "$dir/new" "$dir/shut/$1"
}

# near NODE MESSAGE OTHER [MORE]: the other one is who it asks or tells.
near() {
    "$axsup" call "$dir/$1.json" near "$2" "{\"node\":\"$3\",\"key\":0${4-}}" --timeout 100s 2>&1
}

name_nodes a b
read -r -a relays < <(free_ports 2)
node a b "${relays[0]}"
node b a "${relays[1]}"
relay a "${relays[0]}" "${port[b]}" &
pids[relay_a]=$!
relay b "${relays[1]}" "${port[a]}" &
pids[relay_b]=$!

# a has dialled both and waits for data; then b has dialled both and does; then a's data is there
for way in a0.out b0.out a1.back b1.back; do
    shut $way 0
done
more relay_a 0
more relay_b 0
start a
start b
more a0.out 0
more b0.out 0
rm "$dir/shut/a0.out"
more a1.back 0
rm "$dir/shut/b0.out"
more b1.back 0
rm "$dir/shut/a1.back"
connected a
comes '*"state":"up"*' nodes "$dir/b.json" --json

# what each says on that is on its way when b's own is there too
for way in a1.out a1.back; do
    shut $way
done
for who in 'a b a1.out' 'b a a1.back'; do
    read -r n other way <<<"$who"
    before=$(seen "$way")
    got=$(near "$n" flood "$other" ',"rest_ns":0,"count":9,"size":1000')
    [[ $got == '{"taken":9,"error":0}' ]]
    verdict $? "flood from $n: $got"
    more "$way" $((before + 9000))
done

# that takes its place, for a; which asks, and its question comes right behind its last greeting
before=$(seen a1.out)
shut b1.back
more a1.out "$before"
before=$(seen b1.back)
near a seen b >"$dir/answer_a" &
pids[a_asks]=$!
more b1.back "$before"
before=$(seen a1.back)
rm "$dir/shut/b1.back"
more a1.back "$before" # and for b
before=$(seen b1.out)
near b seen a >"$dir/answer_b" &
pids[b_asks]=$!
more b1.out "$before"

# what was sent on a's comes
rm "$dir/shut/a1.out" "$dir/shut/a1.back"
for n in a b; do
    wait "${pids[${n}_asks]}"
    unset "pids[${n}_asks]"
    [[ $(<"$dir/answer_$n") == '{"messages":9,"error":0}' ]]
    verdict $? "in front of what $n asks, nine messages: $(<"$dir/answer_$n")"
    ! grep -q ' is down' "$dir/$n.log"
    verdict $? "$n has lost the other one: $(grep ' is down' "$dir/$n.log")"
done

# b's gateway dies, and a's connections stay as they were: an end that could come behind more bytes
# does not go on. The next gateway's session is news for a, before the end of the last one is.
for way in "$dir"/seen/??.*; do
    shut "$(basename "$way")" 1000000000
done
kill -KILL "$(pid_of b gateway/0)"
become '*"event":"session_rotated"*"node":"b"*' events "$dir/a.json" --json
become '{"messages":9,"error":0}' call "$dir/a.json" near seen '{"node":"b","key":0}' --timeout 100s
got=$("$axsup" events "$dir/a.json" --json | grep -o '"event":"node_down"[^}]*')
[[ $got == *'"why":"the peer has a later session of the same boot"' ]]
verdict $? "a has told of the last session: $got"

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
