/* SPDX-License-Identifier: MIT */
/* bench_samples.c - medians, and numbers out of replies. */
#include "axsup/bench.h"

#include <stdlib.h>

void sup_bench_sample(struct bench_samples *samples, double value)
{
    if (samples->count < BENCH_ROUNDS_MAX)
        samples->all[samples->count++] = value;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

double sup_bench_median(struct bench_samples *samples)
{
    if (samples->count == 0)
        return -1;
    qsort(samples->all, samples->count, sizeof *samples->all, by_value);
    return samples->all[samples->count / 2];
}

void sup_bench_put(struct sup_bench *bench, enum sup_bench_figure figure,
                   struct bench_samples *samples)
{
    if (figure != BENCH_FIGURES && bench->value[figure] <= 0)
        bench->value[figure] = sup_bench_median(samples);
}

double sup_bench_field(const json_t *reply, const char *name)
{
    const json_t *value = json_object_get(reply, name);

    return json_is_boolean(value) ? json_boolean_value(value) : json_number_value(value);
}
