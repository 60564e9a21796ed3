/* SPDX-License-Identifier: MIT */
/* death.c - from the notice of a death to the order for the next process.
 *
 * What happens between a death and the next message served is ordered by how long somebody waits
 * for it: first the notice to all slots; then the order for the next process, which enters while
 * the kernel still takes down the old one; only then, when that is reaped or the next one runs,
 * there is time for the log, for events and for the rings of the dead. */
#include "axsup/death.h"

#include "axsup/files.h"
#include "axsup/order.h"
#include "axsup/proc_stat.h"
#include "axsup/report.h"
#include "axsup/sup.h"
#include "libax/boot.h"
#include "shm/obituary.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the notice ---- */

static uint8_t reason_of(const struct sup_child *child, const struct sup_ending *end)
{
    if (child->hung)
        return SHM_HUNG;
    if (child->corrupt)
        return SHM_CORRUPT;
    if (child->restart)
        return SHM_SHUTDOWN;
    if (end->signal != 0)
        return SHM_SIGNAL;
    if (end->code == BOOT_EXIT_CORRUPT)
        return SHM_CORRUPT;
    return child->stopping && end->code == BOOT_EXIT_DONE ? SHM_SHUTDOWN : SHM_EXITED;
}

/* Did it die by its own doing, so that the message in hand is under suspicion? */
static bool own_doing(const struct sup_child *child, const struct sup_ending *end)
{
    bool outside = end->signal == SIGKILL || end->signal == SIGTERM;

    return child->hung || child->corrupt || (!outside && !child->stopping);
}

/* `suspect`: whose message was in hand. Who is told to do something and exits has failed in it,
 * whatever its status. */
static void decide(struct sup_slot *slot, const struct sup_ending *end, uint32_t suspect,
                   uint64_t now)
{
    bool normal = end->signal == 0 && end->code == BOOT_EXIT_DONE && suspect == 0;

    struct sup_child *child = &slot->child;

    child->start_at = now;
    child->next = SUP_NEXT_NOTHING;
    if (child->hopeless) {
        sup_supervision_drop(slot);
        child->next = SUP_NEXT_FAILED;
    } else if (child->restart && !sup_supervision_stops(slot)) {
        sup_supervision_again(slot, now);
        child->next = SUP_NEXT_START;
    } else if (!child->stopping && slot->sup->stop.phase == SUP_STOP_NO) {
        child->next = sup_supervision_ended(slot, normal ? SUP_END_NORMAL : SUP_END_FAILURE, now,
                                            &child->start_at);
    }
}

static void record(struct sup_slot *slot, const struct sup_ending *end, uint32_t suspect)
{
    struct sup_exit *last = &slot->last_exit;
    bool again = last->reason == SHM_CORRUPT && last->at != 0;

    *last = (struct sup_exit){
        .at = sup_realtime(),
        .incarnation = slot->incarnation,
        .reason = reason_of(&slot->child, end),
        .signal = (uint8_t)end->signal,
        .code = (uint8_t)end->code,
        .hung = slot->child.hung,
        .will_restart = slot->child.next == SUP_NEXT_START,
    };
    memmove(slot->ends + 1, slot->ends, sizeof slot->ends - sizeof *slot->ends);
    slot->ends[0] =
        (struct boot_end){.suspect = suspect, .reason = last->reason, .signal = last->signal};
    /* a lane that is malformed a second time in a row is no accident of one process */
    if (last->reason == SHM_CORRUPT && (again || !slot->child.corrupt))
        slot->child.empty = true;
    else if (last->reason == SHM_CORRUPT)
        slot->child.relane = true;
    if (slot->child.empty)
        last->lost = sup_slot_mail(slot->sup, slot->number);
    if (suspect != 0) {
        const struct shm_port *port = &slot->sup->hub.port;
        last->suspect =
            SHM_REF(slot->number, suspect, shm_load(&port->directories[slot->number][suspect].gen));
    }
}

static void tell_all(const struct sup_slot *slot, uint32_t incarnation, uint32_t suspect)
{
    const struct sup_exit *last = &slot->last_exit;
    const struct shm_frame head = {.kind = SHM_SLOT_DOWN};
    const struct shm_slot_down_body body = {
        .slot = slot->number,
        .incarnation = incarnation,
        .reason = last->reason,
        .signal = last->signal,
        .will_restart = last->will_restart,
        .suspect = suspect,
        .turn = shm_load_acquire(&slot->sup->hub.port.peers[slot->number]->committed),
    };

    for (uint32_t s = 1; s < slot->sup->n_slots; s++)
        if (s != slot->number)
            sup_hub_control(slot->sup, s, &head, &body, sizeof body);
    sup_hub_flush(slot->sup);
}

