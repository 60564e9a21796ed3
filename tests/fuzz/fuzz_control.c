/* SPDX-License-Identifier: MIT */
/* Any bytes as requests of the control socket, one a line. What is accepted has what its command
 * needs; what is refused says why in printable text. */
#include "axsup/request.h"

#include <ax/errors.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
    if (!truth)
        abort();
}

static void check_refusal(const char *why)
{
    require(*why && memchr(why, '\0', SUP_REQUEST_WHY_MAX) != NULL);
    for (; *why; why++)
        require(*why >= ' ' && *why <= '~');
}

static void check_request(const struct sup_request *request)
{
    const char *name = sup_request_name(request->command);

    require(!(request->keys & SUP_WITH_ACTOR) == !request->actor);
    require(!(request->keys & SUP_WITH_WORKER) == !request->worker);
    require(request->signal <= 64 && request->timeout_ns <= INT64_MAX);
    if (strcmp(name, "call") == 0 || strcmp(name, "send") == 0)
        require(request->actor && request->message);
    if (strcmp(name, "kill") == 0 || strcmp(name, "restart") == 0)
        require(request->worker != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    char why[SUP_REQUEST_WHY_MAX];
    struct sup_request request;

    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t length = end ? (size_t)(end - text) : size;
        int error = sup_request_parse(text, length, &request, why);

        if (error == 0)
            check_request(&request);
        else if (error == AX_E_INVALID)
            check_refusal(why);
        sup_request_deinit(&request);
        text += length + (end != NULL);
        size -= length + (end != NULL);
    }
    return 0;
}
