/* SPDX-License-Identifier: MIT */
/* parcel.c - requests on their way from a connection to a shard, and answers on their way back. */
#include "parcel.h"

void parcel_add(struct kv_buf *parcel, const struct kv_command *command, uint32_t argc,
                const struct ax_span *argv)
{
    uint64_t size = 8;
    for (uint32_t i = 1; i < argc; i++)
        size += 4 + (uint64_t)argv[i].len;
    if (size > UINT32_MAX / 2)
        abort(); /* the connection bounds what it takes in */
    uint8_t *at = kv_buf_reserve(parcel, (uint32_t)size);
    const uint32_t head[2] = {kv_command_id(command), argc};
    memcpy(at, head, sizeof head);
    at += sizeof head;
    for (uint32_t i = 1; i < argc; i++) {
        memcpy(at, &argv[i].len, 4);
        if (argv[i].len != 0)
            memcpy(at + 4, argv[i].ptr, argv[i].len);
        at += 4 + argv[i].len;
    }
    parcel->len += (uint32_t)size;
}

void parcel_read(struct parcel_reader *reader, const void *bytes, uint32_t len)
{
    reader->at = bytes;
    reader->end = reader->at + len;
}

static void make_room(struct parcel_reader *reader, uint32_t argc)
{
    if (argc <= reader->room)
        return;
    struct ax_span *argv = realloc(reader->argv, argc * sizeof *argv);
    if (argv == NULL)
        abort();
    reader->argv = argv;
    reader->room = argc;
}

int parcel_next(struct parcel_reader *reader)
{
    uint32_t head[2];
    size_t left = (size_t)(reader->end - reader->at);
    if (left == 0)
        return 0;
    if (left < sizeof head)
        return -1;
    memcpy(head, reader->at, sizeof head);
    reader->at += sizeof head;
    left -= sizeof head;
    if (head[0] >= KV_COMMAND_COUNT || head[1] == 0 || head[1] - 1 > left / 4 ||
        !kv_arity_fits(kv_commands[head[0]].arity, head[1]))
        return -1;
    make_room(reader, head[1]);
    reader->command = &kv_commands[head[0]];
    reader->argc = head[1];
    reader->argv[0] =
        (struct ax_span){reader->command->name, (uint32_t)strlen(reader->command->name)};
    for (uint32_t i = 1; i < head[1]; i++) {
        uint32_t len;
        if (left < sizeof len)
            return -1;
        memcpy(&len, reader->at, sizeof len);
        left -= sizeof len;
        if (len > left)
            return -1;
        reader->argv[i] = (struct ax_span){reader->at + sizeof len, len};
        reader->at += sizeof len + len;
        left -= len;
    }
    return 1;
}

int piece_next(struct piece_reader *reader)
{
    uint32_t head;
    size_t left = (size_t)(reader->end - reader->at);
    if (left == 0)
        return 0;
    if (left < sizeof head)
        return -1;
    memcpy(&head, reader->at, sizeof head);
    uint32_t len = head & ~PIECE_MORE;
    if (len > left - sizeof head)
        return -1;
    reader->bytes = (struct ax_span){reader->at + sizeof head, len};
    reader->more = (head & PIECE_MORE) != 0;
    reader->at += sizeof head + len;
    return 1;
}

/* The part of a key that is hashed. */
static struct ax_span tag(struct ax_span key)
{
    const uint8_t *bytes = key.ptr, *open = key.len == 0 ? NULL : memchr(bytes, '{', key.len);
    if (open == NULL)
        return key;
    const uint8_t *begin = open + 1, *end = bytes + key.len;
    const uint8_t *close = begin == end ? NULL : memchr(begin, '}', (size_t)(end - begin));
    if (close == NULL || close == begin)
        return key;
    return (struct ax_span){begin, (uint32_t)(close - begin)};
}

uint32_t parcel_shard(struct ax_span key, uint32_t shards)
{
    if (shards == 1)
        return 0;
    struct ax_span hashed = tag(key);
    const uint8_t *at = hashed.ptr;
    uint64_t sum = 0xcbf29ce484222325u; /* FNV-1a (Fowler, Noll, Vo 1991), eight bytes at a time */
    uint32_t left = hashed.len;
    for (; left >= 8; at += 8, left -= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
        sum ^= sum >> 32;
    }
    for (; left != 0; left--)
        sum = (sum ^ *at++) * 0x100000001b3u;
    sum = (sum ^ sum >> 32) * 0x9e3779b97f4a7c15u;
    return (uint32_t)((sum >> 32) * shards >> 32);
}
