/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "tests/plugins/leased/heir.h"

#include "tests/plugins/leased/line.h"

#include <ax/registry.h>
#include <stdio.h>

#define PERIOD AX_MILLISECONDS(5)

struct heir {
    char none;
};

void heir_on_note(struct ax_ctx *ctx, struct heir *self, const struct heir_note *msg)
{
    char path[2 * AX_KEY_MAX];
    (void)self, (void)msg;
    snprintf(path, sizeof path, "%s%s", crowned, ax_name(ctx, ax_self(ctx)));
    if (crowned[0] != '\0')
        add_line(ctx, path);
}

static void begin(struct ax_ctx *ctx, struct heir *self)
{
    uint64_t timer;
    (void)self;
    AX_CHECK(ctx, heir_note_every(ctx, PERIOD, &timer) == 0);
}

AX_ACTOR(heir, .on_start = begin);
