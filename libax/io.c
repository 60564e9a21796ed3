/* SPDX-License-Identifier: MIT */
/* libax/io.c - the table of handles, and how a turn changes it.
 *
 * What a turn does to a handle is noted in it (`turn`, and bytes behind out.end) and becomes true
 * when the turn commits; where it is undone the notes are struck. A handle that its owner has
 * closed, or whose owner has ended, is nobody's: it leaves, with what was written, and is freed
 * when the kernel holds nothing of it any more. */
#include "libax/io.h"

#include "libax/life.h"
#include "libax/turn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INDEX_BITS 20 /* max_handles has fewer */
#define SERIAL_BITS 28
#define LEAVE_NS AX_SECONDS(5)
#define LEAVE_STOPPING_NS AX_SECONDS(1)

/* ---- handles and owners ---- */

uint64_t io_number(struct worker *w, const struct io_handle *h)
{
    uint64_t life = w->boot->incarnation & 0xffff;
    return life << (INDEX_BITS + SERIAL_BITS) | (uint64_t)h->serial << INDEX_BITS | h->index;
}

struct io_handle *io_find(struct worker *w, uint64_t number)
{
    uint32_t index = (uint32_t)(number & ((1u << INDEX_BITS) - 1));
    if (shm_unlikely(w->io == NULL || index == 0 || index >= w->io->fresh))
        return NULL;
    struct io_handle *h = &w->io->table[index];
    return h->kind != IO_FREE && io_number(w, h) == number ? h : NULL;
}

struct io_actor *io_actor(struct worker *w, uint32_t index)
{
    struct io_actor **own = &w->io->actors[index];
    if (*own == NULL)
        *own = calloc(1, sizeof **own);
    return *own;
}

static void link_first(struct io_handle **list, struct io_handle *h)
{
    h->prev = NULL;
    h->next = *list;
    if (*list != NULL)
        (*list)->prev = h;
    *list = h;
}

static void unlink_from(struct io_handle **list, struct io_handle *h)
{
    if (h->prev != NULL)
        h->prev->next = h->next;
    else
        *list = h->next;
    if (h->next != NULL)
        h->next->prev = h->prev;
    h->prev = h->next = NULL;
}

int io_new(struct worker *w, uint32_t owner, enum io_kind kind, struct io_handle **out)
{
    int error = io_open(w);
    if (error != 0)
        return error;
    struct io *io = w->io;
    uint32_t index = io->spares != 0 ? io->spare[io->spares - 1] : io->fresh;
    struct io_actor *own = io_actor(w, owner);
    if (index == io->count)
        return AX_E_LIMIT;
    if (own == NULL)
        return -ENOMEM;
    if (io->spares != 0)
        io->spares--;
    else
        io->fresh++;
    io->used++;
    struct io_handle *h = &io->table[index];
    uint32_t serial = (h->serial + 1) & ((1u << SERIAL_BITS) - 1);
    *h = (struct io_handle){.index = index,
                            .serial = serial,
                            .dirty = h->dirty, /* it may be on that list from before */
                            .next_dirty = h->next_dirty,
                            .owner = owner,
                            .kind = (uint8_t)kind,
                            .fd = -1,
                            .pidfd = -1,
                            .reading = true};
    link_first(&own->first, h);
    *out = h;
    return 0;
}

/* ---- the end of a handle ---- */

static void unready(struct io_actor *own, struct io_handle *h)
{
    struct io_handle *before = NULL;
    if (!h->ready)
        return;
    h->ready = false;
    for (struct io_handle *at = own->ready_first; at != h; at = at->next_ready)
        before = at;
    if (before != NULL)
        before->next_ready = h->next_ready;
    else
        own->ready_first = h->next_ready;
    if (own->ready_last == h)
        own->ready_last = before;
}

/* What came and nobody will look at. */
static void forget_inbound(struct worker *w, struct io_handle *h)
{
    struct io *io = w->io;
    while (h->first != 0) {
        uint16_t buffer = (uint16_t)(h->first - 1);
        h->first = io->buffer[buffer].next;
        io_recycle(io, buffer);
    }
    io_drop(io, &h->in);
    h->inbound = h->in_at = 0;
}

