/* SPDX-License-Identifier: MIT */
/* config_read.h - the two halves of reading a config; for config*.c alone. */
#ifndef SUP_CONFIG_READ_H
#define SUP_CONFIG_READ_H

#include "axsup/config.h"

struct sup_key_object;

/* Fills the config from its tree by the table of keys: types, ranges, defaults, missing and unknown
 * keys. What is wrong is added to `errors` and its node made SUP_JSON_BAD. */
void sup_config_read(struct sup_config *config, struct sup_json *root,
                     struct sup_config_errors *errors);

/* Fills a struct of such an object with the defaults of its keys. */
void sup_config_read_defaults(struct sup_config *config, const struct sup_key_object *object,
                              void *out, struct sup_config_errors *errors);

/* Checks what one key alone does not show: names that are taken, sums, orders, users, plugins, the
 * run directory; and fills what follows from others. Leaves out what sup_config_read found bad. */
void sup_config_check(struct sup_config *config, struct sup_config_errors *errors);

/* For checks: whether a key's value can be used, its own or, where it is absent, its default; and
 * whether it is there, too. */
bool sup_config_usable(const struct sup_json *object, const char *key);
bool sup_config_given(const struct sup_json *object, const char *key);

/* The path made of a folder and a name, in the config's pool; NULL without memory. */
char *sup_config_path(struct sup_config *config, struct sup_config_errors *errors,
                      const char *folder, const char *name);

/* Parts of sup_config_check. The second makes worker->plugin the path of the file, or NULL after
 * saying where it was looked for. */
void sup_config_check_run_dir(struct sup_config *config, struct sup_config_errors *errors);
void sup_config_check_plugin(struct sup_config *config, struct sup_config_errors *errors,
                             struct sup_worker_config *worker);

/* The path of a plugin that comes with axsup, whatever the config's folder has. */
const char *sup_config_builtin(struct sup_config *config, struct sup_config_errors *errors,
                               const char *name);

/* Parts of sup_config_check: all of the cluster, and then, where there is one, the listening socket
 * and the worker that it takes, which become the last ones of the config. */
void sup_config_check_cluster(struct sup_config *config, struct sup_config_errors *errors);
void sup_config_add_gateway(struct sup_config *config, struct sup_config_errors *errors);

/* Part of sup_config_check: reads what an actor is to begin from. */
void sup_config_check_snapshot(struct sup_config *config, struct sup_config_errors *errors,
                               struct sup_actor_config *actor);

/* Part of sup_config_check: what a process can have. */
void sup_config_check_fit(const struct sup_config *config, struct sup_config_errors *errors);

/* sup_config_read and sup_config_check for what tells where the system is: `system` and `run_dir`.
 */
void sup_config_read_place(struct sup_config *config, struct sup_json *root,
                           struct sup_config_errors *errors);
void sup_config_check_place(struct sup_config *config, struct sup_config_errors *errors);

#endif
