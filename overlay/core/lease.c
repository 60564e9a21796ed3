/* SPDX-License-Identifier: MIT */
#include "overlay/core/lease.h"

#include <string.h>

static bool is_owner(const struct ov_lease *lease)
{
    return lease->state == OV_HELD || lease->state == OV_RENEWING || lease->state == OV_DRAINING;
}

bool ov_lease_may_begin(const struct ov_lease *lease, uint64_t now)
{
    return (lease->state == OV_HELD || lease->state == OV_RENEWING) && now < lease->deadline;
}

bool ov_lease_may_go_on(const struct ov_lease *lease, uint64_t now)
{
    return is_owner(lease) && now < lease->deadline;
}

static struct ov_lease_effect send(struct ov_lease *lease, const struct ov_lease_config *config,
                                   uint64_t now, uint64_t number, enum ov_store_op op)
{
    struct ov_lease_effect effect = {.send = true};
    effect.request =
        (struct ov_store_request){.number = number,
                                  .op = op,
                                  .shard = lease->shard,
                                  .asker = config->self,
                                  .epoch = op == OV_STORE_ACQUIRE ? lease->floor : lease->epoch,
                                  .ttl_ns = config->ttl_ns};
    memcpy(effect.request.registry, lease->registry, sizeof lease->registry);
    lease->pending = number;
    lease->sent_at = now;
    lease->reading = op == OV_STORE_READ;
    return effect;
}

/* What runs must end. Where nothing can run there is nothing to fence: under a lease that is given
 * back, or one that was only read of and so has no deadline. */
static struct ov_lease_effect fence(struct ov_lease *lease)
{
    bool had = lease->deadline != 0 && lease->state != OV_RELEASING;
    lease->state = had ? OV_FENCED : OV_FREE;
    lease->deadline = 0;
    lease->epoch = 0;
    lease->pending = 0;
    return (struct ov_lease_effect){.lost = had};
}

static void see(struct ov_lease *lease, uint64_t epoch)
{
    if (epoch > lease->floor)
        lease->floor = epoch;
}

struct ov_lease_effect ov_lease_want(struct ov_lease *lease, const struct ov_lease_config *config,
                                     uint64_t now, uint64_t number)
{
    if (lease->state != OV_FREE || now < lease->wait_until || config->paused)
        return (struct ov_lease_effect){0};
    lease->state = OV_ACQUIRING;
    return send(lease, config, now, number, OV_STORE_ACQUIRE);
}

/* ---- answers ---- */

/* It is this node's from before the request was sent, unless that is too long ago by now. */
static struct ov_lease_effect grant(struct ov_lease *lease, const struct ov_lease_config *config,
                                    uint64_t now, uint64_t epoch, uint64_t number)
{
    bool had = is_owner(lease) || lease->deadline != 0;
    uint64_t deadline = lease->sent_at + config->ttl_ns - config->margin_ns;
    lease->pending = 0;
    if (lease->epoch != 0 && lease->epoch != epoch)
        return fence(lease);         /* not the one under which things run */
    if (epoch < lease->floor) {      /* never of one that it has: what is seen above that fences */
        lease->state = OV_ACQUIRING; /* the store has lost a higher one, which was seen */
        lease->epoch = 0;
        return send(lease, config, now, number, OV_STORE_ACQUIRE);
    }
    if (now >= deadline && !had) {
        lease->state = OV_FREE;
        lease->epoch = 0;
        return (struct ov_lease_effect){0};
    }
    lease->epoch = lease->last = epoch;
    lease->deadline = deadline;
    if (lease->state != OV_DRAINING)
        lease->state = OV_HELD;
    return (struct ov_lease_effect){.gained = !had};
}

/* It is not: another has it, or nobody does. */
static struct ov_lease_effect deny(struct ov_lease *lease, const struct ov_lease_config *config,
                                   uint64_t now, const struct ov_store_answer *answer)
{
    if (answer->owner.boot != 0 && !ov_ident_inherits(&config->self, &answer->owner))
        lease->wait_until =
            lease->released != 0 && answer->epoch <= lease->released ? now : now + answer->left_ns;
    else if (lease->state == OV_ACQUIRING)
        lease->wait_until = now + config->answer_ns; /* nobody's, and yet not to be had */
    lease->released = 0; /* no store that has lost that is asked without end */
    return fence(lease);
}

static struct ov_lease_effect read_back(struct ov_lease *lease,
                                        const struct ov_lease_config *config, uint64_t now,
                                        uint64_t number)
{
    if (lease->state != OV_DRAINING && lease->state != OV_RELEASING)
        lease->state = OV_INDETERMINATE;
    return send(lease, config, now, number, OV_STORE_READ);
}

/* To ask for more time would be to acquire it: what is left of a lease runs out. */
static struct ov_lease_effect leave(struct ov_lease *lease)
{
    lease->pending = 0;
    if (lease->deadline == 0) { /* it never was in hand */
        lease->state = OV_FREE;
        lease->epoch = 0;
    }
    return (struct ov_lease_effect){0};
}

static struct ov_lease_effect give_back(struct ov_lease *lease, bool released)
{
    lease->state = OV_FREE;
    lease->epoch = lease->deadline = lease->pending = 0;
    return (struct ov_lease_effect){.released = released};
}

