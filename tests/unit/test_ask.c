/* SPDX-License-Identifier: MIT */
/* The table of what the command line asks: a place is free again as soon as nobody waits at it, and
 * an answer that comes after that is nobody's and counted. */
#include "axsup/sup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) ASK(get, (), (i64, value))
#include <ax/contract.h>

#define ACTOR SHM_REF(1, 1, 1)
#define HOUR UINT64_C(3600000000000)

/* ---- a worker that only takes ---- */

static struct shm_directory directory[2];
static uint32_t depths[2];
static struct shm_public peer;
static struct sup_slot slots[2];
static struct sup sup;
static uint64_t asked; /* the number of the last ask */

bool sup_hub_data(struct sup *s, uint32_t slot, const struct shm_frame *head, const void *body,
                  uint32_t size)
{
    assert_ptr_equal(s, &sup);
    assert_int_equal(slot, 1);
    (void)body;
    (void)size;
    asked = head->corr;
    return true;
}

uint64_t sup_clock(void)
{
    return sup.loop.now;
}

static int begin(void **state)
{
    (void)state;
    directory[1] = (struct shm_directory){.gen = 1,
                                          .state = SHM_LIVE,
                                          .contract = ax_contract_hash(&counter_contract),
                                          .capacity = 100};
    memset(&sup, 0, sizeof sup);
    sup.slots = slots;
    sup.n_slots = 2;
    slots[1].memory.geo.actors = 2;
    slots[1].state = SHM_SLOT_RUNNING;
    sup.hub.port.geo.max_message = 4096;
    sup.hub.port.directories[1] = directory;
    sup.hub.port.depths[1] = depths;
    sup.hub.port.peers[1] = &peer;
    sup.hub.next_deadline = UINT64_MAX;
    return 0;
}

static int end(void **state)
{
    (void)state;
    sup_asks_close(&sup);
    return 0;
}

/* ---- who asks ---- */

struct client {
    uint32_t answers;
    int error;
    int64_t value;
};

static void on_reply(void *ctx, int error, const void *body, size_t size)
{
    struct client *client = ctx;
    client->answers++;
    client->error = error;
    if (error == 0 && size == sizeof client->value)
        memcpy(&client->value, body, size);
}

static int ask(struct client *client)
{
    static const uint8_t none;
    return sup_ask(&sup, ACTOR, &counter_contract, counter_method_get, &none, 0, HOUR, on_reply,
                   client);
}

static void answer(uint64_t corr, int64_t value)
{
    union {
        struct shm_frame frame;
        uint8_t bytes[sizeof(struct shm_frame) + sizeof value];
    } reply = {.frame = {.kind = SHM_REPLY, .corr = corr, .size = sizeof reply.bytes}};
    memcpy(reply.frame.body, &value, sizeof value);
    sup_ask_answered(&sup, 1, &reply.frame);
}

static void who_goes_leaves_his_place(void **state)
{
    struct client gone = {0}, next = {0};
    (void)state;
    for (uint32_t i = 0; i < 3 * SUP_ASKS_MAX; i++) {
        assert_int_equal(ask(&gone), 0);
        sup_ask_forget(&sup, &gone);
    }
    assert_int_equal(sup.hub.n_asks, 0);
    uint64_t old = asked;
    assert_int_equal(ask(&next), 0);
    answer(old, 1); /* of who was at that place before */
    assert_int_equal(gone.answers + next.answers, 0);
    assert_int_equal(sup.hub.late_replies, 1);
    answer(asked, 2);
    assert_int_equal(next.answers, 1);
    assert_int_equal(next.error, 0);
    assert_int_equal(next.value, 2);
    assert_int_equal(sup.hub.late_replies, 1);
    answer(asked, 3); /* a second time, and nobody asks at all */
    assert_int_equal(next.answers, 1);
    assert_int_equal(sup.hub.late_replies, 2);
}

static void so_many_and_no_more(void **state)
{
    struct client client = {0};
    (void)state;
    for (uint32_t i = 0; i < SUP_ASKS_MAX; i++)
        assert_int_equal(ask(&client), 0);
    assert_int_equal(ask(&client), AX_E_LIMIT);
    sup.loop.now = HOUR;
    sup_hub_expire(&sup);
    assert_int_equal(client.answers, SUP_ASKS_MAX);
    assert_int_equal(client.error, AX_E_TIMEOUT);
    assert_int_equal(ask(&client), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {TEST(who_goes_leaves_his_place), TEST(so_many_and_no_more)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
