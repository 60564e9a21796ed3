/* SPDX-License-Identifier: MIT */
/* crown.h - a supervisor by key, a singleton of the cluster, of two heirs, .one and .two. Each adds
 * lines as leased.h has them to a file of its own: the supervisor's key with the heir's name. */
#ifndef TEST_CROWN_H
#define TEST_CROWN_H

#include <ax/supervisor.h>

#define AX_CONTRACT crown
#define AX_MESSAGES(TELL, ASK)                                                                     \
    AX_SUPERVISOR_MESSAGES(TELL, ASK)                                                              \
    ASK(epoch, (), (u64, epoch))
#include <ax/contract.h>

#endif
