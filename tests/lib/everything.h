/* SPDX-License-Identifier: MIT */
/* tests/lib/everything.h - a contract with every type in every place where it may stand. */
#ifndef TESTS_EVERYTHING_H
#define TESTS_EVERYTHING_H

#include <ax/contract.h>

AX_STRUCT(point, (f64, x), (f64, y));
AX_STRUCT(label, (text(5), word), (nested(point), at), (bool, shown), (array(u16, 3), tags));

#define AX_CONTRACT peer
#define AX_MESSAGES(TELL, ASK)
#include <ax/contract.h>

#define AX_CONTRACT everything
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(nothing, ())                                                                              \
    TELL(scalars,                                                                                  \
         (bool, a, i8, b, i16, c, i32, d, i64, e, u8, f, u16, g, u32, h, u64, i, f32, j, f64, k))  \
    TELL(texts, (str, reply, bytes, timeout, text(8), ctx, u8, to))                                \
    TELL(refs, (ref, any, ref_to(peer), one, array(ref_to(peer), 2), two))                         \
    TELL(lists, (array(u8, 3), bytes, array(bool, 2), flags, array(f32, 2), floats,                \
                 array(text(4), 3), words, array(nested(label), 2), labels))                       \
    TELL(deep, (nested(label), label, str, why))                                                   \
    TELL(wide,                                                                                     \
         (u8, f1, u64, f2, u8, f3, u32, f4, u8, f5, u16, f6, u8, f7, ref, f8, u8, f9, f32, f10,    \
          u8, f11, str, f12, bool, f13, f64, f14, u8, f15, bytes, f16, u8, f17, i8, f18, u8, f19,  \
          i16, f20, u8, f21, i32, f22, u8, f23, i64, f24, u8, f25, nested(point), f26, u8, f27,    \
          text(3), f28, u8, f29, array(u16, 2), f30, u8, f31, bool, f32))                          \
    ASK(flush, (), ())                                                                             \
    ASK(get, (str, key), (bool, found, str, value, bytes, raw))
#include <ax/contract.h>

#endif
