/* SPDX-License-Identifier: MIT */
/* hub.c - axsup as a slot among slots.
 *
 * Its own private memory need not survive it, so nothing is undone here; a turn is opened and
 * committed around each frame only because readers look at its stamp. What waits for room in a
 * control lane is on the heap, for the same reason.
 *
 * A frame from a worker is copied out of the lane before anything in it is looked at. */
#include "axsup/hub.h"

#include "axsup/names.h"
#include "axsup/sup.h"
#include "shm/bell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_A_ROUND 256u /* of each lane: nobody keeps the loop from its other work */

int sup_hub_open(struct sup *sup)
{
    struct sup_hub *hub = &sup->hub;
    const struct sup_memory *own = &sup->slots[0].memory;
    struct shm_fds fds;

    hub->next_deadline = UINT64_MAX;
    hub->next_corr = 1;
    hub->scratch = malloc(shm_frame_size(own->geo.max_message));
    if (hub->scratch == NULL)
        return -ENOMEM;
    sup_memory_fds(sup, 0, &fds);
    int error = shm_port_open(&hub->port, &own->geo, &fds);
    if (error != 0) {
        sup_log(AX_ERROR, "cannot map the shared memory: %s", ax_strerror(error));
        free(hub->scratch);
        hub->scratch = NULL;
        return error;
    }
    hub->open = true;
    shm_store_release(&hub->port.pub->incarnation, 1);
    return 0;
}

static void drop_waiting(struct sup_hub *hub, uint32_t slot)
{
    while (hub->first[slot] != NULL) {
        struct sup_waiting *next = hub->first[slot]->next;
        free(hub->first[slot]);
        hub->first[slot] = next;
    }
    hub->last[slot] = NULL;
    hub->waiting[slot] = 0;
    hub->waits &= ~(1ull << slot);
}

void sup_hub_close(struct sup *sup)
{
    struct sup_hub *hub = &sup->hub;

    if (!hub->open)
        return;
    for (uint32_t slot = 0; slot < SHM_SLOTS; slot++)
        drop_waiting(hub, slot);
    sup_asks_close(sup);
    shm_port_close(&hub->port);
    free(hub->scratch);
    memset(hub, 0, sizeof *hub);
}

/* ---- sending ---- */

/* Into the lane as a turn of its own. False: no room. */
static bool stage(struct shm_port *port, uint32_t slot, uint32_t lane, const struct shm_frame *head,
                  const void *body, uint32_t size)
{
    uint32_t bytes = shm_frame_size(size);

    shm_turn_begin(port, 0, 0);
    struct shm_frame *frame = shm_lane_reserve(port, slot, lane, bytes);
    if (frame != NULL) {
        *frame = *head;
        frame->size = bytes;
        frame->stamp = port->turn;
        memset(frame->body + size, 0, bytes - sizeof *frame - size);
        if (size != 0)
            memcpy(frame->body, body, size);
        shm_lane_stage(port, slot, lane, bytes);
    }
    shm_turn_commit(port); /* also without a frame: a PAD may have been staged */
    return frame != NULL;
}

bool sup_hub_data(struct sup *sup, uint32_t slot, const struct shm_frame *head, const void *body,
                  uint32_t size)
{
    return stage(&sup->hub.port, slot, SHM_DATA, head, body, size);
}

static bool wait_for_room(struct sup_hub *hub, uint32_t slot, const struct shm_frame *head,
                          const void *body, uint32_t size)
{
    if (hub->waiting[slot] == SUP_WAITING_MAX)
        return false;
    struct sup_waiting *entry = calloc(1, sizeof *entry + shm_frame_size(size));
    if (entry == NULL)
        return false;
    entry->frame = *head;
    entry->frame.size = size; /* for stage() */
    if (size != 0)
        memcpy(entry->frame.body, body, size);
    if (hub->last[slot] != NULL)
        hub->last[slot]->next = entry;
    else
        hub->first[slot] = entry;
    hub->last[slot] = entry;
    hub->waiting[slot]++;
    hub->waits |= 1ull << slot;
    return true;
}

