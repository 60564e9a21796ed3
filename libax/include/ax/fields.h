/* SPDX-License-Identifier: MIT */
/* ax/fields.h - from the fields of a contract to C: the closed set of types, what each becomes as a
 * struct member and as a record of reflection; AX_STRUCT and AX_STATE.
 *
 * Each type has one row, AX_T_<type>. A field is looked up by pasting its type behind AX_T_; what
 * is not in the set stays one unknown word, and the defaults behind it in AX_FIELD make it of the
 * kind UNKNOWN, for which AX_CHECK_FIELD has an error that a person can read. So a mistake costs
 * one such error and few that follow from it. */
#ifndef AX_FIELDS_H
#define AX_FIELDS_H

#include <ax/foreach.h>
#include <ax/reflect.h>

/* clang-format off */

/* ---- the closed set ---- */

/* ~, kind, C type, element's C type, enum ax_type, flags, count, nested, ref_to, plain, 1
 *
 * `plain`: any bytes are a valid value. The last column is 1 for a type as it should be, and more
 * where a word stands behind the type, as in "i64 *". */
#define AX_T_bool AX_SCALAR_ROW(bool, AX_TYPE_BOOL, 0)
#define AX_T__Bool AX_T_bool /* where bool is a macro */
#define AX_T_i8 AX_SCALAR_ROW(int8_t, AX_TYPE_I8, 1)
#define AX_T_i16 AX_SCALAR_ROW(int16_t, AX_TYPE_I16, 1)
#define AX_T_i32 AX_SCALAR_ROW(int32_t, AX_TYPE_I32, 1)
#define AX_T_i64 AX_SCALAR_ROW(int64_t, AX_TYPE_I64, 1)
#define AX_T_u8 AX_SCALAR_ROW(uint8_t, AX_TYPE_U8, 1)
#define AX_T_u16 AX_SCALAR_ROW(uint16_t, AX_TYPE_U16, 1)
#define AX_T_u32 AX_SCALAR_ROW(uint32_t, AX_TYPE_U32, 1)
#define AX_T_u64 AX_SCALAR_ROW(uint64_t, AX_TYPE_U64, 1)
#define AX_T_f32 AX_SCALAR_ROW(float, AX_TYPE_F32, 1)
#define AX_T_f64 AX_SCALAR_ROW(double, AX_TYPE_F64, 1)
#define AX_T_ref AX_SCALAR_ROW(struct ax_ref, AX_TYPE_REF, 1)
#define AX_T_ref_to(contract) \
    ~, SCALAR, contract##_ref, contract##_ref, AX_TYPE_REF_TO, contract##_ax_local, 0, NULL, \
        #contract, 1, 1
#define AX_T_str ~, STR, struct ax_str, struct ax_str, AX_TYPE_STR, 0, 0, NULL, NULL, 0, 1
#define AX_T_bytes ~, BYTES, struct ax_bytes, struct ax_bytes, AX_TYPE_BYTES, 0, 0, NULL, NULL, 0, 1
#define AX_T_text(n) ~, TEXT, char[n], char, AX_TYPE_TEXT, 0, n, NULL, NULL, 0, 1
#define AX_T_nested(tag) \
    ~, NESTED, struct tag, struct tag, AX_TYPE_NESTED, 0, 0, &tag##_ax_layout, NULL, \
    tag##_ax_plain, 1