static void give_back(struct worker *w, struct io_handle *h)
{
    struct io *io = w->io;
    uint32_t serial = h->serial, index = h->index;
    if (h->kind != IO_LISTENER && h->fd >= 0) /* that one is axsup's, and others' */
        close(h->fd);
    if (h->pidfd >= 0)
        close(h->pidfd);
    io_drop(io, &h->out);
    io_drop(io, &h->leaving);
    io_drop(io, &h->in);
    if (h->spec != NULL)
        free(h->spec->argv);
    free(h->spec);
    bool dirty = h->dirty;
    struct io_handle *next = h->next_dirty;
    *h = (struct io_handle){.serial = serial, .index = index, .dirty = dirty, .next_dirty = next};
    io->spare[io->spares++] = index;
    io->used--;
    if (io->starved && !io->no_files)
        io->retry_at = 0;
}

void io_finish(struct worker *w, struct io_handle *h)
{
    if (h->owner != 0 || h->kind == IO_FREE)
        return;
    if (h->error == 0 && io_outbound(h) != 0)
        return;
    if (h->flying != 0 || (h->child && !h->exited)) {
        io_dirty(w, h); /* it is to be canceled */
        return;
    }
    unlink_from(&w->io->leaving, h);
    give_back(w, h);
}

void io_leave(struct worker *w, struct io_handle *h)
{
    struct io_actor *own = w->io->actors[h->owner];
    unready(own, h);
    unlink_from(&own->first, h);
    h->owner = 0;
    h->gone = NULL;
    h->heeded = false;
    link_first(&w->io->leaving, h);
    h->staged = h->out.end;
    h->close_at = w->now + (w->stopping ? LEAVE_STOPPING_NS : LEAVE_NS);
    if (h->kind != IO_FILE) /* a file's may be under way */
        forget_inbound(w, h);
    if (h->child)
        io_child_kill(h);
    io_dirty(w, h);
    io_finish(w, h);
}

void io_end(struct worker *w, uint32_t actor)
{
    struct io_actor *own = w->io == NULL ? NULL : w->io->actors[actor];
    if (own == NULL)
        return;
    while (own->first != NULL)
        io_leave(w, own->first);
    if (own->hand_buffer != 0)
        io_recycle(w->io, own->hand_buffer - 1u);
    free(own->hand);
    free(own);
    w->io->actors[actor] = NULL;
}

/* ---- turns ---- */

void io_touch(struct worker *w, struct io_handle *h)
{
    if (h->touched)
        return;
    h->touched = true;
    h->next_touched = w->io->touched;
    w->io->touched = h;
    w->io_touched++;
}

void io_discard(struct worker *w, struct io_handle *h)
{
    struct io_actor *own = w->io->actors[h->owner];
    unready(own, h);
    unlink_from(&own->first, h);
    give_back(w, h);
}

static void undo(struct worker *w, struct io_handle *h)
{
    bool made = h->turn.made;
    memset(&h->turn, 0, sizeof h->turn);
    h->staged = h->out.end;
    if (made)
        io_discard(w, h);
}

static void give(struct worker *w, struct io_handle *h, uint64_t ref)
{
    uint32_t to = actor_local(w, ref);
    if (to == 0 || actor_at(w, to)->state == SHM_CLOSING || io_actor(w, to) == NULL) {
        io_leave(w, h);
        return;
    }
    unready(w->io->actors[h->owner], h);
    unlink_from(&w->io->actors[h->owner]->first, h);
    h->owner = to;
    link_first(&w->io->actors[to]->first, h);
    if (io_has_event(h))
        io_ready(w, h);
}

static void commit(struct worker *w, struct io_handle *h)
{
    uint8_t read = h->turn.read;
    uint64_t to = h->turn.give;
    bool close = h->turn.close;
    h->finishing |= h->turn.finish;
    if (h->turn.made && h->child)
        io_child_start(w, h);
    memset(&h->turn, 0, sizeof h->turn);
    h->out.end = h->staged;
    if (read != 0)
        h->reading = read == 2;
    io_dirty(w, h);
    if (close)
        io_leave(w, h);
    else if (to != 0)
        give(w, h, to);
    else if (read == 2 && io_has_event(h))
        io_ready(w, h);
}

void io_settle(struct worker *w, bool committed)
{
    w->io_touched = 0;
    for (struct io_handle *h; (h = w->io->touched) != NULL;) {
        w->io->touched = h->next_touched;
        h->touched = false;
        if (committed)
            commit(w, h);
        else
            undo(w, h);
    }
}
