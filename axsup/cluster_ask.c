/* SPDX-License-Identifier: MIT */
#include "axsup/cluster.h"
#include "axsup/message.h"
#include "axsup/sup.h"
#include "libax/gateway.h"

#include <ax/errors.h>
#include <stdlib.h>

int sup_cluster_ask(struct sup *sup, const char *name, const char *args, uint64_t timeout_ns,
                    sup_reply_fn *fn, void *ctx)
{
    const struct ax_contract *contract = NULL;
    char why[SUP_MESSAGE_WHY_MAX];
    uint64_t ref;
    void *image;
    size_t size;
    int error = sup_actor_lookup(sup, GATEWAY_NAME, &ref, &contract);

    if (error != 0)
        return error;
    const struct ax_method *method = contract != NULL ? ax_contract_find(contract, name) : NULL;
    if (method == NULL)
        return AX_E_WRONG_CONTRACT;
    error = sup_message_make(method->msg, args, sup->config->max_message, &image, &size, why);
    if (error != 0)
        return error;
    error = sup_ask(sup, ref, contract, (uint16_t)(method - contract->methods), image, size,
                    timeout_ns, fn, ctx);
    free(image);
    return error;
}
