/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#define AX_CONTRACT shard
#define AX_MESSAGES(TELL, ASK) TELL(put, ())
#include <ax/contract.h>
#include <ax/map.h>
AX_MAPS(shard, data, expiry, data);
