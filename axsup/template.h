/* SPDX-License-Identifier: MIT */
/* template.h - the process that has loaded a plugin and forks the incarnations of its workers, the
 * next one ahead.
 *
 * axsup never loads a plugin. It executes itself once for each entry of the config with limits and
 * user in force; that process loads the plugin, says what contracts it has, and then waits for
 * orders. Nothing it says is believed unchecked, and waiting for it is bounded: a constructor that
 * crashes, hangs or exits hurts nobody else. */
#ifndef SUP_TEMPLATE_H
#define SUP_TEMPLATE_H

#include "axsup/config.h"
#include "axsup/loop.h"
#include "axsup/rate.h"
#include "axsup/reload.h"
#include "axsup/spare.h"

#include <ax/reflect.h>
#include <sys/types.h>

struct sup;
struct sup_slot;

enum sup_template_state {
    SUP_TEMPLATE_NONE,    /* no process */
    SUP_TEMPLATE_LOADING, /* it has the order to load */
    SUP_TEMPLATE_READY,
};

struct sup_type { /* a kind of actor in the plugin, by its place there */
    struct ax_contract *contract;
    const struct ax_layout *kept; /* NULL: fresh */
    uint64_t hash;
    char (*maps)[AX_NAME_MAX + 1]; /* names of its kept maps */
    uint32_t n_maps;
    bool restores; /* it has a restore hook */
};

struct sup_template {
    struct sup *sup;
    const struct sup_worker_config *config;
    enum sup_template_state state;
    pid_t pid;
    int pidfd, socket;
    char plugin[AX_NAME_MAX + 1];
    char *described;        /* what it said of its plugin the first time */
    struct sup_type *types; /* kept over a change of the process; its plugin must stay the same */
    uint32_t n_types;
    bool forking;            /* the order to fork is under way */
    bool beside_corpse;      /* for a slot whose last process was not reaped yet */
    struct sup_spare spare;  /* what it has forked, or forks */
    struct sup_rate crashes; /* by signal, of its workers */
    struct sup_rate deaths;  /* its own, and of its spares */
    bool stale;              /* to be executed anew before the next worker */
    struct sup_timer timer;  /* while it loads or forks */
    uint32_t edition;        /* of its plugin, grows when that is loaded anew by hand */
    struct sup_reload reload;
};

/* Executes all templates at once and collects what they say, within the load timeout of each.
 * Mistakes are added to `errors`. 0, AX_E_INVALID, -errno. Blocks; needs no loop. */
int sup_templates_load(struct sup_template *templates, uint32_t count,
                       struct sup_config_errors *errors);
/* Fills the array for a config. */
void sup_templates_init(struct sup_template *templates, struct sup *sup,
                        const struct sup_config *config);
/* Ends the processes and frees what was learnt. */
void sup_templates_close(struct sup_template *templates, uint32_t count);

/* From now on answers come through the loop. 0 or -errno. */
int sup_template_watch(struct sup_template *template);
/* Makes a worker of a process for each of its slots that waits for one: of the spare, or of one
 * that is forked now; executes the template first where there is none. */
void sup_template_kick(struct sup_template *template);
/* Has each template fork a spare where it has none and no slot waits for a process or starts. */
void sup_templates_spare(struct sup *sup);
/* One more worker of it died by a signal. */
void sup_template_crash(struct sup_template *template);
/* The type whose contract has that name, or NULL; *index is its place in the plugin. */
const struct sup_type *sup_template_type(const struct sup_template *template, const char *contract,
                                         uint32_t *index);

#endif
