/* SPDX-License-Identifier: MIT */
#include "overlay/core/host_parts.h"

#include "libax/utf8.h"

#include <ax/actor.h>
#include <string.h>

struct ov_endpoint *ov_endpoint_find(const struct ov_host *host, struct ax_span name)
{
    uint64_t hash = ov_host_hash(host, OV_NO_REGISTRY, name);
    struct ov_chain *at = ov_table_find(&host->by_name, hash);

    for (; at != NULL; at = ov_table_of(at->next, hash)) {
        struct ov_endpoint *endpoint = OV_ENTRY(at, struct ov_endpoint, by_name);
        if (endpoint->len == name.len && memcmp(endpoint->name, name.ptr, name.len) == 0)
            return endpoint;
    }
    return NULL;
}

void ov_endpoint_drop(struct ov_host *host, struct ov_endpoint *endpoint)
{
    (void)ov_table_take(&host->by_name, &endpoint->by_name);
    ov_row_leave(&endpoint->row);
    ov_pool_give(&host->endpoints, endpoint);
}

int ov_host_register(struct ov_host *host, struct ax_span name, uint64_t actor)
{
    struct ov_hosted *whom = ov_hosted_of_actor(host, actor);
    struct ov_endpoint *endpoint;

    if (actor == 0 || name.len == 0 || name.len > OV_ENDPOINT_MAX ||
        !ax_utf8_valid(name.ptr, name.len))
        return AX_E_INVALID;
    if (ov_endpoint_find(host, name) != NULL)
        return AX_E_NAME_TAKEN;
    if (whom != NULL && whom->state != OV_LIVES)
        return AX_E_CLOSED;
    if (host->endpoints.used == host->config.endpoints)
        return AX_E_LIMIT;
    if (whom == NULL && (whom = ov_hosted_add(host, actor)) == NULL)
        return AX_E_LIMIT;
    endpoint = ov_pool_take(&host->endpoints);
    endpoint->whom = whom;
    endpoint->len = (uint8_t)name.len;
    memcpy(endpoint->name, name.ptr, name.len);
    ov_row_init(&endpoint->row);
    ov_row_init(&endpoint->watches);
    ov_row_join(&whom->endpoints, &endpoint->row);
    ov_table_add(&host->by_name, &endpoint->by_name, ov_host_hash(host, OV_NO_REGISTRY, name));
    return 0;
}

/* One that no name leads to any more is gone for others, whatever it does. */
int ov_host_unregister(struct ov_host *host, struct ax_span name)
{
    const struct ov_host_end gone = {.reason = AX_GONE};
    struct ov_endpoint *endpoint = ov_endpoint_find(host, name);
    struct ov_hosted *whom;

    if (endpoint == NULL)
        return AX_E_NO_KEY;
    whom = endpoint->whom;
    ov_claim_end_all(host, &endpoint->watches, &gone);
    ov_endpoint_drop(host, endpoint);
    if (whom->registry == OV_NO_REGISTRY && ov_row_empty(&whom->endpoints))
        ov_claim_end_all(host, &whom->claims, &gone);
    ov_hosted_settle(host, whom);
    return 0;
}
