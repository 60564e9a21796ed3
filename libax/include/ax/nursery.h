/* SPDX-License-Identifier: MIT */
/* ax/nursery.h - an actor that spawns children in its worker for supervisors elsewhere.
 *
 *   #define AX_IMPLEMENT
 *   #include <ax/nursery.h>
 *   AX_NURSERY;
 *
 * in a source file of the plugin, and &nursery_actor in its AX_PLUGIN(), make one; the config gives
 * it a place and a name. It bears any actor of its plugin, and knows nothing of what it has borne.
 * Asked again for a name that is there already, it answers with that one. */
#ifndef AX_NURSERY_H
#define AX_NURSERY_H

#define AX_CONTRACT nursery
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(bear,                                                                                      \
        (text(64), contract, text(64), name, u32, capacity, u32, control_capacity, u32, high, u32, \
         low, bool, block, bool, drop_mail, u8, retries, u64, drain_ns, bytes, snapshot),          \
        (i32, error, ref, child))
#include <ax/contract.h>

/* Spawns what was asked for, of this plugin. May suspend. Returns what ax_spawn_() does. */
AX_MUST_USE int ax_nursery_bear(struct ax_ctx *ctx, const struct ax_plugin *plugin,
                                const struct nursery_bear *msg, struct ax_ref *child);

struct nursery {
    bool unused;
};

#define AX_NURSERY                                                                                 \
    extern const struct ax_plugin ax_plugin;                                                       \
    void nursery_on_bear(struct ax_ctx *ctx, struct nursery *self, const struct nursery_bear *msg, \
                         struct nursery_bear_reply *reply)                                         \
    {                                                                                              \
        (void)self;                                                                                \
        reply->error = ax_nursery_bear(ctx, &ax_plugin, msg, &reply->child);                       \
    }                                                                                              \
    AX_ACTOR(nursery)

#endif
