/* SPDX-License-Identifier: MIT */
#include "overlay/core/gate.h"

#include <ax/errors.h>
#include <string.h>

#define PREFIX 8u /* bytes of an IPv6 address that tell parties apart */

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

static bool is_same_party(const struct ov_address *a, const struct ov_address *b)
{
    bool v4 = memcmp(a->bytes, v4_prefix, sizeof v4_prefix) == 0;

    if (a->local || b->local)
        return false;
    return memcmp(a->bytes, b->bytes, v4 ? sizeof a->bytes : PREFIX) == 0;
}

/* How many places its party has; one who has come by a Unix socket is a party by himself. */
static unsigned held_by(const struct ov_gate *gate, const struct ov_address *address)
{
    unsigned n = 0;

    for (unsigned i = 0; i < OV_GATE_PLACES; i++)
        n += gate->place[i].until != 0 && is_same_party(address, &gate->place[i].address);
    return address->local ? 1 : n;
}

/* The oldest place of a party that has as many as any; 0: none has more than that. */
static unsigned place_of_most(const struct ov_gate *gate, unsigned more_than)
{
    unsigned most = more_than, place = 0;

    for (unsigned i = 0; i < OV_GATE_PLACES; i++) {
        unsigned n = held_by(gate, &gate->place[i].address);
        if (n < most || n <= more_than ||
            (n == most && place != 0 && gate->place[i].came >= gate->place[place - 1].came))
            continue;
        most = n;
        place = i + 1;
    }
    return place;
}

int ov_gate_enter(struct ov_gate *gate, uint64_t now, const struct ov_address *address,
                  unsigned *place)
{
    unsigned of_one = address->local ? 0 : held_by(gate, address), free_place = 0;

    if (of_one >= OV_GATE_OF_ONE) {
        gate->crowded++;
        return AX_E_BUSY;
    }
    for (unsigned i = 0; i < OV_GATE_PLACES; i++)
        if (gate->place[i].until == 0)
            free_place = i + 1;
    if (free_place == 0) {
        gate->full++;
        *place = place_of_most(gate, of_one);
        return *place != 0 ? AX_E_FULL : AX_E_BUSY;
    }
    gate->place[free_place - 1] = (struct ov_gate_place){
        .until = now + gate->patience_ns, .came = ++gate->came, .address = *address};
    gate->held++;
    *place = free_place;
    return 0;
}

void ov_gate_leave(struct ov_gate *gate, unsigned place)
{
    gate->place[place - 1] = (struct ov_gate_place){0};
    gate->held--;
}

unsigned ov_gate_expire(struct ov_gate *gate, uint64_t now)
{
    for (unsigned i = 0; gate->held > 0 && i < OV_GATE_PLACES; i++)
        if (gate->place[i].until != 0 && gate->place[i].until <= now) {
            gate->late++;
            ov_gate_leave(gate, i + 1);
            return i + 1;
        }
    return 0;
}

uint64_t ov_gate_next(const struct ov_gate *gate)
{
    uint64_t next = UINT64_MAX;

    for (unsigned i = 0; gate->held > 0 && i < OV_GATE_PLACES; i++)
        if (gate->place[i].until != 0 && gate->place[i].until < next)
            next = gate->place[i].until;
    return next;
}
