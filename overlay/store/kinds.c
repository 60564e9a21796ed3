/* SPDX-License-Identifier: MIT */
/* kinds.c - the names of the kinds, for who opens no store and needs none of their libraries. */
#include "overlay/store/kind.h"

const char *const *ov_store_kinds(void)
{
#define NAME_OF(name) #name,
    static const char *const names[] = {OV_STORE_KINDS(NAME_OF) NULL};
    return names;
}