/* Of one slot's deaths that wait to be told, the last says all: its turn covers those before. */
static bool replace_waiting(struct sup_hub *hub, uint32_t slot,
                            const struct shm_slot_down_body *body)
{
    for (struct sup_waiting *entry = hub->first[slot]; entry != NULL; entry = entry->next) {
        struct shm_slot_down_body *old = (struct shm_slot_down_body *)(void *)entry->frame.body;
        if (entry->frame.kind == SHM_SLOT_DOWN && old->slot == body->slot) {
            *old = *body;
            return true;
        }
    }
    return false;
}

bool sup_hub_control(struct sup *sup, uint32_t slot, const struct shm_frame *head, const void *body,
                     uint32_t size)
{
    struct sup_hub *hub = &sup->hub;

    if (hub->first[slot] == NULL && stage(&hub->port, slot, SHM_CONTROL, head, body, size))
        return true;
    if ((head->kind == SHM_SLOT_DOWN && replace_waiting(hub, slot, body)) ||
        wait_for_room(hub, slot, head, body, size))
        return true;
    sup_log(AX_WARN, "%s does not read what axsup tells it; a notice is lost",
            sup->slots[slot].name);
    return false;
}

bool sup_hub_notice(struct sup *sup, uint32_t slot, const struct shm_frame *head, const void *body,
                    uint32_t size)
{
    struct sup_hub *hub = &sup->hub;
    uint64_t half = (shm_lane_mask(&hub->port, SHM_CONTROL) + 1) / 2;

    return hub->first[slot] == NULL && shm_lane_unread(&hub->port, slot, SHM_CONTROL) < half &&
           stage(&hub->port, slot, SHM_CONTROL, head, body, size);
}

static void flush_waiting(struct sup_hub *hub, uint32_t slot)
{
    struct sup_waiting *entry;

    while ((entry = hub->first[slot]) != NULL && stage(&hub->port, slot, SHM_CONTROL, &entry->frame,
                                                       entry->frame.body, entry->frame.size)) {
        hub->first[slot] = entry->next;
        hub->waiting[slot]--;
        free(entry);
    }
    if (hub->first[slot] == NULL)
        drop_waiting(hub, slot);
}

bool sup_hub_waits(const struct sup *sup)
{
    for (uint64_t set = sup->hub.waits; set != 0; set &= set - 1)
        if (sup->slots[__builtin_ctzll(set)].state == SHM_SLOT_RUNNING)
            return true;
    return false;
}

void sup_hub_flush(struct sup *sup)
{
    struct sup_hub *hub = &sup->hub;

    for (uint64_t set = hub->waits; set != 0; set &= set - 1)
        flush_waiting(hub, (uint32_t)__builtin_ctzll(set));
    shm_lane_flush(&hub->port);
}

/* ---- receiving ---- */

static void on_claim(struct sup *sup, uint32_t slot, const struct shm_frame *frame)
{
    struct shm_frame answer = {.kind = SHM_GRANT, .to = frame->from, .corr = frame->corr};
    uint32_t entry = 0, room = shm_frame_body(frame);
    char name[SHM_NAME_MAX + 1] = "";
    int error = AX_E_INVALID;

    memcpy(name, frame->body, room < SHM_NAME_MAX ? room : SHM_NAME_MAX);
    if (SHM_REF_SLOT(frame->from) == slot)
        error = sup_name_claim(sup, name, frame->from, &entry);
    answer.method = (uint16_t)error;
    sup_hub_control(sup, slot, &answer, &entry, sizeof entry);
}

static bool body_at_least(const struct shm_frame *frame, size_t size)
{
    return shm_frame_body(frame) >= size;
}

