/* SPDX-License-Identifier: MIT */
#include "axsup/reload.h"

#include "axsup/sup.h"
#include "axsup/template_exec.h"
#include "libax/boot.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_NS UINT64_C(200000000) /* an answer that has begun must come whole within this */

static void finish(struct sup_template *template)
{
    template->reload.phase = SUP_RELOAD_NONE;
    sup_timer_clear(template->sup, &template->reload.timer);
    sup_event_done(template->sup); /* clients that wait look at it */
}

/* `what`: of the plugin, "has ...". */
static void fail(struct sup_template *template, int error, const char *what)
{
    struct sup_reload *reload = &template->reload;

    snprintf(reload->why, sizeof reload->why, "%s %s", template->config->plugin, what);
    reload->error = error;
    sup_log(AX_ERROR, "%s: its plugin is not loaded anew: %s", template->config->name, reload->why);
    sup_template_end(reload->next);
    finish(template);
}

/* ---- each worker goes over ---- */

/* The process has the new plugin, and runs. */
static bool moved(const struct sup_slot *slot)
{
    return slot->pid != 0 && slot->child.ready_once && !slot->child.noticed &&
           slot->child.edition == slot->template->edition;
}

static void tell_moved(struct sup_template *template, struct sup_slot *slot)
{
    struct sup_event *event = sup_event_add(template->sup, SUP_RELOADED, slot);

    event->duration_ns = sup_clock() - template->reload.since;
    sup_log(AX_INFO, "%s runs its plugin as it was loaded anew", slot->name);
    sup_event_done(template->sup);
}

/* The first that does is told; the others get their turn. */
static void tell_failed(struct sup_template *template, const struct sup_slot *slot)
{
    struct sup_reload *reload = &template->reload;

    if (reload->error == 0)
        snprintf(reload->why, sizeof reload->why, "%s has %s: %s", slot->name,
                 sup_slot_state_name(slot->state),
                 *slot->last_exit.why ? slot->last_exit.why
                                      : ax_reason_name(slot->last_exit.reason));
    reload->error = AX_E_CANCELED;
}

/* False: something has to happen first. One that has the old plugin and is on its way out, or has
 * just got its order, is looked at again when that has happened. */
static bool move(struct sup_template *template, struct sup_slot *slot)
{
    struct sup_reload *reload = &template->reload;

    if (moved(slot)) {
        tell_moved(template, slot);
        return true;
    }
    if (reload->asked && sup_slot_is_over(slot)) {
        tell_failed(template, slot);
        return true;
    }
    bool old = slot->pid != 0 && !slot->child.noticed && slot->child.edition != template->edition;
    if (old || (!reload->asked && !sup_child_exists(slot)))
        reload->asked |= sup_restart(template->sup, slot->number) == 0;
    return false;
}

static void look(void *ctx)
{
    struct sup_template *template = ctx;
    struct sup_reload *reload = &template->reload;
    struct sup *sup = template->sup;

    while (reload->slot < sup->n_slots && sup->stop.phase == SUP_STOP_NO) {
        struct sup_slot *slot = &sup->slots[reload->slot];
        if (slot->template == template && !move(template, slot))
            return;
        reload->slot++;
        reload->asked = false;
    }
    if (sup->stop.phase == SUP_STOP_NO)
        finish(template);
}

void sup_reload_poke(struct sup_slot *slot)
{
    struct sup_template *template = slot->template;

    if (template->reload.phase == SUP_RELOAD_MOVING)
        sup_timer_set(template->sup, &template->reload.timer, sup_now(template->sup));
}

/* ---- the new plugin ---- */

/* The contract of an actor that is to begin from bytes which the plugin does not restore any more;
 * NULL: there is none. */
static const char *lacks_restore(const struct sup_template *template, const json_t *actors)
{
    const struct sup_worker_config *config = template->config;

    for (size_t i = 0; i < config->n_actors; i++) {
        uint32_t number;
        if (config->actors[i].snapshot_file == NULL ||
            sup_template_type(template, config->actors[i].contract, &number) == NULL)
            continue;
        if (!json_is_true(json_object_get(json_array_get(actors, number), "restore")))
            return config->actors[i].contract;
    }
    return NULL;
}

/* What may be different is of no weight for memory. 0, AX_E_INVALID or -ENOMEM, with what is the
 * matter in `why`. */
static int learn(struct sup_template *template, const char *text, size_t size, char *why,
                 size_t room)
{
    json_t *all = json_loadb(text, size, 0, NULL), *actors = json_object_get(all, "actors");
    char *described = strndup(text, size);
    const char *lacking = lacks_restore(template, actors);
    int error = all == NULL || described == NULL ? -ENOMEM : lacking != NULL ? AX_E_INVALID : 0;

    if (error == 0) {
        free(template->described);
        template->described = described;
        snprintf(template->plugin, sizeof template->plugin, "%s",
                 json_string_value(json_object_get(all, "plugin")));
    } else {
        free(described);
        if (error == -ENOMEM)
            snprintf(why, room, "cannot be learnt: there is no memory");
        else
            snprintf(why, room, "has no restore hook of %.63s, which initial_snapshot needs",
                     lacking);
    }
    json_decref(all);
    return error;
}

