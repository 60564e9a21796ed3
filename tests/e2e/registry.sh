#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Actors by key: one a key however many ask at once and whoever dies meanwhile (S12, S15, S16), a
# full registry, and passivation that loses no mail (S17). Each from within the key's home and from
# another worker.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup plugins=$AX_BUILD/tests/plugins
dir=$(mktemp -d "${TMPDIR:-/tmp}/registry.XXXXXX") || exit
conf=$dir/registry.json

ask() { # ACTOR MESSAGE [JSON]
    "$axsup" call --timeout 60s "$conf" "$@" 2>&1
}

call() { # WANTED ACTOR MESSAGE [JSON]
    local wanted=$1 got
    shift
    got=$(ask "$@")
    # shellcheck disable=SC2053
    [[ $got == $wanted ]]
    verdict $? "$*: $got, not $wanted"
}

# The same, again and again while something is under way.
become() { # WANTED ACTOR MESSAGE [JSON]
    local wanted=$1 got deadline=$((SECONDS + patience))
    shift
    # shellcheck disable=SC2053
    while got=$(ask "$@") && [[ $got != $wanted ]] && ((SECONDS < deadline)); do :; done
    # shellcheck disable=SC2053
    [[ $got == $wanted ]]
    verdict $? "$*: $got, not $wanted"
}

# Sets key to PREFIX with a number, so that it lives where the driver at-home does; in every registry.
homed() { # PREFIX [REGISTRY]
    for ((k = 0; k < 40; k++)); do
        key=$1$k
        [[ $(ask at-home home "{\"registry\":\"${2-brief}\",\"key\":\"$key\"}") == '{"here":true}' ]] && return
    done
    verdict 1 "no key $1 lives at home"
}

driver() { # NAME WORKER
    echo "{ \"name\": \"$1\", \"contract\": \"driver\", \"worker\": $2 }"
}
cat >"$conf" <<END
{ "system": "registry", "run_dir": "run", "shutdown": "10s",
  "workers": [
    { "name": "home", "count": 2, "plugin": "$plugins/keyed.so", "restart": { "max": 1000 },
      "actors": [ $(driver at-home 0) ], "max_actors": 5000,
      "registries": [
        { "name": "all", "contract": "keyed", "restart": { "backoff": ["0ms", "0ms"] } },
        { "name": "few", "contract": "keyed", "keys": 3 },
        { "name": "frail", "contract": "keyed", "keys": 3, "restart": { "policy": "never" } },
        { "name": "crowd", "contract": "keyed" },
        { "name": "listed", "contract": "keyed", "idle": "40ms" },
        { "name": "slow", "contract": "keyed", "drain": "10s", "control_capacity": 1 },
        { "name": "lazy", "contract": "keyed", "idle": "40ms" },
        { "name": "brief", "contract": "keyed", "idle": "20ms", "forget": "60ms" } ] },
    { "name": "away", "count": 2, "plugin": "$plugins/keyed.so",
      "actors": [ $(driver away 0), $(driver away-too 1) ] },
    { "name": "mortal", "plugin": "$plugins/keyed.so", "restart": { "policy": "never" },
      "registries": [ { "name": "mortal", "contract": "keyed" } ] },
    { "name": "last", "plugin": "$plugins/keyed.so",
      "registries": [ { "name": "closing", "contract": "keyed", "drain": "10s" } ] } ] }
END
begin "$conf"
said '*is running*' || exit

# ---- one actor a key ----

# from three workers at once, while the homes are killed
keys=150 rounds=4
race() { # DRIVER
    for ((round = 0; round < rounds; round++)); do
        ask "$1" add "{\"registry\":\"all\",\"prefix\":\"k\",\"keys\":$keys}"
    done >"$dir/$1"
}
for one in at-home away away-too; do
    race "$one" &
    racers+=($!)
done
for ((kill = 0; kill < 6; kill++)); do
    "$axsup" kill "$conf" "home/$((kill % 2))"
    said "*home/$((kill % 2)) runs: *" || break
done
wait "${racers[@]}"
# who asked is told what was not accepted, or is canceled with its own process; each round of those
# that were not is counted once
for one in away away-too; do
    [[ $(sort -u "$dir/$one") == "{\"accepted\":$keys,\"error\":0}" ]]
    verdict $? "S12 $one: $(sort "$dir/$one" | uniq -c)"
