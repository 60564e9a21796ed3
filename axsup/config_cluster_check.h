/* SPDX-License-Identifier: MIT */
/* config_cluster_check.h - what the checks of the cluster's keys share; for config*.c alone. */
#ifndef SUP_CONFIG_CLUSTER_CHECK_H
#define SUP_CONFIG_CLUSTER_CHECK_H

#include "axsup/config_read.h"

struct cluster_checker {
    struct sup_config *config;
    struct sup_cluster_config *cluster;
    struct sup_config_errors *errors;
    uid_t reader; /* whom the gateway runs as */
};

struct cluster_place { /* of a mistake; key NULL: the node itself */
    const struct sup_json *node;
    const char *key;
};

enum cluster_secret {
    CLUSTER_CERTIFICATE, /* which is none: whoever likes may read it */
    CLUSTER_CERTIFIED,   /* the key of one */
    CLUSTER_TOKEN,
    CLUSTER_KEY,
    CLUSTER_WORD
};

/* The path from the folder of the config; NULL for NULL, and without memory. */
const char *sup_cluster_path(struct cluster_checker *c, const char *path);

/* Looks at a file that the gateway is going to read, and returns its path as above. */
const char *sup_cluster_check_file(struct cluster_checker *c, const struct cluster_place *place,
                                   const char *name, enum cluster_secret what);

/* What is wrong with a node's name, "" where nothing is; static. */
const char *sup_cluster_name_fault(const char *name);

/* Parts of sup_config_check_cluster. */
void sup_cluster_check_trust(struct cluster_checker *c);
void sup_cluster_check_store(struct cluster_checker *c);

#endif
