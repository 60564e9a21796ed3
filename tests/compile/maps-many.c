/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#define AX_CONTRACT shard
#define AX_MESSAGES(TELL, ASK) TELL(put, ())
#include <ax/contract.h>
#include <ax/map.h>
AX_MAPS(shard, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13);
