#!/bin/bash
# SPDX-License-Identifier: MIT
#
# leases, with the leases on a server.
exec "$(dirname "${BASH_SOURCE[0]}")/leases.sh" etcd
