/* SPDX-License-Identifier: MIT */
/* Any bytes as a config. Beside what the sanitizers find: the JSON reader accepts what jansson
 * accepts and nothing else, and of a text that is refused something is said. */
#include "axsup/config.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static bool has_mistake(const struct sup_config_errors *errors, const char *text)
{
    for (const struct sup_config_error *e = errors->first; e; e = e->next)
        if (strstr(e->message, text))
            return true;
    return false;
}

static void compare(const char *text, size_t size)
{
    struct sup_config_errors errors = {0};
    struct sup_pool pool = {0};
    struct sup_json *root = sup_json_parse(text, size, &pool, &errors);
    bool good = root && !sup_config_errors_any(&errors);
    json_error_t why = {0};
    json_t *other = json_loadb(
        text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &why);

    REQUIRE(root || sup_config_errors_any(&errors));
    /* What is not the same: a limit of depth here, of a number's value there, and that jansson
     * takes a NUL byte for the end of the text. */
    if (!has_mistake(&errors, "nested too deep") && !memchr(text, 0, size) &&
        (other || json_error_code(&why) != json_error_numeric_overflow))
        REQUIRE(good == (other != NULL));
    json_decref(other);
    sup_config_errors_deinit(&errors);
    sup_pool_empty(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sup_config_errors errors = {0};
    struct sup_config *config;
    static FILE *nowhere;
    int result;

    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    compare((const char *)data, size);
    result = sup_config_parse((const char *)data, size, "fuzz.json", &config, &errors);
    REQUIRE((result != 0) == sup_config_errors_any(&errors));
    REQUIRE(result != 0 || (config && config->n_workers > 0));
    sup_config_errors_print(&errors, nowhere);
    sup_config_free(config);
    sup_config_errors_deinit(&errors);
    return 0;
}
