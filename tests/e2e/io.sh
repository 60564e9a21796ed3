#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Sockets, files and children of actors: what is written leaves with the turn and not without it,
# events keep their order while their actor waits, limits hold and are told, and no connection is
# refused while a worker is down.
# test-timeout: 120

set -u
# shellcheck source=tests/lib/e2e.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/e2e.sh"
axsup=$AX_BUILD/axsup
dir=$(mktemp -d "${TMPDIR:-/tmp}/io.XXXXXX") || exit
one='' two='' fd=''
conf=$dir/io.json

dial() { # NAME: sets it to a descriptor
    local opened
    exec {opened}<>"/dev/tcp/127.0.0.1/$port"
    verdict $? "a connection"
    printf -v "$1" %s "$opened"
}

hang_up() { # FD
    local fd=$1
    exec {fd}>&-
}

hear() { # FD PATTERN...: the next lines
    local fd=$1 line
    shift
    for pattern; do
        line='(nothing)'
        read -r -t 10 -u "$fd" line
        # shellcheck disable=SC2053
        [[ $line == $pattern ]]
        verdict $? "heard: ${line:0:80}, not: $pattern"
    done
}

ended() { # FD: nothing more comes
    local rest
    rest=$(timeout 20 cat <&"$1")
    [[ $? == 0 && -z $rest ]]
    verdict $? "at the end of a connection came: $rest"
}

