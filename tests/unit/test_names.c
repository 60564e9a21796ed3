/* SPDX-License-Identifier: MIT */
/* The table of names: who has one is found, whatever has become of others; what gone ones have left
 * costs neither room nor time. The workers' directories lie in this file. */
#include "axsup/names.h"
#include "axsup/sup.h"
#include "shm/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ACTORS 128u
#define SHARE (ACTORS + 1) /* with the configured one */
#define SLOTS 3u
#define REF(slot, index) SHM_REF(slot, index, directory[slot][index].gen)

static struct shm_directory directory[SLOTS][ACTORS];
static struct sup_slot slots[SLOTS];
static struct sup_worker_config entry = {.name = "w", .n_actors = 1, .max_actors = ACTORS};
static struct sup sup;
static struct shm_name *table;
static uint32_t room, distinct;
static uint64_t now;

uint64_t sup_clock(void)
{
    return now;
}

static int set_up(void **state)
{
    static struct shm_directory *directories[SLOTS];
    struct shm_port *port = &sup.hub.port;

    (void)state;
    room = sup_names_room((uint64_t)2 * SHARE);
    table = calloc(room, sizeof *table);
    if (table == NULL)
        return -1;
    memset(directory, 0, sizeof directory);
    memset(slots, 0, sizeof slots);
    for (uint32_t s = 0; s < SLOTS; s++) {
        slots[s] = (struct sup_slot){.number = s, .config = &entry, .incarnation = 1};
        slots[s].memory.geo.actors = ACTORS;
        directories[s] = directory[s];
        for (uint32_t i = 0; i < ACTORS; i++)
            directory[s][i].gen = 1;
    }
    sup = (struct sup){.slots = slots, .n_slots = SLOTS};
    port->pub = (void *)table;
    port->geo.names = port->name_count = room;
    port->names = table;
    memcpy(port->directories, directories, sizeof directories);
    distinct = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(table);
    return 0;
}

static const char *text(uint32_t number)
{
    static char name[32];

    snprintf(name, sizeof name, "name-%u", number);
    return name;
}

static int spawn(uint32_t slot, uint32_t index, uint32_t number)
{
    uint32_t at;
    int error = sup_name_claim(&sup, text(number), REF(slot, index), &at);

    if (error == 0)
        directory[slot][index].state = SHM_LIVE;
    return error;
}

static void end(uint32_t slot, uint32_t index)
{
    directory[slot][index].state = SHM_FREE;
    directory[slot][index].gen++;
}

/* Entries that are looked at for all names which are not there, one for each place to begin at. */
static uint64_t probes(void)
{
    uint64_t sum = 0;

    for (uint32_t home = 0; home < room; home++)
        for (uint32_t probe = 0; probe < room; probe++, sum++)
            if (table[(home + probe) % room].hash == 0)
                break;
    return sum;
}

/* One after the other, all with other names, while some others live for long. */
static void test_distinct(void **state)
{
    enum { LASTING = 20 };

    (void)state;
    for (uint32_t i = 1; i <= LASTING; i++)
        assert_int_equal(spawn(1, i, distinct++), 0);
    while (distinct < 100000) {
        assert_int_equal(spawn(1, LASTING + 1, distinct++), 0);
        assert_true(shm_name_find(&sup.hub.port, text(distinct - 1), NULL) == REF(1, LASTING + 1));
        end(1, LASTING + 1);
        if (distinct % 500 == 0)
            assert_in_range(probes(), 0, 4 * (uint64_t)room);
    }
    for (uint32_t i = 1; i <= LASTING; i++)
        assert_true(shm_name_find(&sup.hub.port, text(i - 1), NULL) == REF(1, i));
}

/* Two slots at random, up to all that they may have, against a plain list. */
static void test_random(void **state)
{
    uint32_t bears[SLOTS][ACTORS] = {{0}}; /* a name's number + 1 */

    (void)state;
    srand(7);
    for (uint32_t step = 0; step < 200000; step++) {
        uint32_t slot = 1 + (uint32_t)rand() % 2, index = 1 + (uint32_t)rand() % (ACTORS - 1);
        uint32_t *number = &bears[slot][index];
        bool more = step / 2000 % 2 == 0; /* it fills, then it empties */

        now += 50000000; /* a share is nearly used up at times */
        if (*number == 0 && (more || rand() % 8 == 0)) {
            assert_int_equal(spawn(slot, index, distinct), 0);
            *number = ++distinct;
        } else if (*number != 0 && (!more || rand() % 8 == 0)) {
            end(slot, index);
            assert_true(sup_name_find(&sup, text(*number - 1)) == 0);
            *number = 0;
        }
        if (step % 500 != 0)
            continue;
        for (uint32_t s = 1; s < SLOTS; s++)
            for (uint32_t i = 1; i < ACTORS; i++)
                if (bears[s][i] != 0) {
                    uint64_t found = shm_name_find(&sup.hub.port, text(bears[s][i] - 1), NULL);
                    assert_true(found == REF(s, i));
                }
        assert_in_range(probes(), 0, 8 * (uint64_t)room);
    }
    assert_true(distinct > 10 * room);
}

/* A name is one's own, and everybody's when its owner is gone. */
static void test_taken(void **state)
{
    (void)state;
    assert_int_equal(spawn(1, 1, 5), 0);
    assert_int_equal(spawn(2, 1, 5), AX_E_NAME_TAKEN);
    end(1, 1);
    assert_int_equal(spawn(2, 1, 5), 0);
    assert_true(sup_name_find(&sup, text(5)) == REF(2, 1));
    assert_int_equal(slots[1].names, 0);
    assert_int_equal(slots[2].names, 1);
}

/* At its share a slot is refused, and looked at again after a while. */
static void test_share(void **state)
{
    uint32_t at;

    (void)state;
    for (uint32_t i = 1; i < ACTORS; i++)
        assert_int_equal(spawn(1, i, distinct++), 0);
    for (uint32_t i = 0; i < 2; i++) /* granted, and never spawned */
        assert_int_equal(sup_name_claim(&sup, text(distinct++), SHM_REF(1, 1, 99), &at), 0);
    assert_int_equal(sup_name_claim(&sup, text(distinct), SHM_REF(1, 1, 99), &at), AX_E_LIMIT);
    assert_int_equal(spawn(2, 1, distinct), 0);
    end(1, 7);
    now += 50000000;
    assert_int_equal(spawn(1, 7, ++distinct), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_distinct, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_random, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_share, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
