/* SPDX-License-Identifier: MIT */
/* overlay/core/ident.h - who is who: the logical names of nodes, and the ids of their sessions.
 *
 * A node has a logical name from its config. One life of it is a boot, with a nonce by chance; when
 * it joins anew without having been down (its lease on its name ran out, say), that is another
 * session of the boot, with a higher number; so is what the next process of a boot begins, and
 * under the first one of a process it asks for leases. As text this is the runtime id
 *
 *      <logical>@boot-[0-9a-f]+-session-[0-9]+
 *
 * and only what ends in exactly that shape has a marker, read from the right: "a@boot-x" and
 * "a@boot-12-session-" are ordinary names. A logical name must have no marker, or a node could
 * call itself what another's session is called. */
#ifndef OV_IDENT_H
#define OV_IDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ax/types.h>

#define OV_NODE_MAX 63u /* bytes of a logical name */
/* Name, "@boot-", 16 digits, "-session-", 20 digits, NUL. */
#define OV_ID_TEXT (OV_NODE_MAX + 6u + 16u + 9u + 20u + 1u)

struct ov_ident {
    char node[OV_NODE_MAX + 1]; /* logical name, with its NUL */
    uint64_t boot;              /* not 0 */
    uint64_t session;           /* from 1 */
};

/* Processes of one boot come one after another, and each knows nothing of what the one before had
 * in hand. So each begins its sessions above all that those before it may have had. */
#define OV_PROCESS_BIT 20u

/* Of the process of that number, from 0. */
static inline uint64_t ov_ident_first_session(uint32_t process)
{
    return (uint64_t)process << OV_PROCESS_BIT | 1;
}

/* Whether sessions of one boot are of the same process, as far as their numbers tell. */
static inline bool ov_ident_same_process(uint64_t session, uint64_t other)
{
    return session >> OV_PROCESS_BIT == other >> OV_PROCESS_BIT;
}

/* Bytes of the marker at the end of `text`; 0: it has none. Of any text, however long. */
size_t ov_marker(struct ax_span text);

/* Whether it can be a logical name: 1 to OV_NODE_MAX bytes of UTF-8, no control characters, no
 * marker. */
bool ov_node_valid(struct ax_span name);

/* The number of a boot from 8 bytes of chance. */
uint64_t ov_boot_nonce(const uint8_t chance[8]);

/* Writes an id, in the only form in which it is read: no leading zeros. Returns its length. */
size_t ov_ident_format(const struct ov_ident *ident, char text[OV_ID_TEXT]);
/* AX_E_INVALID for anything that ov_ident_format does not write. */
AX_MUST_USE int ov_ident_parse(struct ax_span text, struct ov_ident *ident);

/* Which of two sessions of one logical name is to be kept: a higher session of the same boot, or
 * any of another boot, as who is known to be alive has come later. Only for peers that have
 * confirmed. */
bool ov_ident_supersedes(const struct ov_ident *newer, const struct ov_ident *older);

/* Whether two ids are of one session. */
bool ov_ident_same(const struct ov_ident *a, const struct ov_ident *b);

/* The same of their boots. */
bool ov_ident_same_boot(const struct ov_ident *a, const struct ov_ident *b);

/* Whether what `older` has is `newer`'s to take over: both are of one boot, and `newer` is no
 * session of before. */
bool ov_ident_inherits(const struct ov_ident *newer, const struct ov_ident *older);

#endif
