/* SPDX-License-Identifier: MIT */
/* overlay/core/gate.h - how many connections may be in their handshake at a time.
 *
 * Whoever can reach the port can make a connection; only who has the token gets beyond its
 * handshake. Until then a connection is a place in this table and nothing else, so that a flood
 * takes no memory, and keeps nobody out: few places are for one address, none for longer than the
 * patience, and when all are held, whoever has most makes room for who has fewer. Addresses of IPv6
 * count by their /64, which is the least that one party is given (RFC 6177). */
#ifndef OV_GATE_H
#define OV_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include <ax/types.h>

#define OV_GATE_PLACES 64u
#define OV_GATE_OF_ONE 4u /* places for one address */

struct ov_address {
    uint8_t bytes[16]; /* of IPv6; IPv4 as ::ffff:a.b.c.d */
    bool local;        /* a Unix socket: the same machine, whose users its mode has chosen */
};

struct ov_gate { /* zeroed but for the patience: empty */
    uint64_t patience_ns;
    unsigned held;
    uint64_t came; /* so many have had a place */
    struct ov_gate_place {
        uint64_t until; /* 0: free */
        uint64_t came;  /* which of all it was */
        struct ov_address address;
    } place[OV_GATE_PLACES];
    uint64_t full, crowded, late; /* connections that found no place free, that were one of their
                                     address too many, that had no time any more */
};

/* A place for a connection that was accepted at `now`, from 1: *place. AX_E_FULL: there will be one
 * when *place is left, whose connection is to be closed. AX_E_BUSY: there is none for it, and it is
 * to be closed without a byte. */
AX_MUST_USE int ov_gate_enter(struct ov_gate *gate, uint64_t now, const struct ov_address *address,
                              unsigned *place);

/* The handshake of that place is over, whatever came of it. */
void ov_gate_leave(struct ov_gate *gate, unsigned place);

/* A place whose time is up by `now`, which is left by that; its connection is to be closed. 0:
 * there is none. */
unsigned ov_gate_expire(struct ov_gate *gate, uint64_t now);

/* When ov_gate_expire is to be called next; UINT64_MAX: no place is held. */
uint64_t ov_gate_next(const struct ov_gate *gate);

#endif
