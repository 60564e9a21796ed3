/* SPDX-License-Identifier: MIT */
/* libax/io.h - the handles of a worker: sockets, files, children of its actors.
 *
 * All of it is volatile. A handle goes with its process, which is why nothing of it is in the
 * arena.
 *
 *   io.c          the table: who owns what; turns that commit or are undone; the end of a handle
 *   io_memory.c   what handles are made of
 *   io_request.c  what a handle wants of the kernel and has not asked for yet
 *   io_reap.c     what the kernel has done
 *   io_deliver.c  what has happened becomes turns of the owner
 *   io_call.c     what an actor may call; io_wait.c those calls that suspend
 *   io_child.c    processes
 *
 * A handle is level-triggered: whatever changes it puts it on the list of the dirty, and once a
 * round each of these asks for all it wants and has not under way. It is freed when nothing of it
 * is under way any more. */
#ifndef LIBAX_IO_H
#define LIBAX_IO_H

#include "libax/address.h"
#include "libax/ring.h"
#include "libax/worker.h"

#include <ax/io.h>
#include <sys/resource.h>

enum io_kind { IO_FREE, IO_LISTENER, IO_SOCKET, IO_FILE, IO_POLLED };
enum io_request { IO_ACCEPT, IO_RECV, IO_SEND, IO_CONNECT, IO_EXIT, IO_UNHEEDED, IO_RUN };

struct io_bytes { /* grows */
    uint8_t *ptr;
    uint32_t cap, end;
};

struct io_spec {                 /* what is made of it when its turn commits */
    struct boot_address address; /* of a connection */
    char **argv;                 /* of a child, all in one block; owned */
};

struct io_handle {
    struct io_handle *prev, *next; /* of its owner, or of those that leave */
    struct io_handle *next_ready, *next_dirty, *next_touched;
    uint32_t index, serial, owner; /* owner 0: none, it leaves */
    uint32_t flying;               /* requests whose last completion is to come */
    uint32_t inbound;              /* bytes that wait for the owner */
    int fd, error;                 /* error: -errno, what broke it */
    uint8_t kind;
    bool ready, dirty, touched;                               /* on that list */
    bool accepting, receiving, sending, connecting, watching; /* under way */
    uint8_t canceling;                                        /* bits by enum io_request */
    bool unconnected;                /* the connection is still to be made */
    bool reading;                    /* the owner wants what comes */
    bool eof;                        /* nothing more comes */
    bool connected, drained, exited; /* to be told */
    bool knocked;                    /* somebody may want to connect */
    bool finishing, finished;        /* nothing more is written; the peer was told */
    bool child;
    bool full; /* the owner was told so */
    bool slow; /* the kernel has not taken at once what was sent */
    bool over; /* the owner was told of its end */
    struct {   /* what the open turn does */
        bool made, close, finish;
        uint8_t read; /* 1 off, 2 on */
        uint64_t give;
    } turn;
    struct io_bytes out; /* committed; then, up to `staged`, of the open turn */
    uint32_t staged;
    struct io_bytes leaving; /* under way in the kernel from `left` on */
    uint32_t left;
    uint16_t first, last; /* ring buffers that wait for the owner, + 1; then `in` */
    struct io_bytes in;   /* a file's: what is read or written */
    uint32_t in_at;
    uint64_t close_at; /* leaves: what has not left by then does not */
    uint64_t waiter;   /* pending number of the owner that waits in a call, 0: none */
    struct io_spec *spec;
    int pidfd;
    int status;
    uint64_t *gone; /* counts the bytes that have left; NULL: nobody asks */
    bool heeded;    /* what waits to leave is to be counted soon */
};

struct io_buffer { /* one of the ring's */
    uint32_t at, size;
    uint16_t next; /* + 1 */
};

struct io_actor {
    struct io_handle *first;                    /* that it owns */
    struct io_handle *ready_first, *ready_last; /* with an event for it */
    uint8_t *hand;                              /* data that a hook has now: of the heap */
    uint32_t hand_cap;
    uint16_t hand_buffer; /* or one of the ring's, + 1 */
};

#define IO_BUFFERS 256u /* of the ring; a power of two */
#define IO_BUFFER 16384u
#define IO_STRIDE (IO_BUFFER + 64u) /* or all their heads would lie in one set of the cache */
#define IO_POOL 256u
#define IO_SMALL 4096u /* bytes that the kernel takes in a microsecond or two */
#define IO_SURE 16u    /* sends that a worker may sleep over, of a round */
#define IO_BLOCK 16384u

