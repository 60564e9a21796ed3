/* SPDX-License-Identifier: MIT */
/* cmd_run.c - run: a system in the foreground. The supervisor tells what its workers do; here it is
 * said when all of them run, when one is started again, and how it all ended. Events are looked at
 * in a round of the loop of their own, not where they arise. */
#include "axsup/client.h"
#include "axsup/cmd_conf.h"
#include "axsup/control.h"
#include "axsup/sup.h"
#include "axsup/table.h"

#include <signal.h>

struct run {
    struct sup *sup;
    struct sup_control *control;
    struct sup_timer timer;
    uint64_t seq; /* last event that was looked at */
    bool running; /* it was said */
};

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void say_running(struct run *run)
{
    const struct sup *sup = run->sup;
    uint64_t actors = 0;
    uint32_t workers = sup->n_slots - 1;

    for (uint32_t i = 1; i < sup->n_slots; i++) {
        if (sup->slots[i].state != SHM_SLOT_RUNNING)
            return;
        actors += sup_slot_actors(sup, i);
    }
    run->running = true;
    sup_log(AX_INFO, "system %s is running: %u worker%s, %llu actor%s, run_dir %s",
            sup->config->system, workers, plural(workers), (unsigned long long)actors,
            plural(actors), sup->config->run_dir);
}

static int say_event(void *ctx, const struct sup_event *event)
{
    struct run *run = ctx;
    char text[32];

    run->seq = event->seq;
    if (event->what != SUP_WORKER_RESTARTING)
        return 0;
    if (event->backoff_ns > 0)
        sup_log(AX_INFO, "%s: restart in %s", run->sup->slots[event->slot].name,
                sup_text_duration(event->backoff_ns, text, sizeof(text)));
    else
        sup_log(AX_INFO, "%s: restart at once", run->sup->slots[event->slot].name);
    return 0;
}

static void look(void *ctx)
{
    struct run *run = ctx;

    if (!run->running)
        say_running(run);
    if (run->control)
        sup_control_events(run->control);
}

static void on_event(void *ctx)
{
    struct run *run = ctx;

    /* at once, or the next process may be logged before it is said that there will be one */
    (void)sup_event_since(run->sup, run->seq, say_event, run);
    if (run->timer.at == 0)
        sup_timer_set(run->sup, &run->timer, sup_now(run->sup));
}

/* One that was started and ended each time before it was ready. */
static bool all_ran(const struct sup *sup)
{
    bool all = true;

    for (uint32_t i = 1; i < sup->n_slots; i++) {
        const struct sup_slot *slot = &sup->slots[i];

        if (slot->been_ready || slot->last_exit.at == 0 || slot->last_exit.reason == SHM_SHUTDOWN)
            continue;
        sup_log(AX_ERROR, "%s has never run", slot->name);
        all = false;
    }
    return all;
}

static int run_system(const struct sup_arguments *arguments, struct sup *sup)
{
    struct run run = {.sup = sup};
    int error;

    run.timer.fn = look;
    run.timer.ctx = &run;
    if (sup_control_open(&run.control, sup) != 0)
        return SUP_EXIT_FAILED;
    sup_event_hook(sup, on_event, &run);
    error = sup_run(sup, arguments->for_ns ? arguments->for_ns : SUP_NO_LIMIT);
    look(&run);
    sup_event_hook(sup, NULL, NULL);
    sup_timer_clear(sup, &run.timer);
    if (error == 0 || error == AX_E_CANCELED) {
        uint64_t letters = sup_letter_count(sup);
        sup_log(AX_INFO,
                "system %s has stopped: %llu message%s left, %u worker%s killed, "
                "%llu dead letter%s",
                sup->config->system, (unsigned long long)sup->stop.left, plural(sup->stop.left),
                sup->stop.killed, plural(sup->stop.killed), (unsigned long long)letters,
                plural(letters));
    } else {
        sup_log(AX_ERROR, "system %s has ended: %s (%s)", sup->config->system, ax_strerror(error),
                ax_error_name(error));
    }
    run.control = sup_control_close(run.control);
    bool ran = arguments->for_ns == 0 || all_ran(sup);
    return error == 0 && ran ? SUP_EXIT_DONE : SUP_EXIT_FAILED;
}

int sup_cmd_run(const struct sup_arguments *arguments)
{
    struct sup_config_errors errors = {0};
    struct sup_config *config = NULL;
    struct sup *sup = NULL;
    int status;

    signal(SIGPIPE, SIG_IGN); /* who reads our lines may go */
    status = sup_check_config(arguments->operands[0], &config, &errors, false);

    if (status == 0) {
        int error = sup_new(&sup, config, &errors);

        if (error == AX_E_CANCELED)
            sup_log(AX_INFO, "system %s was told to stop before it ran", config->system);
        else if (sup_config_errors_any(&errors))
            sup_config_errors_print(&errors, stderr);
        status = error == 0 || error == AX_E_CANCELED ? SUP_EXIT_DONE
                 : error == AX_E_INVALID              ? SUP_EXIT_USAGE
                                                      : SUP_EXIT_FAILED;
    }
    sup_config_errors_deinit(&errors);
    if (sup)
        status = run_system(arguments, sup);
    sup_free(sup);
    sup_config_free(config);
    return status;
}
