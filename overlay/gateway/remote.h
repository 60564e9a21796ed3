/* SPDX-License-Identifier: MIT */
/* overlay/gateway/remote.h - the contract of who stands for an actor elsewhere; see stand_in.c. */
#ifndef GW_REMOTE_H
#define GW_REMOTE_H

#define AX_LOCAL
#define AX_CONTRACT remote
#define AX_MESSAGES(TELL, ASK)
#include <ax/contract.h>

#endif
