/* SPDX-License-Identifier: MIT */
#include "overlay/store/etcd_json.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY_MAX (OV_STORE_PREFIX_MAX + OV_REGISTRY_MAX + 24u)
#define VALUE_MAX (OV_ETCD_NUMBER + OV_ID_TEXT)
#define BASE64_MAX sodium_base64_ENCODED_LEN(KEY_MAX + VALUE_MAX, sodium_base64_VARIANT_ORIGINAL)

/* ---- texts ---- */

static json_t *base64(const char *text)
{
    char coded[BASE64_MAX];
    sodium_bin2base64(coded, sizeof coded, (const unsigned char *)text, strlen(text),
                      sodium_base64_VARIANT_ORIGINAL);
    return json_string(coded);
}

static json_t *key_of(const char *prefix, const struct ov_store_request *request, const char *what)
{
    char key[KEY_MAX];
    snprintf(key, sizeof key, "%s%s/%u/%s", prefix, request->registry, request->shard, what);
    return base64(key);
}

static bool parse_number(const char *text, uint64_t *number)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    *number = strtoull(text, &end, 10);
    return *end == '\0';
}

/* ---- bodies ---- */

/* Both keys, as a list of operations. */
static json_t *ranges(const char *prefix, const struct ov_store_request *request)
{
    return json_pack("[{s:{s:o}},{s:{s:o}}]", "request_range", "key",
                     key_of(prefix, request, "owner"), "request_range", "key",
                     key_of(prefix, request, "epoch"));
}

json_t *ov_etcd_look(const char *prefix, const struct ov_store_request *request)
{
    return json_pack("{s:o}", "success", ranges(prefix, request));
}

static json_t *is_as_seen(json_t *key, const char *revision)
{
    return json_pack("{s:o,s:s,s:s,s:s}", "key", key, "target", "MOD", "result", "EQUAL",
                     "mod_revision", revision);
}

json_t *ov_etcd_take(const char *prefix, const struct ov_store_request *request,
                     const struct ov_etcd_seen *seen, const char *lease, uint64_t epoch)
{
    char owner[VALUE_MAX], number[OV_ETCD_NUMBER], asker[OV_ID_TEXT];
    ov_ident_format(&request->asker, asker);
    snprintf(number, sizeof number, "%" PRIu64, epoch);
    snprintf(owner, sizeof owner, "%s %s", number, asker);
    json_t *puts =
        json_pack("[{s:{s:o,s:o}},{s:{s:o,s:o,s:s}}]", "request_put", "key",
                  key_of(prefix, request, "epoch"), "value", base64(number), "request_put", "key",
                  key_of(prefix, request, "owner"), "value", base64(owner), "lease", lease);
    return json_pack("{s:[o,o],s:o,s:o}", "compare",
                     is_as_seen(key_of(prefix, request, "owner"), seen->owner_rev),
                     is_as_seen(key_of(prefix, request, "epoch"), seen->epoch_rev), "success", puts,
                     "failure", ranges(prefix, request));
}

/* etcd counts in seconds. */
json_t *ov_etcd_grant(uint64_t ttl_ns)
{
    char ttl[OV_ETCD_NUMBER];
    uint64_t ns = UINT64_C(1000000000);
    snprintf(ttl, sizeof ttl, "%" PRIu64, ttl_ns / ns + (ttl_ns % ns != 0));
    return json_pack("{s:s}", "TTL", ttl);
}

json_t *ov_etcd_lease(const char *lease)
{
    return json_pack("{s:s}", "ID", lease);
}

json_t *ov_etcd_login(const char *user, const char *password)
{
    return json_pack("{s:s,s:s}", "name", user, "password", password);
}

/* ---- answers ---- */

/* The only value of a range; NULL: there is none. */
static const json_t *only(const json_t *answer, size_t which)
{
    const json_t *response = json_array_get(json_object_get(answer, "responses"), which);
    const json_t *range = json_object_get(response, "response_range");
    return json_array_get(json_object_get(range, "kvs"), 0);
}

