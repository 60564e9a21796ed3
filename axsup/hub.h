/* SPDX-License-Identifier: MIT */
/* hub.h - slot 0's end of the lanes: what workers tell axsup, and what axsup tells them.
 *
 * Reads READY, CLAIM, STOPPED and the answers to asks that axsup made for its command line; a lane
 * that holds something else than frames is cut and its worker is ended as corrupt. Sends through
 * the lanes as any slot does; what does not fit into a control lane waits here, in order, so that
 * one worker that does not read delays only its own mail. */
#ifndef SUP_HUB_H
#define SUP_HUB_H

#include "shm/lane.h"

#include <ax/reflect.h>

#define SUP_ASKS_MAX 4096u     /* asks of the command line under way */
#define SUP_WAITING_MAX 65536u /* control frames that wait for a slot that does not read */

struct sup;
struct sup_ask;

/* error: 0, AX_E_* or -errno. `body` is a validated image of the reply, NULL with an error; it
 * lives as long as the call does. */
typedef void sup_reply_fn(void *ctx, int error, const void *body, size_t size);

struct sup_waiting { /* a control frame that found no room */
    struct sup_waiting *next;
    struct shm_frame frame;
};

struct sup_hub {
    struct shm_port port;
    bool open;
    struct sup_waiting *first[SHM_SLOTS], *last[SHM_SLOTS];
    uint32_t waiting[SHM_SLOTS];
    uint64_t waits; /* slots with something in their queue */
    struct sup_ask *asks;
    uint32_t n_asks;
    uint64_t next_corr;
    uint64_t late_replies;  /* answers that found nobody; a count */
    uint64_t next_deadline; /* of the asks; UINT64_MAX: none */
    uint8_t *scratch;       /* max_message */
};

/* Asks an actor. `image` is a message of that method, fixed part and data. 0: fn will be called
 * exactly once, never from within this call, at the latest after timeout_ns with AX_E_TIMEOUT.
 * Otherwise fn is not called: AX_E_FULL, AX_E_CLOSED, AX_E_NO_ACTOR, AX_E_WRONG_CONTRACT,
 * AX_E_TOO_BIG, AX_E_INVALID (not such a message), AX_E_LIMIT, -ENOMEM. */
int sup_ask(struct sup *sup, uint64_t ref, const struct ax_contract *contract, uint16_t method,
            const void *image, size_t size, uint64_t timeout_ns, sup_reply_fn *fn, void *ctx);
/* fn will not be called any more for any ask with this ctx. */
void sup_ask_forget(struct sup *sup, void *ctx);
/* Sends a message; the same errors. 0: accepted. */
int sup_tell(struct sup *sup, uint64_t ref, const struct ax_contract *contract, uint16_t method,
             const void *image, size_t size);

/* ---- for the supervisor's own files ---- */

/* 0 or -errno. */
int sup_hub_open(struct sup *sup);
void sup_hub_close(struct sup *sup);
/* One frame on a slot's control lane, at once or as soon as there is room; published by
 * sup_hub_flush. False: too many wait for that slot, the frame is dropped. */
bool sup_hub_control(struct sup *sup, uint32_t slot, const struct shm_frame *head, const void *body,
                     uint32_t size);
/* The same for what may be left out: only as long as half of the lane is free, so that nothing
 * else has to wait for it. False: it is dropped. */
bool sup_hub_notice(struct sup *sup, uint32_t slot, const struct shm_frame *head, const void *body,
                    uint32_t size);
/* One frame on a slot's data lane. False: no room. */
bool sup_hub_data(struct sup *sup, uint32_t slot, const struct shm_frame *head, const void *body,
                  uint32_t size);
/* Something waits for room in the lane of a worker that runs. */
bool sup_hub_waits(const struct sup *sup);
/* Publishes and rings. */
void sup_hub_flush(struct sup *sup);
/* Reads what has come, at most a budget of each lane. True: there may be more. */
bool sup_hub_drain(struct sup *sup);
/* The lane of a slot may be read again, a new process is in it. */
void sup_hub_uncut(struct sup *sup, uint32_t slot);
/* Ends all asks to the slot. */
void sup_hub_fail(struct sup *sup, uint32_t slot, int error);
/* A slot says that another one's lane to it is malformed (accuse.c). */
void sup_hub_accused(struct sup *sup, uint32_t slot, const struct shm_frame *frame);
/* An answer, in a frame that the slot can change no more. */
void sup_ask_answered(struct sup *sup, uint32_t slot, const struct shm_frame *frame);
void sup_asks_close(struct sup *sup);
/* Ends asks whose time has come. */
void sup_hub_expire(struct sup *sup);

#endif
