/* SPDX-License-Identifier: MIT */
/* pool.h - hands out jobs, and keeps those who do them running. */
#ifndef POOL_H
#define POOL_H

#include <ax/supervisor.h>

#define AX_CONTRACT pool
#define AX_MESSAGES(TELL, ASK)                                                                     \
    AX_SUPERVISOR_MESSAGES(TELL, ASK)                                                              \
    ASK(who, (), (ref, job))
#include <ax/contract.h>

#endif
