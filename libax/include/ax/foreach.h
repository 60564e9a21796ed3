/* SPDX-License-Identifier: MIT */
/* ax/foreach.h - loops of the preprocessor; for <ax/contract.h> alone.
 *
 * The preprocessor cannot loop, so each length has its macro, in terms of the one before. A macro
 * M is called with what the caller gave as x:
 *
 *   AX_PAIRS(M, x, (type, name, type, name, ...))    M(x, type, name) for each pair; () is none
 *   AX_TUPLES(M, x, (type, name), (type, name), ...) M(x, type, name) for each tuple, at least one
 *   AX_EACH(M, x, a, b, ...)                         M(x, a) for each argument, at least one
 *
 * Up to 32 of each; from 33 to 128 the loop is empty, and AX_COUNT is MANY. Plain ISO C, so that
 * -Wpedantic is quiet. */
#ifndef AX_FOREACH_H
#define AX_FOREACH_H

#define AX_STRINGIZE_(x) #x
#define AX_STRINGIZE(x) AX_STRINGIZE_(x)
#define AX_CAT_(a, b) a##b
#define AX_CAT(a, b) AX_CAT_(a, b)
#define AX_JOIN_(a, b) a##_##b
#define AX_JOIN(a, b) AX_JOIN_(a, b)
#define AX_UNWRAP(...) __VA_ARGS__
#define AX_CALL(M, ...) M(__VA_ARGS__)

/* clang-format off */

/* The 129th argument. */
#define AX_PICK129( \
    a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, \
    a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, \
    a33, a34, a35, a36, a37, a38, a39, a40, a41, a42, a43, a44, a45, a46, a47, a48, \
    a49, a50, a51, a52, a53, a54, a55, a56, a57, a58, a59, a60, a61, a62, a63, a64, \
    a65, a66, a67, a68, a69, a70, a71, a72, a73, a74, a75, a76, a77, a78, a79, a80, \
    a81, a82, a83, a84, a85, a86, a87, a88, a89, a90, a91, a92, a93, a94, a95, a96, \
    a97, a98, a99, a100, a101, a102, a103, a104, a105, a106, a107, a108, a109, a110, a111, a112, \
    a113, a114, a115, a116, a117, a118, a119, a120, a121, a122, a123, a124, a125, a126, a127, a128, pick, ...) pick

/* How many pairs a list holds: its length is 1 where it is empty, and odd where something is
 * missing. ODD and MANY loop over nothing; checks of their own tell the mistake. */
#define AX_PAIR_COUNT(...) AX_PICK129(__VA_ARGS__, \
    MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
    MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
    MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
    MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
    32, ODD, 31, ODD, 30, ODD, 29, ODD, 28, ODD, 27, ODD, 26, ODD, 25, ODD, \
    24, ODD, 23, ODD, 22, ODD, 21, ODD, 20, ODD, 19, ODD, 18, ODD, 17, ODD, \
    16, ODD, 15, ODD, 14, ODD, 13, ODD, 12, ODD, 11, ODD, 10, ODD, 9, ODD, \
    8, ODD, 7, ODD, 6, ODD, 5, ODD, 4, ODD, 3, ODD, 2, ODD, 1, 0, ~)

#define AX_COUNT(...) AX_PICK129(__VA_ARGS__, \
    MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
    MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
    MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
    MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
    MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
    MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
    32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, \
    16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, ~)

#define AX_PAIRS(M, x, list) \
    AX_PAIRS_CALL(AX_CAT(AX_PAIRS_, AX_PAIR_COUNT list), M, x, AX_UNWRAP list)
