/* SPDX-License-Identifier: MIT */
/* The peer and axsup, played: what they do with the frames that the worker sends them. */
#include "step.h"

#include "shm/names.h"

#include <ax/nursery.h>
#include <string.h>

/* ---- axsup: names ---- */

static struct shm_name *name_at(const struct node *node, uint32_t entry)
{
    return (struct shm_name *)(void *)(node->pub[0] + node->geo[0].name_off) + entry;
}

/* The entry of a name, or the first that nobody has used. */
static uint32_t place_of(const struct node *node, const char *name)
{
    uint32_t room = node->geo[0].names, at = (uint32_t)(shm_name_hash(name) % room);
    while (name_at(node, at)->seq != 0 && strcmp(name_at(node, at)->name, name) != 0)
        at = (at + 1) % room;
    return at;
}

void played_name(struct node *node, const char *name, uint64_t ref)
{
    struct shm_name *entry = name_at(node, place_of(node, name));
    *entry = (struct shm_name){.seq = entry->seq + 2,
                               .incarnation = node->boot.incarnation,
                               .hash = shm_name_hash(name),
                               .ref = ref};
    memcpy(entry->name, name, strlen(name));
}

/* Somebody else bears it. Who was granted a name and is not there is taken to have died with the
 * process that asked: here no two ask for one name at a time. */
static bool taken(const struct node *node, const struct shm_name *entry, uint64_t by)
{
    uint32_t slot = SHM_REF_SLOT(entry->ref);
    if (entry->seq == 0 || entry->ref == by || slot == 0)
        return false;
    const struct shm_directory *owner = &node->port[0].directories[slot][SHM_REF_INDEX(entry->ref)];
    return shm_load(&owner->gen) == SHM_REF_GEN(entry->ref) && shm_load(&owner->state) != SHM_FREE;
}

static void grant(struct node *node, const struct shm_frame *claim)
{
    const char *name = (const char *)claim->body;
    uint32_t entry = place_of(node, name);
    struct shm_frame frame = {.kind = SHM_GRANT, .to = claim->from, .corr = claim->corr};
    if (taken(node, name_at(node, entry), claim->from))
        frame.method = AX_E_NAME_TAKEN;
    else
        played_name(node, name, claim->from);
    node_send(node, 0, SHM_CONTROL, &frame, &entry, sizeof entry);
}

/* ---- the peer ---- */

/* Each question has an answer of its own. */
static void reply(struct node *node, const struct shm_frame *ask)
{
    const struct shm_frame frame = {.kind = SHM_REPLY,
                                    .to = ask->from,
                                    .from = ask->to,
                                    .corr = ask->corr,
                                    .method = ask->method};
    const struct probe_get_reply body = {.value = 10 * *(const int64_t *)(const void *)ask->body};
    node_send(node, NODE_PEER, SHM_DATA, &frame, &body, sizeof body);
}

static void bear(struct node *node, const struct shm_frame *ask)
{
    const struct nursery_bear *wanted = (const void *)ask->body;
    const struct shm_frame frame = {.kind = SHM_REPLY,
                                    .to = ask->from,
                                    .from = ask->to,
                                    .corr = ask->corr,
                                    .method = ask->method};
    const struct nursery_bear_reply body = {.child = {.addr = SHM_REF(NODE_PEER, PLAYED_STAYS, 1)}};
    played_name(node, wanted->name, body.child.addr);
    node_send(node, NODE_PEER, SHM_DATA, &frame, &body, sizeof body);
}

static void down(struct node *node, const struct shm_frame *monitor, struct shm_down_body body)
{
    const struct shm_frame frame = {
        .kind = SHM_DOWN, .to = monitor->from, .from = monitor->to, .corr = monitor->corr};
    body.who = monitor->to;
    node_send(node, NODE_PEER, SHM_CONTROL, &frame, &body, sizeof body);
}

/* It knows of a monitor or a link from now on. */
static void since(struct node *node, const struct shm_frame *asked)
{
    const struct shm_frame frame = {
        .kind = SHM_SINCE, .to = asked->from, .from = asked->to, .corr = asked->corr};
    const struct shm_since_body body = {.incarnation = 1, .process = 1, .unit = 4711};
    node_send(node, NODE_PEER, SHM_CONTROL, &frame, &body, sizeof body);
}

static void watched(struct node *node, const struct shm_frame *monitor)
{
    uint32_t index = SHM_REF_INDEX(monitor->to);
    if (index == PLAYED_FAILS)
        down(node, monitor,
             (struct shm_down_body){.incarnation = 1, .reason = SHM_FAILED, .will_restart = 1});
    if (index == PLAYED_ANSWERS || index == PLAYED_FAILS)
        down(node, monitor,
             (struct shm_down_body){.incarnation = index == PLAYED_FAILS ? 2 : 0,
                                    .reason = SHM_NORMAL});
}

/* ---- what is seen ---- */

/* Behind all others of its lane. */
static struct seen_frame *add(struct seen *seen, uint8_t slot, uint8_t lane)
{
    uint32_t at = seen->nframes++;
    for (; at > 0; at--) {
        const struct seen_frame *before = &seen->frame[at - 1];
        if (before->slot < slot || (before->slot == slot && before->lane <= lane))
            break;
        seen->frame[at] = *before;
    }
    seen->frame[at] = (struct seen_frame){.slot = slot, .lane = lane};
    return &seen->frame[at];
}

static void note(struct seen *seen, uint32_t slot, uint32_t lane, const struct shm_frame *frame)
{
    struct seen_frame *as = add(seen, (uint8_t)slot, (uint8_t)lane);
    bool end = frame->kind == SHM_DOWN || frame->kind == SHM_EXIT;
    as->kind = frame->kind;
    as->method = frame->method;
    as->to = frame->kind == SHM_CLAIM ? frame->from : frame->to;
    if (end || frame->kind == SHM_REPLY || frame->kind == SHM_ERROR || frame->kind == SHM_SINCE)
        as->corr = frame->corr;
    if (shm_frame_body(frame) >= 8)
        as->body = *(const int64_t *)(const void *)frame->body;
    if (frame->kind == SHM_FOUND) /* but for the generation */
        as->body >>= 32;
    if (frame->kind == SHM_SINCE || frame->kind == SHM_LINK) { /* but for deaths */
        const struct shm_since_body *since = (const void *)frame->body;
        as->body = since->incarnation - since->process;
    }
    if (end)
        as->after = ((const struct shm_down_body *)(const void *)frame->body)->after;
}

void seen_take(void *ctx, struct node *node, uint32_t slot, uint32_t lane,
               const struct shm_frame *frame)
{
    struct seen *seen = ctx;
    if (frame->kind == SHM_CLAIM)
        grant(node, frame);
    if (slot == NODE_PEER && frame->kind == SHM_ASK && SHM_REF_INDEX(frame->to) == PLAYED_ANSWERS)
        reply(node, frame);
    if (slot == NODE_PEER && frame->kind == SHM_ASK && SHM_REF_INDEX(frame->to) == PLAYED_NURSERY)
        bear(node, frame);
    bool gone = frame->kind == SHM_MONITOR && SHM_REF_INDEX(frame->to) == PLAYED_ANSWERS;
    if (slot == NODE_PEER && (frame->kind == SHM_MONITOR || frame->kind == SHM_LINK) && !gone)
        since(node, frame);
    if (slot == NODE_PEER && frame->kind == SHM_MONITOR)
        watched(node, frame);
    if (frame->kind != SHM_READY && seen->nframes < STEP_FRAMES)
        note(seen, slot, lane, frame);
}
