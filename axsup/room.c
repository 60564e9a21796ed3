/* SPDX-License-Identifier: MIT */
#include "axsup/room.h"

#include "axsup/memory_plan.h"

#include <ax/errors.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CGROUPS "/sys/fs/cgroup"
#define FILE_ROOM 8192
#define LARGEST 3 /* arenas that are named */

/* ---- what there is ---- */

/* The number behind a word that begins a line. False: there is none. */
static bool find(const char *text, const char *word, uint64_t *value)
{
    size_t length = strlen(word);

    for (const char *line = text; line != NULL && *line != '\0';
         line = strchr(line, '\n') != NULL ? strchr(line, '\n') + 1 : NULL) {
        char *end;

        if (strncmp(line, word, length) != 0 || (line[length] != ' ' && line[length] != ':'))
            continue;
        *value = strtoull(line + length + 1, &end, 10);
        return end != line + length + 1;
    }
    return false;
}

static uint64_t kib(const char *meminfo, const char *word)
{
    uint64_t value;

    return find(meminfo, word, &value) && value <= UINT64_MAX >> 20 ? value << 10 : 0;
}

void sup_room_machine(struct sup_room *room, const char *meminfo)
{
    uint64_t now = kib(meminfo, "MemAvailable"), ever = kib(meminfo, "MemTotal");

    room->now = now > 0 ? now + kib(meminfo, "SwapFree") : UINT64_MAX;
    room->ever = ever > 0 ? ever + kib(meminfo, "SwapTotal") : UINT64_MAX;
}

static void lower(uint64_t *to, uint64_t value)
{
    if (value < *to)
        *to = value;
}

/* Pages of files count as used, but give way. */
void sup_room_cgroup(struct sup_room *room, uint64_t swap, const char *max, const char *current,
                     const char *stat)
{
    uint64_t limit, used = 0, active = 0, inactive = 0;
    char *end;

    if (max == NULL)
        return;
    limit = strtoull(max, &end, 10);
    if (end == max || limit > UINT64_MAX - swap) /* "max" */
        return;
    if (current != NULL)
        used = strtoull(current, NULL, 10);
    if (stat != NULL) {
        (void)find(stat, "active_file", &active);
        (void)find(stat, "inactive_file", &inactive);
    }
    used = used > active + inactive ? used - active - inactive : 0;
    lower(&room->ever, limit + swap);
    lower(&room->now, (limit > used ? limit - used : 0) + swap);
}

/* NULL: it cannot be read. */
static const char *read_file(const char *path, char text[FILE_ROOM])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, FILE_ROOM - 1);

    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0 ? text : NULL;
}

static const char *read_in(const char *folder, const char *name, char text[FILE_ROOM])
{
    char path[PATH_MAX];

    if ((size_t)snprintf(path, sizeof path, CGROUPS "%s/%s", folder, name) >= sizeof path)
        return NULL;
    return read_file(path, text);
}

static void read_cgroup(struct sup_room *room, uint64_t swap, const char *folder)
{
    char max[FILE_ROOM], current[FILE_ROOM], stat[FILE_ROOM];

    sup_room_cgroup(room, swap, read_in(folder, "memory.max", max),
                    read_in(folder, "memory.current", current),
                    read_in(folder, "memory.stat", stat));
}

void sup_room_read(struct sup_room *room)
{
    char text[FILE_ROOM], *folder, *slash;
    uint64_t swap = 0;

    *room = (struct sup_room){UINT64_MAX, UINT64_MAX};
    if (read_file("/proc/meminfo", text) != NULL) {
        sup_room_machine(room, text);
        swap = kib(text, "SwapFree");
    }
    if (read_file("/proc/self/cgroup", text) == NULL || (folder = strstr(text, "0::/")) == NULL)
        return;
    folder += strlen("0::");
    folder[strcspn(folder, "\n")] = '\0';
    while ((slash = strrchr(folder, '/')) != NULL) {
        read_cgroup(room, swap, folder);
        *slash = '\0';
    }
}

/* ---- what a system takes ---- */

static uint64_t mib(uint64_t bytes)
{
    return (bytes >> 20) + ((bytes & ((1 << 20) - 1)) != 0);
}

static uint64_t arenas(const struct sup_worker_config *worker)
{
    return worker->count * worker->arena;
}

static int by_arenas(const void *a, const void *b)
{
    uint64_t x = arenas(*(const struct sup_worker_config *const *)a);
    uint64_t y = arenas(*(const struct sup_worker_config *const *)b);

    return (x < y) - (x > y);
}

/* "64G of each of 2 w, 16M of v", the largest first. The entry with the largest is returned. */
static const struct sup_worker_config *name_arenas(const struct sup_config *config, char *text,
                                                   size_t room)
{
    const struct sup_worker_config *sorted[SUP_WORKERS_MAX] = {NULL};
    size_t n = config->n_workers < SUP_WORKERS_MAX ? config->n_workers : SUP_WORKERS_MAX, at = 0;
    char size[SUP_UNIT_ROOM];

    for (size_t i = 0; i < n; i++)
        sorted[i] = &config->workers[i];
    qsort(sorted, n, sizeof(*sorted), by_arenas);
    for (size_t i = 0; i < n && i < LARGEST; i++) {
        const char *between = i > 0 ? ", " : "";
        const struct sup_worker_config *worker = sorted[i];

        sup_format_size(worker->arena, size);
        if (worker->count > 1)
            at += (size_t)snprintf(text + at, room - at, "%s%u times %s of %s", between,
                                   worker->count, size, worker->name);
        else
            at += (size_t)snprintf(text + at, room - at, "%s%s of %s", between, size, worker->name);
    }
    return sorted[0];
}

int sup_room_check(const struct sup_room *room, const struct sup_config *config,
                   struct sup_config_errors *errors)
{
    uint64_t bytes = sup_plan_bytes(config);
    char largest[SUP_ROOM_TEXT];

    if (bytes <= room->ever || config->n_workers == 0)
        return 0;
    const struct sup_worker_config *worker = name_arenas(config, largest, sizeof largest);
    sup_config_error(errors, worker->node, "arena",
                     "the system takes %" PRIu64 "M of memory when it starts, and there are "
                     "%" PRIu64 "M here in all; the largest arenas are %s",
                     mib(bytes), room->ever >> 20, largest);
    return AX_E_INVALID;
}

int sup_room_try(const struct sup_room *room, const struct sup_config *config,
                 char text[SUP_ROOM_TEXT])
{
    uint64_t bytes = sup_plan_bytes(config);
    char largest[SUP_ROOM_TEXT / 2];

    if (bytes <= room->now || config->n_workers == 0)
        return 0;
    (void)name_arenas(config, largest, sizeof largest);
    snprintf(text, SUP_ROOM_TEXT,
             "the system takes %" PRIu64 "M of memory when it starts, and %" PRIu64
             "M are free: end other programs, or lower arena; the largest are %s",
             mib(bytes), room->now >> 20, largest);
    return AX_E_NO_MEMORY;
}
