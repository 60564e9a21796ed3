/* SPDX-License-Identifier: MIT */
#include "shm/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void shm_plan_geometry(const struct shm_plan *plan, struct shm_geometry *geo)
{
    uint64_t at = shm_round(sizeof(struct shm_private), SHM_PAGE);
    *geo = (struct shm_geometry){
        .magic = SHM_MAGIC,
        .abi = SHM_ABI,
        .slot = plan->slot,
        .slots = plan->slots,
        .actors = plan->actors + 1,
        .units = (uint32_t)(plan->arena_bytes / SHM_UNIT),
        .events = plan->events,
        .letters = plan->letters,
        .data_ring = plan->data_ring,
        .control_ring = plan->control_ring,
        .max_message = plan->max_message,
        .names = plan->names,
    };
    geo->actor_off = at;
    at += geo->actors * sizeof(struct shm_actor);
    geo->cold_off = at;
    at += geo->actors * sizeof(struct shm_actor_cold);
    geo->event_off = at;
    at += geo->events * sizeof(struct shm_event);
    geo->letter_off = at;
    at += geo->letters * sizeof(struct shm_event);
    geo->arena_off = at = shm_round(at, SHM_PAGE);
    geo->private_bytes = shm_round(at + (uint64_t)geo->units * SHM_UNIT, SHM_PAGE);

    geo->directory_off = at = SHM_DIRECTORY_OFF;
    at += geo->actors * sizeof(struct shm_directory);
    geo->name_off = at = shm_round(at, SHM_LINE);
    at += geo->names * sizeof(struct shm_name);
    geo->public_bytes = shm_round(at + geo->actors * sizeof(uint64_t), SHM_PAGE); /* shm_waits_on */

    geo->edge_bytes = SHM_PAGE + geo->control_ring + geo->data_ring;
}

static int fill_and_seal(int fd, uint64_t bytes)
{
    if (ftruncate(fd, (off_t)bytes) != 0)
        return -errno;
    if (fallocate(fd, 0, 0, (off_t)bytes) != 0)
        return -errno;
    if (fchmod(fd, 0600) != 0)
        return -errno;
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
        return -errno;
    return 0;
}

int shm_segment_create(const char *name, uint64_t bytes)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    int error = fill_and_seal(fd, bytes);
    if (error == 0)
        return fd;
    close(fd);
    return error;
}

int shm_segment_readonly(int fd)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int again = open(path, O_RDONLY | O_CLOEXEC);
    return again < 0 ? -errno : again;
}

void *shm_segment_map(int fd, uint64_t bytes, bool writable)
{
    void *at = mmap(NULL, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    return at == MAP_FAILED ? NULL : at;
}

void shm_segment_unmap(const void *address, uint64_t bytes)
{
    if (address != NULL)
        munmap((void *)(uintptr_t)address, bytes);
}
