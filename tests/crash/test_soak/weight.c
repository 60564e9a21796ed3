/* SPDX-License-Identifier: MIT */
#include "weight.h"

#include "tests/lib/system.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENTS 256u

static FILE *open_of(pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return fopen(path, "re");
}

static uint64_t count_descriptors(pid_t pid)
{
    char path[64];
    uint64_t n = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *folder = opendir(path);
    if (folder == NULL)
        give_up("no descriptors of process %d", (int)pid);
    for (const struct dirent *each; (each = readdir(folder)) != NULL;)
        n += each->d_name[0] != '.';
    closedir(folder);
    return n;
}

static uint64_t count_mappings(pid_t pid)
{
    char line[512];
    uint64_t n = 0;
    FILE *file = open_of(pid, "maps");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        n += strstr(line, "/memfd:") != NULL;
    if (file != NULL)
        fclose(file);
    return n;
}

void weight_add(struct weight *weight, pid_t pid)
{
    char line[256];
    uint64_t kib;
    FILE *file = open_of(pid, "status");
    if (file == NULL)
        give_up("process %d is gone", (int)pid);
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "RssAnon: %" SCNu64, &kib) == 1)
            weight->own_kib += kib;
        if (sscanf(line, "RssShmem: %" SCNu64, &kib) == 1)
            weight->shared_kib += kib;
    }
    fclose(file);
    weight->processes++;
    weight->descriptors += count_descriptors(pid);
    weight->mappings += count_mappings(pid);
}

static pid_t parent_of(pid_t pid)
{
    char line[512];
    int parent = -1;
    FILE *file = open_of(pid, "stat");
    if (file == NULL)
        return -1;
    const char *end = fgets(line, sizeof line, file) == NULL ? NULL : strrchr(line, ')');
    if (end == NULL || sscanf(end + 1, " %*c %d", &parent) != 1)
        parent = -1;
    fclose(file);
    return parent;
}

void weight_children(struct weight *weight, pid_t parent, const pid_t * not, uint32_t n)
{
    DIR *folder = opendir("/proc");
    if (folder == NULL)
        give_up("no /proc");
    for (const struct dirent *each; (each = readdir(folder)) != NULL;) {
        const pid_t pid = (pid_t)strtol(each->d_name, NULL, 10);
        bool counts = pid > 0 && parent_of(pid) == parent;
        for (uint32_t i = 0; i < n; i++)
            counts &= pid != not [i];
        if (counts)
            weight_add(weight, pid);
    }
    closedir(folder);
}

/* The number of the file behind a descriptor where that is shared memory, and new. */
static uint64_t bytes_of(const char *path, ino_t seen[SEGMENTS], uint32_t *n)
{
    char name[128];
    struct stat stat_of;
    const ssize_t size = readlink(path, name, sizeof name - 1);
    name[size < 0 ? 0 : size] = '\0';
    if (strncmp(name, "/memfd:", 7) != 0 || stat(path, &stat_of) != 0)
        return 0;
    for (uint32_t i = 0; i < *n; i++)
        if (seen[i] == stat_of.st_ino)
            return 0;
    if (*n == SEGMENTS)
        give_up("more than %u segments", SEGMENTS);
    seen[(*n)++] = stat_of.st_ino;
    return (uint64_t)stat_of.st_blocks * 512u;
}

uint64_t weight_shared(pid_t pid)
{
    ino_t seen[SEGMENTS];
    uint32_t n = 0;
    uint64_t bytes = 0;
    char path[300];
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *folder = opendir(path);
    for (const struct dirent *each; folder != NULL && (each = readdir(folder)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%d/fd/%s", (int)pid, each->d_name);
        bytes += bytes_of(path, seen, &n);
    }
    if (folder != NULL)
        closedir(folder);
    return bytes;
}
