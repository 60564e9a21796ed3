/* SPDX-License-Identifier: MIT */
/* shm/bell.h - waking a slot that has nothing to do.
 *
 *      sender   publish | fence | parked = k? | ring, once per k
 *      parker   parked = ++park_seq | fence | scan every lane | wait for the bell | parked = 0
 *
 * The two fences make it impossible that the sender sees no parker and the parker sees no frame.
 * Park numbers never restart, for a sender remembers the last one it rang. Each pair has a bell of
 * its own, and a slot hears them through one epoll: a shared one could be filled, read, or made to
 * block by any who holds it. The bell is rung with
 * write(2) on an eventfd: an io_uring WRITE to an eventfd is handed to a kernel thread and costs
 * 80-150 us. */
#ifndef SHM_BELL_H
#define SHM_BELL_H

#include "shm/port.h"

void shm_bell_write(int bell);

static inline void shm_bell_ring(struct shm_port *port, uint32_t to)
{
    struct shm_out *out = &port->out[to];
    uint32_t parking = shm_load(out->parked);
    if (shm_unlikely(parking != 0 && parking != out->rung)) {
        out->rung = parking;
        shm_bell_write(out->bell);
    }
}

/* Declares the slot parked. False: something came meanwhile, it is not parked. */
bool shm_bell_park(struct shm_port *port);
void shm_bell_unpark(struct shm_port *port);

/* How many slots run now or are about to, this one included: spinning pays only where there is a
 * core for each, and somebody to wait for. */
uint32_t shm_bell_running(const struct shm_port *port);

#endif
