/* SPDX-License-Identifier: MIT */
/* cmd_worker.c - kill, restart, reload, stop. */
#include "axsup/client.h"
#include "axsup/nearest.h"

#include <ctype.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "SIGTERM", "term", "15". 0: none is called so. */
static int signal_number(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (isdigit((unsigned char)*text))
        return *end == '\0' && number >= 1 && number < NSIG ? (int)number : 0;
    if (strncasecmp(text, "SIG", 3) == 0)
        text += 3;
    for (int i = 1; i < NSIG; i++)
        if (sigabbrev_np(i) && strcasecmp(sigabbrev_np(i), text) == 0)
            return i;
    return 0;
}

static int refuse_signal(const char *text)
{
    struct sup_nearest near;
    char name[32];
    size_t n = 0;

    for (; text[n] && n + 1 < sizeof(name); n++)
        name[n] = (char)toupper((unsigned char)text[n]);
    name[n] = '\0';
    sup_nearest_init(&near, strncmp(name, "SIG", 3) == 0 ? name + 3 : name);
    for (int i = 1; i < NSIG; i++)
        if (sigabbrev_np(i))
            sup_nearest_try(&near, sigabbrev_np(i));
    if (near.best)
        sup_complain("there is no signal \"%s\"; did you mean \"%s\"?", name, near.best);
    else
        sup_complain("there is no signal \"%s\"; a name as TERM or a number of 1 to %d", name,
                     NSIG - 1);
    return SUP_EXIT_USAGE;
}

static int ask(const struct sup_arguments *arguments, json_t *request)
{
    struct sup_client client;
    char *result;
    int status = sup_client_ask(&client, arguments->operands[0], request, &result);

    sup_client_close(&client);
    return status;
}

int sup_cmd_kill(const struct sup_arguments *arguments)
{
    const char *text = arguments->operands[2];
    int number = text ? signal_number(text) : SIGKILL;

    if (number == 0)
        return refuse_signal(text);
    return ask(arguments, json_pack("{s:s, s:s, s:i}", "command", "kill", "worker",
                                    arguments->operands[1], "signal", number));
}

int sup_cmd_restart(const struct sup_arguments *arguments)
{
    return ask(arguments,
               json_pack("{s:s, s:s}", "command", "restart", "worker", arguments->operands[1]));
}

int sup_cmd_reload(const struct sup_arguments *arguments)
{
    return ask(arguments,
               json_pack("{s:s, s:s}", "command", "reload", "worker", arguments->operands[1]));
}

/* The answer comes when the workers have ended; the supervisor itself is gone when its pidfd says
 * so, and only then its run_dir is free. */
int sup_cmd_stop(const struct sup_arguments *arguments)
{
    struct sup_client client;
    char *result, *end;
    long long killed = 0, left = 0;
    int status = sup_client_ask(
        &client, arguments->operands[0],
        json_pack("{s:s, s:b}", "command", "stop", "now", (int)arguments->now), &result);

    if (status == 0) {
        json_t *counts = json_loads(result, 0, NULL);
        (void)json_unpack(counts, "{s:I, s:I}", "killed", &killed, "left", &left);
        json_decref(counts);
        if (killed > 0)
            sup_complain("%s: %lld worker%s had to be killed, %lld message%s left (AX_E_CANCELED)",
                         client.config->system, killed, killed == 1 ? "" : "s", left,
                         left == 1 ? " was" : "s were");
        else if (left > 0)
            sup_complain("%s: %lld message%s left", client.config->system, left,
                         left == 1 ? " was" : "s were");
        status = killed > 0 ? SUP_EXIT_FAILED : 0;
        while (sup_client_line(&client, &end) == 0)
            ;
        if (client.server >= 0)
            (void)poll(&(struct pollfd){.fd = client.server, .events = POLLIN}, 1, -1);
    }
    sup_client_close(&client);
    return status;
}
