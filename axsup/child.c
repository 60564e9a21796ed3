/* SPDX-License-Identifier: MIT */
/* child.c - starts and ends of worker processes; the picture is in child.h.
 *
 * What happens between a death and the next message served is ordered by how long somebody waits
 * for it: first the notice to all slots; then, while the kernel takes down the dead process, the
 * order for the next is packed; at the pidfd the order goes out; only then there is time for the
 * log, for events and for the rings of the dead. */
#include "axsup/child.h"

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
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
#define QUIET_POLL_NS (SECOND / 1000)
#define QUIET_MAX_NS (2 * SECOND) /* a peer that does not read by then has to see for itself */
#define ABORT_NS SECOND           /* from SIGABRT to SIGKILL of a process that hangs */
#define UNFORKED_NS (SECOND / 10) /* after a template that could not fork, whatever the backoff */

struct ending { /* how a process has ended */
    int signal, code;
};

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
    shm_store_release(&info->state, state);
}

int sup_child_signal(struct sup_slot *slot, int signal)
{
    if (slot->pid == 0)
        return -ESRCH;
    return syscall(SYS_pidfd_send_signal, slot->child.pidfd, signal, NULL, 0) == 0 ? 0 : -errno;
}

/* ---- start ---- */

static void on_start_timer(void *ctx)
{
    sup_child_start(ctx);
}

/* False: peers have not yet dealt with the death; a timer tries again. */
static bool begin_empty(struct sup_slot *slot)
{
    struct sup *sup = slot->sup;
    struct sup_child *child = &slot->child;
    uint64_t now = sup_clock(), lost = 0;

    if (child->empty_by == 0)
        child->empty_by = now + QUIET_MAX_NS;
    if (!sup_memory_quiet(sup, slot->number) && now < child->empty_by) {
        sup_timer_set(sup, &child->timer, now + QUIET_POLL_NS);
        return false;
    }
    child->empty_by = 0;
    sup_events_collect(sup, slot->number);
    int error = sup_memory_empty(sup, slot->number, &lost);
    if (error != 0) {
        sup_log(AX_ERROR, "%s: its memory cannot be emptied: %s", slot->name, ax_strerror(error));
        sup_timer_set(sup, &child->timer, now + SECOND);
        return false;
    }
    sup_events_reset(sup, slot->number);
    sup_hub_fail(sup, slot->number, AX_E_CANCELED);
    child->empty = false;
    slot->epoch++;
    sup_order_drop(slot);
    sup_log(AX_WARN, "%s starts with empty memory; %llu messages are lost", slot->name,
            (unsigned long long)lost);
    return true;
}

void sup_child_start(struct sup_slot *slot)
{
    struct sup_child *child = &slot->child;

    sup_timer_clear(slot->sup, &child->timer);
    if (child->empty && !begin_empty(slot))
        return;
    if (child->order == NULL && sup_order_pack(slot) != 0) {
        sup_log(AX_ERROR, "%s cannot be started: there is no memory", slot->name);
        sup_timer_set(slot->sup, &child->timer, sup_clock() + SECOND);
        return;
    }
    slot->incarnation++;
    slot->started_at = sup_clock();
    child->next = SUP_NEXT_NOTHING;
    child->noticed = child->hung = child->corrupt = child->early = false;
    child->stopping = child->restart = false;
    child->ordered = true;
    child->left = 0;
    sup_hub_uncut(slot->sup, slot->number);
    sup_memory_mend(slot->sup, slot->number);
    sup_child_state(slot, SHM_SLOT_STARTING);
    sup_template_fork(slot->template, slot);
}

/* ---- the notice ---- */

static uint8_t reason_of(const struct sup_child *child, const struct ending *end)
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
static bool own_doing(const struct sup_child *child, const struct ending *end)
{
    bool outside = end->signal == SIGKILL || end->signal == SIGTERM;

    return child->hung || child->corrupt || (!outside && !child->stopping);
}

static void decide(struct sup_slot *slot, const struct ending *end, uint64_t now)
{
    struct sup_child *child = &slot->child;
    bool normal = end->signal == 0 && end->code == BOOT_EXIT_DONE;
    enum sup_verdict verdict = SUP_REST;

    child->start_at = now;
    if (child->restart)
        verdict = SUP_AGAIN;
    else if (!child->stopping && slot->sup->stop.phase == SUP_STOP_NO)
        verdict = sup_restart_decide(&slot->restart, &slot->config->restart, now,
                                     normal ? SUP_END_NORMAL : SUP_END_FAILURE, &child->start_at);
    child->next = verdict == SUP_AGAIN  ? SUP_NEXT_START
                  : verdict == SUP_REST ? SUP_NEXT_NOTHING
                                        : SUP_NEXT_FAILED;
}

