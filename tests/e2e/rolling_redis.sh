#!/bin/bash
# SPDX-License-Identifier: MIT
#
# rolling, with the leases on a server. test-timeout: 300
exec "$(dirname "${BASH_SOURCE[0]}")/rolling.sh" redis