worker_pid() { # WORKER
    local all
    all=$("$axsup" status --json "$conf")
    [[ $all =~ \"name\":\"$1\"[^\}]*\"pid\":([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

exec {never}<> <(:)
nap=1000.$$ # no other has this one
until_child() { # COUNT
    local deadline=$((SECONDS + 20)) count
    while count=$(pgrep -cfx "sleep $nap"); ((count != $1 && SECONDS < deadline)); do
        read -r -t 0.02 -u "$never"
    done
    ((count == $1))
    verdict $? "there are $count children, not $1"
}

cat >"$conf" <<END
{
  "system": "io", "run_dir": "run",
  "listen": { "door": "127.0.0.1:0", "near": "$dir/near" },
  "workers": [
    { "name": "near", "plugin": "$AX_BUILD/tests/plugins/net.so",
      "max_handles": 12, "write_buffer": "64K", "read_buffer": "4K",
      "restart": { "max": 100, "backoff": ["0ms", "10ms"] },
      "actors": [ { "name": "door", "contract": "door" },
                  { "name": "side", "contract": "door", "args": { "listen": "near" } } ] },
    { "name": "far", "plugin": "$AX_BUILD/tests/plugins/net.so",
      "actors": [ { "name": "far", "contract": "door", "args": { "listen": "" } } ] }
  ]
}
END
soft=$(ulimit -Sn)
ulimit -Sn 300
begin "$conf"
ulimit -Sn "$soft"
said '*is running*' || exit 1
[[ $("$axsup" status --json "$conf") =~ \"name\":\"door\",\"address\":\"127.0.0.1:([0-9]+)\" ]]
verdict $? 'status shows the address of each listener'
port=${BASH_REMATCH[1]}

# --- turns ------------------------------------------------------------------------------------

dial one
echo 'echo hello' >&"$one"
hear "$one" hello
for ((i = 0; i < 200; i++)); do
    echo "ask far $i"
    echo "echo near $i"
done >&"$one"
for ((i = 0; i < 200; i++)); do
    hear "$one" "far $i" "near $i"
done
dial two
echo 'fail' >&"$two"
ended "$two"
said '*failed in a hook: told to*'
echo 'quit' >&"$one"
hear "$one" bye
ended "$one"
hang_up "$one"
hang_up "$two"

# --- limits -----------------------------------------------------------------------------------

dial one
echo 'fill' >&"$one"
dots=$(timeout 20 head -c 66000 <&"$one")
[[ $dots == "$(head -c 66000 /dev/zero | tr '\0' .)" ]]
verdict $? "what was written up to the limit: ${#dots} bytes"
hear "$one" 'drained 66000'
echo 'off' >&"$one"
hear "$one" off # what comes with it in one piece is not held up
printf 'echo %0200d\n' {1..200} >&"$one"
hear "$one" resumed
for ((i = 1; i <= 200; i++)); do
    printf -v wanted %0200d "$i"
    hear "$one" "$wanted"
done

# Of 12 handles two listen: ten connections are served, more wait until there is room.
conns=("$one")
for ((i = 1; i < 12; i++)); do
    dial fd
    echo "echo number $i" >&"$fd"
    conns+=("$fd")
done
for ((i = 1; i < 10; i++)); do
    hear "${conns[i]}" "number $i"
done
read -r -t 0.1 -u "${conns[10]}" line
[[ $? -gt 128 && -z $line ]]
verdict $? 'the eleventh connection waits'
hang_up "${conns[3]}"
hear "${conns[10]}" 'number 10'
hang_up "${conns[4]}"
hear "${conns[11]}" 'number 11'
for ((i = 0; i < 12; i++)); do
    ((i == 3 || i == 4)) || hang_up "${conns[i]}"
done

# --- connections of one's own -----------------------------------------------------------------

dial one
echo "dial $dir/near" >&"$one"
hear "$one" 'connected: AX_OK' 'from far'
echo 'drop' >&"$one"
hear "$one" dropped
echo "dial $dir/nobody" >&"$one"
hear "$one" 'connected: ENOENT'
echo 'dial nowhere' >&"$one"
hear "$one" 'connect: AX_E_INVALID'
echo 'call heard: ' >&"$one"
hear "$one" 'go on'
echo 'me' >&"$one"
hear "$one" 'heard: me'

# --- files and children -----------------------------------------------------------------------

echo "file $dir/file" >&"$one"
hear "$one" def
[[ $(<"$dir/file") == abcdef ]]
verdict $? 'the file is as it was written'
echo "file $dir/file" >&"$one"
hear "$one" 'open: EEXIST'
echo 'run tr a-z A-Z' >&"$one"
hear "$one" 'TO THE CHILD' 'exited: 0'
# a child has the limits that axsup was started with, whatever the worker takes for itself
printf '#!/bin/bash\nulimit -Sn\n' >"$dir/files"
chmod +x "$dir/files"
echo "run $dir/files" >&"$one"
hear "$one" 300 'exited: 0'
echo 'run false' >&"$one"
hear "$one" 'exited: 256'
echo 'run no-such-program' >&"$one"
hear "$one" 'exited: -2'
echo "run sleep $nap" >&"$one"
until_child 1
hang_up "$one"
until_child 0

# --- deaths -----------------------------------------------------------------------------------

dial one
echo "run sleep $nap" >&"$one"
until_child 1
echo 'crash' >&"$one"
ended "$one"
hang_up "$one"
until_child 0
said '*near/0*SIGABRT*'
for ((i = 0; i < 20; i++)); do
    kill -KILL "$(worker_pid near/0)"
    dial one
    echo "echo after death $i" >&"$one"
    line='' && read -r -t 20 -u "$one" line
    if [[ -z $line ]]; then # it was accepted by the dead: reset, not refused
        hang_up "$one"
        dial one
        echo "echo after death $i" >&"$one"
        read -r -t 20 -u "$one" line
    fi
    [[ $line == "after death $i" ]]
    verdict $? "after the death of the worker came: $line"
    hang_up "$one"
done

"$axsup" stop "$conf"
verdict $? 'stop'
said '*has stopped*'
[[ ! -e $dir/near ]]
verdict $? 'the socket in the file system is removed'
wait "$pid" 2>/dev/null
pid=

# --- addresses that cannot be had -------------------------------------------------------------

# The port is taken by a system that runs.
sed 's/"system": "io", "run_dir": "run"/"system": "io2", "run_dir": "run2"/
    s/127.0.0.1:0/127.0.0.1:PORT/; s/near"/near2"/' "$conf" >"$dir/second"
begin "$conf"
said '*is running*'
[[ $("$axsup" status --json "$conf") =~ \"name\":\"door\",\"address\":\"127.0.0.1:([0-9]+)\" ]]
sed "s/PORT/${BASH_REMATCH[1]}/" "$dir/second" >"$dir/second.json"
why=$("$axsup" run "$dir/second.json" 2>&1)
[[ $? == 2 && $why == *"second.json:3:23: listen.door: cannot listen at 127.0.0.1:${BASH_REMATCH[1]}: Address already in use"* ]]
verdict $? "a port that is taken: $why"
"$axsup" stop "$conf"
wait "$pid" 2>/dev/null
pid=

# --- no more waits ----------------------------------------------------------------------------

# A call that is refused for want of a place to wait at has done nothing.
cat >"$conf" <<END
{
  "system": "full", "run_dir": "run", "listen": { "door": "127.0.0.1:0" },
  "workers": [ { "name": "full", "plugin": "$AX_BUILD/tests/plugins/net.so",
    "max_asks": 16, "actors": [ { "name": "door", "contract": "door" } ] } ]
}
END
begin "$conf"
said '*is running*'
[[ $("$axsup" status --json "$conf") =~ \"name\":\"door\",\"address\":\"127.0.0.1:([0-9]+)\" ]]
port=${BASH_REMATCH[1]} all=()
dial one
for ((i = 0; i < 16; i++)); do
    dial fd
    all+=("$fd")
    echo "call $i " >&"$fd"
    hear "$fd" 'go on' # it waits for more
done
echo "file $dir/refused" >&"$one"
hear "$one" 'open: AX_E_LIMIT'
echo 'echo after that' >&"$one"
hear "$one" 'after that'
[[ ! -e $dir/refused ]]
verdict $? 'a file was made by a call that was refused'
for ((i = 0; i < 16; i++)); do
    echo "more" >&"${all[i]}"
    hear "${all[i]}" "$i more"
done
echo "file $dir/refused" >&"$one"
hear "$one" def
for fd in "$one" "${all[@]}"; do
    hang_up "$fd"
done
"$axsup" stop "$conf"
wait "$pid" 2>/dev/null
pid=

# --- no more descriptors ----------------------------------------------------------------------

# Who finds none is told so; connections wait, and are accepted when there are some again.
cat >"$conf" <<END
{
  "system": "few", "run_dir": "run", "listen": { "door": "127.0.0.1:0" },
  "workers": [ { "name": "few", "plugin": "$AX_BUILD/tests/plugins/net.so",
    "limits": { "files": 40 }, "actors": [ { "name": "door", "contract": "door" } ] } ]
}
END
begin "$conf"
said '*is running*'
[[ $("$axsup" status --json "$conf") =~ \"name\":\"door\",\"address\":\"127.0.0.1:([0-9]+)\" ]]
port=${BASH_REMATCH[1]} all=()
for ((i = 0; i < 50; i++)); do # more than there are descriptors for
    dial fd
    all+=("$fd")
    echo "echo $i" >&"$fd"
done
said '*no connection can be accepted for now: Too many open files*'
hear "${all[0]}" 0
echo "file $dir/none" >&"${all[0]}"
hear "${all[0]}" 'open: EMFILE'
echo 'run true' >&"${all[0]}"
hear "${all[0]}" 'exited: -24' # EMFILE
for ((i = 0; i < 25; i++)); do
    hang_up "${all[i]}"
done
for ((i = 25; i < 50; i++)); do
    hear "${all[i]}" "$i"
done
echo "file $dir/some" >&"${all[49]}"
hear "${all[49]}" def
"$axsup" stop "$conf"
wait "$pid" 2>/dev/null
pid=

echo "$passed passed, $failed failed"
((!failed))
