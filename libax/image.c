/* SPDX-License-Identifier: MIT */
/* Images: checking one that came from elsewhere, and moving one.
 *
 * An image is the fixed part of a layout, aligned as its C struct, and behind it the data of its
 * str and bytes fields in any order. A field says by how much its data lies behind the field. What
 * a hostile process can put into an image is anything, so ax_layout_validate computes with signed
 * 64-bit numbers, in which no sum of what it meets can overflow, and reads through memcpy, because
 * the image need not even be aligned. */
#include <stdio.h>

#include <ax/reflect.h>

/* struct ax_str and struct ax_bytes are the same but for their name. */
_Static_assert(sizeof(struct ax_str) == sizeof(struct ax_bytes) &&
                   offsetof(struct ax_str, len) == offsetof(struct ax_bytes, len),
               "str and bytes have one representation");

static bool is_var(const struct ax_field *field)
{
    return field->type == AX_TYPE_STR || field->type == AX_TYPE_BYTES;
}

/* The data lies behind the fixed part and within the image. */
static bool var_valid(const struct ax_field *field, uint32_t fixed, const unsigned char *image,
                      size_t size)
{
    int64_t nul = field->type == AX_TYPE_STR;
    int64_t at = field->offset, end = (int64_t)size;
    struct ax_str var;

    memcpy(&var, image + at, sizeof(var));
    if (var.zero != 0)
        return false;
    if (var.off == 0)
        return var.len == 0;
    if (var.off < (int64_t)fixed - at || var.off > end - at)
        return false;
    if (end - at - var.off < (int64_t)var.len + nul)
        return false;
    return !nul || image[at + var.off + var.len] == 0;
}

static bool fixed_valid(const struct ax_layout *layout, const unsigned char *bytes);

static bool element_valid(const struct ax_field *field, const unsigned char *at, uint32_t size)
{
    switch (field->type) {
    case AX_TYPE_BOOL:
        return *at <= 1;
    case AX_TYPE_TEXT:
        return memchr(at, 0, size) != NULL;
    case AX_TYPE_NESTED:
        return fixed_valid(field->nested, at);
    default:
        return true;
    }
}

static bool field_valid(const struct ax_field *field, const unsigned char *at)
{
    uint32_t count = field->flags & AX_FIELD_ARRAY ? field->count : 1;
    uint32_t size = field->size / count;

    if (field->type != AX_TYPE_BOOL && field->type != AX_TYPE_TEXT &&
        (field->type != AX_TYPE_NESTED || field->nested->plain))
        return true;
    for (uint32_t i = 0; i < count; i++)
        if (!element_valid(field, at + (size_t)i * size, size))
            return false;
    return true;
}

static bool fixed_valid(const struct ax_layout *layout, const unsigned char *bytes)
{
    if (layout->plain)
        return true;
    for (uint32_t i = 0; i < layout->nfields; i++)
        if (!field_valid(&layout->fields[i], bytes + layout->fields[i].offset))
            return false;
    return true;
}

int ax_layout_validate(const struct ax_layout *layout, const void *image, size_t size)
{
    size_t padded = ((size_t)layout->size + 7) & ~(size_t)7;

    if (size < layout->size || size > INT64_MAX || (!layout->has_var && size > padded))
        return AX_E_INVALID;
    if (!fixed_valid(layout, image))
        return AX_E_INVALID;
    for (uint32_t i = 0; layout->has_var && i < layout->nfields; i++)
        if (is_var(&layout->fields[i]) && !var_valid(&layout->fields[i], layout->size, image, size))
            return AX_E_INVALID;
    return 0;
}

void ax_layout_relocate(const struct ax_layout *layout, void *dst, const void *src)
{
    int64_t moved = (int64_t)((uintptr_t)src - (uintptr_t)dst);

    for (uint32_t i = 0; layout->has_var && i < layout->nfields; i++) {
        struct ax_str *var = (struct ax_str *)((char *)dst + layout->fields[i].offset);

        if (is_var(&layout->fields[i]) && var->off != 0)
            var->off += moved;
    }
}

int ax_layout_flatten(const struct ax_layout *layout, const void *fixed, void *buf, size_t cap,
                      size_t *size)
{
    size_t end = layout->size;
    bool fits = end <= cap;

    if (fits && end)
        memcpy(buf, fixed, end);
    for (uint32_t i = 0; layout->has_var && i < layout->nfields; i++) {
        const struct ax_field *field = &layout->fields[i];
        const char *at = (const char *)fixed + field->offset;
        struct ax_str var;
        size_t need;

        if (!is_var(field))
            continue;
        memcpy(&var, at, sizeof(var));
        if (var.off == 0)
            continue;
        need = (size_t)var.len + (field->type == AX_TYPE_STR);
        if (fits && cap - end >= need) {
            struct ax_str there = {(int64_t)(end - field->offset), var.len, 0};

            memcpy((char *)buf + field->offset, &there, sizeof(there));
            memset((char *)buf + end + var.len, 0, need - var.len);
            memcpy((char *)buf + end, at + var.off, var.len);
        } else {
            fits = false;
        }
        end += need;
    }
    *size = end;
    return fits ? 0 : AX_E_TOO_BIG;
}

char *ax_ref_format(struct ax_ref ref, char *buf)
{
    int n = snprintf(buf, AX_REF_TEXT, "%u.%u.%u", (unsigned)(ref.addr >> 56),
                     (unsigned)(ref.addr >> 32) & 0xffffffu, (unsigned)ref.addr);

    if (ref.node)
        snprintf(buf + n, AX_REF_TEXT - (size_t)n, "@%llu", (unsigned long long)ref.node);
    return buf;
}

/* A decimal number up to `max`, as it is printed, followed by `end`; moves *text behind that. */
static bool take_number(const char **text, uint64_t max, char end, uint64_t *value)
{
    const char *p = *text;
    uint64_t n = 0;

    for (; *p >= '0' && *p <= '9'; p++) {
        unsigned digit = (unsigned)(*p - '0');

        if (n > (max - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    if (p == *text || (p - *text > 1 && **text == '0') || *p != end)
        return false;
    *value = n;
    *text = p + (end != 0);
    return true;
}

bool ax_ref_parse(const char *text, struct ax_ref *ref)
{
    bool remote = strchr(text, '@') != NULL;
    uint64_t slot, index, generation, node = 0;

    if (!take_number(&text, UINT8_MAX, '.', &slot) || !take_number(&text, 0xffffff, '.', &index) ||
        !take_number(&text, UINT32_MAX, remote ? '@' : 0, &generation))
        return false;
    if (remote && (!take_number(&text, UINT64_MAX, 0, &node) || node == 0))
        return false;
    *ref = (struct ax_ref){slot << 56 | index << 32 | generation, node};
    return true;
}