struct io {
    struct io_handle *table;
    uint32_t count, used, fresh; /* handles: room, in use, ever used + 1 */
    uint32_t *spare;             /* indexes that are free again */
    uint32_t spares;
    struct io_actor **actors;
    struct rlimit files; /* of descriptors, as the process got it: for its children */
    struct io_handle *dirty, *touched, *leaving;
    struct io_uring_buf_ring *ring;
    uint8_t *memory;
    struct io_buffer buffer[IO_BUFFERS];
    uint32_t held;          /* buffers that the kernel has not got */
    uint8_t *pool[IO_POOL]; /* blocks of IO_BLOCK for what is to leave */
    uint32_t pooled;
    uint32_t sure[IO_SURE], nsure; /* handles whose sends complete when they are handed over */
    bool hurry;                    /* what is requested takes the kernel a while */
    bool starved;                  /* accepting waits for a handle */
    bool no_files;                 /* or for a descriptor, and it was logged */
    uint64_t retry_at;             /* when that is tried again; UINT64_MAX: never */
    uint64_t cut_at;               /* when to look again for who leaves too slowly */
};

/* ---- io.c ---- */

/* 0, AX_E_LIMIT, -ENOMEM: a handle of the actor, made in the open turn. */
int io_new(struct worker *w, uint32_t owner, enum io_kind kind, struct io_handle **out);
uint64_t io_number(struct worker *w, const struct io_handle *h);
struct io_handle *io_find(struct worker *w, uint64_t number);
/* The open turn does something to it. */
void io_touch(struct worker *w, struct io_handle *h);
/* From publish_all: the turn has committed, or is undone. */
void io_settle(struct worker *w, bool committed);
/* One that was just made, and of which nobody knows, is not. */
void io_discard(struct worker *w, struct io_handle *h);
/* It is nobody's from now on, and closed when all has left. */
void io_leave(struct worker *w, struct io_handle *h);
/* The end of an incarnation: all that it has. */
void io_end(struct worker *w, uint32_t actor);
/* Frees it where it leaves and nothing of it is under way. */
void io_finish(struct worker *w, struct io_handle *h);
struct io_actor *io_actor(struct worker *w, uint32_t index);

/* The handle of an actor's call. 0, AX_E_CLOSED, AX_E_NOT_ALLOWED. */
int io_own(struct ax_ctx *ctx, uint64_t number, struct io_handle **h);
/* A handle of the actor that is there if the turn commits; then it owns `fd`. As io_new. */
int io_make(struct ax_ctx *ctx, enum io_kind kind, int fd, struct io_handle **out);

/* ---- io_memory.c ---- */

/* Nothing where it is open. 0 or -errno. */
int io_open(struct worker *w);

bool io_room(struct io *io, struct io_bytes *bytes, uint32_t end);
void io_drop(struct io *io, struct io_bytes *bytes);
void io_recycle(struct io *io, uint32_t buffer);

/* ---- io_request.c ---- */

/* Its completion says nothing that anybody wants to know, and none comes where it succeeds. */
static inline void io_unheeded(struct io_uring_sqe *sqe)
{
    sqe->user_data = RING_IO | IO_UNHEEDED << 8;
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
}

static inline void io_dirty(struct worker *w, struct io_handle *h)
{
    if (h->dirty)
        return;
    h->dirty = true;
    h->next_dirty = w->io->dirty;
    w->io->dirty = h;
}
/* ---- io_reap.c ---- */

void io_completed(struct worker *w, const struct io_uring_cqe *cqe);

/* ---- io_deliver.c ---- */

/* Has it an event for its owner? */
bool io_has_event(const struct io_handle *h);
/* Puts it on its owner's list, and that in the run queue, where it has one. */
void io_ready(struct worker *w, struct io_handle *h);
static inline bool io_waits(const struct worker *w, uint32_t actor)
{
    return w->io != NULL && w->io->actors[actor] != NULL &&
           w->io->actors[actor]->ready_first != NULL;
}
/* Events of an actor that can have them now, in turns of their own. How many. */
uint32_t io_deliver(struct worker *w, uint32_t actor, uint32_t most);
/* A call of the actor waits for the handle: it goes on. */
void io_wake(struct worker *w, struct io_handle *h, int result);

/* ---- io_child.c ---- */

/* Starts what h->spec says. Where it cannot, the handle has its end to tell. */
void io_child_start(struct worker *w, struct io_handle *h);
void io_child_kill(struct io_handle *h);
/* It has ended; true: it is reaped. */
bool io_child_reap(struct io_handle *h);

/* ---- io_wait.c ---- */

/* A file operation is done. */
void io_file_done(struct worker *w, struct io_handle *h, int result);

/* ---- the loop ---- */

/* Asks for all that is wanted, hands that over unless it is put off, and takes in what is complete.
 * How much that was. */
uint32_t io_round(struct worker *w, bool put_off);
/* How many of the requests that are to be handed over complete in that, and nobody wants to know:
 * whoever waits then, waits for so many more. */
uint32_t io_quiet(const struct worker *w);
/* When it has something to do without a completion, CLOCK_MONOTONIC ns; UINT64_MAX: never. */
uint64_t io_next(const struct worker *w);
/* Something written is still to leave, of handles that are nobody's any more. */
static inline bool io_leaving(const struct worker *w)
{
    return w->io != NULL && w->io->leaving != NULL;
}

/* What waits to leave. */
static inline uint32_t io_outbound(const struct io_handle *h)
{
    return h->staged + h->leaving.end - h->left;
}

#endif