#define AX_PAIRS_CALL(loop, ...) loop(__VA_ARGS__)
#define AX_PAIRS_ODD(M, x, ...)
#define AX_PAIRS_MANY(M, x, ...)
#define AX_PAIRS_0(M, x, none)
#define AX_PAIRS_1(M, x, t, n) M(x, t, n)
#define AX_PAIRS_2(M, x, t, n, ...) M(x, t, n) AX_PAIRS_1(M, x, __VA_ARGS__)
#define AX_PAIRS_3(M, x, t, n, ...) M(x, t, n) AX_PAIRS_2(M, x, __VA_ARGS__)
#define AX_PAIRS_4(M, x, t, n, ...) M(x, t, n) AX_PAIRS_3(M, x, __VA_ARGS__)
#define AX_PAIRS_5(M, x, t, n, ...) M(x, t, n) AX_PAIRS_4(M, x, __VA_ARGS__)
#define AX_PAIRS_6(M, x, t, n, ...) M(x, t, n) AX_PAIRS_5(M, x, __VA_ARGS__)
#define AX_PAIRS_7(M, x, t, n, ...) M(x, t, n) AX_PAIRS_6(M, x, __VA_ARGS__)
#define AX_PAIRS_8(M, x, t, n, ...) M(x, t, n) AX_PAIRS_7(M, x, __VA_ARGS__)
#define AX_PAIRS_9(M, x, t, n, ...) M(x, t, n) AX_PAIRS_8(M, x, __VA_ARGS__)
#define AX_PAIRS_10(M, x, t, n, ...) M(x, t, n) AX_PAIRS_9(M, x, __VA_ARGS__)
#define AX_PAIRS_11(M, x, t, n, ...) M(x, t, n) AX_PAIRS_10(M, x, __VA_ARGS__)
#define AX_PAIRS_12(M, x, t, n, ...) M(x, t, n) AX_PAIRS_11(M, x, __VA_ARGS__)
#define AX_PAIRS_13(M, x, t, n, ...) M(x, t, n) AX_PAIRS_12(M, x, __VA_ARGS__)
#define AX_PAIRS_14(M, x, t, n, ...) M(x, t, n) AX_PAIRS_13(M, x, __VA_ARGS__)
#define AX_PAIRS_15(M, x, t, n, ...) M(x, t, n) AX_PAIRS_14(M, x, __VA_ARGS__)
#define AX_PAIRS_16(M, x, t, n, ...) M(x, t, n) AX_PAIRS_15(M, x, __VA_ARGS__)
#define AX_PAIRS_17(M, x, t, n, ...) M(x, t, n) AX_PAIRS_16(M, x, __VA_ARGS__)
#define AX_PAIRS_18(M, x, t, n, ...) M(x, t, n) AX_PAIRS_17(M, x, __VA_ARGS__)
#define AX_PAIRS_19(M, x, t, n, ...) M(x, t, n) AX_PAIRS_18(M, x, __VA_ARGS__)
#define AX_PAIRS_20(M, x, t, n, ...) M(x, t, n) AX_PAIRS_19(M, x, __VA_ARGS__)
#define AX_PAIRS_21(M, x, t, n, ...) M(x, t, n) AX_PAIRS_20(M, x, __VA_ARGS__)
#define AX_PAIRS_22(M, x, t, n, ...) M(x, t, n) AX_PAIRS_21(M, x, __VA_ARGS__)
#define AX_PAIRS_23(M, x, t, n, ...) M(x, t, n) AX_PAIRS_22(M, x, __VA_ARGS__)
#define AX_PAIRS_24(M, x, t, n, ...) M(x, t, n) AX_PAIRS_23(M, x, __VA_ARGS__)
#define AX_PAIRS_25(M, x, t, n, ...) M(x, t, n) AX_PAIRS_24(M, x, __VA_ARGS__)
#define AX_PAIRS_26(M, x, t, n, ...) M(x, t, n) AX_PAIRS_25(M, x, __VA_ARGS__)
#define AX_PAIRS_27(M, x, t, n, ...) M(x, t, n) AX_PAIRS_26(M, x, __VA_ARGS__)
#define AX_PAIRS_28(M, x, t, n, ...) M(x, t, n) AX_PAIRS_27(M, x, __VA_ARGS__)
#define AX_PAIRS_29(M, x, t, n, ...) M(x, t, n) AX_PAIRS_28(M, x, __VA_ARGS__)
#define AX_PAIRS_30(M, x, t, n, ...) M(x, t, n) AX_PAIRS_29(M, x, __VA_ARGS__)
#define AX_PAIRS_31(M, x, t, n, ...) M(x, t, n) AX_PAIRS_30(M, x, __VA_ARGS__)
#define AX_PAIRS_32(M, x, t, n, ...) M(x, t, n) AX_PAIRS_31(M, x, __VA_ARGS__)

