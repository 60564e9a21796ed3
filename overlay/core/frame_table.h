/* SPDX-License-Identifier: MIT */
/* overlay/core/frame_table.h - the kinds of frames and their fields, as in ax_wire(7), once. The
 * struct, the codec and its tests are made from these tables. Numbers are never used anew. */
#ifndef OV_FRAME_TABLE_H
#define OV_FRAME_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <ax/types.h>

/* What the types are in C. */
#define OV_TYPE_U8 uint8_t
#define OV_TYPE_U16 uint16_t
#define OV_TYPE_U32 uint32_t
#define OV_TYPE_U64 uint64_t
#define OV_TYPE_ID uint64_t            /* not 0 */
#define OV_TYPE_BOOL bool              /* one byte, 0 or 1 */
#define OV_TYPE_TEXT struct ax_span    /* UTF-8, not empty, without a NUL */
#define OV_TYPE_BYTES struct ax_span   /* not empty */
#define OV_TYPE_SESSION struct ax_span /* the id of a session, see ident.h */

/* X(name, tag, type, most bytes) */
#define OV_FIELDS(X)                                                                               \
    X(request, 1, ID, 8)        /* of the asking node, unique in its life; the answer has it */    \
    X(timeout, 2, U64, 8)       /* ns that are left for it when it is sent */                      \
    X(status, 3, U8, 1)         /* 0, or the number of an AX_E_ */                                 \
    X(version, 4, U16, 2)       /* of the protocol, chosen; 0: there is none in common */          \
    X(session, 5, SESSION, 114) /* the sender's */                                                 \
    X(max_frame, 6, U32, 4)     /* bytes of the largest frame that the sender takes */             \
    X(registry, 7, TEXT, 63)    /* the name of a registry */                                       \
    X(shard, 8, U32, 4)         /* of the registry */                                              \
    X(epoch, 9, ID, 8)          /* of the shard's lease */                                         \
    X(key, 10, BYTES, 128)      /* of an actor in the registry */                                  \
    X(actor, 11, ID, 8)         /* address of an actor on the node that owns it */                 \
    X(endpoint, 12, TEXT, 63)   /* name of an endpoint of the target's node */                     \
    X(contract, 13, U64, 8)     /* hash of the contract that the body is of */                     \
    X(method, 14, U16, 2)       /* number of the message in the contract */                        \
    X(sender, 15, ID, 8)        /* address of the actor that sends, on its node */                 \
    X(answer, 16, BOOL, 1)      /* a tell is answered in any case, not only when refused */        \
    X(monitor, 17, ID, 8)       /* of the watching node, unique in its life */                     \
    X(final, 18, BOOL, 1)       /* only the actor's final end is of interest */                    \
    X(reason, 19, U8, 1)        /* why it is down */                                               \
    X(incarnation, 20, U32, 4)  /* the life of the actor */                                        \
    X(restart, 21, BOOL, 1)     /* there will be another incarnation */                            \
    X(sequence, 22, U64, 8)     /* number of a heartbeat */                                        \
    X(owner, 23, SESSION, 114)  /* who is believed to own the shard */                             \
    X(retry, 24, U64, 8)        /* ns to wait before it is tried again */                          \
    X(last, 25, BOOL, 1)        /* nothing comes behind this on the link */                        \
    X(detail, 26, TEXT, 255)    /* for people */                                                   \
    X(after, 27, U64, 8)        /* frames on the data connection that come before it */            \
    X(abstains, 28, U8, 1)      /* enum ov_abstains; its absence: it has its part of the shards */

/* Requests and what answers them. EITHER: it is of the link it comes on.
 * X(symbol, number, name, plane, has a response) */
#define OV_KINDS(X)                                                                                \
    X(HELLO, 1, "hello", EITHER, true)                                                             \
    X(ENSURE, 2, "ensure", CONTROL, true)                                                          \
    X(TELL, 3, "tell", DATA, true)                                                                 \
    X(ASK, 4, "ask", DATA, true)                                                                   \
    X(MONITOR, 5, "monitor", CONTROL, true)                                                        \
    X(DEMONITOR, 6, "demonitor", CONTROL, true)                                                    \
    X(DOWN, 7, "down", CONTROL, true)                                                              \
    X(HEARTBEAT, 8, "heartbeat", CONTROL, true)                                                    \
    X(MOVED, 9, "moved", CONTROL, false)                                                           \
    X(BUSY, 10, "busy", CONTROL, false)                                                            \
    X(GOODBYE, 11, "goodbye", EITHER, false)                                                       \
    X(READY, 12, "ready", CONTROL, false)                                                          \
    X(RELEASED, 13, "released", CONTROL, false)

#endif