/* A death is told once for each process, so this is that of the next one, which will never be. */
void sup_death_for_good(struct sup_slot *slot)
{
    slot->last_exit.will_restart = false;
    tell_all(slot, slot->incarnation + 1, 0);
    sup_hub_fail(slot->sup, slot->number, AX_E_CANCELED);
}

static enum shm_slot_state state_after(const struct sup_slot *slot)
{
    switch (slot->child.next) {
    case SUP_NEXT_START:
        return SHM_SLOT_BACKOFF;
    case SUP_NEXT_FAILED:
        return SHM_SLOT_FAILED;
    default:
        return SHM_SLOT_STOPPED;
    }
}

void sup_death_notice(struct sup_slot *slot, const struct sup_ending *end)
{
    struct sup_child *child = &slot->child;
    uint64_t now = sup_clock();
    uint32_t method = UINT32_MAX;

    sup_death_report(slot); /* of the process before */
    uint32_t suspect = sup_memory_suspect(slot->sup, slot->number, &method);

    child->noticed = true;
    child->died_at = now;
    decide(slot, end, suspect, now);
    record(slot, end, suspect);
    sup_child_state(slot, state_after(slot)); /* before anybody takes what the process sent */
    tell_all(slot, slot->incarnation, suspect);
    child->fault = own_doing(child, end);
    child->method = method;
    if (child->next == SUP_NEXT_START) {
        sup_order_drop(slot);
        (void)sup_order_pack(slot); /* where it fails, the start tries again */
    }
}

/* ---- over ---- */

struct remains { /* what a process that is over leaves to be closed */
    struct sup_op *futex;
    int pidfd, stat, order_socket;
};

static struct remains take_remains(struct sup_slot *slot)
{
    struct sup_child *child = &slot->child;
    struct remains remains = {
        .futex = child->futex,
        .pidfd = child->pidfd,
        .stat = child->stat,
        .order_socket = child->order_socket,
    };

    child->futex = NULL;
    child->pidfd = child->stat = child->order_socket = -1;
    slot->pid = 0;
    sup_timer_clear(slot->sup, &child->hang_timer);
    sup_timer_clear(slot->sup, &child->stop_timer);
    return remains;
}

static void bury(struct sup *sup, struct remains *remains)
{
    sup_loop_cancel(sup, remains->futex);
    sup_loop_remove(sup, remains->pidfd);
    sup_file_close(&remains->pidfd);
    sup_file_close(&remains->stat);
    sup_file_close(&remains->order_socket);
}

void sup_death_follow(struct sup_slot *slot)
{
    struct sup_child *child = &slot->child;

    if (child->next == SUP_NEXT_FAILED || child->next == SUP_NEXT_NOTHING)
        sup_hub_fail(slot->sup, slot->number, AX_E_CANCELED); /* what was accepted */
    slot->restarts += child->next == SUP_NEXT_START;
    sup_supervision_over(slot, child->next, child->start_at);
}

struct sup_ended sup_death_ended(const struct sup_slot *slot)
{
    const struct sup_child *child = &slot->child;

    return (struct sup_ended){
        .exit = slot->last_exit,
        .method = child->method,
        .next = child->next,
        .backoff_ns = child->start_at - child->died_at,
    };
}

/* Once for each process: nothing of it will run any more. Where the next one is on its way, what is
 * to be said of the end leaves the processor to it; but it comes before what is said of the next.
 */
static void over(struct sup_slot *slot)
{
    struct sup_child *child = &slot->child;
    struct sup_ended ended = sup_death_ended(slot);
    bool clean = ended.exit.reason == SHM_SHUTDOWN;
    struct remains remains = take_remains(slot);

    if (ended.exit.signal != 0 && child->fault && child->next == SUP_NEXT_START)
        sup_template_crash(slot->template);
    sup_death_follow(slot);
    bool started = child->untold = sup_child_exists(slot);
    bury(slot->sup, &remains);
    if (started && child->corpse.pid != 0)
        return;
    (void)sup_hub_drain(slot->sup); /* what it said last */
    if (started)
        sup_death_report(slot);
    else
        sup_report_end(slot, &ended);
    if (slot->sup->stop.phase != SUP_STOP_NO)
        sup_stop_gone(slot->sup, slot, clean);
}

