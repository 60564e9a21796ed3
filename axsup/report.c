/* SPDX-License-Identifier: MIT */
#include "axsup/report.h"

#include "libax/boot.h"

#include <ax/actor.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS 1e6

const char *sup_signal_name(int signal, char buffer[32])
{
    const char *name = sigabbrev_np(signal);

    if (name != NULL)
        snprintf(buffer, 32, "SIG%s", name);
    else
        snprintf(buffer, 32, "signal %d", signal);
    return buffer;
}

void sup_report_ready(struct sup_slot *slot, uint64_t mail)
{
    uint64_t since = slot->child.died_at != 0 ? slot->child.died_at : slot->started_at;
    struct sup_event *event = sup_event_add(slot->sup, SUP_WORKER_STARTED, slot);

    event->duration_ns = sup_clock() - since;
    sup_log(AX_INFO, "%s runs: pid %ld, incarnation %u, %llu messages, after %.3f ms", slot->name,
            (long)slot->pid, slot->incarnation, (unsigned long long)mail,
            (double)event->duration_ns / NS_PER_MS);
    sup_event_done(slot->sup);
}

/* The name of the suspect and of the message that it had in hand. */
static void name_suspect(struct sup *sup, struct sup_ended *ended)
{
    struct sup_exit *end = &ended->exit;
    const struct ax_contract *contract;

    if (end->suspect == 0)
        return;
    contract = sup_record_names(sup, end->suspect, end->suspect_name);
    if (contract != NULL && ended->method < contract->nmethods)
        snprintf(end->message, sizeof end->message, "%s", contract->methods[ended->method].name);
}

static void describe(const struct sup_exit *end, char *text, size_t room)
{
    char name[32];
    int at;

    if (end->signal != 0)
        at = snprintf(text, room, "%s by %s", end->hung ? "hung, ended" : "ended",
                      sup_signal_name(end->signal, name));
    else if (end->code == BOOT_EXIT_SETUP)
        at = snprintf(text, room, "could not begin");
    else
        at = snprintf(text, room, "ended with exit status %u", end->code);
    if (end->reason == SHM_CORRUPT)
        at += snprintf(text + at, room - (size_t)at, " (%s)", ax_reason_name(AX_CORRUPT));
    if (end->suspect != 0 && end->message[0] != '\0')
        snprintf(text + at, room - (size_t)at, "; suspect: %s in %s",
                 end->suspect_name[0] != '\0' ? end->suspect_name : "an anonymous actor",
                 end->message);
    else if (end->suspect != 0)
        snprintf(text + at, room - (size_t)at, "; suspect: %s", end->suspect_name);
}

static void add_down(struct sup_slot *slot, const struct sup_exit *end)
{
    struct sup_event *event = sup_event_add(slot->sup, SUP_WORKER_DOWN, slot);

    event->incarnation = end->incarnation;
    event->reason = end->reason;
    event->signal = end->signal;
    event->code = end->code;
    event->hung = end->hung;
    event->will_restart = end->will_restart;
    event->lost = end->lost;
    event->actor = end->suspect;
    memcpy(event->actor_name, end->suspect_name, sizeof event->actor_name);
    memcpy(event->message, end->message, sizeof event->message);
    sup_event_done(slot->sup);
}

static void add_failure(const struct sup_slot *slot, struct sup_event *event,
                        const struct sup_exit *end)
{
    const struct sup_restart_config *restart = &slot->config->restart;
    char window[SUP_UNIT_ROOM];

    if (slot->child.hopeless) {
        event->reason = end->reason;
        sup_log(AX_ERROR, "%s has failed: its plugin cannot be used any more", slot->name);
    } else if (restart->policy == SUP_RESTART_NEVER) {
        event->reason = end->reason;
        sup_log(AX_ERROR, "%s has failed: its policy is never to be started again", slot->name);
    } else {
        event->reason = SHM_RESTART_INTENSITY;
        sup_log(AX_ERROR, "%s has failed: it ended once more after %u restarts within %s",
                slot->name, restart->max, sup_format_duration(restart->window_ns, window));
    }
}

static void add_next(struct sup_slot *slot, const struct sup_ended *ended)
{
    enum sup_what what = ended->next == SUP_NEXT_START ? SUP_WORKER_RESTARTING : SUP_WORKER_FAILED;
    struct sup_event *event;

    if (ended->next == SUP_NEXT_NOTHING)
        return;
    event = sup_event_add(slot->sup, what, slot);
    event->incarnation = ended->exit.incarnation;
    event->backoff_ns = ended->next == SUP_NEXT_START ? ended->backoff_ns : 0;
    if (what == SUP_WORKER_FAILED)
        add_failure(slot, event, &ended->exit);
    sup_event_done(slot->sup);
}

void sup_report_end(struct sup_slot *slot, struct sup_ended *ended)
{
    char text[256] = "";

    sup_events_collect(slot->sup, slot->number);
    name_suspect(slot->sup, ended);
    if (slot->last_exit.incarnation == ended->exit.incarnation)
        slot->last_exit = ended->exit;
    describe(&ended->exit, text, sizeof text);
    sup_log(ended->exit.reason == SHM_SHUTDOWN ? AX_INFO : AX_WARN, "%s %s", slot->name, text);
    add_down(slot, &ended->exit);
    add_next(slot, ended);
    sup_reload_poke(slot);
}

void sup_report_hang(struct sup_slot *slot, uint64_t for_ns)
{
    struct sup_ended now = {.method = UINT32_MAX};
    uint32_t suspect = sup_memory_suspect(slot->sup, slot->number, &now.method);
    struct sup_event *event = sup_event_add(slot->sup, SUP_HUNG, slot);

    if (suspect != 0)
        now.exit.suspect =
            SHM_REF(slot->number, suspect,
                    shm_load(&slot->sup->hub.port.directories[slot->number][suspect].gen));
    name_suspect(slot->sup, &now);
    event->hung = true;
    event->duration_ns = for_ns;
    event->actor = now.exit.suspect;
    memcpy(event->actor_name, now.exit.suspect_name, sizeof event->actor_name);
    memcpy(event->message, now.exit.message, sizeof event->message);
    sup_log(AX_ERROR, "%s hangs: %.0f ms in %s of %s", slot->name, (double)for_ns / NS_PER_MS,
            event->message[0] != '\0' ? event->message : "a turn",
            event->actor_name[0] != '\0' ? event->actor_name : "an actor");
    sup_event_done(slot->sup);
}
