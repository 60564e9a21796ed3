/* SPDX-License-Identifier: MIT */
#include "shm/segment.h"

#include "shm/tell.h"

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
        .members = plan->members,
        .histograms = plan->histograms,
        .leases = plan->leases,
    };
    geo->actor_off = at;
    at += geo->actors * sizeof(struct shm_actor);
    geo->cold_off = at;
    at += geo->actors * sizeof(struct shm_actor_cold);
    geo->event_off = at;
    at += geo->events * sizeof(struct shm_event);
    geo->letter_off = at;
    at += geo->letters * sizeof(struct shm_letter);
    geo->tells_off = at = shm_round(at, SHM_LINE);
    at += plan->tells ? sizeof(struct shm_tells) : 0;
    geo->arena_off = at = shm_round(at, SHM_PAGE);
    geo->private_bytes = shm_round(at + (uint64_t)geo->units * SHM_UNIT, SHM_PAGE);

    geo->directory_off = at = SHM_DIRECTORY_OFF;
    at += geo->actors * sizeof(struct shm_directory);
    geo->depth_off = at;
    geo->meter_off = at = shm_round(at + geo->actors * sizeof(uint32_t), 8);
    at += geo->actors * sizeof(struct shm_meter);
    geo->histogram_off = at = shm_round(at, SHM_LINE);
    at += geo->histograms * sizeof(struct shm_histograms);
    geo->name_off = at = shm_round(at, SHM_LINE);
    at += geo->names * sizeof(struct shm_name);
    geo->member_off = at = shm_round(at, SHM_LINE);
    at += geo->members * sizeof(struct shm_member);
    geo->lease_off = at;
    at += geo->leases * sizeof(struct shm_lease);
    geo->public_bytes = shm_round(at, SHM_PAGE);

    geo->edge_bytes = SHM_PAGE + geo->control_ring + geo->data_ring;
}

int shm_segment_allocate(int fd, uint64_t from, uint64_t to)
{
    int result;
    do
        result = fallocate(fd, 0, (off_t)from, (off_t)(to - from));
    while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : -errno;
}

static int fill_and_seal(int fd, uint64_t bytes, uint64_t there)
{
    if (ftruncate(fd, (off_t)bytes) != 0)
        return -errno;
    int error = shm_segment_allocate(fd, 0, there);
    if (error != 0)
        return error;
    if (fchmod(fd, 0600) != 0)
        return -errno;
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
        return -errno;
    return 0;
}

int shm_segment_create(const char *name, uint64_t bytes)
{
    return shm_segment_create_part(name, bytes, bytes);
}

int shm_segment_create_part(const char *name, uint64_t bytes, uint64_t there)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    int error = fill_and_seal(fd, bytes, there);
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

void *shm_segment_map_at(int fd, uint64_t bytes, bool writable, void *at)
{
    int fixed = at != NULL ? MAP_FIXED_NOREPLACE : 0;
    void *got =
        mmap(at, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED | fixed, fd, 0);
    return got == MAP_FAILED ? NULL : got;
}

void *shm_segment_map(int fd, uint64_t bytes, bool writable)
{
    return shm_segment_map_at(fd, bytes, writable, NULL);
}

void shm_segment_unmap(const void *address, uint64_t bytes)
{
    if (address != NULL)
        munmap((void *)(uintptr_t)address, bytes);
}
