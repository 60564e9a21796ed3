/* SPDX-License-Identifier: MIT */
/* libax/contract.h - what contract.c and contract_parse.c share about types and layouts. */
#ifndef LIBAX_CONTRACT_H
#define LIBAX_CONTRACT_H

#include <ax/reflect.h>

#define AX_HASH_TEXT 17 /* 16 hexadecimal digits and a NUL */

struct ax_type_info {
    const char *word;     /* as in a contract */
    uint32_t size, align; /* 0: depends on the field */
};

/* By enum ax_type. */
extern const struct ax_type_info ax_type_table[AX_TYPE_COUNT];

/* The alignment, in bytes, that the C struct or member has. */
uint32_t ax_layout_align(const struct ax_layout *layout);
uint32_t ax_field_align(const struct ax_field *field);

/* The hash as it stands in the text of a contract. */
void ax_contract_hash_text(const struct ax_contract *contract, char text[AX_HASH_TEXT]);

#endif
