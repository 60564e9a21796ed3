/* SPDX-License-Identifier: MIT */
/* check.c - what must be so after a run, for each key:
 *
 *   - what clients saw has an order that explains it, each change within its time;
 *   - what they were told is done is in the log of the cell with the value that they were told,
 *     what they were told is not done is not, and nothing was handled twice;
 *   - by the times at which turns began, no owner acted after a later one, and none has its epoch
 *     together with another node.
 *
 * A process may be stopped in the middle of a turn, behind the look at its lease and before it took
 * the time; or be killed in one, which is then undone, and what it wrote to the log is not. So for
 * each stop one turn may seem late, for each kill one not to have been, and no more: a worker has
 * one turn at a time. */
#include "tests/e2e/partition/history.h"

#include "tests/e2e/stores/folder.h"
#include "tests/plugins/cell/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EFFORT 1000000u
#define ERRORS 16

static unsigned wrong;
static struct {
    unsigned ops, done, refused, unknown, owners, records, late, excused, again, stepped;
} sum;

/* By which errors operations ended. */
static struct {
    char name[ERROR_NAME];
    unsigned times;
} errors[ERRORS];

struct log {
    struct cell_record *records;
    unsigned n;
};

__attribute__((format(printf, 2, 3))) static void tell(const struct history *history,
                                                       const char *format, ...)
{
    va_list args;
    wrong++;
    printf("WRONG  %s: ", history->name);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

static struct log read_log(const struct history *history)
{
    char path[CELL_PATH];
    struct log log = {0};
    cell_path(path, history->name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return log; /* nobody has ever had it */
    if (fseek(file, 0, SEEK_END) != 0)
        server_give_up("%s: cannot be read", path);
    unsigned n = (unsigned)((size_t)ftell(file) / sizeof *log.records);
    rewind(file);
    log.records = calloc(n + 1, sizeof *log.records);
    if (log.records == NULL || fread(log.records, sizeof *log.records, n, file) != n)
        server_give_up("%s: cannot be read", path);
    fclose(file);
    log.n = n;
    return log;
}

/* ---- the log ---- */

/* The write that counts; *again: how often it was handled behind that. */
static const struct cell_record *find(const struct log *log, uint64_t id, unsigned *again)
{
    const struct cell_record *found = NULL;
    *again = 0;
    for (unsigned i = 0; i < log->n; i++) {
        const struct cell_record *record = &log->records[i];
        if (record->kind == CELL_AGAIN && record->id == id)
            ++*again;
        if (record->kind == CELL_WRITE && record->id == id && !record->late)
            found = record;
    }
    return found;
}

static void check_op(const struct history *history, const struct log *log, const struct op *op)
{
    unsigned again;
    const struct cell_record *record = find(log, op->id, &again);
    bool changed = op->did.kind != LINEAR_SWAP || op->did.result == op->did.argument;
    bool undone = again > 0 || (op->outcome == OP_REFUSED && record != NULL);
    sum.again += undone;
    if (again > 1 || (undone && !faults_excuse_undone(record->pid)))
        tell(history, "write %" PRIu64 " (%s) was handled by process %d, and %u times again",
             op->id, op->error, (int)record->pid, again);
    if (op->outcome != OP_DONE || !changed)
        return;
    if (record == NULL)
        tell(history, "write %" PRIu64 " was acknowledged, and is lost", op->id);
    else if (record->value != op->did.result)
        tell(history, "write %" PRIu64 " left %" PRIu64 ", and %" PRIu64 " was answered", op->id,
             record->value, op->did.result);
}

/* ---- an order ---- */

static void count_error(const char *name)
{
    unsigned i = 0;
    while (i < ERRORS - 1 && errors[i].times > 0 && strcmp(errors[i].name, name) != 0)
        i++;
    snprintf(errors[i].name, sizeof errors[i].name, "%s", name);
    errors[i].times++;
}

/* Whether it is part of the order: what was refused is, where a kill has undone its turn and not
 * what it wrote. */
static bool has_place(const struct op *op, const struct log *log)
{
    unsigned again;
    if (op->outcome == OP_DONE)
        return true;
    return op->did.kind != LINEAR_READ &&
           (op->outcome != OP_REFUSED || find(log, op->id, &again) != NULL);
}

static void check_order(const struct history *history, const struct log *log)
{
    static struct linear_op ops[LINEAR_OPS];
    unsigned n = 0;
    for (unsigned i = 0; i < history->n; i++) {
        const struct op *op = &history->ops[i];
        sum.ops++;
        sum.done += op->outcome == OP_DONE;
        sum.refused += op->outcome == OP_REFUSED;
        sum.unknown += op->outcome == OP_UNKNOWN || op->outcome == OP_OPEN;
        if (op->outcome != OP_DONE)
            count_error(op->error);
        if (has_place(op, log))
            ops[n++] = op->did;
    }
    enum linear_verdict verdict = linear_check(ops, n, EFFORT);
    if (verdict == LINEAR_NO)
        tell(history, "no order of what clients did explains what they saw");
    if (verdict == LINEAR_TOO_HARD)
        tell(history, "%u operations: whether they have an order was not found out", n);
}

/* ---- owners ---- */

static int compare(const void *a, const void *b)
{
    const struct cell_record *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

/* Whether its wall clock was off by more than any has drifted meanwhile. */
static bool is_stepped(const struct cell_record *record)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t here = (int64_t)((uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec - now_ns());
    return llabs((int64_t)(record->wall_at - record->at) - here) > (int64_t)(600 * SECOND);
}

/* One that is wrong is told of each log. */
static void check_owners(const struct history *history, struct log *log)
{
    const struct cell_record *last = NULL, *late = NULL;
    if (log->n > 0)
        qsort(log->records, log->n, sizeof *log->records, compare);
    for (unsigned i = 0; i < log->n; i++) {
        const struct cell_record *record = &log->records[i];
        sum.records++;
        sum.late += record->late;
        sum.stepped += is_stepped(record);
        if (last == NULL || record->epoch > last->epoch) {
            last = record;
            sum.owners++;
        } else if (record->epoch == last->epoch) {
            if (strcmp(record->node, last->node) != 0)
                tell(history, "nodes %s and %s both have epoch %" PRIu64, last->node, record->node,
                     record->epoch);
        } else if (faults_excuse_late(record->pid, record->at)) {
            sum.excused++;
        } else if (late == NULL) {
            late = record;
            tell(history,
                 "node %s acts in epoch %" PRIu64 " %" PRIu64 " us after node %s in epoch %" PRIu64,
                 record->node, record->epoch, (record->at - last->at) / 1000, last->node,
                 last->epoch);
        }
    }
}

static void check_key(const struct history *history)
{
    struct log log = read_log(history);
    check_order(history, &log);
    for (unsigned i = 0; i < history->n; i++)
        if (history->ops[i].id != 0)
            check_op(history, &log, &history->ops[i]);
    check_owners(history, &log);
    free(log.records);
}

unsigned check_all(uint64_t length)
{
    for (unsigned i = 0; i < clients_keys(); i++)
        check_key(clients_history(i));
    printf("%u keys had %u owners; %u operations: %u done, %u refused, %u unknown\n",
           clients_keys(), sum.owners, sum.ops, sum.done, sum.refused, sum.unknown);
    for (unsigned e = 0; e < ERRORS && errors[e].times > 0; e++)
        printf("%3u x %s\n", errors[e].times, errors[e].name);
    printf("%u turns noted: %u kept out by their epoch, %u in a stop, %u undone by a kill, "
           "%u under a stepped clock\n",
           sum.records, sum.late, sum.excused, sum.again, sum.stepped);
    if (sum.done < 100 || sum.owners < clients_keys() + length / (30 * SECOND)) {
        wrong++;
        printf("WRONG  too little has happened to show anything\n");
    }
    return wrong;
}
