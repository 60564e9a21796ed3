/* SPDX-License-Identifier: MIT */
/* buf.h - bytes that become more.
 *
 * Zeroed memory is an empty one. Where the heap has no more the process ends, and its successor
 * begins with an empty heap; nothing that was promised lies there. */
#ifndef KV_BUF_H
#define KV_BUF_H

#include <ax/types.h>
#include <stdlib.h>

struct kv_buf {
    uint8_t *data;
    uint32_t len, room;
};

/* Room for `bytes` more behind the end, which is returned. */
static inline uint8_t *kv_buf_reserve(struct kv_buf *buf, uint32_t bytes)
{
    if (__builtin_expect(buf->room - buf->len < bytes, 0)) {
        uint64_t need = (uint64_t)buf->len + bytes, room = buf->room < 256 ? 256 : buf->room;
        while (room < need)
            room *= 2;
        uint8_t *data = room > UINT32_MAX ? NULL : realloc(buf->data, room);
        if (data == NULL)
            abort();
        buf->data = data;
        buf->room = (uint32_t)room;
    }
    return buf->data + buf->len;
}

static inline void kv_buf_add(struct kv_buf *buf, const void *bytes, uint32_t len)
{
    uint8_t *to = kv_buf_reserve(buf, len);
    if (len != 0)
        memcpy(to, bytes, len);
    buf->len += len;
}

static inline void kv_buf_u32(struct kv_buf *buf, uint32_t value)
{
    kv_buf_add(buf, &value, sizeof value);
}

/* Removes the first bytes. */
static inline void kv_buf_drop(struct kv_buf *buf, uint32_t len)
{
    buf->len -= len;
    if (buf->len != 0)
        memmove(buf->data, buf->data + len, buf->len);
}

/* Empty; what was large is given back. */
static inline void kv_buf_reset(struct kv_buf *buf, uint32_t keep)
{
    buf->len = 0;
    if (buf->room > keep) {
        free(buf->data);
        *buf = (struct kv_buf){0};
    }
}

static inline void kv_buf_free(struct kv_buf *buf)
{
    free(buf->data);
    *buf = (struct kv_buf){0};
}

/* A literal as a span. */
#define KV_TEXT(literal) ((struct ax_span){(literal), sizeof(literal) - 1})

static inline bool kv_same(struct ax_span a, struct ax_span b)
{
    return a.len == b.len && (a.len == 0 || (a.ptr && b.ptr && memcmp(a.ptr, b.ptr, a.len) == 0));
}

#endif
