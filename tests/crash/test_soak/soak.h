/* SPDX-License-Identifier: MIT */
/* soak.h - what the parts of the test share. */
#ifndef SOAK_H
#define SOAK_H

#include "weight.h"

#include "tests/lib/system.h"

#define WORKERS 2u
#define MOST_ACTORS 512u        /* of a worker */
#define STALL_NS 60000000000ull /* without any progress, all is lost */

extern struct system soak_system;
extern uint32_t faults;

/* ---- asking.c: requests to axsup. ACTOR is a contract; the worker's number follows in its name */

json_t *status(void);
json_int_t of_worker(const json_t *status, uint32_t worker, const char *key);
/* NULL where it is not answered, as its process may die. */
json_t *ask(const char *actor, uint32_t worker, const char *message);
/* A number of the answer, which must come. */
json_int_t must_ask(const char *actor, uint32_t worker, const char *message, const char *key);
/* Steals `args`. */
void tell(const char *actor, uint32_t worker, const char *message, json_t *args);

/* ---- sample.c: all that is weighed, at rest */

struct sample {
    struct weight axsup, worker[WORKERS], others; /* others: templates and spares */
    uint64_t shared;                              /* bytes of shared memory */
    json_int_t room[WORKERS], actors[WORKERS], records[WORKERS];
    uint64_t listed; /* by inspect, of those who stay */
};

/* Leaves actors that end: the system comes to rest again before the processes are weighed. */
void weigh(struct sample *sample);
void come_to_rest(void);
/* Prints what is not as it was, and counts it in `faults`. */
void judge(const struct sample *was, const struct sample *is);
void same(const char *who, const char *what, uint64_t was, uint64_t is);

#endif
