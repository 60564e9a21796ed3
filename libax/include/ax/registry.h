/* SPDX-License-Identifier: MIT */
/* ax/registry.h - actors that are found by a key, and spawned when they are first asked for.
 *
 * A registry stands in the config ("registries"): the contract of its actors, and the worker entry
 * whose processes are their homes. A key lives in one of these processes, always the same one,
 * which alone spawns for it; so there is one actor a key, however many ask at once and whoever dies
 * meanwhile. <ax/contract.h> makes for a contract `session`:
 *
 *   int session_get_or_spawn(ctx, registry, key, timeout_ns, &ref)
 *   int session_lookup(ctx, registry, key, timeout_ns, &ref)
 *
 * The actor is anonymous; it has the settings of its registry, and its key from ax_key(). Where the
 * registry has "idle" it is passivated when it has had nothing to do for so long: on_stop runs, its
 * memory is given back, and the next message starts its next life. Refs stay valid meanwhile, kept
 * state stays, and no mail is lost. Where the registry has "forget" it ends, and its kept state
 * with it, when it has been left alone for that long. */
#ifndef AX_REGISTRY_H
#define AX_REGISTRY_H

#include <ax/actor.h>

#define AX_KEY_MAX 128u /* bytes of a key */

/* The actor of `key` (1 to AX_KEY_MAX bytes of any kind) in a registry of this contract. With
 * `spawn` one is made where there is none. In the key's home it never suspends unless that actor is
 * just ending, and the spawn is part of the turn; elsewhere it may suspend, up to `timeout_ns`
 * (AX_FOREVER: no limit), and the actor is there when it returns.
 *
 * Returns 0 and the ref; AX_E_NO_ACTOR (without `spawn`: there is none; or its home has failed for
 * good), AX_E_INVALID (no such registry, or no key), AX_E_WRONG_CONTRACT, AX_E_LIMIT (the registry
 * or the worker is full), AX_E_NO_MEMORY, AX_E_TIMEOUT, AX_E_CLOSED (the actor that has the key did
 * not end within eight tries, a quarter of a second), AX_E_SHUTTING_DOWN. */
AX_MUST_USE int ax_registry_get_(struct ax_ctx *ctx, const struct ax_contract *contract,
                                 const char *registry, struct ax_span key, uint64_t timeout_ns,
                                 bool spawn, struct ax_ref *out);

struct ax_keyed { /* an actor of a registry */
    struct ax_ref who;
    uint32_t len; /* bytes of its key */
    uint8_t key[AX_KEY_MAX];
};

/* Steps through the actors of a registry, home by home, in no particular order. *cursor is 0 at
 * first. Returns 0 with the next one in *out, or AX_E_NO_KEY at the end. The cursor is a plain
 * number: it may be kept over turns, and actors may come and go meanwhile; one that is there from
 * the start of the walk to its end, passive or not, comes exactly once, one that begins or ends
 * meanwhile once or not at all. Who is ending is left out, and who belongs to a home that has
 * failed for good or was stopped.
 *
 * Through the actors of this process it never suspends, and looks through the process's records;
 * for each of another one it asks that home, which suspends, up to `timeout_ns` (AX_FOREVER: no
 * limit). Also AX_E_INVALID (no such registry), AX_E_TIMEOUT (the call can be made again),
 * AX_E_CANCELED (a home failed for good meanwhile), AX_E_LIMIT, AX_E_NO_MEMORY (it could not be
 * asked). */
AX_MUST_USE int ax_registry_next(struct ax_ctx *ctx, const char *registry, uint64_t *cursor,
                                 uint64_t timeout_ns, struct ax_keyed *out);

/* The key of this actor; length 0 where it is in no registry. Valid while the actor lives. */
struct ax_span ax_key(struct ax_ctx *ctx);

#endif
