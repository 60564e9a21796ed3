/* SPDX-License-Identifier: MIT */
/* template.c - talking to templates, at the start and while the system runs.
 *
 *      none ──exec, BOOT_LOAD──> loading ──BOOT_LOADED──> ready <──> forking (BOOT_FORK, _FORKED)
 *        ^                          │                        │
 *        └────── error, death, timeout: ended, reaped ───────┘
 *
 * At the start all are executed, then what they say is collected: nobody waits for us yet, so that
 * may block. Later everything comes through the loop. What a template forks is a spare, given to
 * the next slot that waits; when nothing waits any more the next one is forked ahead. There is one
 * at most, and one order to fork it under way. */
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
#define DEATHS_MAX 10u         /* of a template and its spares, a minute */

/* ---- what may go wrong with it ---- */

static struct sup_slot *next_waiting(const struct sup_template *template)
{
    for (uint32_t s = 1; s < template->sup->n_slots; s++) {
        struct sup_slot *slot = &template->sup->slots[s];
        bool crowded = slot->child.crowded && slot->child.corpse.pid != 0;
        if (slot->template == template && slot->child.ordered && !crowded)
            return slot;
    }
    return NULL;
}

/* The process is of no more use. The slot for which it forked is told, or all that wait; `final`:
 * another one would say the same. */
static void give_up(struct sup_template *template, const char *why, bool final)
{
    bool loading = template->state == SUP_TEMPLATE_LOADING;
    struct sup_slot *slot = loading || template->forking ? next_waiting(template) : NULL;

    sup_log(AX_WARN, "the template of %s: %s", template->config->name, why);
    sup_template_end(template);
    for (; slot != NULL; slot = loading ? next_waiting(template) : NULL)
        sup_child_not_forked(slot, why, final);
    sup_template_kick(template);
}

static void broken(struct sup_template *template, const char *why)
{
    give_up(template, why, false);
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
        give_up(template, wrong, true);
        return;
    }
    template->state = SUP_TEMPLATE_READY;
    sup_timer_clear(template->sup, &template->timer);
    sup_template_kick(template);
}

static void forked(struct sup_template *template)
{
    template->forking = false;
    sup_timer_clear(template->sup, &template->timer);
}

/* It is of no use, or has gone by itself. False: again and again. */
static bool lose_spare(struct sup_template *template, const char *why)
{
    const char *name = template->config->name;

    sup_log(AX_WARN, "%s: a spare process is lost: %s", name, why);
    sup_spare_end(&template->spare, template->sup);
    if (!sup_rate_add(&template->deaths, sup_clock(), 60 * SECOND, DEATHS_MAX))
        return true;
    sup_log(AX_ERROR, "%s: its spare processes die again and again", name);
    return false;
}

static void on_spare_death(void *ctx, uint32_t events)
{
    struct sup_template *template = ctx;

    (void)events;
    if (lose_spare(template, "it has ended"))
        sup_templates_spare(template->sup);
}

static void on_forked(struct sup_template *template, const struct boot_message *message)
{
    struct sup_spare *spare = &template->spare;
    uint64_t pid;

    if (!template->forking || message->size != sizeof pid) {
        broken(template, "it answers what it was not asked");
        return;
    }
    memcpy(&pid, message->payload, sizeof pid);
    int error = sup_spare_adopt(spare, template->sup, pid < INT32_MAX ? (pid_t)pid : 0);
    if (error == 0)
        error = sup_loop_add(template->sup, spare->pidfd, POLLIN, on_spare_death, template);
    if (error != 0) {
        broken(template, error == -ECHILD ? "it says it forked, and lies" : ax_strerror(error));
        return;
    }
    forked(template);
    sup_template_kick(template);
}

/* Where processes are counted, those that nobody needs yet give way. True: some have. */
static bool end_other_spares(struct sup *sup)
{
    bool any = false;

    for (uint32_t i = 0; i < sup->n_templates; i++)
        if (sup->templates[i].spare.pid != 0) {
            sup_spare_end(&sup->templates[i].spare, sup);
            any = true;
        }
    return any;
}

/* It could not fork; it lives on. What took the room may have gone meanwhile, or will. */
static void on_refused(struct sup_template *template, const struct boot_message *message)
{
    struct sup_slot *slot = next_waiting(template);
    bool again = template->beside_corpse;

    if (!template->forking) {
        broken(template, "it answers what it was not asked");
        return;
    }
    forked(template);
    sup_spare_end(&template->spare, template->sup);
    if (slot != NULL && !end_other_spares(template->sup)) {
        if (again)
            slot->child.crowded = true;
        else
            sup_child_not_forked(slot, message->payload, false);
    }
    sup_template_kick(template);
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
        give_up(template, message.payload, true);
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

static void order_fork(struct sup_template *template)
{
    struct sup_slot *slot = next_waiting(template);
    int other = -1, error = sup_spare_open(&template->spare, &other);

    if (error != 0) {
        sup_spare_end(&template->spare, template->sup);
        if (slot != NULL)
            sup_child_not_forked(slot, ax_strerror(error), false);
    } else {
        template->forking = true;
        template->beside_corpse = slot != NULL && slot->child.corpse.pid != 0;
        sup_timer_set(template->sup, &template->timer, sup_clock() + FORK_NS);
        error = boot_send(template->socket, BOOT_FORK, NULL, 0, &other, 1);
        if (error != 0)
            broken(template, "it does not take orders any more");
    }
    if (other >= 0)
        close(other);
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
    for (struct sup_slot *slot; (slot = next_waiting(template)) != NULL;)
        sup_child_not_forked(
            slot, error == AX_E_LIMIT ? "its template dies again and again" : ax_strerror(error),
            false);
}

/* Gives the spare to the slot. */
static void give(struct sup_template *template, struct sup_slot *slot)
{
    int error = sup_child_enter(slot, &template->spare);

    if (error != 0 && !lose_spare(template, ax_strerror(error)))
        sup_child_not_forked(slot, "its spare processes die again and again", false);
}

void sup_template_kick(struct sup_template *template)
{
    for (struct sup_slot *slot; (slot = next_waiting(template)) != NULL;) {
        if (template->forking || template->state == SUP_TEMPLATE_LOADING)
            return;
        bool planned = template->state == SUP_TEMPLATE_READY && template->stale;
        if (planned)
            sup_template_end(template);
        template->stale = false;
        if (template->state != SUP_TEMPLATE_READY)
            reload(template, planned);
        else if (template->spare.pid == 0)
            order_fork(template);
        else
            give(template, slot);
    }
}

/* Nobody waits for a process, or for one to begin. */
static bool calm(const struct sup *sup)
{
    for (uint32_t s = 1; s < sup->n_slots; s++)
        if (sup->slots[s].child.ordered || sup->slots[s].state == SHM_SLOT_STARTING)
            return false;
    return sup->stop.phase == SUP_STOP_NO;
}

void sup_templates_spare(struct sup *sup)
{
    for (uint32_t i = 0; i < sup->n_templates && calm(sup); i++) {
        struct sup_template *template = &sup->templates[i];
        if (template->state == SUP_TEMPLATE_READY && !template->stale && !template->forking &&
            template->spare.pid == 0)
            order_fork(template);
    }
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
