#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A cluster whose leases are in a Redis that asks for TLS and a password: what its config says of these
# reaches the gateway. With a wrong password, or another authority, the log says why, and once the file
# is right the next gateway goes on. A user of the server's is known by its own password.

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/tls.XXXXXX") || exit

has_kind redis || exit 77
for program in redis-server openssl; do
    command -v $program >/dev/null && continue
    echo "skipped: there is no $program here: make deps"
    exit 77
done

# authority NAME: NAME.pem and NAME.key.
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj "/CN=$1" -keyout "$dir/$1.key" -out "$dir/$1.pem" >>"$dir/openssl.log" 2>&1
}

certificates() {
    echo 'subjectAltName=IP:127.0.0.1' >"$dir/ext"
    authority ca && authority other &&
        openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=one \
            -keyout "$dir/server.key" -out "$dir/request" >>"$dir/openssl.log" 2>&1 &&
        openssl x509 -req -in "$dir/request" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial \
            -days 2 -extfile "$dir/ext" -out "$dir/server.pem" >>"$dir/openssl.log" 2>&1
}

# serve_tls: as serve, of Redis with TLS and a password.
serve_tls() {
    redis-server --port 0 --tls-port "$listen" --bind 127.0.0.1 --dir "$dir" --save '' \
        --maxmemory-policy noeviction --requirepass right --tls-ca-cert-file "$dir/ca.pem" \
        --tls-cert-file "$dir/server.pem" --tls-key-file "$dir/server.key" \
        --tls-auth-clients no --user leases on '>x9Kq-word' '~ax/*' +hello +evalsha '+script|load' \
        +get +set +del +pexpire +pttl >"$dir/server.log" 2>&1 </dev/null &
    server=$!
}

# log_of_b PATTERN: until b has logged it, since the last time it was started.
log_of_b() {
    local until=$((SECONDS + patience))
    until grep -q "$1" "$dir/b.log" || ((SECONDS >= until)); do :; done
    grep "$1" "$dir/b.log" >"$dir/out"
    verdict $? "b does not log \"$1\": $(tail -n 5 "$dir/b.log")"
}

# works NODE...: each has some shards, and a key answers it.
works() {
    local node
    for node; do
        comes '*"state":"held"*' leases "$dir/$node.json" --json
        comes '{"value":0}' call "$dir/$node.json" counters/key get --timeout 20s
    done
}

# fails FILE WRONG WHY: b begins with a file that is wrong, and logs that; then the file is right, and
# the next gateway reads it.
fails() {
    local right
    right=$(<"$dir/$1")
    stop b
    : >"$dir/b.log"
    echo "$2" >"$dir/$1"
    start b
    log_of_b "gateway: the lease store does not answer: redis 127.0.0.1:$listen: .*$3"
    [[ $("$axsup" leases "$dir/b.json" --json) != *'"state":"held"'* ]]
    verdict $? "$1 is wrong, and b has leases: $("$axsup" leases "$dir/b.json")"
    echo "$right" >"$dir/$1"
    "$axsup" kill "$dir/b.json" gateway
    verdict $? "kill gateway of b"
    works a b
}

certificates || {
    echo "FAIL  no certificates: $(<"$dir/openssl.log")"
    exit 1
}
begin_server redis serve_tls
name_nodes a b
umask 077
for node in a b; do
    echo right >"$dir/$node.word"
    cp "$dir/ca.pem" "$dir/$node.pem"
    store="{ \"redis\": { \"endpoints\": [ \"127.0.0.1:$listen\" ], \"timeout\": \"200ms\", \"tls\": true,
        \"ca_file\": \"$node.pem\", \"password_file\": \"$node.word\" } }"
    config $node '"lease_ttl": "1s", "lease_margin": "100ms",
    "registries": [ { "name": "counters", "shards": 12 } ]' "$(counting)"
done
start_all
works a b
fails b.word wrong 'WRONGPASS'
fails b.pem "$(<"$dir/other.pem")" 'TLS: .*certificate'

# As a user that the server does not have, and as one that may do just what the manual says.
echo x9Kq-word >"$dir/b.word"
for user in nobody leases; do
    stop b
    cat "$dir/b.log" >>"$dir/logs"
    : >"$dir/b.log"
    sed -i "s|\"user\": \"[a-z]*\", ||; s|\"tls\": true|\"user\": \"$user\", &|" "$dir/b.json"
    start b
    [[ $user == leases ]] ||
        log_of_b "the lease store does not answer: redis 127.0.0.1:$listen: log in as nobody: WRONGPASS"
done
works a b
cat "$dir/a.log" "$dir/b.log" >>"$dir/logs"
! grep -q 'right\|x9Kq' "$dir/logs"
verdict $? "the password is in a log: $(grep 'right\|x9Kq' "$dir/logs")"

stop_all
echo "$passed passed, $failed failed"
((failed == 0))