#define AX_TUPLES(M, x, ...) \
    AX_TUPLES_CALL(AX_CAT(AX_TUPLES_, AX_COUNT(__VA_ARGS__)), M, x, __VA_ARGS__)
#define AX_TUPLES_CALL(loop, ...) loop(__VA_ARGS__)
#define AX_TUPLE(M, x, tuple) AX_TUPLE_CALL(M, x, AX_UNWRAP tuple)
#define AX_TUPLE_CALL(M, ...) M(__VA_ARGS__)
#define AX_TUPLES_MANY(M, x, ...)
#define AX_TUPLES_1(M, x, p) AX_TUPLE(M, x, p)
#define AX_TUPLES_2(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_1(M, x, __VA_ARGS__)
#define AX_TUPLES_3(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_2(M, x, __VA_ARGS__)
#define AX_TUPLES_4(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_3(M, x, __VA_ARGS__)
#define AX_TUPLES_5(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_4(M, x, __VA_ARGS__)
#define AX_TUPLES_6(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_5(M, x, __VA_ARGS__)
#define AX_TUPLES_7(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_6(M, x, __VA_ARGS__)
#define AX_TUPLES_8(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_7(M, x, __VA_ARGS__)
#define AX_TUPLES_9(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_8(M, x, __VA_ARGS__)
#define AX_TUPLES_10(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_9(M, x, __VA_ARGS__)
#define AX_TUPLES_11(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_10(M, x, __VA_ARGS__)
#define AX_TUPLES_12(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_11(M, x, __VA_ARGS__)
#define AX_TUPLES_13(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_12(M, x, __VA_ARGS__)
#define AX_TUPLES_14(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_13(M, x, __VA_ARGS__)
#define AX_TUPLES_15(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_14(M, x, __VA_ARGS__)
#define AX_TUPLES_16(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_15(M, x, __VA_ARGS__)
#define AX_TUPLES_17(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_16(M, x, __VA_ARGS__)
#define AX_TUPLES_18(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_17(M, x, __VA_ARGS__)
#define AX_TUPLES_19(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_18(M, x, __VA_ARGS__)
#define AX_TUPLES_20(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_19(M, x, __VA_ARGS__)
#define AX_TUPLES_21(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_20(M, x, __VA_ARGS__)
#define AX_TUPLES_22(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_21(M, x, __VA_ARGS__)
#define AX_TUPLES_23(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_22(M, x, __VA_ARGS__)
#define AX_TUPLES_24(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_23(M, x, __VA_ARGS__)
#define AX_TUPLES_25(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_24(M, x, __VA_ARGS__)
#define AX_TUPLES_26(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_25(M, x, __VA_ARGS__)
#define AX_TUPLES_27(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_26(M, x, __VA_ARGS__)
#define AX_TUPLES_28(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_27(M, x, __VA_ARGS__)
#define AX_TUPLES_29(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_28(M, x, __VA_ARGS__)
#define AX_TUPLES_30(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_29(M, x, __VA_ARGS__)
#define AX_TUPLES_31(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_30(M, x, __VA_ARGS__)
#define AX_TUPLES_32(M, x, p, ...) AX_TUPLE(M, x, p) AX_TUPLES_31(M, x, __VA_ARGS__)

#define AX_EACH(M, x, ...) \
    AX_EACH_CALL(AX_CAT(AX_EACH_, AX_COUNT(__VA_ARGS__)), M, x, __VA_ARGS__)