#define AX_T_array(type, n) \
    AX_ARRAY_CALL(n, AX_T_##type, UNKNOWN, char, char, AX_TYPE_I8, 0, 0, NULL, NULL, 0, 0, ~)

#define AX_SCALAR_ROW(c, symbol, plain) ~, SCALAR, c, c, symbol, 0, 0, NULL, NULL, plain, 1
#define AX_ARRAY_CALL(...) AX_ARRAY_ROW(__VA_ARGS__)
#define AX_ARRAY_ROW(n, probe, kind, c, elem, symbol, flags, count, nested, refto, plain, tail, ...) \
    ~, AX_ARRAY_OF_##kind, __typeof__(c)[n], c, symbol, AX_FIELD_ARRAY | flags, n, nested, refto, plain, tail
#define AX_ARRAY_OF_SCALAR ARRAY
#define AX_ARRAY_OF_TEXT CHECKED_ARRAY
#define AX_ARRAY_OF_NESTED CHECKED_ARRAY
#define AX_ARRAY_OF_STR VAR_ARRAY
#define AX_ARRAY_OF_BYTES VAR_ARRAY
#define AX_ARRAY_OF_UNKNOWN UNKNOWN

/* Calls op(kind, x, spelled, name, C type, element, symbol, flags, count, nested, ref_to, plain,
 * tail) with the row of a type; x and spelled, the type as the user wrote it, are passed on. */
#define AX_FIELD(op, x, type, spelled, name) \
    AX_FIELD_CALL(op, x, spelled, name, AX_T_##type, \
                  UNKNOWN, char, char, AX_TYPE_I8, 0, 0, NULL, NULL, 0, 0, ~)
#define AX_FIELD_CALL(...) AX_FIELD_ROW(__VA_ARGS__)
#define AX_FIELD_ROW(op, x, spelled, name, probe, kind, c, elem, symbol, flags, count, nested, \
                     refto, plain, tail, ...) \
    AX_FIELD_OP(op, kind, x, spelled, name, c, elem, symbol, flags, count, nested, refto, plain, \
                tail)
#define AX_FIELD_OP(op, ...) op(__VA_ARGS__)

/* ---- as a member, and as a record ---- */

#define AX_MEMBER(tag, type, name) AX_FIELD(AX_MEMBER_ROW, tag, type, #type, name)
#define AX_MEMBER_ROW(kind, tag, spelled, name, c, ...) __typeof__(c) name;

#define AX_RECORD(tag, type, name) AX_FIELD(AX_RECORD_ROW, tag, type, #type, name)
#define AX_RECORD_ROW(kind, tag, spelled, name, c, elem, symbol, flags, count, nested, refto, ...) \
    {#name, symbol, (flags) & AX_FIELD_ARRAY, offsetof(struct tag, name), sizeof(__typeof__(c)), count, nested, refto},

#define AX_OR_VAR(tag, type, name) AX_FIELD(AX_OR_VAR_ROW, tag, type, #type, name)
#define AX_OR_VAR_ROW(kind, tag, spelled, name, c, elem, symbol, ...) \
    || symbol == AX_TYPE_STR || symbol == AX_TYPE_BYTES

#define AX_AND_PLAIN(tag, type, name) AX_FIELD(AX_AND_PLAIN_ROW, tag, type, #type, name)
#define AX_AND_PLAIN_ROW(kind, tag, spelled, name, c, elem, symbol, flags, count, nested, refto, \
                         plain, tail) \
    && plain

/* A layout called `label` of struct `tag`; the records are the last arguments. */
#define AX_LAYOUT(id, tag, label, var, plain, ...) \
    __attribute__((unused)) static const struct ax_field AX_JOIN(id, fields)[] = { \
        __VA_ARGS__ {NULL, 0, 0, 0, 0, 0, NULL, NULL}}; \
    __attribute__((unused)) static const struct ax_layout id = { \
        label, sizeof(struct tag), sizeof(AX_JOIN(id, fields)) / sizeof(struct ax_field) - 1, \
        AX_JOIN(id, fields), var, plain}

/* ---- checks ---- */

/* All arguments are string literals; both compilers fold these. */
#define AX_SAME(a, b) (__builtin_strcmp(a, b) == 0)
#define AX_STARTS(name, prefix) (__builtin_strncmp(name, prefix, sizeof(prefix) - 1) == 0)
#define AX_ENDS(name, end) \
    (sizeof(name) > sizeof(end) && \
     AX_SAME(&(name)[sizeof(name) > sizeof(end) ? sizeof(name) - sizeof(end) : 0], end))

