/* SPDX-License-Identifier: MIT */
/* Any text as the contract that a template reports. What is taken can be described again, and the
 * description is taken as the same. */
#include <stdlib.h>
#include <string.h>

#include <ax/reflect.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ax_contract *contract, *again;
    const struct ax_layout *state;
    char *text;

    if (ax_contract_parse((const char *)data, size, &contract, &state) != 0)
        return 0;
    REQUIRE(ax_contract_describe(contract, state, &text) == 0);
    REQUIRE(ax_contract_parse(text, strlen(text), &again, NULL) == 0);
    REQUIRE(ax_contract_same(contract, again));
    free(text);
    ax_contract_free(contract);
    ax_contract_free(again);
    return 0;
}
