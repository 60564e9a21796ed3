/* SPDX-License-Identifier: MIT */
/* show_event_list.c - all events or dead letters of one look, in the order in which they happened.
 */
#include "axsup/show.h"

#include <errno.h>
#include <stdlib.h>

/* Those of one look, in the order in which they happened: what a slot has recorded comes to axsup a
 * little later than what it sees itself. */
struct list {
    const struct sup_event **events;
    size_t count, room;
};

static int add(void *ctx, const struct sup_event *event)
{
    struct list *list = ctx;

    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 256;
        const struct sup_event **events = realloc(list->events, room * sizeof(struct sup_event *));

        if (!events)
            return -ENOMEM;
        list->events = events;
        list->room = room;
    }
    list->events[list->count++] = event;
    return 0;
}

static int by_time(const void *a, const void *b)
{
    const struct sup_event *x = *(const struct sup_event *const *)a;
    const struct sup_event *y = *(const struct sup_event *const *)b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

static void show_one_letter(struct sup_out *out, struct sup *sup, const struct sup_event *event)
{
    (void)sup;
    sup_out_open(out, '{');
    sup_out_key(out, "at");
    sup_out_time(out, event->at);
    sup_show_letter(out, event);
    sup_out_close(out, '}');
}

static void show_list(struct sup_out *out, struct sup *sup, struct list *list, int error,
                      void (*show)(struct sup_out *, struct sup *, const struct sup_event *))
{
    if (list->count > 0)
        qsort(list->events, list->count, sizeof(struct sup_event *), by_time);
    sup_out_open(out, '[');
    for (size_t i = 0; i < list->count && out->error == 0; i++)
        show(out, sup, list->events[i]);
    sup_out_close(out, ']');
    if (out->error == 0)
        out->error = error;
    free(list->events);
}

void sup_show_events(struct sup_out *out, struct sup *sup)
{
    struct list list = {0};
    int error = sup_event_since(sup, 0, add, &list);

    show_list(out, sup, &list, error, sup_show_event);
}

void sup_show_letters(struct sup_out *out, struct sup *sup)
{
    struct list list = {0};
    int error = sup_letter_since(sup, 0, add, &list);

    show_list(out, sup, &list, error, show_one_letter);
}