#define AX_CHECK_FIELD(tag, type, name) AX_FIELD(AX_CHECK_FIELD_ROW, tag, type, #type, name)
#define AX_CHECK_FIELD_ROW(kind, tag, spelled, name, c, elem, symbol, flags, count, nested, refto, \
                           plain, tail) \
    _Static_assert(!AX_SAME(#kind, "UNKNOWN") && sizeof(#tail) == 2, \
                   "ax: field `" #name "` of `" #tag "`: `" spelled "` is not a type of the " \
                   "closed set: bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 str bytes ref " \
                   "ref_to(contract) text(N) array(T, N) nested(S). A pointer means nothing in " \
                   "another process."); \
    _Static_assert(!AX_SAME(#kind, "VAR_ARRAY"), \
                   "ax: field `" #name "` of `" #tag "`: `" spelled "` has no fixed size; in an " \
                   "array use text(N) or nested(S)"); \
    _Static_assert(sizeof(__typeof__(c)) != 0 || AX_SAME(#kind, "UNKNOWN"), \
                   "ax: field `" #name "` of `" #tag "`: `" spelled "` holds nothing"); \
    _Static_assert(!AX_STARTS(#name, "ax_") && sizeof(#name) <= AX_NAME_MAX + 1, \
                   "ax: field `" #name "` of `" #tag "`: a name has up to 63 bytes and does not " \
                   "begin with `ax_`");

/* In a struct or a state nothing can vary in size. */
#define AX_CHECK_FIXED(tag, type, name) \
    AX_CHECK_FIELD(tag, type, name) AX_FIELD(AX_CHECK_FIXED_ROW, tag, type, #type, name)
#define AX_CHECK_FIXED_ROW(kind, tag, spelled, name, ...) \
    _Static_assert(!AX_SAME(#kind, "STR") && !AX_SAME(#kind, "BYTES"), \
                   "ax: field `" #name "` of `" #tag "`: `" spelled "` has no fixed size; in " \
                   "AX_STATE and AX_STRUCT use text(N) or array(u8, N)");

/* ---- what users write ---- */

/* AX_STRUCT(point, (f64, x), (f64, y)); makes struct point, used in contracts as nested(point). */
#define AX_STRUCT(tag, ...) \
    struct tag { AX_TUPLES(AX_MEMBER, tag, __VA_ARGS__) }; \
    AX_TUPLES(AX_CHECK_FIXED, tag, __VA_ARGS__) \
    enum { tag##_ax_plain = 1 AX_TUPLES(AX_AND_PLAIN, tag, __VA_ARGS__) }; \
    AX_FIXED_LAYOUT(tag##_ax_layout, tag, tag##_ax_plain, __VA_ARGS__)

/* AX_STATE(counter, (i64, n), (text(32), owner)); makes struct counter, which is kept over any
 * crash. It comes after the contract's header. */
#define AX_STATE(tag, ...) \
    struct tag { AX_TUPLES(AX_MEMBER, tag, __VA_ARGS__) }; \
    AX_TUPLES(AX_CHECK_FIXED, tag, __VA_ARGS__) \
    AX_FIXED_LAYOUT(tag##_state, tag, 1 AX_TUPLES(AX_AND_PLAIN, tag, __VA_ARGS__), __VA_ARGS__)

#define AX_FIXED_LAYOUT(id, tag, plain, ...) \
    _Static_assert(!AX_SAME(AX_STRINGIZE(AX_COUNT(__VA_ARGS__)), "MANY"), \
                   "ax: `" #tag "` has more than 32 fields; put some into an AX_STRUCT"); \
    _Static_assert(sizeof(struct tag) <= AX_FIXED_MAX, "ax: `" #tag "` is larger than 16 MiB"); \
    AX_LAYOUT(id, tag, #tag, false, plain, AX_TUPLES(AX_RECORD, tag, __VA_ARGS__))

/* clang-format on */

#endif
