/* SPDX-License-Identifier: MIT */
/* A binary heap: what is posted first comes first of the same time. */
#include "overlay/sim/sim_parts.h"

#include <stdlib.h>

void *sim_alloc(void *old, size_t size)
{
    void *memory = realloc(old, size);
    if (memory == NULL)
        abort();
    return memory;
}

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static struct sim_event *insert(struct sim_queue *queue, const struct sim_event *event)
{
    size_t i = queue->n++;

    if (queue->n > queue->room) {
        queue->room = queue->room > 0 ? 2 * queue->room : 256;
        queue->heap = sim_alloc(queue->heap, queue->room * sizeof *queue->heap);
    }
    for (; i > 0 && before(event, &queue->heap[(i - 1) / 2]); i = (i - 1) / 2)
        queue->heap[i] = queue->heap[(i - 1) / 2];
    queue->heap[i] = *event;
    return &queue->heap[i];
}

/* It is to be filled before the next call; its time stands. */
struct sim_event *sim_post(struct sim *sim, uint64_t at, enum sim_what what)
{
    struct sim_event event = {
        .at = at, .order = ++sim->queue.order, .what = what, .node = SIM_NOBODY};
    return insert(&sim->queue, &event);
}

/* It keeps its place among the others of that time. */
void sim_put_off(struct sim *sim, const struct sim_event *event, uint64_t until)
{
    struct sim_event again = *event;
    again.at = until;
    (void)insert(&sim->queue, &again);
}

/* From the front, where there is none now. */
static void sink(struct sim_queue *queue, const struct sim_event *event)
{
    size_t i = 0, child;
    for (; (child = 2 * i + 1) < queue->n; i = child) {
        if (child + 1 < queue->n && before(&queue->heap[child + 1], &queue->heap[child]))
            child++;
        if (!before(&queue->heap[child], event))
            break;
        queue->heap[i] = queue->heap[child];
    }
    queue->heap[i] = *event;
}

bool sim_take(struct sim *sim, uint64_t until, struct sim_event *event)
{
    struct sim_queue *queue = &sim->queue;
    struct sim_event last;
    if (queue->n == 0 || queue->heap[0].at > until)
        return false;
    *event = queue->heap[0];
    last = queue->heap[--queue->n];
    if (queue->n > 0)
        sink(queue, &last);
    return true;
}

void sim_queue_free(struct sim *sim)
{
    for (size_t i = 0; i < sim->queue.n; i++)
        free(sim->queue.heap[i].bytes);
    free(sim->queue.heap);
}
