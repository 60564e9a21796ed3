/* SPDX-License-Identifier: MIT */
/* wrecker.c - overwrites what its process may write, in the middle of a turn: all that a plugin
 * needs for it is in /proc/self. */
#include "witness.h"

#define AX_IMPLEMENT
#include "wrecker.h"

#include "tests/lib/vandal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

AX_STATE(wrecker, (i64, noise));

static const char *const names[] = {"axsup", "hostile/0", "witness/0", "witness/1"}; /* by slot */

#define SLOTS 4u
#define BLOWS 3u

static uint32_t slot_of(const char *name, size_t size)
{
    uint32_t slot = 0;
    while (slot < SLOTS && (strlen(names[slot]) != size || memcmp(names[slot], name, size) != 0))
        slot++;
    return slot;
}

/* One line of /proc/self/maps: a segment that is ours to write, or the lane of somebody to us. */
static void take_mapping(struct vandal *vandal, const char *line)
{
    const char *name = strstr(line, "/memfd:"), *end = strstr(line, " (deleted)");
    uint8_t *at = (uint8_t *)strtoull(line, NULL, 16); /* NOLINT(performance-no-int-to-ptr) */
    if (name == NULL || end == NULL)
        return;
    bool ours = strstr(line, " rw-s ") != NULL;
    name += strlen("/memfd:");
    if (ours && strncmp(name, "private:", 8) == 0)
        vandal->private = at;
    if (ours && strncmp(name, "public:", 7) == 0)
        vandal->public = at;
    const char *arrow = memchr(name, '>', (size_t)(end - name));
    if (strncmp(name, "lanes:", 6) != 0 || arrow == NULL)
        return;
    uint32_t from = slot_of(name + 6, (size_t)(arrow - name - 6));
    uint32_t to = slot_of(arrow + 1, (size_t)(end - arrow - 1));
    if (from >= SLOTS || to >= SLOTS)
        return;
    if (ours) {
        vandal->edge[to] = at;
        return;
    }
    const struct shm_ends *ends = shm_edge_ends(at, from, to);
    vandal->heard[from][0] = ends->read_data;
    vandal->heard[from][1] = ends->read_control;
}

static bool find_memory(struct vandal *vandal)
{
    static const struct shm_geometry *trusted; /* our own copy, of the first time */
    static struct shm_geometry copy;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    memset(vandal, 0, sizeof *vandal);
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        take_mapping(vandal, line);
    if (maps != NULL)
        (void)fclose(maps);
    if (vandal->private == NULL || vandal->public == NULL)
        return false;
    if (trusted == NULL) {
        memcpy(&copy, vandal->private, sizeof copy);
        trusted = &copy;
    }
    vandal->geo = *trusted;
    vandal->spare = SHM_STOP; /* any worker may stop any actor: no harm to be shown */
    return vandal->geo.slots == SLOTS;
}

void wrecker_on_noise(struct ax_ctx *ctx, struct wrecker *self, const struct wrecker_noise *msg)
{
    (void)ctx;
    (void)msg;
    self->noise++;
}

static void talk(struct ax_ctx *ctx)
{
    for (unsigned i = 0; i < 6; i++) {
        witness_ref witness;
        const char *name = i % 2 == 0 ? "witness-0" : "witness-1";
        if (witness_find(ctx, name, &witness) == 0 &&
            witness_noise(ctx, witness, "nothing to see here") != 0)
            return;
    }
}

void wrecker_on_wreck(struct ax_ctx *ctx, struct wrecker *self, const struct wrecker_wreck *msg)
{
    struct vandal vandal;
    uint64_t seed = msg->seed;
    (void)self;
    talk(ctx);
    if (!find_memory(&vandal))
        ax_fail(ctx, "no memory was found");
    for (unsigned i = 0; i < BLOWS; i++)
        ax_log(ctx, AX_INFO, "blow: %s", vandal_strike(&vandal, seed * BLOWS + i));
}

/* Stops everybody's bell from ringing, and makes who rings it wait. */
void wrecker_on_gag(struct ax_ctx *ctx, struct wrecker *self, const struct wrecker_gag *msg)
{
    const uint64_t full = UINT64_MAX - 1;
    DIR *folder = opendir("/proc/self/fd");
    unsigned gagged = 0;
    (void)self;
    (void)msg;
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        char path[300], link[64] = "";
        uint64_t rung;
        int fd = atoi(entry->d_name);
        snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        if (readlink(path, link, sizeof link - 1) < 0 || strstr(link, "eventfd") == NULL)
            continue;
        if (read(fd, &rung, sizeof rung) < 0)
            rung = 0;
        gagged += write(fd, &full, sizeof full) == (ssize_t)sizeof full;
        fcntl(fd, F_SETFL, 0); /* of the file, not of the descriptor: everybody's */
    }
    if (folder != NULL)
        closedir(folder);
    ax_log(ctx, AX_INFO, "gagged %u", gagged);
}

void wrecker_on_ping(struct ax_ctx *ctx, struct wrecker *self, const struct wrecker_ping *msg,
                     struct wrecker_ping_reply *reply)
{
    (void)ctx;
    (void)self;
    (void)msg;
    reply->answer = 42;
}

AX_ACTOR(wrecker);
