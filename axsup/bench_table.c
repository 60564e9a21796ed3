/* SPDX-License-Identifier: MIT */
/* bench_table.c - the baseline of kept maps: the least that a lookup in a large table can be.
 *
 * A line by chance among those of a table's buckets names one by chance among its entries, both in
 * memory of this process alone. No hash, no key that is compared: what is left is memory, and how
 * many lookups a processor has under way at a time. */
#include "axsup/bench.h"

#include "axsup/client.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define LINE_WORDS 8u
#define ENTRY_WORDS 16u /* 16 bytes of key and 64 of value, as a kept map has them */
#define ENTRIES_A_LINE 4u

static uint64_t by_chance(uint64_t *random, uint64_t bound)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (uint64_t)(((unsigned __int128)*random * bound) >> 64);
}

static void fill(uint64_t *lines, uint64_t n_lines, uint64_t *entries, uint64_t n_entries)
{
    uint64_t random = 1;

    for (uint64_t i = 0; i < n_lines * LINE_WORDS; i++)
        lines[i] = by_chance(&random, n_entries);
    for (uint64_t i = 0; i < n_entries; i++)
        entries[i * ENTRY_WORDS] = 1;
}

static double look(const uint64_t *lines, uint64_t n_lines, const uint64_t *entries, uint64_t count)
{
    uint64_t start = sup_bench_now(), random = start, sum = 0;

    for (uint64_t i = 0; i < count; i++) {
        uint64_t line = by_chance(&random, n_lines);
        sum += entries[lines[line * LINE_WORDS] * ENTRY_WORDS];
    }
    uint64_t ns = sup_bench_now() - start;
    return sum == count && ns != 0 ? (double)ns / (double)count : -1;
}

double sup_bench_raw_table(int cpu, uint64_t keys, uint64_t count)
{
    uint64_t n_lines = keys / ENTRIES_A_LINE + 1;
    uint64_t words = n_lines * LINE_WORDS + keys * ENTRY_WORDS;
    uint64_t *lines = mmap(NULL, words * sizeof *lines, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (lines == MAP_FAILED) {
        sup_complain("bench: memory: %s", strerror(errno));
        return -1;
    }
    uint64_t *entries = lines + n_lines * LINE_WORDS;
    sup_bench_pin(cpu);
    fill(lines, n_lines, entries, keys);
    double ns = look(lines, n_lines, entries, count);
    sup_bench_unpin();
    munmap(lines, words * sizeof *lines);
    return ns;
}