/* The new process takes the place of the old one, whose spare goes with it. */
static void take_over(struct sup_template *template)
{
    struct sup_template *next = template->reload.next;
    struct sup *sup = template->sup;

    sup_timer_clear(sup, &next->timer);
    sup_loop_remove(sup, next->socket);
    sup_loop_remove(sup, next->pidfd);
    sup_template_end(template);
    template->pid = next->pid;
    template->pidfd = next->pidfd;
    template->socket = next->socket;
    template->state = SUP_TEMPLATE_READY;
    template->stale = false;
    template->crashes = template->deaths = (struct sup_rate){0};
    template->edition++;
    next->pid = 0;
    next->pidfd = next->socket = -1;
    next->state = SUP_TEMPLATE_NONE;
    if (sup_template_watch(template) != 0) /* it is executed once more, when there is memory */
        sup_template_end(template);
}

static void on_loaded(struct sup_template *template, const struct boot_message *message)
{
    struct sup_reload *reload = &template->reload;
    char why[240];
    int error =
        sup_reload_compare(template->described, message->payload, message->size, why, sizeof why);

    if (error == 0)
        error = learn(template, message->payload, message->size, why, sizeof why);
    if (error != 0) {
        fail(template, error, why);
        return;
    }
    take_over(template);
    reload->phase = SUP_RELOAD_MOVING;
    reload->slot = 1;
    reload->asked = false;
    sup_template_kick(template);
    sup_timer_set(template->sup, &reload->timer, sup_now(template->sup));
}

static void on_answer(void *ctx, uint32_t events)
{
    struct sup_template *template = ctx;
    struct boot_message message = {0};
    char text[96];

    (void)events;
    int error = boot_receive(template->reload.next->socket, &message, ANSWER_NS);
    if (error == -EPIPE || error == -ECONNRESET) /* it is dead or about to be */
        fail(template, AX_E_INVALID, sup_template_status(template->reload.next, text));
    else if (error == 0 && message.type == BOOT_LOADED)
        on_loaded(template, &message);
    else if (error == 0 && message.type == BOOT_ERROR)
        fail(template, AX_E_INVALID, message.payload);
    else
        fail(template, AX_E_INVALID, "does not keep to the protocol of templates");
    boot_message_deinit(&message);
}

/* It may have said why. */
static void on_death(void *ctx, uint32_t events)
{
    struct sup_template *template = ctx;
    struct pollfd said = {.fd = template->reload.next->socket, .events = POLLIN};
    char text[96];

    if (poll(&said, 1, 0) > 0 && (said.revents & POLLIN) != 0)
        on_answer(ctx, events);
    else
        fail(template, AX_E_INVALID, sup_template_status(template->reload.next, text));
}

static void on_timeout(void *ctx)
{
    struct sup_template *template = ctx;
    char limit[SUP_UNIT_ROOM], text[96];

    snprintf(text, sizeof text, "has not finished loading within %s (load_timeout)",
             sup_format_duration(template->config->load_timeout_ns, limit));
    fail(template, AX_E_TIMEOUT, text);
}

static int execute(struct sup_template *template)
{
    struct sup *sup = template->sup;
    struct sup_template *next = template->reload.next;

    if (next == NULL)
        next = template->reload.next = calloc(1, sizeof *next);
    if (next == NULL)
        return -ENOMEM;
    *next = (struct sup_template){
        .sup = sup,
        .config = template->config,
        .pidfd = -1,
        .socket = -1,
        .timer = {.fn = on_timeout, .ctx = template},
    };
    sup_spare_init(&next->spare);
    int error = sup_template_exec(next);
    if (error != 0)
        return error;
    error = sup_loop_add(sup, next->socket, POLLIN, on_answer, template);
    if (error == 0)
        error = sup_loop_add(sup, next->pidfd, POLLIN, on_death, template);
    if (error != 0)
        sup_template_end(next);
    else
        sup_timer_set(sup, &next->timer, sup_clock() + template->config->load_timeout_ns);
    return error;
}

int sup_reload(struct sup *sup, struct sup_template *template)
{
    struct sup_reload *reload = &template->reload;

    if (sup->stop.phase != SUP_STOP_NO)
        return AX_E_SHUTTING_DOWN;
    if (reload->phase != SUP_RELOAD_NONE)
        return AX_E_NOT_ALLOWED;
    int error = execute(template);
    if (error != 0)
        return error;
    reload->phase = SUP_RELOAD_LOADING;
    reload->since = sup_clock();
    reload->timer = (struct sup_timer){.fn = look, .ctx = template};
    reload->error = 0;
    reload->why[0] = '\0';
    sup_log(AX_INFO, "%s: its plugin is being loaded anew", template->config->name);
    return 0;
}

void sup_reload_close(struct sup_template *template)
{
    if (template->reload.next != NULL)
        sup_template_end(template->reload.next);
    free(template->reload.next);
    template->reload.next = NULL;
}
