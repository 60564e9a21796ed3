/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) ASK(get, (), (str, name))
#include <ax/contract.h>

void fill(struct counter_get_reply *reply);
void fill(struct counter_get_reply *reply)
{
    reply->name = "x";
}
