#!/bin/bash
# SPDX-License-Identifier: MIT
#
# rolling, with the leases on a server. test-timeout: 300
# not-with-sanitizers: leases_redis and leases_etcd have the servers, and rolling the restarts
exec "$(dirname "${BASH_SOURCE[0]}")/rolling.sh" etcd
