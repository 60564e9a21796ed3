#!/bin/bash
# SPDX-License-Identifier: MIT
# The demo of a cluster, one round of each kind: its own proof is the test. test-timeout: 180
exec "$AX_ROOT/tests/demo/cluster" --rounds 4
