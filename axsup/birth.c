/* SPDX-License-Identifier: MIT */
/* birth.c - from the decision to start a process to its order. */
#include "axsup/death.h"
#include "axsup/order.h"
#include "axsup/sup.h"
#include "libax/boot.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
#define QUIET_POLL_NS (SECOND / 1000)
#define QUIET_MAX_NS (2 * SECOND) /* a peer that does not read by then has to see for itself */
#define UNFORKED_NS (SECOND / 10) /* after a template that could not fork, whatever the backoff */

/* ---- start ---- */

static void on_start_timer(void *ctx)
{
    sup_child_start(ctx);
}

static int empty_memory(struct sup_slot *slot)
{
    struct sup *sup = slot->sup;
    uint64_t lost = 0;

    sup_events_collect(sup, slot->number);
    int error = sup_memory_empty(sup, slot->number, &lost);
    if (error != 0)
        return error;
    sup_events_reset(sup, slot->number);
    sup_hub_fail(sup, slot->number, AX_E_CANCELED);
    slot->epoch++;
    sup_order_drop(slot);
    sup_log(AX_WARN, "%s starts with empty memory; %llu messages are lost", slot->name,
            (unsigned long long)lost);
    return 0;
}

/* False: peers have not yet dealt with the death; a timer tries again. */
static bool begin_anew(struct sup_slot *slot)
{
    struct sup *sup = slot->sup;
    struct sup_child *child = &slot->child;
    uint64_t now = sup_clock();

    if (child->empty_by == 0)
        child->empty_by = now + QUIET_MAX_NS;
    if (!sup_memory_quiet(sup, slot->number) && now < child->empty_by) {
        sup_timer_set(sup, &child->timer, now + QUIET_POLL_NS);
        return false;
    }
    child->empty_by = 0;
    int error = child->empty ? empty_memory(slot) : sup_memory_relane(sup, slot->number);
    if (error != 0) {
        sup_log(AX_ERROR, "%s: its memory cannot be emptied: %s", slot->name, ax_strerror(error));
        sup_timer_set(sup, &child->timer, now + SECOND);
        return false;
    }
    if (!child->empty)
        sup_log(AX_WARN, "%s starts with empty lanes; what it had sent and nobody read is lost",
                slot->name);
    child->empty = child->relane = false;
    return true;
}

void sup_child_start(struct sup_slot *slot)
{
    struct sup_child *child = &slot->child;

    sup_timer_clear(slot->sup, &child->timer);
    if ((child->empty || child->relane) && !begin_anew(slot))
        return;
    if (child->order == NULL && sup_order_pack(slot) != 0) {
        sup_log(AX_ERROR, "%s cannot be started: there is no memory", slot->name);
        sup_timer_set(slot->sup, &child->timer, sup_clock() + SECOND);
        return;
    }
    slot->incarnation++;
    slot->started_at = sup_clock();
    child->next = SUP_NEXT_NOTHING;
    child->noticed = child->hung = child->corrupt = false;
    child->stopping = child->restart = child->ready_once = child->crowded = false;
    child->hopeless = false;
    memset(child->accused, 0, sizeof child->accused);
    child->ordered = true;
    child->left = 0;
    sup_hub_uncut(slot->sup, slot->number);
    sup_memory_mend(slot->sup, slot->number);
    sup_child_state(slot, SHM_SLOT_STARTING);
    sup_template_kick(slot->template);
}

/* ---- the process ---- */

int sup_child_enter(struct sup_slot *slot, struct sup_spare *spare)
{
    struct sup_child *child = &slot->child;
    int error = boot_send(spare->socket, BOOT_ENTER, child->order, child->order_size,
                          child->order_fds, child->n_fds);

    if (error != 0)
        return error;
    slot->pid = spare->pid;
    child->pidfd = spare->pidfd;
    child->stat = spare->stat;
    child->ordered = false;
    child->order_socket = spare->socket;
    child->edition = slot->template->edition;
    sup_spare_init(spare);
    sup_order_drop(slot);
    error = sup_death_watch(slot);
    if (error != 0) {
        sup_death_reap(slot);
        sup_child_not_forked(slot, ax_strerror(error), false);
    }
    return 0;
}

/* As if an incarnation had ended at once: peers, policy and stop see nothing new in it. */
void sup_child_not_forked(struct sup_slot *slot, const char *why, bool final)
{
    const struct sup_ending end = {.code = BOOT_EXIT_SETUP};
    struct sup_child *child = &slot->child;

    sup_log(AX_ERROR, "%s cannot be started: %s", slot->name, why);
    child->ordered = false;
    child->hopeless = final;
    sup_death_notice(slot, &end);
    snprintf(slot->last_exit.why, sizeof slot->last_exit.why, "%s", why);
    struct sup_ended ended = sup_death_ended(slot);
    if (child->next == SUP_NEXT_START && child->start_at <= sup_clock())
        child->start_at = sup_clock() + UNFORKED_NS; /* not in this call, and not all the time */
    sup_death_follow(slot);
    sup_report_end(slot, &ended);
    if (slot->sup->stop.phase != SUP_STOP_NO)
        sup_stop_gone(slot->sup, slot, true);
}

void sup_birth_init(struct sup_slot *slot)
{
    slot->child.timer = (struct sup_timer){.fn = on_start_timer, .ctx = slot};
}