/* The process is over before it can be reaped; its pidfd is watched on. */
static void leave_corpse(struct sup_slot *slot)
{
    struct sup_child *child = &slot->child;

    child->corpse = (struct sup_corpse){
        .pid = slot->pid,
        .pidfd = child->pidfd,
        .stat = child->stat,
    };
    child->pidfd = child->stat = -1;
    over(slot);
}

void sup_death_report(struct sup_slot *slot)
{
    struct sup_ended ended = sup_death_ended(slot);

    if (!slot->child.untold)
        return;
    slot->child.untold = false;
    ended.next = SUP_NEXT_START;
    sup_report_end(slot, &ended);
}

static void on_futex(void *ctx, int result)
{
    struct sup_slot *slot = ctx;
    struct sup_child *child = &slot->child;
    const struct shm_public *pub = slot->sup->hub.port.peers[slot->number];
    struct sup_proc_stat stat;

    child->futex = NULL;
    if (child->noticed || slot->pid == 0)
        return;
    if (!shm_obituary_dead(shm_load_acquire(&pub->death))) {
        if (result == 0 || result == -EINTR) /* woken by the process itself, who knows why */
            (void)sup_loop_futex(slot->sup, &pub->death, (uint32_t)slot->pid | FUTEX_WAITERS,
                                 on_futex, slot, &child->futex);
        return;
    }
    if (child->stat < 0 || sup_proc_stat_read(child->stat, &stat) != 0)
        return;         /* the pidfd will tell */
    if (!stat.ending) { /* alive, and says that it is dead */
        sup_child_corrupt(slot, "the mark of its death");
        return;
    }
    const struct sup_ending end = {.signal = WTERMSIG(stat.status),
                                   .code = WEXITSTATUS(stat.status)};
    int pidfd = child->pidfd;
    sup_death_notice(slot, &end);
    if (stat.alone && child->corpse.pid == 0)
        leave_corpse(slot);
    /* threads that are left serve nobody; one that is made while we look at them ends as well */
    (void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
}

/* ---- the last status ---- */

/* False: it cannot be reaped yet. */
static bool reap(int pidfd, struct sup_ending *end)
{
    siginfo_t info = {0};

    if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
        return false;
    *end = (struct sup_ending){0};
    if (info.si_code == CLD_EXITED)
        end->code = info.si_status;
    else
        end->signal = info.si_status;
    return true;
}

static void bury_corpse(struct sup_slot *slot)
{
    struct sup_child *child = &slot->child;
    struct remains remains = {
        .pidfd = child->corpse.pidfd,
        .stat = child->corpse.stat,
        .order_socket = -1,
    };

    child->corpse = (struct sup_corpse){0};
    bury(slot->sup, &remains);
    sup_death_report(slot);
    if (child->crowded)
        sup_template_kick(slot->template);
}

/* Of the process, or of the corpse before it: both are looked at. */
static void on_pidfd(void *ctx, uint32_t events)
{
    struct sup_slot *slot = ctx;
    struct sup_ending end;

    (void)events;
    if (slot->child.corpse.pid != 0 && reap(slot->child.corpse.pidfd, &end))
        bury_corpse(slot);
    if (slot->pid == 0 || !reap(slot->child.pidfd, &end))
        return;
    if (!slot->child.noticed)
        sup_death_notice(slot, &end);
    over(slot);
}

int sup_death_watch(struct sup_slot *slot)
{
    return sup_loop_add(slot->sup, slot->child.pidfd, POLLIN, on_pidfd, slot);
}

void sup_death_watch_futex(struct sup_slot *slot)
{
    const struct shm_public *pub = slot->sup->hub.port.peers[slot->number];

    /* where it cannot be waited for, the pidfd tells */
    (void)sup_loop_futex(slot->sup, &pub->death, (uint32_t)slot->pid | FUTEX_WAITERS, on_futex,
                         slot, &slot->child.futex);
}

void sup_death_forget(struct sup_slot *slot)
{
    struct remains remains = take_remains(slot);

    bury(slot->sup, &remains);
}

static void kill_and_wait(pid_t pid)
{
    kill(pid, SIGKILL); /* not reaped yet, so the number is still its own */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

void sup_death_reap(struct sup_slot *slot)
{
    slot->child.ordered = false;
    if (slot->child.corpse.pid != 0) {
        kill_and_wait(slot->child.corpse.pid);
        bury_corpse(slot);
    }
    if (slot->pid != 0) {
        kill_and_wait(slot->pid);
        sup_death_forget(slot);
    }
}
