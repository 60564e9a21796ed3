/* SPDX-License-Identifier: MIT */
/* hang.c - a turn that does not end. A slot is looked at four times in the time that a message may
 * take; the same open turn seen for longer than that is a hang: SIGABRT, so that there is a core,
 * and SIGKILL where that is not taken. It costs the worker nothing. */
#include "axsup/hang.h"

#include "axsup/report.h"

#include <signal.h>

#define ABORT_NS UINT64_C(1000000000) /* from SIGABRT to SIGKILL */

/* How long the turn that is open now has been open, as far as it was looked at. */
static uint64_t turn_age(struct sup_slot *slot, uint64_t now)
{
    struct sup_child *child = &slot->child;
    uint64_t committed = shm_load_acquire(&slot->sup->hub.port.peers[slot->number]->committed);
    uint64_t turn = shm_load(&slot->memory.view->journal.turn);

    if (turn == committed || turn != child->hang_turn) {
        child->hang_turn = turn == committed ? 0 : turn;
        child->hang_since = now;
    }
    return child->hang_turn == 0 ? 0 : now - child->hang_since;
}

static void on_hang_timer(void *ctx)
{
    struct sup_slot *slot = ctx;
    uint64_t limit = slot->config->hang_after_ns, now = sup_clock(), age = turn_age(slot, now);

    if (slot->pid == 0 || slot->child.noticed)
        return;
    if (slot->child.hung) {
        sup_child_signal(slot, SIGKILL);
    } else if (age > limit) {
        slot->child.hung = true;
        sup_report_hang(slot, age);
        sup_child_signal(slot, SIGABRT);
        sup_timer_set(slot->sup, &slot->child.hang_timer, now + ABORT_NS);
    } else {
        sup_timer_set(slot->sup, &slot->child.hang_timer, now + limit / 4 + 1);
    }
}

void sup_hang_init(struct sup_slot *slot)
{
    slot->child.hang_timer = (struct sup_timer){.fn = on_hang_timer, .ctx = slot};
}

void sup_hang_watch(struct sup_slot *slot)
{
    if (slot->config->hang_after_ns != 0)
        on_hang_timer(slot);
}
