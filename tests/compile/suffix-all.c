/* SPDX-License-Identifier: MIT */
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(x_wait, ()) TELL(x_timeout, ()) TELL(x_wait_timeout, ()) TELL(x_async, ()) TELL(x_after, ()) TELL(x_every, ()) TELL(x_reply, ()) TELL(x_reply_of, ()) TELL(stop_wait, ())
#include <ax/contract.h>
