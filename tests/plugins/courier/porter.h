/* SPDX-License-Identifier: MIT */
/* porter.h - an actor that puts bytes on a shelf, all of them from one place that every porter of
 * the process writes to. */
#ifndef TESTS_PLUGINS_COURIER_PORTER_H
#define TESTS_PLUGINS_COURIER_PORTER_H

#define AX_CONTRACT porter
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(carry, (u32, count, u32, size))                                                           \
    TELL(check, (u32, count, u32, size))                                                           \
    ASK(done, (), (u32, carried))
#include <ax/contract.h>

#endif
