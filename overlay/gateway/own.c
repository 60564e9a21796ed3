/* SPDX-License-Identifier: MIT */
#include "overlay/gateway/own.h"

#include "overlay/gateway/gw.h"

#include <string.h>

void gw_set_text(struct ax_str *field, const char *text)
{
    *field = (struct ax_str){.off = text - (const char *)field, .len = (uint32_t)strlen(text)};
}

struct ax_span gw_flatten(const struct ax_layout *layout, const void *fixed, struct gw_image *image)
{
    size_t size = 0;
    memset(image, 0, sizeof *image);
    if (ax_layout_flatten(layout, fixed, image->bytes, GW_IMAGE, &size) != 0)
        size = 0;
    return (struct ax_span){image->bytes, (uint32_t)size};
}

bool gw_take_image(const struct ax_layout *layout, struct ax_span body, struct gw_image *image)
{
    if (body.len == 0 || body.len > GW_IMAGE)
        return false;
    memcpy(image->bytes, body.ptr, body.len);
    return ax_layout_validate(layout, image->bytes, body.len) == 0;
}

bool gw_is_for(const struct ov_frame *frame, const char *endpoint)
{
    return frame->endpoint.len == strlen(endpoint) &&
           memcmp(frame->endpoint.ptr, endpoint, frame->endpoint.len) == 0;
}

bool gw_own_target(uint32_t node, const char *endpoint, struct ov_target *target)
{
    *target = (struct ov_target){.registry = OV_NO_REGISTRY,
                                 .node = node,
                                 .boot = gw_boot_of(node),
                                 .endpoint = {endpoint, (uint32_t)strlen(endpoint)}};
    return target->boot != 0;
}
