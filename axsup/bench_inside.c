/* SPDX-License-Identifier: MIT */
/* bench_inside.c - two figures that no actor can see: what it costs to be undoable, and to change
 * stacks. The same code as in a worker, on memory of this process. */
#include "axsup/bench.h"

#include "libax/fiber.h"
#include "shm/chain.h"

#include <stdlib.h>
#include <string.h>

double sup_bench_commit(uint64_t turns)
{
    struct shm_port *port = aligned_alloc(SHM_LINE, sizeof *port);
    struct shm_private *priv = aligned_alloc(SHM_PAGE, sizeof *priv);
    struct shm_public *pub = aligned_alloc(SHM_LINE, sizeof *pub);
    uint64_t start = 0, ns = 0;
    uint32_t hint = 0;

    if (port && priv && pub) {
        memset(port, 0, sizeof *port);
        memset(priv, 0, sizeof *priv);
        memset(pub, 0, sizeof *pub);
        port->priv = priv;
        port->pub = pub;
        start = sup_bench_now();
        for (uint64_t i = 0; i < turns; i++) {
            shm_turn_begin(port, 1, i);
            shm_chain_log(port, &priv->over_data[1], &hint);
            shm_turn_commit(port);
        }
        ns = sup_bench_now() - start;
    }
    free(port);
    free(priv);
    free(pub);
    return ns ? (double)ns / (double)turns : -1;
}

/* ---- fibers ---- */

static struct {
    struct fiber home, ping, pong;
    uint64_t left;
} two;

static void ping(void)
{
    fiber_arrived(&two.ping);
    while (two.left > 1) {
        two.left -= 2;
        fiber_switch(&two.ping, &two.pong);
    }
    for (;;)
        fiber_switch(&two.ping, &two.home);
}

static void pong(void)
{
    fiber_arrived(&two.pong);
    for (;;)
        fiber_switch(&two.pong, &two.ping);
}

double sup_bench_fiber_switch(uint64_t switches)
{
    double ns = -1;

    memset(&two, 0, sizeof two);
    two.left = switches;
    if (fiber_init(&two.ping) == 0 && fiber_init(&two.pong) == 0) {
        fiber_prepare(&two.ping, ping);
        fiber_prepare(&two.pong, pong);
        uint64_t start = sup_bench_now();
        fiber_switch(&two.home, &two.ping);
        ns = (double)(sup_bench_now() - start) / (double)switches;
    }
    fiber_deinit(&two.ping);
    fiber_deinit(&two.pong);
    return ns;
}
