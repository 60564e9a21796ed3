#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A cluster whose leases are in an etcd that asks who it is: a user that may write below the prefix has
# leases; one that there is not is refused, and the log names it.
# not-with-sanitizers: e2e/stores logs in at etcd

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
# shellcheck source=tests/lib/nodes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/nodes.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/user.XXXXXX") || exit

lease_store etcd || exit 77

# Users "root", and "leases" for all keys below "ax/"; from then on nobody else is served.
python3 - "$listen" <<'END' || exit
import base64, json, sys, urllib.request
def post(path, body):
    return json.load(urllib.request.urlopen(urllib.request.Request(
        "http://127.0.0.1:%s/v3/auth/%s" % (sys.argv[1], path), json.dumps(body).encode())))
text = lambda s: base64.b64encode(s).decode()
for name, password in ("root", "first"), ("leases", "x9Kq-word"):
    post("user/add", {"name": name, "password": password})
    post("role/add", {"name": name})
    post("user/grant", {"user": name, "role": name})
post("role/grant", {"name": "leases", "perm":
     {"permType": "READWRITE", "key": text(b"ax/"), "range_end": text(b"ax0")}})
post("enable", {})
END

name_nodes a
umask 077
echo x9Kq-word >"$dir/word"
for user in nobody leases; do
    store="{ \"etcd\": { \"endpoints\": [ \"127.0.0.1:$listen\" ], \"timeout\": \"200ms\",
        \"user\": \"$user\", \"password_file\": \"word\" } }"
    config a '"registries": [ { "name": "counters", "shards": 12 } ]' "$(counting)"
    start a
    if [[ $user == leases ]]; then
        comes '*"shard":11,"state":"held"*' leases "$dir/a.json" --json
        comes '{"value":0}' call "$dir/a.json" counters/key get --timeout 20s
    else
        comes '*"event":"store_down"*' events "$dir/a.json" --json
        refused="does not answer: etcd 127.0.0.1:$listen: log in as nobody: .*authentication failed"
        deadline=$((SECONDS + patience))
        until grep -q "$refused" "$dir/a.log" || ((SECONDS >= deadline)); do :; done
        grep -q "$refused" "$dir/a.log"
        verdict $? "it is not said who may not log in: $(tail -n 3 "$dir/a.log")"
    fi
    stop a
done
! grep -q x9Kq "$dir/a.log"
verdict $? "the password is in a log: $(grep x9Kq "$dir/a.log")"

echo "$passed passed, $failed failed"
((failed == 0))