static bool is_range(const json_t *answer, size_t which)
{
    const json_t *response = json_array_get(json_object_get(answer, "responses"), which);
    return json_is_object(json_object_get(response, "response_range"));
}

/* What the gateway leaves out is 0. */
static bool copy_number(const json_t *in, const char *name, char to[OV_ETCD_NUMBER])
{
    const json_t *value = json_object_get(in, name);
    const char *text = value == NULL ? "0" : json_string_value(value);
    uint64_t number;
    return text != NULL && parse_number(text, &number) &&
           snprintf(to, OV_ETCD_NUMBER, "%s", text) < (int)OV_ETCD_NUMBER;
}

static bool copy_value(const json_t *in, char to[VALUE_MAX])
{
    size_t length = 0;
    const char *coded = json_string_value(json_object_get(in, "value"));
    if (coded == NULL ||
        sodium_base642bin((unsigned char *)to, VALUE_MAX - 1, coded, strlen(coded), NULL, &length,
                          NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    to[length] = '\0';
    return true;
}

static bool parse_owner(const json_t *kv, struct ov_etcd_seen *seen)
{
    char value[VALUE_MAX];
    if (kv == NULL)
        return true;
    if (!copy_value(kv, value) || !copy_number(kv, "lease", seen->lease) ||
        !copy_number(kv, "mod_revision", seen->owner_rev))
        return false;
    char *space = strchr(value, ' ');
    if (space == NULL)
        return false;
    *space = '\0';
    struct ax_span text = {space + 1, (uint32_t)strlen(space + 1)};
    return parse_number(value, &seen->epoch) && ov_ident_parse(text, &seen->owner) == 0;
}

static bool parse_epoch(const json_t *kv, struct ov_etcd_seen *seen)
{
    char value[VALUE_MAX];
    uint64_t epoch;
    if (kv == NULL)
        return true;
    if (!copy_value(kv, value) || !copy_number(kv, "mod_revision", seen->epoch_rev) ||
        !parse_number(value, &epoch))
        return false;
    if (epoch > seen->epoch)
        seen->epoch = epoch;
    return true;
}

bool ov_etcd_parse_seen(const json_t *answer, struct ov_etcd_seen *seen)
{
    *seen = (struct ov_etcd_seen){.lease = "0", .owner_rev = "0", .epoch_rev = "0"};
    return is_range(answer, 0) && is_range(answer, 1) && parse_owner(only(answer, 0), seen) &&
           parse_epoch(only(answer, 1), seen);
}

bool ov_etcd_succeeded(const json_t *answer)
{
    return json_is_true(json_object_get(answer, "succeeded"));
}

bool ov_etcd_parse_lease(const json_t *answer, char lease[OV_ETCD_NUMBER])
{
    return copy_number(answer, "ID", lease) && strcmp(lease, "0") != 0;
}

/* One that has gone is kept without a TTL, and with no other sign. */
int64_t ov_etcd_kept(const json_t *answer)
{
    const char *ttl = json_string_value(json_object_get(json_object_get(answer, "result"), "TTL"));
    int64_t seconds = ttl == NULL ? 0 : strtoll(ttl, NULL, 10);
    return seconds > 0 ? seconds : -1;
}

/* What is left of one that has gone is -1, and of one in its last second nothing is said. */
int64_t ov_etcd_left(const json_t *answer)
{
    const char *ttl = json_string_value(json_object_get(answer, "TTL"));
    return ttl == NULL ? 0 : strtoll(ttl, NULL, 10);
}

/* Those of a stream are objects. */
const char *ov_etcd_error(const json_t *answer, long status, int64_t *code)
{
    const json_t *error = json_object_get(answer, "error");
    const json_t *from = json_is_object(error) ? error : answer;
    const char *text = json_string_value(json_object_get(from, "message"));
    *code = json_integer_value(json_object_get(from, json_is_object(error) ? "grpc_code" : "code"));
    if (error == NULL && status == 200)
        return NULL;
    return text != NULL ? text : "an error without a word";
}
