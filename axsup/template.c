/* SPDX-License-Identifier: MIT */
/* template.c - talking to templates, at the start and while the system runs.
 *
 *      none ──exec, BOOT_LOAD──> loading ──BOOT_LOADED──> ready <──> forking (BOOT_FORK, _FORKED)
 *        ^                          │                        │
 *        └────── error, death, timeout: ended, reaped ───────┘
 *
 * At the start all are executed, then what they say is collected: nobody waits for us yet, so that
 * may block. Later everything comes through the loop. One fork order at a time is under way, for
 * only the order of the answers says whose they are. */
#include "axsup/template.h"

#include "axsup/sup.h"
#include "axsup/template_exec.h"
#include "libax/boot.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
#define ANSWER_NS (SECOND / 5) /* an answer that has begun must come whole within this */
#define FORK_NS (10 * SECOND)  /* a fork that takes longer is a template that hangs */
#define DEATHS_MAX 10u         /* of a template itself, a minute */

static void kick(struct sup_template *template);

/* ---- what may go wrong with it ---- */

/* The process is of no more use. The slot whose order was under way is told. */
static void broken(struct sup_template *template, const char *why)
{
    struct sup_slot *slot = template->forking;
    bool loading = template->state == SUP_TEMPLATE_LOADING;

    sup_log(AX_WARN, "the template of %s: %s", template->config->name, why);
    sup_template_end(template);
    template->forking = NULL;
    if (slot != NULL)
        sup_child_not_forked(slot, why);
    for (uint32_t s = 1; s < template->sup->n_slots; s++) {
        struct sup_slot *waiting = &template->sup->slots[s];
        if (loading && waiting->template == template && waiting->child.waiting) {
            waiting->child.waiting = false;
            sup_child_not_forked(waiting, why);
        }
    }
    kick(template);
}

static void on_timer(void *ctx)
{
    struct sup_template *template = ctx;
    bool loading = template->state == SUP_TEMPLATE_LOADING;

    broken(template, loading ? "it takes too long to load its plugin (load_timeout)"
                             : "it takes too long to fork");
}

static void on_death(void *ctx, uint32_t events)
{
    struct sup_template *template = ctx;
    char text[96];

    (void)events;
    broken(template, sup_template_status(template, text));
}

/* ---- answers ---- */

static void on_loaded(struct sup_template *template, const struct boot_message *message)
{
    const char *wrong = sup_template_learn(template, message->payload, message->size);

    if (wrong != NULL) {
        broken(template, wrong);
        return;
    }
    template->state = SUP_TEMPLATE_READY;
    sup_timer_clear(template->sup, &template->timer);
    kick(template);
}

static void on_forked(struct sup_template *template, const struct boot_message *message)
{
    struct sup_slot *slot = template->forking;
    uint64_t pid;

    if (slot == NULL || message->size != sizeof pid) {
        broken(template, "it answers what it was not asked");
        return;
    }
    memcpy(&pid, message->payload, sizeof pid);
    template->forking = NULL;
    sup_timer_clear(template->sup, &template->timer);
    sup_child_forked(slot, pid < INT32_MAX ? (pid_t)pid : 0);
    kick(template);
}

/* It could not fork; it lives on. */
static void on_refused(struct sup_template *template, const struct boot_message *message)
{
    struct sup_slot *slot = template->forking;

    template->forking = NULL;
    sup_timer_clear(template->sup, &template->timer);
    if (slot != NULL)
        sup_child_refused(slot, message->payload);
    kick(template);
}

