/* SPDX-License-Identifier: MIT */
#include "axsup/show.h"
#include "libax/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct row { /* of a list that is sorted */
    uint64_t key, ref;
    uint32_t unread;
};

struct list {
    struct sup_out *out;
    struct sup *sup;
    const struct sup_actor_filter *filter;
    struct row *rows;
    size_t count, room;
    uint64_t shown;
    uint32_t *unread; /* of each actor of the slot, in its lanes; NULL: nothing */
};

struct number {
    const char *key;
    uint64_t number;
};

static void show_numbers(struct sup_out *out, const struct number *numbers)
{
    for (; numbers->key; numbers++) {
        sup_out_key(out, numbers->key);
        sup_out_number(out, numbers->number);
    }
}

void sup_show_actor(struct sup_out *out, struct sup *sup, const struct sup_actor *actor)
{
    char name[SHM_NAME_MAX + 1] = "";

    sup_out_key(out, "name");
    sup_out_string(out, *actor->name ? actor->name : NULL);
    sup_out_key(out, "ref");
    sup_out_ref(out, actor->ref);
    sup_out_key(out, "contract");
    sup_out_string(out, actor->contract ? actor->contract->name : NULL);
    sup_out_key(out, "worker");
    sup_out_string(out, sup->slots[actor->slot].name);
    sup_out_key(out, "state");
    sup_out_string(out, sup_actor_shown_state(sup, actor));
    show_numbers(out, (const struct number[]){{"incarnation", actor->incarnation},
                                              {"mail", actor->mail},
                                              {"control_mail", actor->control_mail},
                                              {"capacity", actor->capacity},
                                              {"turns", actor->turns},
                                              {"failures", actor->failures},
                                              {NULL, 0}});
    if (actor->waits_on != 0)
        (void)sup_record_names(sup, actor->waits_on, name);
    sup_out_key(out, "suspended_on");
    sup_show_who(out, actor->waits_on, name);
    show_numbers(out, (const struct number[]){{"idle_ns", actor->idle_ns},
                                              {"silence_ns", actor->silence_ns},
                                              {"busy_ns", actor->busy_ns},
                                              {"in_flight", actor->in_hand},
                                              {"restarts", actor->restarts},
                                              {"slow", actor->slow},
                                              {NULL, 0}});
}

static int show_actor(const struct list *list, const struct sup_actor *actor)
{
    sup_out_open(list->out, '{');
    sup_show_actor(list->out, list->sup, actor);
    sup_out_close(list->out, '}');
    return list->out->error;
}

const char *sup_actor_shown_state(const struct sup *sup, const struct sup_actor *actor)
{
    enum shm_slot_state slot = sup->slots[actor->slot].state;

    if (slot == SHM_SLOT_FAILED)
        return "failed";
    if (slot != SHM_SLOT_RUNNING && slot != SHM_SLOT_STOPPING)
        return "down";
    if (actor->passive)
        return "passive";
    return actor->suspended ? "suspended" : sup_actor_state_name(actor->state);
}

static bool is_wanted(const struct list *list, const struct sup_actor *actor)
{
    const struct sup_actor_filter *filter = list->filter;
    const char *contract = actor->contract ? actor->contract->name : NULL;

    return actor->mail >= filter->min_mail &&
           (!filter->contract || (contract && strcmp(contract, filter->contract) == 0)) &&
           (!filter->name || strncmp(actor->name, filter->name, strlen(filter->name)) == 0) &&
           (!filter->state || strcmp(sup_actor_shown_state(list->sup, actor), filter->state) == 0);
}

const char *const sup_actor_sorts[] = {
#define SORT_NAME(name, key) name,
    SUP_ACTOR_SORTS(SORT_NAME)
#undef SORT_NAME
        NULL,
};

const char *const sup_actor_states[] = {"live",    "suspended", "restarting", "passive",
                                        "closing", "down",      "failed",     NULL};

static uint64_t key_of(const char *sort, const struct sup_actor *a)
{
    const uint64_t keys[] = {
#define SORT_KEY(name, key) (key),
        SUP_ACTOR_SORTS(SORT_KEY)
#undef SORT_KEY
    };
    for (size_t i = 0; sup_actor_sorts[i] != NULL; i++)
        if (strcmp(sup_actor_sorts[i], sort) == 0)
            return keys[i];
    return 0;
}

