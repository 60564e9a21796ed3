/* SPDX-License-Identifier: MIT */
/* shelf.h - an actor that gives bytes of one value, and counts those that it was told and that
 * differ. */
#ifndef TESTS_PLUGINS_COURIER_SHELF_H
#define TESTS_PLUGINS_COURIER_SHELF_H

#define AX_CONTRACT shelf
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(put, (u8, fill, bytes, data))                                                             \
    ASK(compare, (u8, fill, bytes, data), (bool, same))                                            \
    ASK(get, (u8, fill, u32, size), (bytes, data))                                                 \
    ASK(seen, (), (u64, puts, u64, wrong))
#include <ax/contract.h>

#endif
