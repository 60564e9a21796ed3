/* SPDX-License-Identifier: MIT */
#include "axsup/cluster.h"
#include "axsup/message.h"
#include "axsup/sup.h"
#include "libax/gateway.h"

#include <ax/errors.h>
#include <stdlib.h>

int sup_cluster_drain(struct sup *sup, uint64_t timeout_ns, sup_reply_fn *fn, void *ctx)
{
    const struct ax_contract *contract = NULL;
    char why[SUP_MESSAGE_WHY_MAX];
    uint64_t ref;
    void *image;
    size_t size;
    int error = sup_actor_lookup(sup, GATEWAY_NAME, &ref, &contract);

    if (error != 0)
        return error;
    const struct ax_method *drain = contract != NULL ? ax_contract_find(contract, "drain") : NULL;
    if (drain == NULL)
        return AX_E_WRONG_CONTRACT;
    error = sup_message_make(drain->msg, "{}", sup->config->max_message, &image, &size, why);
    if (error != 0)
        return error;
    error = sup_ask(sup, ref, contract, (uint16_t)(drain - contract->methods), image, size,
                    timeout_ns, fn, ctx);
    free(image);
    return error;
}
