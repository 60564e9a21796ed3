/* SPDX-License-Identifier: MIT */
/* lists.c - commands of lists. */
#include "number.h"
#include "store.h"

/* After some elements went in: the head is written, or where there is no memory for it they are
 * taken out again. */
static void conclude(struct call *call, struct value *value, const struct collection *before,
                     int error)
{
    const struct collection *list = &value->members;
    struct collection first = {list->id, list->head, before->head};
    struct collection last = {list->id, before->tail, list->tail};
    int wrote = store_collection(call, call->argv[1], value);
    if (wrote != 0) {
        (void)store_give_back(call, TYPE_LIST, &first, UINT32_MAX);
        (void)store_give_back(call, TYPE_LIST, &last, UINT32_MAX);
        error = wrote;
    }
    if (error != 0)
        call_failed(call, error);
    else
        reply_integer(&call->reply, value->members.tail - value->members.head);
}

void run_push(struct call *call)
{
    struct value value;
    bool left = kv_command_id(call->command) == KV_LPUSH;
    int error = 0;
    if (!store_find_typed(call, call->argv[1], TYPE_LIST, &value))
        return;
    store_begin(call, &value, TYPE_LIST);
    struct collection *list = &value.members;
    const struct collection before = *list;
    for (uint32_t i = 2; i < call->argc && error == 0; i++) {
        int64_t at = left ? list->head - 1 : list->tail;
        error = store_element_put(call, list->id, at, call->argv[i]);
        if (error == 0)
            left ? list->head-- : list->tail++;
    }
    conclude(call, &value, &before, error);
}

/* ---- pop ---- */

#define POP_MOST 1000 /* at once, of a longer list: a turn has bounds */

/* The count that is asked for; -1: none. False: answered. */
static bool read_count(struct call *call, int64_t *count)
{
    *count = -1;
    if (call->argc == 2)
        return true;
    if (call->argc > 3) {
        reply_arity(&call->reply, call->command->name);
        return false;
    }
    if (number_read(call->argv[2], count) && *count >= 0)
        return true;
    reply_error(&call->reply, "ERR value is out of range, must be positive");
    return false;
}

static int pop(struct call *call, struct value *value, int64_t count)
{
    struct collection *list = &value->members;
    bool left = kv_command_id(call->command) == KV_LPOP;
    struct collection taken = *list;
    if (left)
        list->head = taken.tail = list->head + count;
    else
        list->tail = taken.head = list->tail - count;
    bool all = list->head == list->tail;
    for (int64_t i = 0; i < count; i++) {
        int64_t at = left ? taken.head + i : taken.tail - 1 - i;
        reply_bulk(&call->reply, store_element(call, list->id, at));
    }
    if (all) {
        *list = taken; /* goes with its members */
        return store_delete(call, call->argv[1], value);
    }
    AX_TRY(store_collection(call, call->argv[1], value));
    for (int64_t at = taken.head; at < taken.tail; at++)
        AX_CHECK(call->ctx, store_element_delete(call, list->id, at) == 0);
    return 0;
}

void run_pop(struct call *call)
{
    struct value value;
    int64_t count;
    if (!read_count(call, &count))
        return;
    if (!store_find_typed(call, call->argv[1], TYPE_LIST, &value))
        return;
    int64_t len = value.members.tail - value.members.head;
    if (!value.there) {
        count < 0 ? reply_null(&call->reply) : reply_null_array(&call->reply);
        return;
    }
    if (count > len)
        count = len;
    if (count > POP_MOST && count < len) {
        reply_errorf(&call->reply, "ERR more than %d elements of a longer list at once", POP_MOST);
        return;
    }
    uint32_t before = call->reply.to->len;
    if (count >= 0)
        reply_array(&call->reply, (uint64_t)count);
    int error = count == 0 ? 0 : pop(call, &value, count < 0 ? 1 : count);
    if (error != 0) {
        call->reply.to->len = before;
        call_failed(call, error);
    }
}

/* ---- reading ---- */

void run_llen(struct call *call)
{
    struct value value;
    if (store_find_typed(call, call->argv[1], TYPE_LIST, &value))
        reply_integer(&call->reply, value.members.tail - value.members.head);
}

void run_lrange(struct call *call)
{
    struct value value;
    int64_t first, last;
    if (!call_integer(call, call->argv[2], &first) || !call_integer(call, call->argv[3], &last) ||
        !store_find_typed(call, call->argv[1], TYPE_LIST, &value))
        return;
    const struct collection list = value.members;
    if (!call_range(list.tail - list.head, &first, &last)) {
        reply_array(&call->reply, 0);
        return;
    }
    reply_array(&call->reply, (uint64_t)(last - first + 1));
    for (int64_t i = first; i <= last; i++) {
        reply_bulk(&call->reply, store_element(call, list.id, list.head + i));
        call_breathe(call);
    }
}
