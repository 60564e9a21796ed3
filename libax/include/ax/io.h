/* SPDX-License-Identifier: MIT */
/* ax/io.h - sockets, files and child processes of an actor.
 *
 * A handle is a number of this worker process and belongs to one actor. It dies with the process,
 * and with the incarnation of its actor: what was written before still leaves, then it is closed.
 * An actor that the process's death has made begin again has none (on_restart is the place to stop
 * where it makes no sense without). A handle that is gone answers AX_E_CLOSED, that of another
 * actor AX_E_NOT_ALLOWED.
 *
 * What happens to a handle comes to the actor's on_io hook, a member of AX_ACTOR, each event a turn
 * of its own:
 *
 *     void on_io(struct ax_ctx *ctx, struct counter *self, const struct ax_io_event *event);
 *
 * While its actor waits for something, events wait too, in order, and where much has come the peer
 * is made to wait. They are not persistent: an event whose turn fails, or that the process dies
 * with, is lost with its handle. What an actor does to its handles is part of the turn: bytes
 * written leave when the turn has committed, and never when it is undone. A turn that suspends
 * commits what it did so far.
 *
 * Limits are keys of the worker's entry in axsup.json(5): max_handles, read_buffer, write_buffer.
 */
#ifndef AX_IO_H
#define AX_IO_H

#include <ax/actor.h>

enum ax_io_what {
    AX_IO_ACCEPTED,  /* io: the listener; accepted: a new connection, owned by this actor */
    AX_IO_CONNECTED, /* an ax_io_connect has succeeded, or, with `error`, failed: the handle is gone
                      */
    AX_IO_DATA,      /* data, size: valid until the hook returns, also while it is suspended */
    AX_IO_DRAINED,   /* after an AX_E_FULL: all that was written has left */
    AX_IO_CLOSED,    /* the peer closed (error 0) or it broke (-errno): the handle is gone */
    AX_IO_EXITED,    /* a child has ended: error is its wait status, or -errno where it could not be
                        started. The handle is gone */
};

struct ax_io_event { /* what on_io is given */
    enum ax_io_what what;
    int error;
    uint64_t io, accepted;
    const void *data;
    uint32_t size;
};

/* ---- sockets ---- */

/* Connections to the listening socket that the config calls `name` ("listen") come to this actor
 * from now on, as AX_IO_ACCEPTED. axsup keeps that socket: while no actor listens, connections
 * wait; several actors, also of several workers, share them. Returns 0, AX_E_INVALID (there is no
 * such name), AX_E_NOT_ALLOWED (the actor has no on_io), AX_E_LIMIT (of handles), -errno. Never
 * suspends. */
AX_MUST_USE int ax_io_listen(struct ax_ctx *ctx, const char *name, uint64_t *io);

/* A connection to "ip:port", "[ip6]:port" or "/path": under way when the turn commits; then comes
 * AX_IO_CONNECTED. What is written before waits. Names are not looked up. Returns 0, AX_E_INVALID
 * (not an address), AX_E_LIMIT (of handles), -errno. Never suspends. */
AX_MUST_USE int ax_io_connect(struct ax_ctx *ctx, const char *address, uint64_t *io);

/* The handle belongs to another actor of this worker when the turn commits, with what has come and
 * not been delivered; this actor can do nothing with it any more. An actor that was spawned in this
 * turn will do. Where the actor has ended by then, the handle is closed. Returns 0, AX_E_NO_ACTOR
 * (none such in this worker), AX_E_CLOSED, AX_E_NOT_ALLOWED. Never suspends. */
AX_MUST_USE int ax_io_give(struct ax_ctx *ctx, uint64_t io, struct ax_ref to);

/* Off: no AX_IO_DATA from the end of the turn on, and the peer will have to wait when the buffers
 * in between are full. Connections are read from the start. Returns 0, AX_E_CLOSED,
 * AX_E_NOT_ALLOWED. Never suspends. */
int ax_io_read(struct ax_ctx *ctx, uint64_t io, bool on);

/* Writes `size` bytes, which are copied. AX_E_FULL, with nothing taken, where more than
 * write_buffer bytes wait already; AX_IO_DRAINED will tell when they have left. Also AX_E_CLOSED
 * (also where it is known to be broken), AX_E_NOT_ALLOWED, -ENOMEM. Never suspends. */
AX_MUST_USE int ax_io_write(struct ax_ctx *ctx, uint64_t io, const void *data, uint32_t size);

/* Nothing more will be written: when all of it has left, the peer sees the end of the stream. What
 * it sends still comes. Returns 0, AX_E_CLOSED, AX_E_NOT_ALLOWED. Never suspends. */
int ax_io_finish(struct ax_ctx *ctx, uint64_t io);

/* Closes the handle when the turn commits; what was written still leaves, for up to 5 s. No event
 * comes any more. Of a child: it is killed. Returns 0, AX_E_CLOSED, AX_E_NOT_ALLOWED. Never
 * suspends. */
int ax_io_close(struct ax_ctx *ctx, uint64_t io);

/* ---- children ---- */

/* Runs a program, looked for in PATH where argv[0] has no slash, when the turn commits. What is
 * written to the handle is its standard input, its standard output is data of the handle, both one
 * Unix socket; its standard error is the worker's. AX_IO_EXITED comes when it has ended and all of
 * its output has been delivered. It is killed with its worker, and where its handle is closed.
 * Returns 0, AX_E_INVALID (argv is empty), AX_E_LIMIT (of handles), -ENOMEM. Never suspends. */
AX_MUST_USE int ax_io_spawn(struct ax_ctx *ctx, const char *const argv[], uint64_t *io);

/* ---- calls that suspend ----
 *
 * Whoever prefers to wait in a call needs no on_io: then data waits until it is asked for, and a
 * handle that has ended stays until it is closed. An actor that has an on_io may use them as well;
 * what a call has taken is no event any more. */

/* Waits for data of a socket or child, up to `size` bytes, and sets *got: 0 is the end of the
 * stream. Returns 0, AX_E_TIMEOUT, AX_E_LIMIT (of asks that wait), AX_E_CLOSED, AX_E_NOT_ALLOWED,
 * -errno (it broke). May suspend. */
AX_MUST_USE int ax_io_recv(struct ax_ctx *ctx, uint64_t io, void *buf, uint32_t size,
                           uint64_t timeout_ns, uint32_t *got);
/* Writes all and waits until it has left, waiting for room before where there is none. What was
 * taken still leaves after AX_E_TIMEOUT. Results as above, and -ENOMEM. May suspend. */
AX_MUST_USE int ax_io_send(struct ax_ctx *ctx, uint64_t io, const void *buf, uint32_t size,
                           uint64_t timeout_ns);

/* Files. `flags` and `mode` are those of open(2). These calls take effect when they are made, and
 * each ends the turn. A transfer is of at most 1 MiB: *done says how much it was, 0 at the end of
 * the file. Return 0, AX_E_LIMIT (of handles, or asks that wait), AX_E_CLOSED, AX_E_NOT_ALLOWED,
 * -errno. Suspend. */
AX_MUST_USE int ax_io_open(struct ax_ctx *ctx, const char *path, int flags, int mode, uint64_t *io);
AX_MUST_USE int ax_io_pread(struct ax_ctx *ctx, uint64_t io, void *buf, uint32_t size,
                            uint64_t offset, uint32_t *done);
AX_MUST_USE int ax_io_pwrite(struct ax_ctx *ctx, uint64_t io, const void *buf, uint32_t size,
                             uint64_t offset, uint32_t *done);
AX_MUST_USE int ax_io_fsync(struct ax_ctx *ctx, uint64_t io);

#endif
