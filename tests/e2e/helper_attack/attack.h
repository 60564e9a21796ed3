/* SPDX-License-Identifier: MIT */
/* helper_attack - what comes to a gateway that should not:
 *
 *     helper_attack stranger PORT TOKEN KIND COUNT    who is no node of the cluster (stranger.c)
 *     helper_attack member PORT TOKEN KIND COUNT      who is, and misbehaves (member.c)
 *
 * It prints what has come of it in one line. */
#ifndef HELPER_ATTACK_H
#define HELPER_ATTACK_H

#include "overlay/core/core.h"
#include "overlay/core/host.h"

#include <stdint.h>

#define TARGET "a" /* the node at PORT */

struct attack {
    uint16_t port;
    const char *kind;
    unsigned count;
    uint8_t psk[OV_KEY];
};

_Noreturn void give_up(const char *what);

/* Connected to the gateway from 127.0.`of`. */
int connect_from(const struct attack *attack, unsigned of);

/* Put something onto the shelf of that node, and watch it: what a node may say. */
struct ov_frame make_put(void);
struct ov_frame make_watch(void);

void be_stranger(const struct attack *attack);
void be_member(const struct attack *attack);

#endif
