#!/bin/bash
# SPDX-License-Identifier: MIT
# The demo, shorter: its own proof is the test. test-timeout: 90
exec "$AX_ROOT/tests/demo/run" --seconds 4 --kills 10
