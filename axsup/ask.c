/* SPDX-License-Identifier: MIT */
/* ask.c - what the command line asks of actors and tells them.
 *
 * The asks under way are a table; a reply names its entry in `corr`, with a serial on top, so that
 * an answer that comes after the timeout, or when its client has gone, finds nobody. An ask is
 * admitted by the same rules as a worker's: the target's published state, depth and contract, and
 * room in the lane. */
#include "axsup/hub.h"
#include "axsup/sup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ASKER SHM_REF(0, 1, 1) /* the address that replies go to: nobody, in slot 0 */

struct sup_ask {
    bool used;
    uint64_t corr, target, deadline;
    const struct ax_method *method;
    sup_reply_fn *fn;
    void *ctx;
};

/* ---- the table ---- */

static struct sup_ask *ask_new(struct sup_hub *hub)
{
    if (hub->asks == NULL)
        hub->asks = calloc(SUP_ASKS_MAX, sizeof *hub->asks);
    if (hub->asks == NULL)
        return NULL;
    for (uint32_t i = 0; i < SUP_ASKS_MAX; i++)
        if (!hub->asks[i].used) {
            hub->asks[i].corr = hub->next_corr++ * SUP_ASKS_MAX + i;
            return &hub->asks[i];
        }
    return NULL;
}

static void ask_free(struct sup_hub *hub, struct sup_ask *ask)
{
    ask->used = false;
    hub->n_asks--;
}

static void ask_end(struct sup_hub *hub, struct sup_ask *ask, int error, const void *body,
                    size_t size)
{
    struct sup_ask done = *ask;

    ask_free(hub, ask);
    done.fn(done.ctx, error, body, size);
}

void sup_ask_forget(struct sup *sup, void *ctx)
{
    for (uint32_t i = 0; sup->hub.asks != NULL && i < SUP_ASKS_MAX; i++)
        if (sup->hub.asks[i].used && sup->hub.asks[i].ctx == ctx)
            ask_free(&sup->hub, &sup->hub.asks[i]);
}

void sup_hub_fail(struct sup *sup, uint32_t slot, int error)
{
    struct sup_hub *hub = &sup->hub;

    for (uint32_t i = 0; hub->n_asks > 0 && i < SUP_ASKS_MAX; i++)
        if (hub->asks[i].used && SHM_REF_SLOT(hub->asks[i].target) == slot)
            ask_end(hub, &hub->asks[i], error, NULL, 0);
}

void sup_hub_expire(struct sup *sup)
{
    struct sup_hub *hub = &sup->hub;

    if (sup->loop.now < hub->next_deadline)
        return;
    for (uint32_t i = 0; hub->n_asks > 0 && i < SUP_ASKS_MAX; i++)
        if (hub->asks[i].used && hub->asks[i].deadline <= sup->loop.now)
            ask_end(hub, &hub->asks[i], AX_E_TIMEOUT, NULL, 0);
    hub->next_deadline = UINT64_MAX;
    for (uint32_t i = 0; hub->n_asks > 0 && i < SUP_ASKS_MAX; i++)
        if (hub->asks[i].used && hub->asks[i].deadline < hub->next_deadline)
            hub->next_deadline = hub->asks[i].deadline;
}

void sup_asks_close(struct sup *sup)
{
    struct sup_hub *hub = &sup->hub;

    for (uint32_t i = 0; hub->n_asks > 0 && i < SUP_ASKS_MAX; i++)
        if (hub->asks[i].used)
            ask_end(hub, &hub->asks[i], AX_E_SHUTTING_DOWN, NULL, 0);
    free(hub->asks);
    hub->asks = NULL;
}

void sup_ask_answered(struct sup *sup, uint32_t slot, const struct shm_frame *frame)
{
    struct sup_hub *hub = &sup->hub;
    uint32_t size = shm_frame_body(frame);
    struct sup_ask *ask = hub->n_asks == 0 ? NULL : &hub->asks[frame->corr % SUP_ASKS_MAX];

    if (ask == NULL || !ask->used || ask->corr != frame->corr ||
        SHM_REF_SLOT(ask->target) != slot) {
        hub->late_replies++;
        return;
    }
    if (frame->kind == SHM_ERROR)
        ask_end(hub, ask, frame->method != 0 ? frame->method : AX_E_INVALID, NULL, 0);
    else if (ax_layout_validate(ask->method->reply, frame->body, size) != 0)
        ask_end(hub, ask, AX_E_INVALID, NULL, 0);
    else
        ask_end(hub, ask, 0, frame->body, size);
}

