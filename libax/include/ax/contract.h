/* SPDX-License-Identifier: MIT */
/* ax/contract.h - makes a contract from its list of messages. A template: it is included once for
 * each contract, by the contract's own header, which has an include guard of its own.
 *
 *   #define AX_CONTRACT bank
 *   #define AX_MESSAGES(TELL, ASK)                                  \
 *       TELL(audit, ())                                             \
 *       TELL(note, (i64, amount, str, why))                         \
 *       ASK (open, (text(32), owner), (bool, ok, u64, number))
 *   #include <ax/contract.h>
 *
 * A message has a name and a list (type, name, type, name, ...), () being none; an ask has a second
 * one for the reply. Up to 32 fields a list. It makes, for that contract and its message `open`:
 *
 *   bank_ref                                    the address of an actor of this contract
 *   struct bank_open, struct bank_open_reply    what handlers are given
 *   bank_open, bank_open_wait, bank_open_async, bank_open_reply_of; of a tell also
 *   bank_note_after, bank_note_every
 *   bank_spawn, bank_spawn_stateful, bank_find, bank_get_or_spawn, bank_lookup,
 *   bank_ref_of, bank_self
 *   bank_stop, bank_stop_wait, bank_mailbox_len, bank_control_mailbox_len, bank_inflight_count,
 *   bank_idle_for, bank_silence_for, bank_incarnation, bank_is_closed, bank_is_terminated
 *   bank_ref_key, bank_ref_at                   of a cluster, see <ax/cluster.h>
 *   bank_local_ref, bank_remote_ref, bank_as_local_ref, bank_as_remote_ref,
 *   bank_of_local, bank_of_remote
 *   enum bank_method, bank_contract             reflection, see <ax/reflect.h>
 *
 * AX_IMPLEMENT, defined before, makes what an actor of the contract needs besides: declarations of
 * its handlers bank_on_open, ..., and their table. It holds for the first contract that is included
 * after it; so contracts that this one refers to come before the #define. Both names and
 * AX_IMPLEMENT are undefined at the end. Without AX_CONTRACT only AX_STRUCT and the other macros
 * are defined.
 *
 * A bank_ref is of an actor anywhere, a bank_local_ref of one of this node, a bank_remote_ref of
 * one of another; the conversions cost nothing, and to one of the latter two they refuse what it
 * cannot be. AX_LOCAL, defined before, marks a contract that other nodes are not to know: it has no
 * remote refs, and contracts not so marked cannot carry refs to it.
 *
 * What is generated is static and marked as unused; parameters are named as the user named fields,
 * so here -Wshadow has nothing to say. */
#include <ax/messages.h>

#if defined(AX_CONTRACT) != defined(AX_MESSAGES)
#error "ax: a contract needs both AX_CONTRACT, its name, and AX_MESSAGES(TELL, ASK), its messages"
#endif

#ifdef AX_CONTRACT

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"

AX_CALL(AX_CHECK_CONTRACT, AX_CONTRACT)
enum { AX_MESSAGES(AX_ONCE_TELL, AX_ONCE_ASK) AX_JOIN(AX_CONTRACT, ax_names) };

AX_CALL(AX_REF_TYPES, AX_CONTRACT)
#ifdef AX_LOCAL
AX_CALL(AX_LOCAL_REFS, AX_CONTRACT)
#else
AX_CALL(AX_WIRE_REFS, AX_CONTRACT)
#endif
AX_MESSAGES(AX_STRUCTS_TELL, AX_STRUCTS_ASK)
AX_MESSAGES(AX_CHECKS_TELL, AX_CHECKS_ASK)

enum AX_JOIN(AX_CONTRACT, method) {
    AX_MESSAGES(AX_NUMBERS_TELL, AX_NUMBERS_ASK) AX_JOIN(AX_CONTRACT, ax_nmethods)
};
_Static_assert(AX_JOIN(AX_CONTRACT, ax_nmethods) <= AX_METHODS_MAX,
               "ax: contract `" AX_STRINGIZE(AX_CONTRACT) "` has more than 1024 messages");

AX_MESSAGES(AX_LAYOUTS_TELL, AX_LAYOUTS_ASK)
__attribute__((unused)) static const struct ax_method AX_JOIN(AX_CONTRACT, ax_methods)[] = {
    AX_MESSAGES(AX_METHODS_TELL, AX_METHODS_ASK){NULL, false, NULL, NULL}};
__attribute__((unused)) static const struct ax_contract AX_JOIN(AX_CONTRACT, contract) = {
    AX_STRINGIZE(AX_CONTRACT), AX_JOIN(AX_CONTRACT, ax_nmethods), AX_JOIN(AX_CONTRACT, ax_methods)};

AX_MESSAGES(AX_SENDERS_TELL, AX_SENDERS_ASK)
AX_CALL(AX_CALLS, AX_CONTRACT)
#ifndef AX_LOCAL
AX_CALL(AX_WIRE_CALLS, AX_CONTRACT)
#endif
AX_CALL(AX_ACTOR_OF, AX_CONTRACT)

#ifdef AX_IMPLEMENT
AX_MESSAGES(AX_THUNKS_TELL, AX_THUNKS_ASK)
__attribute__((unused)) static const ax_handler AX_JOIN(AX_CONTRACT,
                                                        ax_handlers_made_by_AX_IMPLEMENT)[] = {
    AX_MESSAGES(AX_THUNK_NAMES_TELL, AX_THUNK_NAMES_ASK) NULL};
AX_CALL(AX_FRESH, AX_CONTRACT)
#endif

#pragma GCC diagnostic pop

#undef AX_CONTRACT
#undef AX_MESSAGES
#undef AX_IMPLEMENT
#undef AX_LOCAL

#endif
