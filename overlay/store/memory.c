/* SPDX-License-Identifier: MIT */
/* overlay/store/memory.c - the memory store of the core as a kind: one process has it, and it ends
 * with that. */
#include <stdlib.h>

#include "overlay/store/kind.h"

struct memory {
    struct ov_store_memory store;
    struct ov_store_record records[];
};

static int memory_open(struct ov_store *store)
{
    uint32_t room = store->options.room;
    struct memory *own = calloc(1, sizeof *own + room * sizeof own->records[0]);
    if (own == NULL) {
        ov_store_complain(store, "no memory for %u shards", room);
        return AX_E_NO_MEMORY;
    }
    ov_store_memory_init(&own->store, own->records, room);
    store->own = own;
    return 0;
}

static void memory_close(struct ov_store *store)
{
    free(store->own);
}

static void memory_submit(struct ov_store *store, uint32_t slot)
{
    struct memory *own = store->own;
    struct ov_store_answer answer;
    ov_store_memory_handle(&own->store, store->now, &store->slots[slot].request, &answer);
    ov_store_end(store, slot, &answer);
}

static void memory_run(struct ov_store *store)
{
    (void)store; /* each request ends as it is submitted */
}

const struct ov_store_kind ov_store_kind_memory = {
    .name = "memory",
    .open = memory_open,
    .close = memory_close,
    .submit = memory_submit,
    .run = memory_run,
};
