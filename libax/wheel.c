/* SPDX-License-Identifier: MIT */
#include "libax/wheel.h"

#define NEVER UINT64_MAX
#define LAST_TICK ((1ull << (64 - WHEEL_TICK)) - 1)
#define MOVES 1024u /* timers moved down in one go */
#define SHORT 16u   /* lists in which the first in time is looked for */

static struct shm_timer *timer_at(const struct shm_port *port, uint32_t unit)
{
    return shm_unit(port, unit);
}

static uint32_t digit(uint64_t tick, uint32_t level)
{
    return (uint32_t)(tick >> 8 * level) & 0xff;
}

/* Not before its time. */
static uint64_t tick_of(uint64_t at)
{
    uint64_t tick = (at >> WHEEL_TICK) + ((at & ((1u << WHEEL_TICK) - 1)) != 0);
    return tick < LAST_TICK ? tick : LAST_TICK;
}

/* ---- lists: the first one's `before` is the last ---- */

static void put(struct wheel *wheel, const struct shm_port *port, uint32_t unit, uint32_t place,
                bool before)
{
    struct shm_timer *timer = timer_at(port, unit);
    uint32_t first = wheel->first[place];
    timer->place = (uint16_t)place;
    if (first == 0) {
        timer->after = timer->before = unit;
        wheel->first[place] = unit;
        return;
    }
    struct shm_timer *head = timer_at(port, first);
    timer->after = first;
    timer->before = head->before;
    timer_at(port, head->before)->after = unit;
    head->before = unit;
    if (before)
        wheel->first[place] = unit;
}

void wheel_put(struct wheel *wheel, const struct shm_port *port, uint32_t unit, uint32_t place)
{
    put(wheel, port, unit, place, false);
}

static void mark_used(struct wheel *wheel, uint32_t place, bool used)
{
    uint32_t level = (place - WHEEL_FIRST) / WHEEL_SLOTS,
             slot = (place - WHEEL_FIRST) % WHEEL_SLOTS;
    uint64_t bit = 1ull << slot % 64;
    if (used)
        wheel->used[level][slot / 64] |= bit;
    else
        wheel->used[level][slot / 64] &= ~bit;
}

void wheel_remove(struct wheel *wheel, const struct shm_port *port, uint32_t unit)
{
    struct shm_timer *timer = timer_at(port, unit);
    uint32_t place = timer->place;
    timer->place = WHEEL_NOWHERE;
    if (timer->after == unit) {
        wheel->first[place] = 0;
        if (place >= WHEEL_FIRST)
            mark_used(wheel, place, false);
        return;
    }
    timer_at(port, timer->before)->after = timer->after;
    timer_at(port, timer->after)->before = timer->before;
    if (wheel->first[place] == unit)
        wheel->first[place] = timer->after;
}

/* ---- the wheel ---- */

static void add(struct wheel *wheel, const struct shm_port *port, uint32_t unit, uint64_t tick,
                bool before)
{
    if (tick < wheel->now)
        tick = wheel->now;
    uint32_t level = (63u - (uint32_t)__builtin_clzll((tick ^ wheel->now) | 1)) / 8;
    uint32_t place = WHEEL_FIRST + level * WHEEL_SLOTS + digit(tick, level);
    put(wheel, port, unit, place, before);
    mark_used(wheel, place, true);
    if (tick < wheel->next)
        wheel->next = tick;
}

void wheel_add(struct wheel *wheel, const struct shm_port *port, uint32_t unit, uint64_t at,
               bool before)
{
    add(wheel, port, unit, tick_of(at), before);
}

/* The first slot of a level from `from` on that is not empty; WHEEL_SLOTS: none. */
static uint32_t used_from(const struct wheel *wheel, uint32_t level, uint32_t from)
{
    for (uint32_t word = from / 64; word < WHEEL_SLOTS / 64; word++) {
        uint64_t bits = wheel->used[level][word];
        if (word == from / 64)
            bits = bits >> from % 64 << from % 64;
        if (bits != 0)
            return word * 64 + (uint32_t)__builtin_ctzll(bits);
    }
    return WHEEL_SLOTS;
}

/* Of the slot whose time has begun. */
static void move_down(struct wheel *wheel, const struct shm_port *port)
{
    uint32_t unit = 0;
    for (uint32_t moves = 0; moves < MOVES && (unit = wheel->first[wheel->moving]) != 0; moves++) {
        wheel_remove(wheel, port, unit);
        add(wheel, port, unit, tick_of(timer_at(port, unit)->at), false);
    }
    if (wheel->first[wheel->moving] == 0)
        wheel->moving = 0;
}

/* The place of the first slot that is not empty, and when its time begins; NEVER: there is none. */
static uint64_t first_slot(const struct wheel *wheel, uint32_t *place)
{
    for (uint32_t level = 0; level < WHEEL_LEVELS; level++) {
        uint32_t slot = used_from(wheel, level, digit(wheel->now, level) + (level != 0));
        *place = WHEEL_FIRST + level * WHEEL_SLOTS + slot;
        if (slot < WHEEL_SLOTS)
            return ((wheel->now >> 8 * level & ~0xffull) | slot) << 8 * level;
    }
    return NEVER;
}

/* When the first of a slot is due, or at least not before; its time begins at `from`. */
static uint64_t first_in(const struct wheel *wheel, const struct shm_port *port, uint32_t place,
                         uint64_t from)
{
    uint32_t first = wheel->first[place], unit = first;
    uint64_t least = NEVER;
    for (uint32_t i = 0; i < SHORT; i++) {
        uint64_t tick = tick_of(timer_at(port, unit)->at);
        least = tick < least ? tick : least;
        unit = timer_at(port, unit)->after;
        if (unit == first)
            return least > from ? least : from;
    }
    return from;
}

uint32_t wheel_due(struct wheel *wheel, const struct shm_port *port, uint64_t now)
{
    uint64_t target = now >> WHEEL_TICK;
    for (uint32_t moved = 0;; moved++) {
        uint32_t place;
        if (wheel->moving != 0) {
            if (moved == WHEEL_LEVELS)
                return 0;
            move_down(wheel, port);
            continue;
        }
        uint64_t from = first_slot(wheel, &place);
        if (from > target) {
            wheel->now = target > wheel->now ? target : wheel->now;
            wheel->next = from == NEVER ? NEVER : first_in(wheel, port, place, from);
            return 0;
        }
        wheel->now = from;
        if (place < WHEEL_FIRST + WHEEL_SLOTS)
            return wheel->first[place];
        wheel->moving = place;
    }
}

void wheel_turn(struct wheel *wheel, const struct shm_port *port, uint64_t now)
{
    uint64_t target = now >> WHEEL_TICK;
    if (target >= wheel->next || target <= wheel->now)
        return;
    if (target >> 8 == wheel->now >> 8)
        wheel->now = target;
    else
        (void)wheel_due(wheel, port, now);
}
