/* SPDX-License-Identifier: MIT */
/* libax/far_refs.c - refs in images that leave the node or come to it. */
#include "libax/far.h"

#include <string.h>

typedef int change_fn(uint64_t own, struct ax_ref *ref);

static int export_ref(uint64_t own, struct ax_ref *ref)
{
    if (ref->node == GATEWAY_VIA)
        return AX_E_NOT_ALLOWED;
    if (ref->node == 0 && ref->addr != 0)
        ref->node = own;
    return 0;
}

/* Nobody else can say who is who on this node by these numbers. */
static int import_ref(uint64_t own, struct ax_ref *ref)
{
    if (ref->node == own)
        ref->node = 0;
    else if (is_here(*ref))
        *ref = (struct ax_ref){0};
    return 0;
}

static int change_one(const struct ax_field *field, uint8_t *at, uint64_t own, change_fn *change);

static int change_all(const struct ax_layout *layout, uint8_t *image, uint64_t own,
                      change_fn *change)
{
    for (uint32_t i = 0; i < layout->nfields; i++) {
        const struct ax_field *field = &layout->fields[i];
        uint32_t count = field->flags & AX_FIELD_ARRAY ? field->count : 1;
        bool concerns = field->type == AX_TYPE_REF || field->type == AX_TYPE_REF_TO ||
                        field->type == AX_TYPE_NESTED;
        for (uint32_t k = 0; concerns && k < count; k++) {
            uint8_t *at = image + field->offset + (size_t)k * ax_field_element(field);
            int error = change_one(field, at, own, change);
            if (error != 0)
                return error;
        }
    }
    return 0;
}

static int change_one(const struct ax_field *field, uint8_t *at, uint64_t own, change_fn *change)
{
    struct ax_ref ref;
    if (field->type == AX_TYPE_NESTED)
        return change_all(field->nested, at, own, change);
    memcpy(&ref, at, sizeof ref);
    int error = change(own, &ref);
    memcpy(at, &ref, sizeof ref);
    return error;
}

int far_export(const struct worker *w, const struct ax_layout *layout, void *image)
{
    return change_all(layout, image, w->boot->node, export_ref);
}

void far_import(const struct worker *w, const struct ax_layout *layout, void *image)
{
    (void)change_all(layout, image, w->boot->node, import_ref);
}