#define AX_EACH_CALL(loop, ...) loop(__VA_ARGS__)
#define AX_EACH_1(M, x, a) M(x, a)
#define AX_EACH_2(M, x, a, ...) M(x, a) AX_EACH_1(M, x, __VA_ARGS__)
#define AX_EACH_3(M, x, a, ...) M(x, a) AX_EACH_2(M, x, __VA_ARGS__)
#define AX_EACH_4(M, x, a, ...) M(x, a) AX_EACH_3(M, x, __VA_ARGS__)
#define AX_EACH_5(M, x, a, ...) M(x, a) AX_EACH_4(M, x, __VA_ARGS__)
#define AX_EACH_6(M, x, a, ...) M(x, a) AX_EACH_5(M, x, __VA_ARGS__)
#define AX_EACH_7(M, x, a, ...) M(x, a) AX_EACH_6(M, x, __VA_ARGS__)
#define AX_EACH_8(M, x, a, ...) M(x, a) AX_EACH_7(M, x, __VA_ARGS__)
#define AX_EACH_9(M, x, a, ...) M(x, a) AX_EACH_8(M, x, __VA_ARGS__)
#define AX_EACH_10(M, x, a, ...) M(x, a) AX_EACH_9(M, x, __VA_ARGS__)
#define AX_EACH_11(M, x, a, ...) M(x, a) AX_EACH_10(M, x, __VA_ARGS__)
#define AX_EACH_12(M, x, a, ...) M(x, a) AX_EACH_11(M, x, __VA_ARGS__)
#define AX_EACH_13(M, x, a, ...) M(x, a) AX_EACH_12(M, x, __VA_ARGS__)
#define AX_EACH_14(M, x, a, ...) M(x, a) AX_EACH_13(M, x, __VA_ARGS__)
#define AX_EACH_15(M, x, a, ...) M(x, a) AX_EACH_14(M, x, __VA_ARGS__)
#define AX_EACH_16(M, x, a, ...) M(x, a) AX_EACH_15(M, x, __VA_ARGS__)
#define AX_EACH_17(M, x, a, ...) M(x, a) AX_EACH_16(M, x, __VA_ARGS__)
#define AX_EACH_18(M, x, a, ...) M(x, a) AX_EACH_17(M, x, __VA_ARGS__)
#define AX_EACH_19(M, x, a, ...) M(x, a) AX_EACH_18(M, x, __VA_ARGS__)
#define AX_EACH_20(M, x, a, ...) M(x, a) AX_EACH_19(M, x, __VA_ARGS__)
#define AX_EACH_21(M, x, a, ...) M(x, a) AX_EACH_20(M, x, __VA_ARGS__)
#define AX_EACH_22(M, x, a, ...) M(x, a) AX_EACH_21(M, x, __VA_ARGS__)
#define AX_EACH_23(M, x, a, ...) M(x, a) AX_EACH_22(M, x, __VA_ARGS__)
#define AX_EACH_24(M, x, a, ...) M(x, a) AX_EACH_23(M, x, __VA_ARGS__)
#define AX_EACH_25(M, x, a, ...) M(x, a) AX_EACH_24(M, x, __VA_ARGS__)
#define AX_EACH_26(M, x, a, ...) M(x, a) AX_EACH_25(M, x, __VA_ARGS__)
#define AX_EACH_27(M, x, a, ...) M(x, a) AX_EACH_26(M, x, __VA_ARGS__)
#define AX_EACH_28(M, x, a, ...) M(x, a) AX_EACH_27(M, x, __VA_ARGS__)
#define AX_EACH_29(M, x, a, ...) M(x, a) AX_EACH_28(M, x, __VA_ARGS__)
#define AX_EACH_30(M, x, a, ...) M(x, a) AX_EACH_29(M, x, __VA_ARGS__)
#define AX_EACH_31(M, x, a, ...) M(x, a) AX_EACH_30(M, x, __VA_ARGS__)
#define AX_EACH_32(M, x, a, ...) M(x, a) AX_EACH_31(M, x, __VA_ARGS__)

/* clang-format on */

#endif
