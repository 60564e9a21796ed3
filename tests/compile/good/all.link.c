/* SPDX-License-Identifier: MIT */
/* As much as a contract may hold, twice in one source, with refs to each other; every type; fields
 * that are called like the arguments of a call; fresh state with hooks. */
#include <ax/contract.h>

AX_STRUCT(point, (f64, x), (f64, y));
AX_STRUCT(label, (text(8), name), (nested(point), at), (array(nested(point), 2), to), (bool, on));

#define AX_CONTRACT other
#define AX_MESSAGES(TELL, ASK)
#include <ax/contract.h>

#define AX_IMPLEMENT
#define AX_CONTRACT all
#define AX_MESSAGES(TELL, ASK) \
    TELL(scalars, (bool, a, i8, b, i16, c, i32, d, i64, e, u8, f, u16, g, u32, h, u64, i, f32, j, \
                   f64, k, ref, l, ref_to(other), m, str, n, bytes, o, text(32), p)) \
    TELL(names, (i32, reply, str, timeout, bytes, ctx, i64, to, u8, msg, u8, out, u8, size)) \
    TELL(lists, (array(u32, 8), counts, array(text(8), 4), words, array(nested(label), 2), labels, \
                 array(bool, 3), flags, array(ref_to(all), 2), refs, nested(point), p)) \
    ASK(get, (str, key), (bool, ok, str, value, bytes, raw, ref_to(all), who)) \
    ASK(flush, (), ()) \
    TELL(m0, (u8, a, u16, b)) \
    TELL(m1, (u8, a, u16, b)) \
    TELL(m2, (u8, a, u16, b)) \
    TELL(m3, (u8, a, u16, b)) \
    TELL(m4, (u8, a, u16, b)) \
    TELL(m5, (u8, a, u16, b)) \
    TELL(m6, (u8, a, u16, b)) \
    TELL(m7, (u8, a, u16, b)) \
    TELL(m8, (u8, a, u16, b)) \
    TELL(m9, (u8, a, u16, b)) \
    TELL(m10, (u8, a, u16, b)) \
    TELL(m11, (u8, a, u16, b)) \
    TELL(m12, (u8, a, u16, b)) \
    TELL(m13, (u8, a, u16, b)) \
    TELL(m14, (u8, a, u16, b)) \
    TELL(m15, (u8, a, u16, b)) \
    TELL(m16, (u8, a, u16, b)) \
    TELL(m17, (u8, a, u16, b)) \
    TELL(m18, (u8, a, u16, b)) \
    TELL(m19, (u8, a, u16, b)) \
    TELL(m20, (u8, a, u16, b)) \
    TELL(m21, (u8, a, u16, b)) \
    TELL(m22, (u8, a, u16, b)) \
    TELL(m23, (u8, a, u16, b)) \
    TELL(m24, (u8, a, u16, b)) \
    TELL(m25, (u8, a, u16, b)) \
    TELL(m26, (u8, a, u16, b)) \
    TELL(m27, (u8, a, u16, b)) \
    TELL(m28, (u8, a, u16, b)) \
    TELL(m29, (u8, a, u16, b))
#include <ax/contract.h>

struct all {
    int *heap;
    uint64_t ask;
};

static void started(struct ax_ctx *ctx, struct all *self)
{
    (void)ctx;
    self->heap = NULL;
}

static void replied(struct ax_ctx *ctx, struct all *self, const struct ax_reply *reply)
{
    const struct all_get_reply *got = all_get_reply_of(reply);

    if (got && got->ok && ax_str(&got->value)[0] && ax_bytes(&got->raw))
        self->ask = all_get_async(ctx, got->who, "key", AX_SECONDS(1), &self->ask) == 0;
}

static void went(struct ax_ctx *ctx, struct all *self, const struct ax_down *down)
{
    (void)ctx;
    self->ask = down->monitor;
}

void all_on_scalars(struct ax_ctx *ctx, struct all *self, const struct all_scalars *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_names(struct ax_ctx *ctx, struct all *self, const struct all_names *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_lists(struct ax_ctx *ctx, struct all *self, const struct all_lists *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m0(struct ax_ctx *ctx, struct all *self, const struct all_m0 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m1(struct ax_ctx *ctx, struct all *self, const struct all_m1 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m2(struct ax_ctx *ctx, struct all *self, const struct all_m2 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m3(struct ax_ctx *ctx, struct all *self, const struct all_m3 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m4(struct ax_ctx *ctx, struct all *self, const struct all_m4 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m5(struct ax_ctx *ctx, struct all *self, const struct all_m5 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m6(struct ax_ctx *ctx, struct all *self, const struct all_m6 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m7(struct ax_ctx *ctx, struct all *self, const struct all_m7 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m8(struct ax_ctx *ctx, struct all *self, const struct all_m8 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m9(struct ax_ctx *ctx, struct all *self, const struct all_m9 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m10(struct ax_ctx *ctx, struct all *self, const struct all_m10 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m11(struct ax_ctx *ctx, struct all *self, const struct all_m11 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m12(struct ax_ctx *ctx, struct all *self, const struct all_m12 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m13(struct ax_ctx *ctx, struct all *self, const struct all_m13 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m14(struct ax_ctx *ctx, struct all *self, const struct all_m14 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m15(struct ax_ctx *ctx, struct all *self, const struct all_m15 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m16(struct ax_ctx *ctx, struct all *self, const struct all_m16 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m17(struct ax_ctx *ctx, struct all *self, const struct all_m17 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m18(struct ax_ctx *ctx, struct all *self, const struct all_m18 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m19(struct ax_ctx *ctx, struct all *self, const struct all_m19 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m20(struct ax_ctx *ctx, struct all *self, const struct all_m20 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m21(struct ax_ctx *ctx, struct all *self, const struct all_m21 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m22(struct ax_ctx *ctx, struct all *self, const struct all_m22 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m23(struct ax_ctx *ctx, struct all *self, const struct all_m23 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m24(struct ax_ctx *ctx, struct all *self, const struct all_m24 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m25(struct ax_ctx *ctx, struct all *self, const struct all_m25 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m26(struct ax_ctx *ctx, struct all *self, const struct all_m26 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m27(struct ax_ctx *ctx, struct all *self, const struct all_m27 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m28(struct ax_ctx *ctx, struct all *self, const struct all_m28 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_m29(struct ax_ctx *ctx, struct all *self, const struct all_m29 *msg)
{
    (void)ctx;
    (void)self;
    (void)msg;
}

void all_on_get(struct ax_ctx *ctx, struct all *self, const struct all_get *msg,
                struct all_get_reply *reply)
{
    (void)ctx;
    (void)self;
    (void)msg;
    (void)reply;
}

void all_on_flush(struct ax_ctx *ctx, struct all *self, const struct all_flush *msg,
                struct all_flush_reply *reply)
{
    (void)ctx;
    (void)self;
    (void)msg;
    (void)reply;
}

AX_ACTOR(all, .on_start = started, .on_restart = started, .on_stop = started, .on_down = went,
         .on_reply = replied);

#define AX_IMPLEMENT
#define AX_CONTRACT idle
#define AX_MESSAGES(TELL, ASK)
#include <ax/contract.h>
AX_STATE(idle, (ref_to(all), all), (array(text(8), 4), words), (nested(label), label));
AX_ACTOR(idle);

AX_PLUGIN("all", &all_actor, &idle_actor, &all_actor, &all_actor, &all_actor, &all_actor,
          &all_actor, &all_actor, &all_actor, &all_actor, &all_actor, &all_actor, &all_actor,
          &all_actor, &all_actor, &all_actor, &all_actor);
