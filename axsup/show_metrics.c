/* SPDX-License-Identifier: MIT */
/* show_metrics.c - what is measured of the system and each worker, as one document. The command
 * writes it in the text format of Prometheus. */
#include "axsup/show.h"

static void number(struct sup_out *out, const char *key, uint64_t value)
{
    sup_out_key(out, key);
    sup_out_number(out, value);
}

void sup_show_histogram(struct sup_out *out, const char *key, const uint64_t *buckets)
{
    sup_out_key(out, key);
    if (buckets == NULL) {
        sup_out_null(out);
        return;
    }
    sup_out_open(out, '[');
    for (uint32_t i = 0; i < SHM_BUCKETS; i++) {
        uint64_t count = shm_load(&buckets[i]) & INT64_MAX;
        if (count == 0)
            continue;
        sup_out_open(out, '[');
        sup_out_number(out, UINT64_C(1) << (i + 1));
        sup_out_number(out, count);
        sup_out_close(out, ']');
    }
    sup_out_close(out, ']');
}

static void show_worker(struct sup_out *out, struct sup *sup, const struct sup_slot *slot)
{
    const struct shm_meters *meters = &sup->hub.port.peers[slot->number]->meters;
    uint64_t arena_max, arena = sup_slot_arena(sup, slot->number, &arena_max);

    sup_out_open(out, '{');
    sup_out_key(out, "worker");
    sup_out_string(out, slot->name);
    number(out, "up", slot->state == SHM_SLOT_RUNNING);
    number(out, "incarnation", slot->incarnation);
    number(out, "restarts", slot->restarts);
    number(out, "actors", sup_slot_actors(sup, slot->number));
    number(out, "mail",
           sup_slot_mail(sup, slot->number) + sup_memory_unread(sup, slot->number, NULL));
    number(out, "turns", sup_slot_turns(sup, slot->number));
    number(out, "late_replies", sup_slot_late(sup, slot->number));
    number(out, "arena_used", arena);
    number(out, "arena_max", arena_max);
    number(out, "slow", shm_load(&meters->slow) & INT64_MAX);
    number(out, "busy_ns", shm_load(&meters->busy_ns) & INT64_MAX);
    sup_show_histogram(out, "handling_ns", meters->all.handling);
    sup_show_histogram(out, "queueing_ns", meters->all.queueing);
    sup_out_close(out, '}');
}

void sup_show_metrics(struct sup_out *out, struct sup *sup)
{
    sup_out_open(out, '{');
    sup_out_key(out, "system");
    sup_out_string(out, sup->config->system);
    number(out, "uptime_ns", sup_clock() - sup->started_at);
    number(out, "deadletters", sup_letter_count(sup));
    sup_out_key(out, "workers");
    sup_out_open(out, '[');
    for (uint32_t i = 1; i < sup->n_slots; i++)
        show_worker(out, sup, &sup->slots[i]);
    sup_out_close(out, ']');
    sup_out_close(out, '}');
}