/* ---- sending ---- */

/* May a message go to this actor now? */
static int admit(const struct sup *sup, uint64_t ref, uint64_t hash)
{
    const struct shm_port *port = &sup->hub.port;
    uint32_t slot = SHM_REF_SLOT(ref), index = SHM_REF_INDEX(ref);

    if (slot == 0 || slot >= sup->n_slots || index >= sup->slots[slot].memory.geo.actors)
        return AX_E_NO_ACTOR;
    if (sup->slots[slot].state == SHM_SLOT_FAILED || sup->slots[slot].state == SHM_SLOT_STOPPED)
        return AX_E_CLOSED;
    const struct shm_directory *entry = &port->directories[slot][index];
    uint8_t state = shm_load_acquire(&entry->state);
    if (shm_load(&entry->gen) != SHM_REF_GEN(ref) || state == SHM_FREE)
        return AX_E_NO_ACTOR;
    if (shm_load(&entry->contract) != hash)
        return AX_E_WRONG_CONTRACT;
    if (state == SHM_CLOSING)
        return AX_E_CLOSED;
    if ((shm_load(&entry->refuse) & SHM_REFUSES) != 0 ||
        shm_load(&port->depths[slot][index]) >= shm_load(&entry->capacity) ||
        shm_load(&port->peers[slot]->squeezed) != 0)
        return AX_E_FULL;
    return 0;
}

static int check(const struct sup *sup, const struct ax_contract *contract, uint16_t method,
                 const void *image, size_t size)
{
    if (contract == NULL || method >= contract->nmethods)
        return AX_E_INVALID;
    if (size > sup->hub.port.geo.max_message)
        return AX_E_TOO_BIG;
    return ax_layout_validate(contract->methods[method].msg, image, size);
}

static int send_data(struct sup *sup, const struct shm_frame *head, const void *image, size_t size)
{
    uint32_t slot = SHM_REF_SLOT(head->to);

    return sup_hub_data(sup, slot, head, image, (uint32_t)size) ? 0 : AX_E_FULL;
}

int sup_ask(struct sup *sup, uint64_t ref, const struct ax_contract *contract, uint16_t method,
            const void *image, size_t size, uint64_t timeout_ns, sup_reply_fn *fn, void *ctx)
{
    struct sup_hub *hub = &sup->hub;
    uint64_t now = sup_clock();
    int error = check(sup, contract, method, image, size);

    if (error == 0 && !contract->methods[method].is_ask)
        error = AX_E_INVALID;
    if (error == 0)
        error = admit(sup, ref, ax_contract_hash(contract));
    if (error != 0)
        return error;
    struct sup_ask *ask = ask_new(hub);
    if (ask == NULL)
        return hub->asks == NULL ? -ENOMEM : AX_E_LIMIT;
    const struct shm_frame head = {
        .kind = SHM_ASK, .method = method, .to = ref, .from = ASKER, .corr = ask->corr};
    error = send_data(sup, &head, image, size);
    if (error != 0)
        return error;
    ask->used = true;
    ask->target = ref;
    ask->deadline = timeout_ns > UINT64_MAX - now ? UINT64_MAX : now + timeout_ns;
    ask->method = &contract->methods[method];
    ask->fn = fn;
    ask->ctx = ctx;
    hub->n_asks++;
    if (ask->deadline < hub->next_deadline)
        hub->next_deadline = ask->deadline;
    return 0;
}

int sup_tell(struct sup *sup, uint64_t ref, const struct ax_contract *contract, uint16_t method,
             const void *image, size_t size)
{
    const struct shm_frame head = {.kind = SHM_TELL, .method = method, .to = ref};
    int error = check(sup, contract, method, image, size);

    if (error == 0 && contract->methods[method].is_ask)
        error = AX_E_INVALID;
    if (error == 0)
        error = admit(sup, ref, ax_contract_hash(contract));
    return error != 0 ? error : send_data(sup, &head, image, size);
}
