/* SPDX-License-Identifier: MIT */
/* listen.h - the listening sockets of the system ("listen" in the config).
 *
 * axsup binds them before any worker starts and keeps them as long as it lives, so that a
 * connection that comes while no worker is there waits instead of being refused. Each worker gets
 * them all with its slot. */
#ifndef SUP_LISTEN_H
#define SUP_LISTEN_H

#include "axsup/config.h"
#include "libax/boot.h"

struct sup_listeners {
    uint32_t count;
    struct sup_listener {
        const char *name; /* the config's */
        int fd;
        struct boot_address address; /* with the port that it got */
    } all[BOOT_LISTENERS];
};

/* Without touching anything: adds what is in the way of any. 0 or AX_E_INVALID. */
int sup_listen_probe(const struct sup_config *config, struct sup_config_errors *errors);
/* Binds all of them; what is wrong with any is added to `errors`. 0 or AX_E_INVALID. */
int sup_listen_open(struct sup_listeners *listeners, const struct sup_config *config,
                    struct sup_config_errors *errors);
/* Closes them and removes what they left in the file system. */
void sup_listen_close(struct sup_listeners *listeners);

#endif
