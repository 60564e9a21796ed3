/* SPDX-License-Identifier: MIT */
/* bench_raw.c - what the machine can do at best: the baselines.
 *
 * As bare as they can be: no checks, no names, nothing that survives anything. What a virtual
 * machine's two cores cost each other changes by the minute, so each figure is compared with a
 * baseline that was taken right before it. */
#include "axsup/bench.h"

#include "axsup/client.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINE 64u
#define SLOTS 1024ull /* of the bare ring; a power of two */

uint64_t sup_bench_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static cpu_set_t whole; /* what this process may use */
static bool pinned;

void sup_bench_pin(int cpu)
{
    cpu_set_t one;

    if (!pinned && sched_getaffinity(0, sizeof whole, &whole) == 0)
        pinned = true;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    (void)sched_setaffinity(0, sizeof one, &one);
}

void sup_bench_unpin(void)
{
    if (pinned)
        (void)sched_setaffinity(0, sizeof whole, &whole);
    pinned = false;
}

/* ---- a second process ---- */

struct raw {
    _Alignas(LINE) uint64_t there; /* a line each */
    _Alignas(LINE) uint64_t back;
    _Alignas(LINE) uint64_t start, ns; /* of what is measured */
    _Alignas(LINE) uint64_t slots[SLOTS][LINE / sizeof(uint64_t)];
    uint64_t count;
    int bell[2];
};

static struct raw *raw_new(uint64_t count)
{
    struct raw *raw = mmap(NULL, sizeof *raw, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (raw == MAP_FAILED) {
        sup_complain("bench: memory: %s", strerror(errno));
        return NULL;
    }
    raw->count = count;
    return raw;
}

/* Runs one half in a child on cpu1 and the other here on cpu0. The time that they measured between
 * them, which begins when the child is under way; 0: there was no child. */
static uint64_t both(struct raw *raw, int cpu0, int cpu1, void (*theirs)(struct raw *),
                     void (*ours)(struct raw *))
{
    pid_t child = fork();

    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        sup_bench_pin(cpu1);
        theirs(raw);
        _exit(0);
    }
    if (child < 0) {
        sup_complain("bench: a process: %s", strerror(errno));
        return 0;
    }
    sup_bench_pin(cpu0);
    ours(raw);
    sup_bench_unpin();
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return raw->ns;
}

static double round_trips(struct raw *raw, int cpu0, int cpu1, uint64_t trips,
                          void (*theirs)(struct raw *), void (*ours)(struct raw *))
{
    uint64_t ns = both(raw, cpu0, cpu1, theirs, ours);

    munmap(raw, sizeof *raw);
    return ns != 0 ? (double)ns / (double)trips : -1;
}

/* ---- a line ---- */

static void line_back(struct raw *raw)
{
    for (uint64_t i = 1; i <= raw->count + 1; i++) {
        while (__atomic_load_n(&raw->there, __ATOMIC_ACQUIRE) != i)
            ;
        __atomic_store_n(&raw->back, i, __ATOMIC_RELEASE);
    }
}

static void line_there(struct raw *raw)
{
    for (uint64_t i = 1; i <= raw->count + 1; i++) {
        __atomic_store_n(&raw->there, i, __ATOMIC_RELEASE);
        while (__atomic_load_n(&raw->back, __ATOMIC_ACQUIRE) != i)
            ;
        if (i == 1)
            raw->start = sup_bench_now();
    }
    raw->ns = sup_bench_now() - raw->start;
}

/* On one core two spinners would only wait for the end of each other's time slice. */
static uint64_t on_one_core(const int cpu[2], uint64_t count, uint64_t few)
{
    return cpu[0] == cpu[1] && count > few ? few : count;
}

double sup_bench_raw_line(const int cpu[2], uint64_t trips)
{
    trips = on_one_core(cpu, trips, 10);
    struct raw *raw = raw_new(trips);

    return raw ? round_trips(raw, cpu[0], cpu[1], trips, line_back, line_there) : -1;
}

/* ---- eventfds ---- */

static void ring(int bell)
{
    const uint64_t one = 1;

    if (write(bell, &one, sizeof one) < 0)
        _exit(1);
}