static int add_row(struct list *list, const struct sup_actor *actor, uint32_t unread)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 1024 : 2 * list->room;
        struct row *rows = realloc(list->rows, room * sizeof *rows);
        if (!rows)
            return -ENOMEM;
        list->rows = rows;
        list->room = room;
    }
    list->rows[list->count++] = (struct row){
        .key = key_of(list->filter->sort, actor),
        .ref = actor->ref,
        .unread = unread,
    };
    return 0;
}

/* What lies in the lanes is mail of whom it is for; a worker that stands still leaves it there. */
static void add_unread(struct sup_actor *actor, uint32_t unread)
{
    actor->mail = unread > UINT32_MAX - actor->mail ? UINT32_MAX : actor->mail + unread;
    if (unread != 0)
        actor->idle_ns = 0;
}

#define LIST_FULL 1 /* there is more, and nobody wants it */

static int on_actor(void *ctx, const struct sup_actor *seen)
{
    struct list *list = ctx;
    struct sup_actor actor = *seen;
    uint32_t unread = list->unread ? list->unread[SHM_REF_INDEX(seen->ref)] : 0;

    add_unread(&actor, unread);
    if (!is_wanted(list, &actor))
        return 0;
    if (list->filter->sort)
        return add_row(list, &actor, unread);
    if (list->filter->limit != 0 && list->shown++ == list->filter->limit)
        return LIST_FULL;
    return show_actor(list, &actor);
}

/* The largest first, and equal ones by their place. */
static int by_key(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? 1 : -1;
    return (x->ref > y->ref) - (x->ref < y->ref);
}

static void show_rows(struct list *list)
{
    struct sup_actor actor;

    if (list->count > 1)
        qsort(list->rows, list->count, sizeof *list->rows, by_key);
    for (size_t i = 0; i < list->count; i++) {
        if (list->filter->limit != 0 && list->shown == list->filter->limit)
            break;
        if (sup_actor_info(list->sup, list->rows[i].ref, &actor) != 0)
            continue; /* it has ended meanwhile */
        add_unread(&actor, list->rows[i].unread);
        list->shown++;
        if (show_actor(list, &actor) != 0)
            break;
    }
}

/* "counting/0" is that worker; "counting" all of its entry. */
static bool is_worker(const struct sup_slot *slot, const char *name)
{
    return strcmp(slot->name, name) == 0 || strcmp(slot->config->name, name) == 0;
}

/* For each actor of the slot what lies unread in its lanes, malloc'd; NULL: nothing, or no memory.
 */
static uint32_t *read_lanes(const struct sup *sup, uint32_t slot)
{
    uint32_t *unread = NULL;

    if (sup_memory_unread(sup, slot, NULL) > 0)
        unread = calloc(sup->slots[slot].memory.geo.actors, sizeof(*unread));
    if (unread)
        (void)sup_memory_unread(sup, slot, unread);
    return unread;
}

int sup_show_info(struct sup *sup, uint64_t ref, struct sup_actor *out)
{
    int error = sup_actor_info(sup, ref, out);
    uint32_t *unread = error == 0 ? read_lanes(sup, out->slot) : NULL;

    if (unread)
        add_unread(out, unread[SHM_REF_INDEX(ref)]);
    free(unread);
    return error;
}

static int list_slot(struct list *list, uint32_t slot)
{
    list->unread = read_lanes(list->sup, slot);
    int error = sup_actors(list->sup, slot, on_actor, list);
    free(list->unread);
    list->unread = NULL;
    return error;
}

int sup_show_actors(struct sup_out *out, struct sup *sup, const struct sup_actor_filter *filter)
{
    struct list list = {.out = out, .sup = sup, .filter = filter};
    bool any = false;
    int error = 0;

    sup_out_open(out, '[');
    for (uint32_t i = 1; i < sup->n_slots && error == 0; i++)
        if (!filter->worker || is_worker(&sup->slots[i], filter->worker)) {
            any = true;
            error = list_slot(&list, i);
        }
    if (error == 0)
        show_rows(&list);
    sup_out_close(out, ']');
    free(list.rows);
    if (error != 0 && error != LIST_FULL)
        return error;
    return any || !filter->worker ? 0 : AX_E_NO_ACTOR;
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
