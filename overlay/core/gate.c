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

int ov_gate_enter(struct ov_gate *gate, uint64_t now, const struct ov_address *address,
                  unsigned *place)
{
    unsigned of_one = 0, free_place = 0;

    for (unsigned i = 0; i < OV_GATE_PLACES; i++) {
        if (gate->place[i].until == 0)
            free_place = i + 1;
        else
            of_one += is_same_party(address, &gate->place[i].address);
    }
    if (of_one >= OV_GATE_OF_ONE || free_place == 0) {
        *(of_one >= OV_GATE_OF_ONE ? &gate->crowded : &gate->full) += 1;
        return AX_E_BUSY;
    }
    gate->place[free_place - 1] =
        (struct ov_gate_place){.until = now + gate->patience_ns, .address = *address};
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
