#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A mistake that is planted in the host of the seeds, which begins turns without looking at leases, is
# found, and told by a small part of its plan: always the same, and with a story that fails alike.
# not-with-sanitizers: sim/seeds and unit/test_shrink run all of it

set -u
seeds=$AX_BUILD/tests/sim/seeds

die() {
    echo "$*" >&2
    exit 1
}

found=$("$seeds" -1x 1 300) && die "no seed of 300 finds it"
[[ $found =~ ^seed\ ([0-9]+):\ I3: ]] || die "it is found by something else: $found"
seed=${BASH_REMATCH[1]}
"$seeds" "$seed" >/dev/null || die "without the mistake the seed fails as well"

smallest=$("$seeds" -sx "$seed") && die "it does not fail"
[[ $smallest =~ ([0-9]+)\ of\ ([0-9]+)\ that\ were\ planned\ are\ enough:\ I3: ]] || die "$smallest"
((BASH_REMATCH[1] <= 12 && BASH_REMATCH[2] > 300)) || die "too much is left: $smallest"
left=$(grep -c '^    ' <<<"$smallest")
((left == BASH_REMATCH[1])) || die "$left are told of ${BASH_REMATCH[1]}"
grep -q 'pause\|crash\|partition\|cut\|lost\|store\|clock' <<<"$smallest" || die "nothing was broken"

[[ $("$seeds" -sx "$seed") == "$smallest" ]] || die "it is not the same again"
story=$("$seeds" -tsx "$seed") && die "the story does not fail"
[[ ${story//$'\n'*/} == "${smallest//$'\n'*/}" ]] || die "the story is of something else"
(($(wc -l <<<"$story") > left + 20)) || die "there is no story: $story"
echo "1 passed, 0 failed"
