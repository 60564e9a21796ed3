/* SPDX-License-Identifier: MIT */
/* history.h - what clients did with one key, and what they were told. */
#ifndef TESTS_PARTITION_HISTORY_H
#define TESTS_PARTITION_HISTORY_H

#include "tests/e2e/partition/partition.h"
#include "tests/lib/linear.h"

#define ERROR_NAME 24

enum outcome {
    OP_OPEN,
    OP_DONE,
    OP_REFUSED, /* it was told that nothing has been done */
    OP_UNKNOWN,
};

struct op {
    struct linear_op did;
    uint64_t id; /* of a write */
    enum outcome outcome;
    char error[ERROR_NAME]; /* by which it was refused or became unknown */
};

struct history {
    char name[16];
    bool counter;
    unsigned n, unknown;
    uint64_t seen; /* what was read last */
    struct op ops[LINEAR_OPS];
};

#endif
