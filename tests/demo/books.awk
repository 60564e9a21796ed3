# SPDX-License-Identifier: MIT
#
# Adds up all books of libax/examples/ledger, and prints names and values, one a line:
#   books    of accounts                       sum     what all accounts hold
#   owners   how often an account got one      moved   transfers that have left
#   lost     left and have not come, or not as they left
#   made     have come and have not left       twice   have left or come more than once
#   told     a teller was told of              broken  of these, have not left so
#   fell     records of an owner behind those of a later one
# and to standard error each of those lost or broken.
# -v opening=N: what an account has at first; one that begins with anything else is no book.

FNR == 1 {
    file = FILENAME
    sub(/.*\//, "", file)
    last = 0
    books += file ~ /^account/ && $2 == "open" && $4 + 0 == opening
}
$1 + 0 < last { fell++ }
{ last = $1 + 0 }
$2 == "open" { sum += $4; owners++ }
$2 == "out" { sum -= $4; twice += $3 in out; out[$3] = file " " $5 " " $4 }
$2 == "in" { sum += $4; twice += $3 in come; come[$3] = $5 " " file " " $4 }
$2 == "told" { told[$3] = $5 " " $4 }
END {
    for (id in out) {
        moved++
        if (out[id] != come[id]) {
            lost++
            print "  | " id " left as " out[id] ", came as " come[id] >"/dev/stderr"
        }
    }
    for (id in come)
        made += !(id in out)
    for (id in told) {
        n++
        split(out[id], o, " ")
        if (told[id] != o[1] " " o[3]) {
            broken++
            print "  | " id " was told as " told[id] ", left as " out[id] >"/dev/stderr"
        }
    }
    printf "books %d\nowners %d\nsum %d\nmoved %d\nlost %d\nmade %d\n", books, owners, sum, moved, lost, made
    printf "twice %d\ntold %d\nbroken %d\nfell %d\n", twice, n, broken, fell
}
