/* SPDX-License-Identifier: MIT */
/* hang.c - a turn that does not end. A slot is looked at four times in the time that a message may
 * take; the same open turn seen for longer than that is a hang: SIGABRT, so that there is a core,
 * and SIGKILL where that is not taken within a second (ten, while a core is being written). It
 * costs the worker nothing.
 *
 * A turn ages only by time in which it could have ended. That is the time between two looks, but
 *   - not while the process is stopped (SIGSTOP, a debugger): the time around a look that sees it
 *     so does not count. Who stops and continues it between two looks ages the turn by no more
 *     than these are apart.
 *   - not while it is ready to run and does not get a processor (/proc/PID/schedstat)
 *   - not more than looks are apart: where axsup itself comes late, because it was stopped, or the
 *     machine slept, or is overloaded, the worker may have had no time either.
 * All else counts: a handler that computes, and one that is blocked in a system call, asleep or
 * not. */
#include "axsup/hang.h"

#include "axsup/proc_stat.h"
#include "axsup/report.h"

#include <signal.h>

#define LOOKS 4u                      /* in the time that is allowed */
#define ABORT_NS UINT64_C(1000000000) /* from SIGABRT to SIGKILL */
#define DUMP_NS UINT64_C(10000000000) /* the same while a core is written */

static uint64_t between(uint64_t before, uint64_t now)
{
    return now > before ? now - before : 0;
}

/* What the time since the last look adds. */
static uint64_t aged(const struct sup_hang *hang, const struct sup_hang_look *look,
                     uint64_t every_ns)
{
    uint64_t passed = between(hang->seen_at, look->now);
    uint64_t ran = between(hang->ran_ns, look->ran_ns);
    uint64_t waited = between(hang->waited_ns, look->waited_ns);

    if (look->halted || hang->halted)
        return 0;
    if (look->runnable && ran == 0) /* its wait is not over, and so not counted yet */
        return 0;
    passed = between(waited, passed);
    return passed < every_ns ? passed : every_ns;
}

uint64_t sup_hang_age(struct sup_hang *hang, const struct sup_hang_look *look, uint64_t every_ns)
{
    if (look->turn == 0 || look->turn != hang->turn)
        hang->age_ns = 0;
    else
        hang->age_ns += aged(hang, look, every_ns);
    hang->turn = look->turn;
    hang->seen_at = look->now;
    hang->ran_ns = look->ran_ns;
    hang->waited_ns = look->waited_ns;
    hang->halted = look->halted;
    return hang->age_ns;
}

/* Where the kernel does not tell, what it would have told is left out of account. */
static void look_at(const struct sup_slot *slot, struct sup_hang_look *look)
{
    uint64_t committed = shm_load_acquire(&slot->sup->hub.port.peers[slot->number]->committed);
    uint64_t turn = shm_load(&slot->memory.view->journal.turn);
    struct sup_proc_time time;
    struct sup_proc_stat stat;

    *look = (struct sup_hang_look){.now = sup_clock(), .turn = turn == committed ? 0 : turn};
    if (look->turn == 0)
        return;
    bool timed = sup_proc_time_read(slot->pid, &time) == 0;
    bool seen = slot->child.stat >= 0 && sup_proc_stat_read(slot->child.stat, &stat) == 0;
    if (timed) {
        look->ran_ns = time.ran_ns;
        look->waited_ns = time.waited_ns;
    }
    look->runnable = timed && seen && stat.state == 'R';
    look->halted = seen && sup_proc_stat_halted(&stat);
}

/* It was given time to write its core. */
static void end_it(struct sup_slot *slot)
{
    struct sup_child *child = &slot->child;
    struct sup_proc_stat stat;
    uint64_t now = sup_clock();
    bool dumping = child->stat >= 0 && sup_proc_stat_read(child->stat, &stat) == 0 && stat.dumping;

    if (dumping && child->hang.dumped_by == 0)
        child->hang.dumped_by = now + DUMP_NS;
    if (dumping && now < child->hang.dumped_by)
        sup_timer_set(slot->sup, &child->hang_timer, now + ABORT_NS);
    else
        sup_child_signal(slot, SIGKILL);
}

static void on_hang_timer(void *ctx)
{
    struct sup_slot *slot = ctx;
    uint64_t limit = slot->config->hang_after_ns, every = limit / LOOKS + 1;
    struct sup_hang_look look;

    if (slot->pid == 0 || slot->child.noticed)
        return;
    if (slot->child.hung) {
        end_it(slot);
        return;
    }
    look_at(slot, &look);
    uint64_t age = sup_hang_age(&slot->child.hang, &look, every);
    if (age > limit) {
        slot->child.hung = true;
        sup_report_hang(slot, age);
        sup_child_signal(slot, SIGABRT);
        sup_timer_set(slot->sup, &slot->child.hang_timer, look.now + ABORT_NS);
    } else {
        sup_timer_set(slot->sup, &slot->child.hang_timer, look.now + every);
    }
}

void sup_hang_init(struct sup_slot *slot)
{
    slot->child.hang_timer = (struct sup_timer){.fn = on_hang_timer, .ctx = slot};
}

void sup_hang_watch(struct sup_slot *slot)
{
    slot->child.hang = (struct sup_hang){0};
    if (slot->config->hang_after_ns != 0)
        on_hang_timer(slot);
}
