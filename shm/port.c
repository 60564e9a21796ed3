/* SPDX-License-Identifier: MIT */
#include "shm/port.h"

#include "shm/arena.h"
#include "shm/segment.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Not for children that a handler forks: they would write on when the process is long dead. */
static void *map_own_at(int fd, uint64_t bytes, bool writable, void *at)
{
    void *got = shm_segment_map_at(fd, bytes, writable, at);
    if (got != NULL)
        (void)madvise(got, bytes, MADV_DONTFORK);
    return got;
}

static void *map_own(int fd, uint64_t bytes, bool writable)
{
    return map_own_at(fd, bytes, writable, NULL);
}

/* Peers differ in size. How large one's directory may be follows from its file, which is sealed;
 * the geometry that it shows can be believed of axsup alone. */
static uint64_t file_bytes(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static void place_private(struct shm_port *port, uint8_t *base)
{
    const struct shm_geometry *geo = &port->geo;
    port->priv = (struct shm_private *)(void *)base;
    port->actors = (struct shm_actor *)(void *)(base + geo->actor_off);
    port->cold = (struct shm_actor_cold *)(void *)(base + geo->cold_off);
    port->events = (struct shm_event *)(void *)(base + geo->event_off);
    port->letters = (struct shm_letter *)(void *)(base + geo->letter_off);
    port->units = base + geo->arena_off;
}

static void place_public(struct shm_port *port, uint8_t *base)
{
    port->pub = (struct shm_public *)(void *)base;
    port->directory = (struct shm_directory *)(void *)(base + port->geo.directory_off);
    port->depth = (uint32_t *)(void *)(base + port->geo.depth_off);
    port->meters = (struct shm_meter *)(void *)(base + port->geo.meter_off);
    port->histograms = (struct shm_histograms *)(void *)(base + port->geo.histogram_off);
}

static int open_own(struct shm_port *port, const struct shm_fds *fds, void *at)
{
    uint8_t *priv = at == NULL ? NULL : map_own_at(fds->priv, port->geo.private_bytes, true, at);
    if (priv == NULL)
        priv = map_own(fds->priv, port->geo.private_bytes, true);
    if (priv == NULL)
        return -errno;
    place_private(port, priv);
    uint8_t *pub = map_own(fds->pub, port->geo.public_bytes, true);
    if (pub == NULL)
        return -errno;
    place_public(port, pub);
    return 0;
}

/* What a peer says of its segment is taken once, and must lie in it. */
static void find_actors(struct shm_port *port, uint32_t peer, uint64_t bytes)
{
    const uint8_t *base = (const uint8_t *)port->peers[peer];
    uint64_t depth_off = shm_load(&port->peers[peer]->geometry.depth_off);
    uint64_t most = (bytes - SHM_DIRECTORY_OFF) /
                    (sizeof(struct shm_directory) + sizeof(uint32_t) + sizeof(struct shm_meter));
    if (depth_off & 7 || depth_off > bytes || most > (bytes - depth_off) / sizeof(uint32_t))
        return;
    port->peer_actors[peer] = (uint32_t)most;
    port->directories[peer] =
        (const struct shm_directory *)(const void *)(base + SHM_DIRECTORY_OFF);
    port->depths[peer] = (const uint32_t *)(const void *)(base + depth_off);
}

static void find_members(struct shm_port *port, uint32_t peer, uint64_t bytes)
{
    const struct shm_geometry geo = port->peers[peer]->geometry;
    if (geo.member_off & 7 || geo.member_off > bytes ||
        geo.members > (bytes - geo.member_off) / sizeof(struct shm_member))
        return;
    port->members[peer] =
        (const struct shm_member *)(const void *)((const uint8_t *)port->peers[peer] +
                                                  geo.member_off);
    port->member_count[peer] = geo.members;
}

static int open_public(struct shm_port *port, const struct shm_fds *fds, uint32_t peer)
{
    uint64_t bytes = file_bytes(fds->peer_pub[peer]);
    if (bytes < SHM_DIRECTORY_OFF)
        return -EINVAL;
    uint8_t *base = map_own(fds->peer_pub[peer], bytes, false);
    if (base == NULL)
        return -errno;
    port->peers[peer] = (const struct shm_public *)(const void *)base;
    port->in[peer].pub = port->peers[peer];
    port->peer_bytes[peer] = bytes;
    find_actors(port, peer, bytes);
    find_members(port, peer, bytes);
    if (peer == 0) {
        const struct shm_geometry *geo = (const struct shm_geometry *)(const void *)base;
        port->peer_actors[0] = geo->actors;
        if (geo->name_off + geo->names * sizeof(struct shm_name) > bytes)
            return -EINVAL;
        port->names = (const struct shm_name *)(const void *)(base + geo->name_off);
        port->name_count = geo->names;
        port->slot_info = port->peers[0]->slot;
    }
    return 0;
}

static int open_edges(struct shm_port *port, const struct shm_fds *fds, uint32_t peer)
{
    struct shm_out *out = &port->out[peer];
    struct shm_in *in = &port->in[peer];
    uint32_t me = port->slot;
    uint64_t bytes = port->geo.edge_bytes;
    uint8_t *to = map_own(fds->out[peer], bytes, true);
    if (to == NULL)
        return -errno;
    out->ends = shm_edge_ends(to, me, peer);
    out->stage = shm_edge_staged(to, me, peer);
    out->ring[SHM_CONTROL] = to + SHM_PAGE;
    out->ring[SHM_DATA] = to + SHM_PAGE + port->geo.control_ring;
    uint8_t *from = map_own(fds->in[peer], bytes, false);
    if (from == NULL)
        return -errno;
    port->in_ends[peer] = shm_edge_ends(from, peer, me);
    in->stage = shm_edge_staged(from, peer, me);
    in->ring[SHM_CONTROL] = from + SHM_PAGE;
    in->ring[SHM_DATA] = from + SHM_PAGE + port->geo.control_ring;
    return 0;
}

static int open_peer(struct shm_port *port, const struct shm_fds *fds, uint32_t peer)
{
    int error = open_public(port, fds, peer);
    if (error == 0)
        error = open_edges(port, fds, peer);
    if (error != 0)
        return error;
    struct shm_out *out = &port->out[peer];
    out->parked = &port->peers[peer]->parked;
    out->bell = fds->bell[peer];
    for (uint32_t lane = SHM_DATA; lane <= SHM_CONTROL; lane++)
        out->staged[lane] = out->stage->end[lane];
    out->peer_read[SHM_DATA] = shm_load_acquire(&port->in_ends[peer]->read_data);
    out->peer_read[SHM_CONTROL] = shm_load_acquire(&port->in_ends[peer]->read_control);
    port->all |= 1ull << peer;
    return 0;
}

int shm_port_open_at(struct shm_port *port, const struct shm_geometry *geo,
                     const struct shm_fds *fds, void *at)
{
    memset(port, 0, sizeof *port);
    port->geo = *geo;
    port->slot = geo->slot;
    port->slots = geo->slots;
    port->data_mask = geo->data_ring - 1;
    port->control_mask = geo->control_ring - 1;
    port->bell = fds->bell[geo->slot];
    int error = open_own(port, fds, at);
    for (uint32_t peer = 0; error == 0 && peer < geo->slots; peer++)
        if (peer != geo->slot)
            error = open_peer(port, fds, peer);
    if (error == 0)
        error = shm_arena_open(port);
    if (error != 0) {
        shm_port_close(port);
        return error;
    }
    if (geo->slot == 0) { /* axsup reads its own tables */
        port->names = (const struct shm_name *)(const void *)((uint8_t *)port->pub + geo->name_off);
        port->name_count = geo->names;
        port->slot_info = port->pub->slot;
    }
    port->directories[geo->slot] = port->directory;
    port->depths[geo->slot] = port->depth;
    port->peer_actors[geo->slot] = geo->actors;
    port->peers[geo->slot] = port->pub;
    port->members[geo->slot] =
        (const struct shm_member *)(const void *)((uint8_t *)port->pub + geo->member_off);
    port->member_count[geo->slot] = geo->members;
    port->hot = port->all;
    return 0;
}

int shm_port_open(struct shm_port *port, const struct shm_geometry *geo, const struct shm_fds *fds)
{
    return shm_port_open_at(port, geo, fds, NULL);
}

static void close_peer(struct shm_port *port, uint32_t peer)
{
    uint64_t bytes = port->geo.edge_bytes;
    shm_segment_unmap(port->peers[peer], port->peer_bytes[peer]);
    if (port->out[peer].ring[SHM_CONTROL] != NULL)
        shm_segment_unmap(port->out[peer].ring[SHM_CONTROL] - SHM_PAGE, bytes);
    if (port->in[peer].ring[SHM_CONTROL] != NULL)
        shm_segment_unmap(port->in[peer].ring[SHM_CONTROL] - SHM_PAGE, bytes);
}

void shm_port_close(struct shm_port *port)
{
    for (uint32_t peer = 0; peer < SHM_SLOTS; peer++)
        if (peer != port->slot)
            close_peer(port, peer);
    shm_arena_close(port);
    shm_segment_unmap(port->priv, port->geo.private_bytes);
    shm_segment_unmap(port->pub, port->geo.public_bytes);
    memset(port, 0, sizeof *port);
}
