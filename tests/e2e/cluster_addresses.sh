#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Nodes that are connected by IPv6, and by Unix sockets: an ask and a monitor work across, and axsup
# shows the addresses as the config has them.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup skipped=0
dir=$(mktemp -d "${TMPDIR:-/tmp}/addresses.XXXXXX") || exit

free_ports6() {
    python3 -c '
import socket
s = [socket.socket(socket.AF_INET6) for _ in range(2)]
for x in s: x.bind(("::1", 0))
print(*[x.getsockname()[1] for x in s])' 2>/dev/null
}

# answers WANTED NODE MESSAGE JSON: of its traveler.
answers() {
    local got
    got=$("$axsup" call "$dir/$2.json" traveler "$3" "$4" --timeout 30s 2>&1)
    [[ $got == "$1" ]]
    verdict $? "$2 $3 $4: $got, not $1"
}

# both_ways A B: two nodes at these addresses do what nodes do.
both_ways() {
    local node other
    for node in a b; do
        config $node '"redial": ["10ms", "100ms"]' "$(counting traveler)"
        sed -i "s|127.0.0.1:${port[a]}|$1|; s|127.0.0.1:${port[b]}|$2|" "$dir/$node.json"
    done
    start_all
    # A bracket has a meaning in patterns.
    comes "*{\"node\":\"b\",\"address\":\"${2/[/\\[}\",\"state\":\"up\",*" nodes "$dir/a.json" --json
    comes "*{\"node\":\"a\",\"address\":\"${1/[/\\[}\",\"state\":\"up\",*" nodes "$dir/b.json" --json
    for node in 'a b' 'b a'; do
        read -r node other <<<"$node"
        answers '{"error":0,"value":3}' "$node" add_at \
            "{\"node\":\"$other\",\"name\":\"counter\",\"by\":3,\"timeout_ns\":20000000000}"
        answers '{"error":0}' "$node" watch_at "{\"node\":\"$other\",\"name\":\"counter\"}"
        "$axsup" kill "$dir/$other.json" counting >"$dir/out" 2>&1
        verdict $? "kill: $(<"$dir/out")"
        comes '{"downs":1,"reason":"signal","restarts":true}' call "$dir/$node.json" traveler seen
    done
    stop_all
}

name_nodes a b
mkdir "$dir/sockets"
both_ways "$dir/sockets/a" "$dir/sockets/b"
if read -r a b < <(free_ports6); then
    both_ways "[::1]:$a" "[::1]:$b"
else
    echo "IPv6 is skipped: there is no ::1 here"
    skipped=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
