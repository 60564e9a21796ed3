/* SPDX-License-Identifier: MIT */
#include "tests/e2e/stores/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/stores/client.h"

static struct ov_store_options plain(const char *kind, const char *const *address)
{
    return (struct ov_store_options){.kind = kind,
                                     .addresses = address,
                                     .n_addresses = address[0] != NULL,
                                     .room = 4,
                                     .timeout_ns = 1000,
                                     .pause_ns = 100};
}

static void refuse(const struct ov_store_options *options, const char *text)
{
    struct ov_store *store = (struct ov_store *)options; /* anything but NULL */
    char error[OV_STORE_ERROR_MAX] = "";
    assert_int_equal(ov_store_open(&store, options, error), AX_E_INVALID);
    assert_null(store);
    if (strstr(error, text) == NULL)
        fail_msg("it says \"%s\", not \"%s\"", error, text);
}

static void of_any_kind(void)
{
    const char *address[1] = {NULL};
    struct ov_store_options options = plain("sqlite", address);
    refuse(&options, "no kind of store called \"sqlite\"");
    options = plain("memory", address);
    options.room = 0;
    refuse(&options, "room");
    options = plain("memory", address);
    options.timeout_ns = 0;
    refuse(&options, "timeout");
    options = plain("memory", address);
    options.pause_ns = options.timeout_ns;
    refuse(&options, "pause");
    char prefix[OV_STORE_PREFIX_MAX + 2] = {0};
    memset(prefix, 'x', sizeof prefix - 1);
    options = plain("memory", address);
    options.prefix = prefix;
    refuse(&options, "prefix");
}

static void of_addresses(const char *kind)
{
    static const char *const wrong[] = {"localhost", "localhost:", ":6379",  "localhost:x",
                                        "h:65536",   "::1:6379",   "[::1]",  "[::1:6379",
                                        "[]:6379",   "unix:",      "h:6379 "};
    const char *address[1] = {NULL};
    struct ov_store_options options = plain(kind, address);
    refuse(&options, "no address");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        address[0] = wrong[i];
        options = plain(kind, address);
        refuse(&options, "is no address");
    }
}

static void of_files(const char *kind)
{
    const char *address[1] = {"127.0.0.1:1"};
    struct ov_store_options options = plain(kind, address);
    options.user = "ax";
    options.password_file = server_path("none");
    refuse(&options, "none: No such file");
    options.password_file = server_file("empty", "\n", 0600);
    refuse(&options, "empty: has no password");
    options.password_file = server_file("open", "secret\n", 0604);
    refuse(&options, "open: can be read or written by others");
}

static void of_requests(void)
{
    const char *address[1] = {NULL};
    struct ov_store_options options = plain("memory", address);
    struct ov_store *store = client_open_as(&options);
    struct ov_store_request request = client_request(OV_STORE_RENEW, 0, 0, 1);
    request.ttl_ns = 0;
    assert_int_equal(ov_store_submit(store, 1, &request), AX_E_INVALID);
    request = client_request(OV_STORE_READ, 0, 0, 1);
    memset(request.registry, 'x', sizeof request.registry);
    assert_int_equal(ov_store_submit(store, 1, &request), AX_E_INVALID);
    ov_store_close(store);
}

void options_mistakes(void)
{
    of_any_kind();
    of_requests();
    for (const char *const *kind = ov_store_kinds(); *kind != NULL; kind++) {
        if (strcmp(*kind, "memory") != 0)
            of_addresses(*kind);
        of_files(*kind);
    }
}
