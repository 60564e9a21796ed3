/* SPDX-License-Identifier: MIT */
#include <ax/contract.h>

/* Each is a contract of its own, so that names do not collide with one another. */
#define AX_CONTRACT c0
#define AX_MESSAGES(TELL, ASK) TELL(new, ())
#include <ax/contract.h>
#define AX_CONTRACT c1
#define AX_MESSAGES(TELL, ASK) TELL(stop, ())
#include <ax/contract.h>
#define AX_CONTRACT c2
#define AX_MESSAGES(TELL, ASK) TELL(as_local_ref, ())
#include <ax/contract.h>
#define AX_CONTRACT c3
#define AX_MESSAGES(TELL, ASK) TELL(mailbox_len, ())
#include <ax/contract.h>
#define AX_CONTRACT c4
#define AX_MESSAGES(TELL, ASK) TELL(control_mailbox_len, ())
#include <ax/contract.h>
#define AX_CONTRACT c5
#define AX_MESSAGES(TELL, ASK) TELL(inflight_count, ())
#include <ax/contract.h>
#define AX_CONTRACT c6
#define AX_MESSAGES(TELL, ASK) TELL(idle_for, ())
#include <ax/contract.h>
#define AX_CONTRACT c7
#define AX_MESSAGES(TELL, ASK) TELL(silence_for, ())
#include <ax/contract.h>
#define AX_CONTRACT c8
#define AX_MESSAGES(TELL, ASK) TELL(incarnation, ())
#include <ax/contract.h>
#define AX_CONTRACT c9
#define AX_MESSAGES(TELL, ASK) TELL(pid, ())
#include <ax/contract.h>
#define AX_CONTRACT c10
#define AX_MESSAGES(TELL, ASK) TELL(is_closed, ())
#include <ax/contract.h>
#define AX_CONTRACT c11
#define AX_MESSAGES(TELL, ASK) TELL(is_terminated, ())
#include <ax/contract.h>
#define AX_CONTRACT c12
#define AX_MESSAGES(TELL, ASK) TELL(snapshot, ())
#include <ax/contract.h>
#define AX_CONTRACT c13
#define AX_MESSAGES(TELL, ASK) TELL(restore, ())
#include <ax/contract.h>
#define AX_CONTRACT c14
#define AX_MESSAGES(TELL, ASK) TELL(spawn, ())
#include <ax/contract.h>
#define AX_CONTRACT c15
#define AX_MESSAGES(TELL, ASK) TELL(find, ())
#include <ax/contract.h>
#define AX_CONTRACT c16
#define AX_MESSAGES(TELL, ASK) TELL(ref, ())
#include <ax/contract.h>
#define AX_CONTRACT c17
#define AX_MESSAGES(TELL, ASK) TELL(local_ref, ())
#include <ax/contract.h>
#define AX_CONTRACT c18
#define AX_MESSAGES(TELL, ASK) TELL(remote_ref, ())
#include <ax/contract.h>
#define AX_CONTRACT c19
#define AX_MESSAGES(TELL, ASK) TELL(ref_of, ())
#include <ax/contract.h>
#define AX_CONTRACT c20
#define AX_MESSAGES(TELL, ASK) TELL(self, ())
#include <ax/contract.h>
#define AX_CONTRACT c21
#define AX_MESSAGES(TELL, ASK) TELL(contract, ())
#include <ax/contract.h>
#define AX_CONTRACT c22
#define AX_MESSAGES(TELL, ASK) TELL(method, ())
#include <ax/contract.h>
#define AX_CONTRACT c23
#define AX_MESSAGES(TELL, ASK) TELL(state, ())
#include <ax/contract.h>
#define AX_CONTRACT c24
#define AX_MESSAGES(TELL, ASK) TELL(actor, ())
#include <ax/contract.h>
#define AX_CONTRACT c25
#define AX_MESSAGES(TELL, ASK) TELL(actor_type, ())
#include <ax/contract.h>
#define AX_CONTRACT c26
#define AX_MESSAGES(TELL, ASK) TELL(get_or_spawn, ())
#include <ax/contract.h>
#define AX_CONTRACT c27
#define AX_MESSAGES(TELL, ASK) TELL(lookup, ())
#include <ax/contract.h>
#define AX_CONTRACT c28
#define AX_MESSAGES(TELL, ASK) TELL(as_remote_ref, ())
#include <ax/contract.h>
#define AX_CONTRACT c29
#define AX_MESSAGES(TELL, ASK) TELL(of_local, ())
#include <ax/contract.h>
#define AX_CONTRACT c30
#define AX_MESSAGES(TELL, ASK) TELL(of_remote, ())
#include <ax/contract.h>
#define AX_CONTRACT c31
#define AX_MESSAGES(TELL, ASK) TELL(spawn_stateful, ())
#include <ax/contract.h>
#define AX_CONTRACT c32
#define AX_MESSAGES(TELL, ASK) TELL(ref_key, ())
#include <ax/contract.h>
#define AX_CONTRACT c33
#define AX_MESSAGES(TELL, ASK) TELL(ref_at, ())
#include <ax/contract.h>
