/* SPDX-License-Identifier: MIT */
/* log.h - what has been done to a cell, in a file outside of the cluster, one a cell, which stands
 * for a database that all nodes reach. A record says what the cell holds then, so that the last one
 * that counts is all that an owner has to read.
 *
 * It is fenced: what comes with a lower epoch than the last one that counts is noted as late, and
 * counts for nothing. What is noted tells afterwards who acted when. */
#ifndef TEST_CELL_LOG_H
#define TEST_CELL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CELL_NAME 16 /* bytes of a key, with its NUL */
#define CELL_PATH 512

enum cell_kind {
    CELL_OPEN, /* an owner, or the next process of one, begins */
    CELL_ACT,  /* it acts of itself */
    CELL_READ, /* also a comparison that was not met */
    CELL_WRITE,
    CELL_AGAIN, /* a write that is there already: id and value are what that one left */
};

struct cell_record {
    uint64_t epoch;
    uint64_t at;        /* CLOCK_BOOTTIME, ns, when the turn had just begun */
    uint64_t wall_at;   /* the same by CLOCK_REALTIME */
    uint64_t id, value; /* of the last write, and what the cell holds since */
    uint32_t kind;
    int32_t pid;
    char node[7];
    bool late;
};

/* The path of a cell's file, in the folder of the environment's CELLS. */
void cell_path(char path[static CELL_PATH], const char *name);

/* Appends, and leaves in *record what has been: of a CELL_OPEN id and value are what they were. A
 * write whose id is there becomes a CELL_AGAIN. AX_E_STALE: an owner with a higher epoch has been
 * there. Or -errno. */
int cell_append(const char *name, struct cell_record *record);

#endif
