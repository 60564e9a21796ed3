/* SPDX-License-Identifier: MIT */
#include "shm/bell.h"

#include "shm/lane.h"

#include <errno.h>
#include <unistd.h>

void shm_bell_write(int bell)
{
    const uint64_t one = 1;
    while (write(bell, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

bool shm_bell_park(struct shm_port *port)
{
    struct shm_public *pub = port->pub;
    uint32_t parking = shm_load(&pub->park_seq) + 1;
    if (parking == 0)
        parking = 1;
    shm_store(&pub->park_seq, parking);
    shm_store(&pub->parked, parking);
    shm_fence(); /* pairs with the one in shm_lane_ring */
    if (!shm_lane_any(port))
        return true;
    shm_bell_unpark(port);
    return false;
}

void shm_bell_unpark(struct shm_port *port)
{
    shm_store_release(&port->pub->parked, 0);
}

uint32_t shm_bell_running(const struct shm_port *port)
{
    uint32_t running = 1;
    for (uint64_t set = port->all; set != 0; set &= set - 1) {
        uint32_t slot = (uint32_t)__builtin_ctzll(set);
        const struct shm_public *peer = port->peers[slot];
        uint32_t parking = shm_load(&peer->parked);
        running +=
            shm_load(&peer->incarnation) != 0 && (parking == 0 || parking == port->out[slot].rung);
    }
    return running;
}