done
whole=$(grep -c "\"accepted\":$keys,\"error\":0" "$dir/at-home")
got=$(ask away sum "{\"registry\":\"all\",\"prefix\":\"k\",\"keys\":$keys}")
value=${got#*:} value=${value%%,*}
((value >= (2 * rounds + whole) * keys && value <= 3 * rounds * keys))
verdict $? "S12 $got: at least $(((2 * rounds + whole) * keys))"
[[ $got == *"\"found\":$keys,"*'"wrong":0'* ]]
verdict $? "S12 one for each key: $got"
there=$("$axsup" actors --json "$conf" | grep -o '"contract":"keyed"' | wc -l)
((there == keys))
verdict $? "S12 $there actors, $keys keys"

# S12 its actor ends, and its entry with it, while others ask for the key: whoever asks gets one, and
# in the end there is one
homed churn
churn() { # DRIVER
    ask "$1" churn "{\"registry\":\"all\",\"key\":\"$key\",\"times\":60}" >"$dir/churn-$1" &
    churners+=($!)
}
churners=()
churn at-home && churn away && churn away-too
wait "${churners[@]}"
for one in at-home away away-too; do
    [[ $(<"$dir/churn-$one") == '{"error":0,"got":60}' ]]
    verdict $? "S12 churn $one: $(<"$dir/churn-$one")"
    become '{"error":0,"value":0,"life":1}' "$one" get "{\"registry\":\"all\",\"key\":\"$key\",\"spawn\":true}"
done
# and those of homed have been forgotten
deadline=$((SECONDS + patience))
while there=$("$axsup" actors --json "$conf" | grep -o '"contract":"keyed"' | wc -l) &&
    ((there != keys + 1)) && ((SECONDS < deadline)); do :; done
((there == keys + 1))
verdict $? "S12 $there actors, $((keys + 1)) keys"
ran S12 inside
ran S12 between

# ---- what is asked for, and what is not there ----

for who in at-home away; do
    [[ $who == away ]] && place=between || place=inside
    call '{"error":0,"value":0,"life":1}' "$who" get "{\"registry\":\"all\",\"key\":\"$who\",\"spawn\":true}"
    call '{"error":0,"value":0,"life":1}' "$who" get "{\"registry\":\"all\",\"key\":\"$who\",\"spawn\":false}"
    call '{"error":3,*' "$who" get "{\"registry\":\"all\",\"key\":\"nobody\",\"spawn\":false}"
    call '{"error":10,*' "$who" get "{\"registry\":\"none\",\"key\":\"x\",\"spawn\":true}"
    call '{"error":10,*' "$who" get "{\"registry\":\"all\",\"key\":\"\",\"spawn\":true}"
    call '{"error":10,*' "$who" get "{\"registry\":\"all\",\"key\":\"$(printf '%0129d' 0)\",\"spawn\":true}"
    call '{"error":0,*' "$who" get "{\"registry\":\"all\",\"key\":\"$(printf '%0128d' 0)\",\"spawn\":true}"

    homed "$who"
    # S15 the end of an actor takes nothing from the next one with its key
    for round in 1 2 3; do
        call '{"error":0,"value":0,"moved":true}' "$who" again "{\"registry\":\"all\",\"key\":\"$key\"}"
    done
    call '{"error":0,"value":0,"life":1}' "$who" get "{\"registry\":\"all\",\"key\":\"$key\",\"spawn\":false}"
    ran S15 "$place"

    # S16 an actor that fails stays in the registry
    call '{"error":0}' "$who" fail "{\"registry\":\"all\",\"key\":\"$key\"}"
    become '{"error":0,"value":0,"life":2}' "$who" get "{\"registry\":\"all\",\"key\":\"$key\",\"spawn\":false}"
    ran S16 "$place"

    # S09 one whose start fails leaves no entry and no place behind, of which there are three
    for round in 1 2 3 4; do
        homed "frail-$who-$round-" frail
        key="\"registry\":\"frail\",\"key\":\"$key\""
        call '{"error":[234],*' "$who" get "{$key,\"spawn\":true}"
        become '{"error":3,*' "$who" get "{$key,\"spawn\":false}"
    done
    ran S09 "$place"
done

# ---- its actors end with their mail handled, and hold as many orders, as it says ----

for who in at-home away; do
    homed "ends-$who-"
    for registry in 'all {"error":4,"value":0}' 'slow {"error":0,"value":3}'; do
        call "${registry#* }" "$who" end "{\"registry\":\"${registry% *}\",\"key\":\"$key\"}"
    done
done
# who is ending is not found, nor is another made beside it
for who in at-home away; do
    homed "late-$who-" slow
    key="\"registry\":\"slow\",\"key\":\"$key\""
    call '{"error":0}' "$who" late "{$key,\"ms\":1500}"
    call '{"error":2}' "$who" seek "{$key}"
    call '{"error":2,*' "$who" get "{$key,\"spawn\":true}"
    become '{"error":3}' "$who" seek "{$key}"
done
homed orders-
key="\"registry\":\"slow\",\"key\":\"$key\""
ask away toil "{$key,\"ms\":2000}" >"$dir/toil" &
toiler=$!
deadline=$((SECONDS + patience))
while [[ $("$axsup" actors --json "$conf" --state suspended) != *'"contract":"keyed"'* ]] && ((SECONDS < deadline)); do :; done
ask at-home order "{$key}" >"$dir/order" &
order=$!
while [[ $("$axsup" actors --json "$conf" --state suspended) != *'"contract":"keyed"'*'"control_mail":1'* ]] && ((SECONDS < deadline)); do :; done
call '{"error":1}' away-too order "{$key}"
wait "$toiler" "$order"
[[ $(<"$dir/toil") == '{"error":0,"one":true}' && $(<"$dir/order") == '{"error":0}' ]]
verdict $? "toil $(<"$dir/toil"), order $(<"$dir/order")"

# ---- a full registry ----

# six places in two processes; which keys share a process is the hash's affair
got=$(ask away add '{"registry":"few","prefix":"f","keys":40}')
[[ $got == '{"accepted":6,"error":14}' ]]
verdict $? "full: $got"
call '{"value":6,"found":6,*' at-home sum '{"registry":"few","prefix":"f","keys":40}'

# ---- S17 passivation ----

# S17: with mail all the time, from two sides, nobody loses any
for one in at-home away; do
    for ((round = 0; round < 25; round++)); do
        ask "$one" add '{"registry":"lazy","prefix":"z","keys":8}'
    done | sort -u >"$dir/lazy-$one" &
    lazies+=($!)
done
wait "${lazies[@]}"
for one in at-home away; do
    [[ $(<"$dir/lazy-$one") == '{"accepted":8,"error":0}' ]]
    verdict $? "S17 $one: $(<"$dir/lazy-$one")"
done
# passive or not, all is there, whatever dies
"$axsup" kill "$conf" home/0
said '*home/0 runs: *'
call '{"value":400,"found":8,*"wrong":0}' away sum '{"registry":"lazy","prefix":"z","keys":8}'
# S17: who is busy for longer than that is not passivated in the middle, nor with mail
for one in at-home away; do
    for key in z0 z1 z2 z3 z4 z5 z6 z7; do # whose home is either
        call '{"error":0,"one":true}' "$one" toil "{\"registry\":\"lazy\",\"key\":\"$key\",\"ms\":100}"
    done
done
# S17: left alone they are passivated, all eight, and live again with what they had
resting() { "$axsup" actors --json "$conf" | grep -oE '"state":"(restarting|passive)"' | wc -l; }
life() { # DRIVER KEY
    local got
    got=$(ask "$1" get "{\"registry\":\"lazy\",\"key\":\"$2\",\"spawn\":false}")
    got=${got##*:} && echo "${got%\}}"
}
before=$(life at-home z0) too=$(life away z7) deadline=$((SECONDS + patience))
while (($(resting) < 8)) && ((SECONDS < deadline)); do :; done
((SECONDS < deadline))
verdict $? "S17 $(resting) of 8 were passivated"
(($(life at-home z0) == before + 1 && $(life away z7) == too + 1))
verdict $? "S17 another life: $before, $too"
ran S17 inside
ran S17 between
# S17: who monitors itself rests as well, is not woken by that, and hears of its other ends; a slow
# look may come after further rests
mine='"registry":"lazy","key":"self"'
call '{"error":0}' away mind "{$mine}"
call '{"error":0,"value":0,"life":1}' away get "{$mine,\"spawn\":false}"
deadline=$((SECONDS + patience))
while (($(resting) < 9)) && ((SECONDS < deadline)); do :; done
((SECONDS < deadline))
verdict $? "S17 who monitors itself does not rest"
call '{"error":0,"value":0,"life":2}' away get "{$mine,\"spawn\":false}"
call '{"error":0}' away fail "{$mine}"
become '{"error":0,"value":100,"life":*}' away get "{$mine,\"spawn\":false}"
# and it ends where it is to be forgotten; its key is free
living() { "$axsup" actors --json "$conf" | grep -o '"contract":"keyed"' | wc -l; }
before=$(living) deadline=$((SECONDS + patience))
call '{"accepted":9,"error":0}' away add '{"registry":"brief","prefix":"b","keys":9}'
while (($(living) != before)) && ((SECONDS < deadline)); do :; done
((SECONDS < deadline))
verdict $? "S17 who is to be forgotten ends: $(living), not $before"
call '{"value":0,"found":0,*' away sum '{"registry":"brief","prefix":"b","keys":9}'
call '{"error":0,"value":0,"life":1}' away get '{"registry":"brief","key":"b0","spawn":true}'

# ---- listing ----

# behind more others than a home looks at for one question; they rest while they are listed, and stay
# where they are when their process dies and when the registry changes at every step
call '{"accepted":3000,"error":0}' away add '{"registry":"crowd","prefix":"c","keys":3000}'
call '{"accepted":40,"error":0}' away add '{"registry":"listed","prefix":"l","keys":40}'
deadline=$((SECONDS + patience))
while (($(resting) < 40)) && ((SECONDS < deadline)); do :; done
((SECONDS < deadline))
verdict $? "listing: $(resting) of 40 rest"
all='"found":40,"twice":0,"wrong":0' listed='"registry":"listed","prefix":"l","moved"'
call "{$all,\"others\":0,\"error\":16}" away list "{$listed:false}"
for who in at-home away; do
    call "{$all,\"others\":*,\"error\":16}" "$who" list "{$listed:true}"
    call '{*,"error":10}' "$who" list '{"registry":"none","prefix":"l","moved":false}'
    # of those that came and went each time the last one is left
    become "{$all,\"others\":[12],\"error\":16}" "$who" list "{$listed:false}"
    "$axsup" kill "$conf" home/1
    said '*home/1 runs: *'
    call "{$all,\"others\":[12],\"error\":16}" "$who" list "{$listed:false}"
done
call '{"found":0,"twice":0,"wrong":0,"others":3000,"error":16}' at-home list '{"registry":"crowd","prefix":"l","moved":false}'

# ---- a home that has failed for good has no actors, whether their keys were found before or not ----

call '{"error":0,"value":0,"life":1}' away get '{"registry":"mortal","key":"known","spawn":true}'
call '{"error":0}' away seek '{"registry":"mortal","key":"known"}'
"$axsup" kill "$conf" mortal/0
said '*mortal/0 *failed*'
for key in known unknown; do
    call '{"error":3}' away seek "{\"registry\":\"mortal\",\"key\":\"$key\"}"
    call '{"error":3,*' away get "{\"registry\":\"mortal\",\"key\":\"$key\",\"spawn\":true}"
done

# S14 while the last worker, which stops first, waits for one that is busy, nobody is born in it
ask away toil '{"registry":"closing","key":"busy","ms":1000}' >"$dir/toil" &
toiler=$!
ask away-too churn '{"registry":"closing","key":"one","times":1000000000}' >"$dir/churn" &
churner=$!
deadline=$((SECONDS + patience))
while [[ $("$axsup" actors --json "$conf" --worker last --state suspended) == '[]' ]] && ((SECONDS < deadline)); do :; done

end() {
    "$axsup" stop "$conf"
    verdict $? stop
    wait "$pid"
    verdict $? 'the system ended with an error'
    pid=
}
end
wait "$toiler" "$churner"
[[ $(<"$dir/churn") == '{"error":9,"got":'[1-9]* ]]
verdict $? "S14 a spawn in a worker that stops: $(<"$dir/churn")"
ran S14 between

# ---- the example ----

conf=$dir/sessions.json
sed "s/\"2s\"/\"50ms\"/; s/{/{ \"run_dir\": \"shop\",/" conf/sessions.json | sed '2,$s/ "run_dir": "shop",//' >"$conf"
begin "$conf"
said '*is running*' || exit
for item in tea salt; do
    call '{"error":""}' door put "{\"user\":\"ann\",\"item\":\"$item\"}"
done
said '*ann rests, with 2 in the basket*'
"$axsup" kill "$conf" sessions/0
"$axsup" kill "$conf" sessions/1
call '{"error":"","items":2,"lives":*,"basket":"tea salt"}' door list '{"user":"ann"}'
call '{"error":"","items":0,"lives":1,"basket":""}' door list '{"user":"bob"}'
end

echo "$passed passed, $failed failed"
((!failed))
