/* SPDX-License-Identifier: MIT */
#include "tests/lib/alone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct node node;
struct victim victim;
struct worker *const w = &victim.worker;

int alone_begin(void **state)
{
    (void)state;
    return victim_begin(&victim, &node, &subject_plugin);
}

int alone_end(void **state)
{
    (void)state;
    victim_free(&victim);
    node_close(&node);
    return 0;
}

void alone_die(void)
{
    assert_int_equal(victim_die(&victim, &node, &subject_plugin), 0);
}

void alone_rounds(void)
{
    for (int i = 0; i < 10; i++)
        victim_round(&victim);
}
