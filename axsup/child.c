/* SPDX-License-Identifier: MIT */
/* child.c - a worker process while it lives; the picture is in child.h. Starts are in birth.c, ends
 * in death.c, turns that do not end in hang.c. */
#include "axsup/child.h"

#include "axsup/death.h"
#include "axsup/files.h"
#include "axsup/hang.h"
#include "axsup/order.h"
#include "axsup/sup.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

bool sup_child_exists(const struct sup_slot *slot)
{
    return slot->pid != 0 || slot->child.ordered;
}

void sup_child_state(struct sup_slot *slot, enum shm_slot_state state)
{
    struct shm_slot_info *info = &slot->sup->hub.port.pub->slot[slot->number];

    slot->state = state;
    shm_store(&info->incarnation, slot->incarnation);
    shm_store(&info->epoch, slot->epoch);
    shm_store(&info->units, slot->memory.units);
    shm_store_release(&info->state, state);
}

int sup_child_signal(struct sup_slot *slot, int signal)
{
    if (slot->pid == 0)
        return -ESRCH;
    return syscall(SYS_pidfd_send_signal, slot->child.pidfd, signal, NULL, 0) == 0 ? 0 : -errno;
}

/* ---- what it says, and what is seen of it ---- */

void sup_child_ready(struct sup_slot *slot, const struct shm_ready_body *body)
{
    struct sup_child *child = &slot->child;

    if (body->incarnation != slot->incarnation || slot->pid == 0 || child->noticed ||
        child->ready_once)
        return;
    child->ready_once = true;
    slot->been_ready = true;
    sup_file_close(&child->order_socket);
    sup_death_watch_futex(slot);
    if (slot->state == SHM_SLOT_STARTING)
        sup_child_state(slot, SHM_SLOT_RUNNING);
    sup_supervision_ready(slot);
    sup_hang_watch(slot);
    sup_death_report(slot);
    sup_report_ready(slot, body->mail);
    sup_reload_poke(slot);
    sup_templates_spare(slot->sup);
}

void sup_child_stopped(struct sup_slot *slot, const struct shm_stopped_body *body)
{
    slot->child.left = body->mail;
}

void sup_child_look(struct sup_slot *slot)
{
    if (slot->pid != 0 && !slot->child.noticed && !slot->child.corrupt &&
        !sup_memory_intact(slot->sup, slot->number))
        sup_child_corrupt(slot, "the head of its memory");
}

void sup_child_corrupt(struct sup_slot *slot, const char *what)
{
    sup_log(AX_ERROR, "%s: %s does not add up", slot->name, what);
    if (slot->pid == 0 || slot->child.noticed)
        return;
    slot->child.corrupt = true;
    sup_child_signal(slot, SIGKILL);
}

/* ---- init ---- */

int sup_child_init(struct sup_slot *slot)
{
    struct sup_child *child = &slot->child;

    child->pidfd = child->stat = child->order_socket = -1;
    sup_birth_init(slot);
    sup_hang_init(slot);
    sup_stop_init_slot(slot);
    return sup_order_init(slot);
}

void sup_child_deinit(struct sup_slot *slot)
{
    sup_death_reap(slot);
    sup_order_deinit(slot);
}
