/* SPDX-License-Identifier: MIT */
#include "axsup/proc_stat.h"
#include "axsup/show.h"

#include <signal.h>
#include <unistd.h>

void sup_show_who(struct sup_out *out, uint64_t ref, const char *name)
{
    if (*name)
        sup_out_string(out, name);
    else
        sup_out_ref(out, ref);
}

static void show_exit(struct sup_out *out, const struct sup_exit *end)
{
    char name[32];

    sup_out_key(out, "last_exit");
    if (end->at == 0) {
        sup_out_null(out);
        return;
    }
    sup_out_open(out, '{');
    sup_out_key(out, "at");
    sup_out_time(out, end->at);
    sup_out_key(out, "reason");
    sup_out_string(out, ax_reason_name(end->reason));
    sup_out_key(out, "signal");
    sup_out_string(out, end->signal ? sup_signal_name(end->signal, name) : NULL);
    sup_out_key(out, "code");
    if (end->signal)
        sup_out_null(out);
    else
        sup_out_number(out, end->code);
    sup_out_key(out, "suspect");
    sup_show_who(out, end->suspect, end->suspect_name);
    sup_out_key(out, "message");
    sup_out_string(out, *end->message ? end->message : NULL);
    sup_out_key(out, "hung");
    sup_out_bool(out, end->hung);
    sup_out_key(out, "why");
    sup_out_string(out, *end->why ? end->why : NULL);
    sup_out_close(out, '}');
}

/* Its state stays what it is: nobody has told the process to end, and it may go on. */
static bool halted(const struct sup_slot *slot)
{
    struct sup_proc_stat stat;

    return slot->pid > 0 && slot->child.stat >= 0 &&
           sup_proc_stat_read(slot->child.stat, &stat) == 0 && sup_proc_stat_halted(&stat);
}

static void show_worker(struct sup_out *out, struct sup *sup, const struct sup_slot *slot)
{
    uint64_t arena_max, arena = sup_slot_arena(sup, slot->number, &arena_max);

    sup_out_open(out, '{');
    sup_out_key(out, "name");
    sup_out_string(out, slot->name);
    sup_out_key(out, "slot");
    sup_out_number(out, slot->number);
    sup_out_key(out, "pid");
    if (slot->pid > 0)
        sup_out_number(out, (uint64_t)slot->pid);
    else
        sup_out_null(out);
    sup_out_key(out, "state");
    sup_out_string(out, sup_slot_state_name(slot->state));
    sup_out_key(out, "incarnation");
    sup_out_number(out, slot->incarnation);
    sup_out_key(out, "restarts");
    sup_out_number(out, slot->restarts);
    sup_out_key(out, "actors");
    sup_out_number(out, sup_slot_actors(sup, slot->number));
    sup_out_key(out, "mail");
    sup_out_number(out, slot->number == 0 ? 0
                                          : sup_slot_mail(sup, slot->number) +
                                                sup_memory_unread(sup, slot->number, NULL));
    sup_out_key(out, "turns");
    sup_out_number(out, sup_slot_turns(sup, slot->number));
    sup_out_key(out, "late_replies");
    sup_out_number(out, sup_slot_late(sup, slot->number));
    sup_out_key(out, "arena_used");
    sup_out_number(out, arena);
    sup_out_key(out, "arena_max");
    sup_out_number(out, arena_max);
    sup_out_key(out, "halted");
    sup_out_bool(out, halted(slot));
    show_exit(out, &slot->last_exit);
    sup_out_close(out, '}');
}

static void show_listeners(struct sup_out *out, const struct sup_listeners *listeners)
{
    char text[BOOT_ADDRESS_TEXT];

    sup_out_open(out, '[');
    for (uint32_t i = 0; i < listeners->count; i++) {
        sup_out_open(out, '{');
        sup_out_key(out, "name");
        sup_out_string(out, listeners->all[i].name);
        sup_out_key(out, "address");
        sup_out_string(out, boot_address_text(&listeners->all[i].address, text));
        sup_out_close(out, '}');
    }
    sup_out_close(out, ']');
}

/* Stopping while it does; failed once no worker is left to run; starting until each worker has run
 * for the first time. */
static const char *system_state(const struct sup *sup)
{
    uint32_t failed = 0;
    bool starting = false;

    for (uint32_t i = 1; i < sup->n_slots; i++) {
        const struct sup_slot *slot = &sup->slots[i];

        failed += slot->state == SHM_SLOT_FAILED;
        starting |= !sup_slot_begun(slot);
    }
    if (sup->stop.phase != SUP_STOP_NO)
        return "stopping";
    if (failed == sup->n_slots - 1)
        return "failed";
    return starting ? "starting" : "running";
}

void sup_show_status(struct sup_out *out, struct sup *sup)
{
    sup_out_open(out, '{');
    sup_out_key(out, "system");
    sup_out_string(out, sup->config->system);
    sup_out_key(out, "node");
    sup_out_string(out, sup->config->cluster.json ? sup->config->cluster.node : NULL);
    sup_out_key(out, "pid");
    sup_out_number(out, (uint64_t)getpid());
    sup_out_key(out, "uptime_ns");
    sup_out_number(out, sup_clock() - sup->started_at);
    sup_out_key(out, "state");
    sup_out_string(out, system_state(sup));
    sup_out_key(out, "deadletters");
    sup_out_number(out, sup_letter_count(sup));
    sup_out_key(out, "listen");
    show_listeners(out, &sup->listeners);
    sup_out_key(out, "workers");
    sup_out_open(out, '[');
    for (uint32_t i = 1; i < sup->n_slots; i++)
        show_worker(out, sup, &sup->slots[i]);
    sup_out_close(out, ']');
    sup_out_close(out, '}');
}