static void hear(int bell)
{
    uint64_t count;

    if (read(bell, &count, sizeof count) < 0)
        _exit(1);
}

static void bell_back(struct raw *raw)
{
    for (uint64_t i = 0; i <= raw->count; i++) {
        hear(raw->bell[0]);
        ring(raw->bell[1]);
    }
}

static void bell_there(struct raw *raw)
{
    for (uint64_t i = 0; i <= raw->count; i++) {
        ring(raw->bell[0]);
        hear(raw->bell[1]);
        if (i == 0)
            raw->start = sup_bench_now();
    }
    raw->ns = sup_bench_now() - raw->start;
}

double sup_bench_raw_eventfd(int cpu0, int cpu1, uint64_t trips)
{
    struct raw *raw = raw_new(trips);
    double ns = -1;
    int bell[2];

    if (!raw)
        return -1;
    bell[0] = raw->bell[0] = eventfd(0, EFD_CLOEXEC);
    bell[1] = raw->bell[1] = eventfd(0, EFD_CLOEXEC);
    if (bell[0] < 0 || bell[1] < 0) {
        sup_complain("bench: an eventfd: %s", strerror(errno));
        munmap(raw, sizeof *raw);
    } else {
        ns = round_trips(raw, cpu0, cpu1, trips, bell_back, bell_there);
    }
    for (int i = 0; i < 2; i++)
        if (bell[i] >= 0)
            close(bell[i]);
    return ns;
}

/* ---- a ring ---- */

/* Each side looks at the other's position only when it has to, as any good ring does. */
static void ring_read(struct raw *raw)
{
    uint64_t message[LINE / sizeof(uint64_t)], sum = 0, end = 0;

    for (uint64_t at = 0; at < raw->count; at++) {
        while (at == end)
            end = __atomic_load_n(&raw->there, __ATOMIC_ACQUIRE);
        memcpy(message, raw->slots[at % SLOTS], sizeof message);
        sum += message[0];
        if (at + 1 == end)
            __atomic_store_n(&raw->back, end, __ATOMIC_RELEASE);
    }
    raw->ns = sup_bench_now() - raw->start;
    if (sum == 0) /* nobody may leave the copies out */
        _exit(1);
}

static void ring_write(struct raw *raw)
{
    uint64_t message[LINE / sizeof(uint64_t)] = {1}, read = 0;

    for (uint64_t at = 0; at < raw->count; at++) {
        while (at - read == SLOTS)
            read = __atomic_load_n(&raw->back, __ATOMIC_ACQUIRE);
        memcpy(raw->slots[at % SLOTS], message, sizeof message);
        if (at == 0) /* the reader waits for it */
            raw->start = sup_bench_now();
        __atomic_store_n(&raw->there, at + 1, __ATOMIC_RELEASE);
        while (at == 0 && read == 0)
            read = __atomic_load_n(&raw->back, __ATOMIC_ACQUIRE);
    }
}

double sup_bench_raw_ring(const int cpu[2], uint64_t messages)
{
    messages = on_one_core(cpu, messages, 10 * SLOTS);
    struct raw *raw = raw_new(messages);
    uint64_t ns = raw ? both(raw, cpu[0], cpu[1], ring_read, ring_write) : 0;

    if (raw)
        munmap(raw, sizeof *raw);
    return ns != 0 ? (double)messages * 1e9 / (double)ns : -1;
}

/* ---- memcpy ---- */

double sup_bench_raw_memcpy(int cpu, uint64_t copies)
{
    const size_t size = 65536;
    unsigned char *bytes = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (bytes == MAP_FAILED) {
        sup_complain("bench: memory: %s", strerror(errno));
        return -1;
    }
    sup_bench_pin(cpu);
    uint64_t start = sup_bench_now();
    for (uint64_t i = 0; i < copies; i++) {
        memcpy(bytes + (i & 1) * size, bytes + (~i & 1) * size, size);
        __asm__ volatile("" : : "r"(bytes) : "memory");
    }
    uint64_t ns = sup_bench_now() - start;
    sup_bench_unpin();
    munmap(bytes, 2 * size);
    return (double)copies * (double)size * 1e9 / (double)(ns ? ns : 1);
}
