/* SPDX-License-Identifier: MIT */
#include "axsup/show.h"
#include "libax/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct list {
    struct sup_out *out;
    const struct sup *sup;
    const char *contract;
    const uint32_t *unread; /* for each actor of the slot, in its lanes; NULL: nothing */
};

/* Of an actor that would go on if its worker ran. */
static const char *state_of(const struct list *list, const struct sup_actor *actor)
{
    enum shm_slot_state slot = list->sup->slots[actor->slot].state;

    if (slot == SHM_SLOT_FAILED)
        return "failed";
    if (slot != SHM_SLOT_RUNNING && slot != SHM_SLOT_STOPPING)
        return "down";
    return actor->suspended ? "suspended" : sup_actor_state_name(actor->state);
}

static int show_actor(void *ctx, const struct sup_actor *actor)
{
    const struct list *list = ctx;
    struct sup_out *out = list->out;
    const char *contract = actor->contract ? actor->contract->name : NULL;
    uint32_t unread = list->unread ? list->unread[SHM_REF_INDEX(actor->ref)] : 0;

    if (list->contract && (!contract || strcmp(contract, list->contract) != 0))
        return 0;
    sup_out_open(out, '{');
    sup_out_key(out, "name");
    sup_out_string(out, *actor->name ? actor->name : NULL);
    sup_out_key(out, "ref");
    sup_out_ref(out, actor->ref);
    sup_out_key(out, "contract");
    sup_out_string(out, contract);
    sup_out_key(out, "worker");
    sup_out_string(out, list->sup->slots[actor->slot].name);
    sup_out_key(out, "state");
    sup_out_string(out, state_of(list, actor));
    sup_out_key(out, "incarnation");
    sup_out_number(out, actor->incarnation);
    sup_out_key(out, "mail");
    sup_out_number(out, (uint64_t)actor->mail + unread);
    sup_out_key(out, "control_mail"); /* notices wait among the messages, in their order */
    sup_out_number(out, 0);
    sup_out_key(out, "capacity");
    sup_out_number(out, actor->capacity);
    sup_out_key(out, "turns");
    sup_out_number(out, actor->turns);
    sup_out_key(out, "failures");
    sup_out_number(out, actor->failures);
    sup_out_key(out, "suspended_on"); /* known to the worker alone */
    sup_out_null(out);
    sup_out_key(out, "idle_ns");
    sup_out_number(out, unread ? 0 : actor->idle_ns);
    sup_out_close(out, '}');
    return out->error;
}

/* "counting/0" is that worker; "counting" all of its entry. */
static bool is_worker(const struct sup_slot *slot, const char *name)
{
    return strcmp(slot->name, name) == 0 || strcmp(slot->config->name, name) == 0;
}

/* What lies in the lanes is mail of whom it is for; a worker that stands still leaves it there. */
static void show_slot(struct list *list, struct sup *sup, uint32_t slot)
{
    uint32_t *unread = NULL;

    if (sup_memory_unread(sup, slot, NULL) > 0)
        unread = calloc(sup->slots[slot].memory.geo.actors, sizeof(*unread));
    if (unread)
        (void)sup_memory_unread(sup, slot, unread);
    list->unread = unread;
    (void)sup_actors(sup, slot, show_actor, list);
    list->unread = NULL;
    free(unread);
}

int sup_show_actors(struct sup_out *out, struct sup *sup, const char *worker, const char *contract)
{
    struct list list = {out, sup, contract, NULL};
    bool any = false;

    sup_out_open(out, '[');
    for (uint32_t i = 1; i < sup->n_slots; i++)
        if (!worker || is_worker(&sup->slots[i], worker)) {
            any = true;
            show_slot(&list, sup, i);
        }
    sup_out_close(out, ']');
    return any || !worker ? 0 : AX_E_NO_ACTOR;
}

static int show_kept(struct sup_out *out, struct sup *sup, const struct sup_actor *actor)
{
    size_t size = actor->kept->size;
    void *image = malloc(size + 1);
    json_t *object = NULL;
    char *text = NULL;
    int error = image ? sup_actor_state(sup, actor->ref, image, &size) : -ENOMEM;

    if (error == 0) {
        object = ax_image_to_json(actor->kept, image, size);
        text = object ? json_dumps(object, JSON_COMPACT) : NULL;
        error = text ? 0 : object ? -ENOMEM : AX_E_INVALID;
    }
    if (text)
        sup_out_bytes(out, text, strlen(text) - 1); /* its end follows */
    free(text);
    json_decref(object);
    free(image);
    return error;
}

int sup_show_state(struct sup_out *out, struct sup *sup, const struct sup_actor *actor)
{
    int error = 0;

    if (!actor->kept && actor->n_maps == 0)
        return AX_E_NOT_ALLOWED;
    if (actor->kept)
        error = show_kept(out, sup, actor);
    else
        sup_out_open(out, '{');
    sup_out_close(out, '}');
    return error;
}

static void show_contract(struct sup_out *out, const struct sup_template *template,
                          const struct sup_type *type)
{
    char *text = NULL;
    int error = ax_contract_describe(type->contract, type->kept, &text);

    if (error == 0) {
        sup_out_open(out, '{');
        sup_out_key(out, "worker");
        sup_out_string(out, template->config->name);
        sup_out_key(out, "plugin");
        sup_out_string(out, template->plugin);
        sup_out_text(out, ",");
        sup_out_text(out, text + 1);
    } else if (out->error == 0) {
        out->error = error;
    }
    free(text);
}

void sup_show_contracts(struct sup_out *out, struct sup *sup)
{
    sup_out_open(out, '[');
    for (uint32_t i = 0; i < sup->n_templates; i++)
        for (uint32_t j = 0; j < sup->templates[i].n_types; j++)
            show_contract(out, &sup->templates[i], &sup->templates[i].types[j]);
    sup_out_close(out, ']');
}