/* False: no worker sends such a frame. */
static bool deliver(struct sup *sup, struct sup_slot *slot, const struct shm_frame *frame)
{
    switch (frame->kind) {
    case SHM_READY:
        if (!body_at_least(frame, sizeof(struct shm_ready_body)))
            return false;
        sup_child_ready(slot, (const struct shm_ready_body *)(const void *)frame->body);
        return true;
    case SHM_STOPPED:
        if (!body_at_least(frame, sizeof(struct shm_stopped_body)))
            return false;
        sup_child_stopped(slot, (const struct shm_stopped_body *)(const void *)frame->body);
        return true;
    case SHM_CLAIM:
        on_claim(sup, slot->number, frame);
        return true;
    case SHM_ACCUSE:
        if (!body_at_least(frame, sizeof(uint64_t)))
            return false;
        sup_hub_accused(sup, slot->number, frame);
        return true;
    case SHM_REPLY:
    case SHM_ERROR:
        sup_ask_answered(sup, slot->number, frame);
        return true;
    case SHM_TELL:
    case SHM_ASK:
    case SHM_DOWN:
    case SHM_MONITOR:
    case SHM_DEMONITOR:
        return true; /* a forged address of slot 0: nobody is there */
    default:
        return false;
    }
}

static const struct shm_frame *copy_frame(struct sup_hub *hub, const struct shm_frame *frame,
                                          uint32_t size)
{
    struct shm_frame *copy = (struct shm_frame *)(void *)hub->scratch;

    memcpy(copy, frame, size);
    copy->size = size;
    return copy;
}

/* True: there may be more. */
static bool drain_lane(struct sup *sup, struct sup_slot *slot, uint32_t lane)
{
    struct sup_hub *hub = &sup->hub;
    struct shm_port *port = &hub->port;
    uint32_t from = slot->number, left = FRAMES_A_ROUND, size;
    const struct shm_ends *ends = port->in_ends[from];
    uint64_t *read =
        lane == SHM_DATA ? &port->priv->read_data[from] : &port->priv->read_control[from];
    /* pairs with the release in shm_lane_publish_slow of the worker */
    uint64_t at = *read, before = at,
             end = shm_load_acquire(lane == SHM_DATA ? &ends->data : &ends->control);
    bool wrong = false;

    while (left-- > 0 && !port->in[from].cut) {
        const struct shm_frame *frame = shm_lane_next(port, from, lane, &at, end, &size, &wrong);
        if (frame == NULL)
            break;
        at += size;
        *read = at;
        if (!deliver(sup, slot, copy_frame(hub, frame, size))) {
            wrong = true;
            break;
        }
    }
    if (wrong) {
        port->in[from].cut = true;
        sup_child_corrupt(slot, lane == SHM_DATA ? "its data lane to axsup"
                                                 : "its control lane to axsup");
        return false;
    }
    if (at != before)
        port->read_dirty |= 1ull << from;
    *read = at;
    return at != end && !port->in[from].cut;
}

bool sup_hub_drain(struct sup *sup)
{
    bool more = false;

    for (uint32_t s = 1; s < sup->n_slots; s++) {
        sup_memory_grow(sup, s);
        if (sup->hub.port.in[s].cut)
            continue;
        more |= drain_lane(sup, &sup->slots[s], SHM_CONTROL);
        if (!sup->hub.port.in[s].cut)
            more |= drain_lane(sup, &sup->slots[s], SHM_DATA);
    }
    return more;
}

/* What the dead process left malformed is skipped. */
void sup_hub_uncut(struct sup *sup, uint32_t slot)
{
    struct shm_port *port = &sup->hub.port;

    if (!port->in[slot].cut)
        return;
    port->priv->read_data[slot] = shm_load_acquire(&port->in_ends[slot]->data) & ~7ull;
    port->priv->read_control[slot] = shm_load_acquire(&port->in_ends[slot]->control) & ~7ull;
    port->read_dirty |= 1ull << slot;
    port->in[slot].cut = false;
}