static void record(struct sup_slot *slot, const struct ending *end, uint32_t suspect)
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
    /* a lane that is malformed a second time in a row is no accident of one process */
    if (last->reason == SHM_CORRUPT && (again || !slot->child.corrupt))
        slot->child.empty = true;
    if (slot->child.empty)
        last->lost = sup_slot_mail(slot->sup, slot->number);
    if (suspect != 0) {
        const struct shm_port *port = &slot->sup->hub.port;
        last->suspect =
            SHM_REF(slot->number, suspect, shm_load(&port->directories[slot->number][suspect].gen));
    }
}

static void tell_all(struct sup_slot *slot, uint32_t suspect, uint64_t now)
{
    const struct sup_exit *last = &slot->last_exit;
    const struct shm_frame head = {.kind = SHM_SLOT_DOWN};
    const struct shm_slot_down_body body = {
        .slot = slot->number,
        .incarnation = slot->incarnation,
        .reason = last->reason,
        .signal = last->signal,
        .will_restart = last->will_restart,
        .code = last->code,
        .suspect = suspect,
        .at = now,
    };

    for (uint32_t s = 1; s < slot->sup->n_slots; s++)
        if (s != slot->number)
            sup_hub_control(slot->sup, s, &head, &body, sizeof body);
    sup_hub_flush(slot->sup);
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

static void notice(struct sup_slot *slot, const struct ending *end)
{
    struct sup_child *child = &slot->child;
    uint64_t now = sup_clock();
    uint32_t method = UINT32_MAX;
    uint32_t suspect = sup_memory_suspect(slot->sup, slot->number, &method);

    child->noticed = true;
    child->died_at = now;
    decide(slot, end, now);
    record(slot, end, suspect);
    tell_all(slot, suspect, now);
    sup_child_state(slot, state_after(slot));
    child->fault = own_doing(child, end);
    child->method = method;
    if (child->next == SUP_NEXT_START) {
        sup_order_drop(slot);
        (void)sup_order_pack(slot); /* where it fails, the start tries again */
    }
}

static void on_futex(void *ctx, int result)
{
    struct sup_slot *slot = ctx;
    struct sup_child *child = &slot->child;
    const struct shm_public *pub = slot->sup->hub.port.peers[slot->number];
    int status = 0;

    child->futex = NULL;
    if (child->noticed || slot->pid == 0)
        return;
    if (!shm_obituary_dead(shm_load_acquire(&pub->death))) {
        if (result == 0 || result == -EINTR) /* woken by the process itself, who knows why */
            (void)sup_loop_futex(slot->sup, &pub->death, (uint32_t)slot->pid | FUTEX_WAITERS,
                                 on_futex, slot, &child->futex);
        return;
    }
    int ending = child->stat < 0 ? -EBADF : sup_proc_stat_ending(child->stat, &status);
    if (ending == 0) { /* alive, and says that it is dead */
        sup_child_corrupt(slot, "the mark of its death");
        return;
    }
    if (ending < 0) /* the pidfd will tell */
        return;
    const struct ending end = {.signal = WTERMSIG(status), .code = WEXITSTATUS(status)};
    notice(slot, &end);
}

/* ---- the last status ---- */

/* False: it has not ended. */
static bool wait_for(struct sup_slot *slot, struct ending *end)
{
    siginfo_t info = {0};

    if (waitid(P_PIDFD, (id_t)slot->child.pidfd, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
        return false;
    *end = (struct ending){0};
    if (info.si_code == CLD_EXITED)
        end->code = info.si_status;
    else
        end->signal = info.si_status;
    return true;
}

struct remains { /* what is left of a process that has been reaped */
    struct sup_op *futex;
    int pidfd, stat;
};

static struct remains take_remains(struct sup_slot *slot)
{
    struct sup_child *child = &slot->child;
    struct remains remains = {.futex = child->futex, .pidfd = child->pidfd, .stat = child->stat};

    child->futex = NULL;
    child->pidfd = child->stat = -1;
    slot->pid = 0;
    sup_timer_clear(slot->sup, &child->hang_timer);
    sup_timer_clear(slot->sup, &child->stop_timer);
    return remains;
}

static void bury(struct sup *sup, const struct remains *remains)
{
    sup_loop_cancel(sup, remains->futex);
    sup_loop_remove(sup, remains->pidfd);
    if (remains->pidfd >= 0)
        close(remains->pidfd);
    if (remains->stat >= 0)
        close(remains->stat);
}

static void go_on(struct sup_slot *slot)
{
    struct sup_child *child = &slot->child;

    if (child->next == SUP_NEXT_FAILED || child->next == SUP_NEXT_NOTHING)
        sup_hub_fail(slot->sup, slot->number, AX_E_CLOSED);
    if (child->next != SUP_NEXT_START)
        return;
    slot->restarts++;
    if (child->start_at <= sup_clock())
        sup_child_start(slot);
    else
        sup_timer_set(slot->sup, &child->timer, child->start_at);
}

/* Kept apart: the next incarnation may end before this one is reported. */
static struct sup_ended end_of(const struct sup_slot *slot)
{
    const struct sup_child *child = &slot->child;

    return (struct sup_ended){
        .exit = slot->last_exit,
        .method = child->method,
        .next = child->next,
        .backoff_ns = child->start_at - child->died_at,
    };
}

static void on_pidfd(void *ctx, uint32_t events)
{
    struct sup_slot *slot = ctx;
    struct ending end;

    (void)events;
    if (!wait_for(slot, &end))
        return;
    if (!slot->child.noticed)
        notice(slot, &end);
    struct sup_ended ended = end_of(slot);
    bool clean = ended.exit.reason == SHM_SHUTDOWN;
    struct remains remains = take_remains(slot);
    if (end.signal != 0 && slot->child.fault && slot->child.next == SUP_NEXT_START)
        sup_template_crash(slot->template);
    go_on(slot);
    bury(slot->sup, &remains);
    (void)sup_hub_drain(slot->sup); /* what it said last */
    sup_report_end(slot, &ended);
    if (slot->sup->stop.phase != SUP_STOP_NO)
        sup_stop_gone(slot->sup, slot, clean);
}

/* ---- what the template and the process say ---- */

static bool is_own_child(pid_t pid)
{
    siginfo_t info;

    return pid > 1 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static int adopt(struct sup_slot *slot, pid_t pid)
{
    struct sup_child *child = &slot->child;

    if (!is_own_child(pid))
        return -ECHILD;
    child->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (child->pidfd < 0)
        return -errno;
    slot->pid = pid;
    child->ordered = false;
    child->stat = sup_proc_stat_open(pid); /* the notice is later without it */
    return sup_loop_add(slot->sup, child->pidfd, POLLIN, on_pidfd, slot);
}

void sup_child_forked(struct sup_slot *slot, pid_t pid)
{
    struct sup_child *child = &slot->child;
    int error = adopt(slot, pid);

    if (error != 0) {
        if (slot->pid != 0) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            struct remains remains = take_remains(slot);
            bury(slot->sup, &remains);
        }
        sup_child_not_forked(slot, error == -ECHILD ? "its template says it forked, and lies"
                                                    : ax_strerror(error));
        return;
    }
    sup_order_drop(slot);
    if (child->early) {
        const struct shm_ready_body body = child->ready;
        child->early = false;
        sup_child_ready(slot, &body);
    }
}

/* As if an incarnation had ended at once: peers, policy and stop see nothing new in it. */
void sup_child_not_forked(struct sup_slot *slot, const char *why)
{
    const struct ending end = {.code = BOOT_EXIT_SETUP};
    struct sup_child *child = &slot->child;

    sup_log(AX_ERROR, "%s cannot be started: %s", slot->name, why);
    child->ordered = child->waiting = false;
    notice(slot, &end);
    struct sup_ended ended = end_of(slot);
    if (child->next == SUP_NEXT_START && child->start_at <= sup_clock())
        child->start_at = sup_clock() + UNFORKED_NS; /* not in this call, and not all the time */
    go_on(slot);
    sup_report_end(slot, &ended);
    if (slot->sup->stop.phase != SUP_STOP_NO)
        sup_stop_gone(slot->sup, slot, true);
}

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

    if (slot->pid == 0)
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

void sup_child_ready(struct sup_slot *slot, const struct shm_ready_body *body)
{
    struct sup_child *child = &slot->child;
    const struct shm_public *pub = slot->sup->hub.port.peers[slot->number];

    if (body->incarnation != slot->incarnation || child->noticed)
        return;
    if (slot->pid == 0) {
        child->early = child->ordered;
        child->ready = *body;
        return;
    }
    (void)sup_loop_futex(slot->sup, &pub->death, (uint32_t)slot->pid | FUTEX_WAITERS, on_futex,
                         slot, &child->futex);
    if (slot->state == SHM_SLOT_STARTING)
        sup_child_state(slot, SHM_SLOT_RUNNING);
    if (slot->config->hang_after_ns != 0)
        on_hang_timer(slot);
    sup_report_ready(slot, body->mail);
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

    child->pidfd = child->stat = -1;
    child->timer = (struct sup_timer){.fn = on_start_timer, .ctx = slot};
    child->hang_timer = (struct sup_timer){.fn = on_hang_timer, .ctx = slot};
    sup_stop_init_slot(slot);
    return sup_order_init(slot);
}

void sup_child_deinit(struct sup_slot *slot)
{
    if (slot->pid != 0) {
        kill(slot->pid, SIGKILL);
        while (waitpid(slot->pid, NULL, 0) < 0 && errno == EINTR)
            ;
        struct remains remains = take_remains(slot);
        bury(slot->sup, &remains);
    }
    sup_order_deinit(slot);
}
