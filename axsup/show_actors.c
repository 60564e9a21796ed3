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
};

static int show_actor(void *ctx, const struct sup_actor *actor)
{
    const struct list *list = ctx;
    struct sup_out *out = list->out;
    const char *contract = actor->contract ? actor->contract->name : NULL;

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
    sup_out_string(out, actor->suspended ? "suspended" : sup_actor_state_name(actor->state));
    sup_out_key(out, "incarnation");
    sup_out_number(out, actor->incarnation);
    sup_out_key(out, "mail");
    sup_out_number(out, actor->mail);
    sup_out_key(out, "control_mail"); /* orders; notices wait among the messages, in their order */
    sup_out_number(out, actor->control);
    sup_out_key(out, "capacity");
    sup_out_number(out, actor->capacity);
    sup_out_key(out, "turns");
    sup_out_number(out, actor->turns);
    sup_out_key(out, "failures");
    sup_out_number(out, actor->failures);
    sup_out_key(out, "suspended_on"); /* when that has lasted a while */
    if (actor->suspended && actor->waits_on != 0)
        sup_out_ref(out, actor->waits_on);
    else
        sup_out_null(out);
    sup_out_key(out, "idle_ns");
    sup_out_number(out, actor->idle_ns);
    sup_out_close(out, '}');
    return out->error;
}

/* "counting/0" is that worker; "counting" all of its entry. */
static bool is_worker(const struct sup_slot *slot, const char *name)
{
    return strcmp(slot->name, name) == 0 || strcmp(slot->config->name, name) == 0;
}

int sup_show_actors(struct sup_out *out, struct sup *sup, const char *worker, const char *contract)
{
    struct list list = {out, sup, contract};
    bool any = false;

    sup_out_open(out, '[');
    for (uint32_t i = 1; i < sup->n_slots; i++)
        if (!worker || is_worker(&sup->slots[i], worker)) {
            any = true;
            (void)sup_actors(sup, i, show_actor, &list);
        }
    sup_out_close(out, ']');
    return any || !worker ? 0 : AX_E_NO_ACTOR;
}

int sup_show_state(struct sup_out *out, struct sup *sup, const struct sup_actor *actor)
{
    size_t size = actor->kept ? actor->kept->size : 0;
    void *image = size > 0 ? malloc(size) : NULL;
    json_t *object = NULL;
    char *text = NULL;
    int error = AX_E_NOT_ALLOWED;

    if (actor->kept)
        error = image ? sup_actor_state(sup, actor->ref, image, &size) : -ENOMEM;
    if (error == 0) {
        object = ax_image_to_json(actor->kept, image, size);
        text = object ? json_dumps(object, JSON_COMPACT) : NULL;
        error = text ? 0 : object ? -ENOMEM : AX_E_INVALID;
    }
    if (text)
        sup_out_text(out, text);
    free(text);
    json_decref(object);
    free(image);
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
