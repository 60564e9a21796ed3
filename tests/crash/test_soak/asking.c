/* SPDX-License-Identifier: MIT */
#include "soak.h"

#include <stdlib.h>

json_t *status(void)
{
    json_t *all = system_ask(&soak_system, json_pack("{s:s}", "command", "status"));
    if (all == NULL)
        give_up("no status");
    return all;
}

json_int_t of_worker(const json_t *all, uint32_t worker, const char *key)
{
    const json_t *each = json_array_get(json_object_get(all, "workers"), worker);
    return json_integer_value(json_object_get(each, key));
}

json_t *ask(const char *actor, uint32_t worker, const char *message)
{
    return system_ask(&soak_system,
                      json_pack("{s:s, s:o, s:s, s:s, s:I}", "command", "call", "actor",
                                json_sprintf("%s%u", actor, worker), "message", message, "args",
                                "{}", "timeout_ns", (json_int_t)STALL_NS));
}

json_int_t must_ask(const char *actor, uint32_t worker, const char *message, const char *key)
{
    json_t *reply = ask(actor, worker, message);
    if (reply == NULL)
        give_up("%s%u does not answer", actor, worker);
    const json_int_t number = json_integer_value(json_object_get(reply, key));
    json_decref(reply);
    return number;
}

void tell(const char *actor, uint32_t worker, const char *message, json_t *args)
{
    char *text = json_dumps(args, 0);
    json_t *result =
        system_ask(&soak_system, json_pack("{s:s, s:o, s:s, s:s}", "command", "send", "actor",
                                           json_sprintf("%s%u", actor, worker), "message", message,
                                           "args", text));
    if (result == NULL)
        give_up("%s%u is not told", actor, worker);
    json_decref(result);
    json_decref(args);
    free(text);
}
