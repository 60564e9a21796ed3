/* SPDX-License-Identifier: MIT */
/* echo.h - answers; it has no snapshot to give. */
#ifndef ECHO_H
#define ECHO_H

#define AX_CONTRACT echo
#define AX_MESSAGES(TELL, ASK) ASK(back, (), ())
#include <ax/contract.h>

#endif