static void on_answer(void *ctx, uint32_t events)
{
    struct sup_template *template = ctx;
    struct boot_message message = {0};
    char text[96];

    (void)events;
    int error = boot_receive(template->socket, &message, ANSWER_NS);
    if (error == -EPIPE || error == -ECONNRESET) /* it is dead or about to be */
        broken(template, sup_template_status(template, text));
    else if (error != 0)
        broken(template, "it does not keep to the protocol");
    else if (message.type == BOOT_LOADED && template->state == SUP_TEMPLATE_LOADING)
        on_loaded(template, &message);
    else if (message.type == BOOT_FORKED && template->state == SUP_TEMPLATE_READY)
        on_forked(template, &message);
    else if (message.type == BOOT_ERROR && template->state == SUP_TEMPLATE_READY)
        on_refused(template, &message);
    else if (message.type == BOOT_ERROR)
        broken(template, message.payload);
    else
        broken(template, "it answers what it was not asked");
    boot_message_deinit(&message);
}

int sup_template_watch(struct sup_template *template)
{
    int error = sup_loop_add(template->sup, template->socket, POLLIN, on_answer, template);

    template->timer.fn = on_timer;
    template->timer.ctx = template;
    if (error == 0)
        error = sup_loop_add(template->sup, template->pidfd, POLLIN, on_death, template);
    return error;
}

/* ---- orders ---- */

static struct sup_slot *next_waiting(const struct sup_template *template)
{
    for (uint32_t s = 1; s < template->sup->n_slots; s++) {
        struct sup_slot *slot = &template->sup->slots[s];
        bool crowded = slot->child.crowded && slot->child.corpse.pid != 0;
        if (slot->template == template && slot->child.waiting && !crowded)
            return slot;
    }
    return NULL;
}

static void order(struct sup_template *template, struct sup_slot *slot)
{
    struct sup_child *child = &slot->child;

    child->waiting = false;
    template->forking = slot;
    int error = boot_send(template->socket, BOOT_FORK, child->order, child->order_size,
                          child->order_fds, child->n_fds);
    if (error != 0)
        broken(template, "it does not take orders any more");
    else
        sup_timer_set(template->sup, &template->timer, sup_clock() + FORK_NS);
}

/* Executes it anew; plugins that crash every time they are loaded are not loaded for ever. */
static void reload(struct sup_template *template, bool planned)
{
    uint64_t now = sup_clock();
    int error = AX_E_LIMIT;

    if (planned || !sup_rate_add(&template->deaths, now, 60 * SECOND, DEATHS_MAX))
        error = sup_template_exec(template);
    if (error == 0)
        error = sup_template_watch(template);
    if (error == 0) {
        sup_timer_set(template->sup, &template->timer, now + template->config->load_timeout_ns);
        return;
    }
    sup_template_end(template);
    for (struct sup_slot *slot; (slot = next_waiting(template)) != NULL;) {
        slot->child.waiting = false;
        sup_child_not_forked(slot, error == AX_E_LIMIT ? "its template dies again and again"
                                                       : ax_strerror(error));
    }
}

/* Does what is next to be done, if anything is. */
static void kick(struct sup_template *template)
{
    struct sup_slot *slot = next_waiting(template);

    if (slot == NULL || template->forking != NULL || template->state == SUP_TEMPLATE_LOADING)
        return;
    bool planned = template->state == SUP_TEMPLATE_READY && template->stale;
    if (planned)
        sup_template_end(template);
    template->stale = false;
    if (template->state == SUP_TEMPLATE_READY)
        order(template, slot);
    else
        reload(template, planned);
}

void sup_template_fork(struct sup_template *template, struct sup_slot *slot)
{
    slot->child.waiting = true;
    kick(template);
}

void sup_template_crash(struct sup_template *template)
{
    if (!sup_rate_add(&template->crashes, sup_clock(), 60 * SECOND, template->config->rerandomize))
        return;
    sup_log(AX_WARN, "%s crashes often: its plugin is loaded anew, at other addresses",
            template->config->name);
    template->stale = true;
}

const struct sup_type *sup_template_type(const struct sup_template *template, const char *contract,
                                         uint32_t *index)
{
    for (uint32_t i = 0; i < template->n_types; i++)
        if (strcmp(template->types[i].contract->name, contract) == 0) {
            if (index != NULL)
                *index = i;
            return &template->types[i];
        }
    return NULL;
}