static struct ov_lease_effect take_read(struct ov_lease *lease,
                                        const struct ov_lease_config *config, uint64_t now,
                                        const struct ov_store_answer *answer, uint64_t number)
{
    bool mine = ov_ident_same(&answer->owner, &config->self);
    bool inherited = !mine && lease->epoch == 0 && ov_ident_inherits(&config->self, &answer->owner);
    if (lease->state == OV_RELEASING && answer->owner.boot == 0)
        return give_back(lease, true);
    if (!(mine || inherited) || (lease->epoch != 0 && lease->epoch != answer->epoch))
        return deny(lease, config, now, answer);
    if (lease->epoch == 0 && (inherited || answer->epoch <= lease->last) && !config->paused) {
        lease->state = OV_ACQUIRING; /* what ran here under that one was ended */
        return send(lease, config, now, number, OV_STORE_ACQUIRE);
    }
    lease->epoch = answer->epoch;
    if (config->paused && lease->state != OV_RELEASING)
        return leave(lease);
    return send(lease, config, now, number,
                lease->state == OV_RELEASING ? OV_STORE_RELEASE : OV_STORE_RENEW);
}

struct ov_lease_effect ov_lease_answer(struct ov_lease *lease, const struct ov_lease_config *config,
                                       uint64_t now, const struct ov_store_answer *answer,
                                       uint64_t number)
{
    if (answer->number != lease->pending || lease->pending == 0)
        return (struct ov_lease_effect){0};
    if (answer->outcome == OV_STORE_UNKNOWN)
        return read_back(lease, config, now, number);
    see(lease, answer->epoch);
    if (lease->reading && answer->outcome == OV_STORE_DONE)
        return take_read(lease, config, now, answer, number);
    if (lease->state == OV_RELEASING)
        return give_back(lease, answer->outcome == OV_STORE_DONE);
    return answer->outcome == OV_STORE_DONE ? grant(lease, config, now, answer->epoch, number)
                                            : deny(lease, config, now, answer);
}

/* ---- time ---- */

/* When an owner asks for more time: its deadline is more than half of the ttl, as the margin is
 * less. */
static uint64_t renew_at(const struct ov_lease *lease, const struct ov_lease_config *config)
{
    return lease->deadline - config->ttl_ns / 2;
}

uint64_t ov_lease_next(const struct ov_lease *lease, const struct ov_lease_config *config)
{
    uint64_t next = lease->deadline != 0 ? lease->deadline : UINT64_MAX;
    uint64_t at = UINT64_MAX;
    if (lease->pending != 0)
        at = lease->sent_at + config->answer_ns;
    else if (is_owner(lease) && !config->paused)
        at = renew_at(lease, config);
    return at < next ? at : next;
}

struct ov_lease_effect ov_lease_tick(struct ov_lease *lease, const struct ov_lease_config *config,
                                     uint64_t now, uint64_t number)
{
    if (lease->deadline != 0 && now >= lease->deadline) /* whatever the store says */
        return lease->state == OV_RELEASING ? give_back(lease, false) : fence(lease);
    if (lease->pending != 0 && now - lease->sent_at >= config->answer_ns)
        return read_back(lease, config, now, number);
    if (lease->pending == 0 && is_owner(lease) && !config->paused &&
        now >= renew_at(lease, config)) {
        if (lease->state == OV_HELD)
            lease->state = OV_RENEWING;
        return send(lease, config, now, number, OV_STORE_RENEW);
    }
    return (struct ov_lease_effect){0};
}

/* ---- from outside ---- */

void ov_lease_drain(struct ov_lease *lease)
{
    if (lease->state == OV_HELD || lease->state == OV_RENEWING)
        lease->state = OV_DRAINING;
}

struct ov_lease_effect ov_lease_stopped(struct ov_lease *lease,
                                        const struct ov_lease_config *config, uint64_t now,
                                        uint64_t number)
{
    if (lease->state == OV_FENCED)
        lease->state = OV_FREE;
    if (lease->state != OV_DRAINING)
        return (struct ov_lease_effect){0};
    lease->state = OV_RELEASING;
    return send(lease, config, now, number, OV_STORE_RELEASE);
}

bool ov_epoch_believed(uint64_t known, uint64_t shown)
{
    return shown <= known || shown - known <= OV_EPOCH_LEAP;
}

struct ov_lease_effect ov_lease_saw(struct ov_lease *lease, uint64_t epoch)
{
    bool newer = lease->epoch != 0 && epoch > lease->epoch;
    if (!ov_epoch_believed(lease->floor, epoch))
        return (struct ov_lease_effect){0};
    see(lease, epoch);
    return newer ? fence(lease) : (struct ov_lease_effect){0};
}

void ov_lease_released(struct ov_lease *lease, uint64_t epoch)
{
    if (epoch < lease->floor)
        return;
    lease->released = epoch;
    lease->wait_until = 0;
}

void ov_lease_ask_anew(struct ov_lease *lease)
{
    lease->wait_until = 0;
}

/* ---- in words ---- */

const char *ov_lease_state_text(enum ov_lease_state state)
{
    static const char *const texts[] = {
        [OV_FREE] = "free",         [OV_ACQUIRING] = "acquiring",
        [OV_HELD] = "held",         [OV_RENEWING] = "renewing",
        [OV_DRAINING] = "draining", [OV_INDETERMINATE] = "indeterminate",
        [OV_FENCED] = "fenced",     [OV_RELEASING] = "releasing",
    };
    return texts[state];
}
