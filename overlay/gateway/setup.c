/* SPDX-License-Identifier: MIT */
/* setup.c - from the args of the actor (axsup/cluster_args.c says what is in them) to a core and a
 * host. axsup has checked the config; what is missing here is a mistake of ours, but for files,
 * which may have changed since. */
#include "overlay/gateway/gw.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TOKEN_MOST 512u
#define NODES_MORE 16u /* that are no peers of the config, and dial all the same */
#define OUTS 1024u
#define PATIENCE_NS (5 * UINT64_C(1000000000)) /* with who has connected, whoever it is */
#define ACTORS 65536u                          /* of keys, in this node */
#define FRAME_MORE 4096u                       /* bytes of a frame besides its body, at most */
#define MESSAGE_LESS 64u                       /* and of a message besides a text in it */

/* ---- values ---- */

static uint64_t number(const json_t *args, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(args, key));
}

static const char *text(const json_t *args, const char *key)
{
    return json_string_value(json_object_get(args, key));
}

void *gw_secret_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    (void)madvise(memory, size, MADV_DONTDUMP);
    return memory;
}

/* ---- secrets ---- */

/* Up to `room` bytes; their number, or -errno. */
static ssize_t read_file(const char *path, void *bytes, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    ssize_t got = read(fd, bytes, room);
    if (got < 0)
        got = -errno;
    close(fd);
    return got;
}

static int read_token(struct ax_ctx *ctx, struct ov_self *self, const char *path)
{
    char bytes[TOKEN_MOST];
    ssize_t len = read_file(path, bytes, sizeof bytes);
    int error = len < 0 ? (int)len : AX_E_LIMIT;
    if (len > 0 && bytes[len - 1] == '\n')
        len--;
    if (len >= 0 && self->ntokens < OV_TOKENS_MAX)
        error = ov_token_psk(bytes, (size_t)len, self->psks[self->ntokens]);
    sodium_memzero(bytes, sizeof bytes);
    if (error != 0)
        ax_log(ctx, AX_ERROR, "the token in %s cannot be used: %s", path, ax_strerror(error));
    else
        self->ntokens++;
    return error;
}

int gw_read_tokens(struct ax_ctx *ctx, const json_t *args, struct ov_self *self)
{
    const json_t *path;
    size_t i;
    if (text(args, "token") == NULL)
        return 0;
    AX_TRY(read_token(ctx, self, text(args, "token")));
    json_array_foreach(json_object_get(args, "accepted"), i, path)
        AX_TRY(read_token(ctx, self, json_string_value(path)));
    return 0;
}

static int read_key(struct ax_ctx *ctx, const char *path)
{
    char bytes[2 * OV_KEY + 2] = {0};
    ssize_t len = read_file(path, bytes, sizeof bytes - 1);
    int error = len < 0 ? (int)len : gw_key_from_hex(bytes, gw.self->static_secret);
    sodium_memzero(bytes, sizeof bytes);
    if (error != 0)
        ax_log(ctx, AX_ERROR, "the key in %s cannot be used: %s", path, ax_strerror(error));
    return error;
}

static int set_self(struct ax_ctx *ctx, json_t *args)
{
    uint64_t message = number(args, "max_message"), frame = message + FRAME_MORE;
    gw.show_room = message - MESSAGE_LESS < GW_SHOW_ROOM ? message - MESSAGE_LESS : GW_SHOW_ROOM;
    gw.self = gw_secret_memory(sizeof *gw.self);
    if (gw.self == NULL)
        return -ENOMEM;
    *gw.self = (struct ov_self){
        .ident = {.boot = strtoull(text(args, "boot"), NULL, 16),
                  .session = ov_ident_first_session(ax_incarnation(ctx) - 1)},
        .version_min = 1,
        .version_max = 1,
        .max_frame = (uint32_t)(frame < OV_FRAME_MAX ? frame : OV_FRAME_MAX),
        .pattern = OV_PATTERN_NONE,
    };
    snprintf(gw.self->ident.node, sizeof gw.self->ident.node, "%s", text(args, "node"));
    AX_TRY(gw_read_tokens(ctx, args, gw.self));
    AX_TRY(gw_book_read(&gw.book, args));
    gw.self->pins = gw.book.pins;
    gw.self->npins = gw.book.npins;
    if (gw.self->ntokens > 0)
        gw.self->pattern = OV_PATTERN_NNPSK0;
    if (text(args, "key") != NULL) {
        gw.self->pattern = OV_PATTERN_XXPSK3;
        AX_TRY(read_key(ctx, text(args, "key")));
    }
    return gw.self->pattern != OV_PATTERN_NONE || json_is_true(json_object_get(args, "insecure"))
               ? 0
               : AX_E_NOT_ALLOWED;
}

/* ---- the rest ---- */

#define ADDRESSES 16u

static int open_server(struct ax_ctx *ctx, const json_t *store, uint32_t shards)
{
    const json_t *list = json_object_get(store, "endpoints");
    const char *addresses[ADDRESSES] = {0};
    char error[OV_STORE_ERROR_MAX] = "";
    struct ov_store_options options = {
        .kind = text(store, "kind"),
        .addresses = addresses,
        .prefix = text(store, "prefix"),
        .user = text(store, "user"),
        .password_file = text(store, "password_file"),
        .tls = json_is_true(json_object_get(store, "tls")),
        .ca_file = text(store, "ca_file"),
        .cert_file = text(store, "cert_file"),
        .key_file = text(store, "key_file"),
        .room = OV_STORE_ROOM(shards),
        .timeout_ns = number(store, "timeout_ns"),
        .pause_ns = number(store, "pause_ns"),
    };
    for (; options.n_addresses < ADDRESSES && options.n_addresses < json_array_size(list);
         options.n_addresses++)
        addresses[options.n_addresses] =
            json_string_value(json_array_get(list, options.n_addresses));
    int result = ov_store_open(&gw.store.server, &options, error);
    if (result == 0)
        return far_poll(ctx, ov_store_fd(gw.store.server), &gw.store.io);
    ax_log(ctx, AX_ERROR, "lease store: %s", error);
    return result;
}

uint32_t gw_shards(void)
{
    uint32_t shards = 0;
    for (uint32_t i = 0; i < gw.config.nregistries; i++)
        shards += gw.registries[i].shards;
    return shards;
}

static int set_store(struct ax_ctx *ctx, const json_t *args)
{
    const json_t *store = json_object_get(args, "store");
    const char *node = text(store, "node");
    uint32_t shards = gw_shards();
    if (node == NULL) {
        snprintf(gw.store.is, sizeof gw.store.is, "%s %s", text(store, "kind"),
                 text(store, "prefix"));
        return open_server(ctx, store, shards);
    }
    snprintf(gw.store.is, sizeof gw.store.is, "memory of %s", node);
    snprintf(gw.store.node, sizeof gw.store.node, "%s", node);
    gw.store.here = strcmp(node, gw.self->ident.node) == 0;
    if (!gw.store.here)
        return 0;
    struct ov_store_record *list = calloc(shards + 1u, sizeof *list);
    if (list == NULL)
        return -ENOMEM;
    ov_store_memory_init(&gw.store.memory, list, shards + 1u);
    return 0;
}

/* Keys of actors that live as long as the node has their shard. */
static int set_bound(uint32_t registry, const json_t *keys)
{
    const json_t *one;
    size_t i, n = json_array_size(keys);
    uint32_t *nbound = &gw.host_config.nbound;
    struct ov_bound *more = reallocarray(gw.bound, *nbound + n + 1, sizeof *more);
    if (more == NULL)
        return -ENOMEM;
    gw.bound = more;
    json_array_foreach(keys, i, one)
    {
        char *key = strdup(json_string_value(one));
        if (key == NULL)
            return -ENOMEM;
        gw.bound[(*nbound)++] = (struct ov_bound){.registry = registry,
                                                  .key = {key, (uint32_t)json_string_length(one)}};
    }
    return 0;
}

static int set_registries(const json_t *args)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(args, "registries"), i, one)
    {
        struct ov_registry *registry = &gw.registries[gw.config.nregistries++];
        registry->shards = (uint32_t)number(one, "shards");
        registry->name = strdup(text(one, "name"));
        if (registry->name == NULL)
            return -ENOMEM;
        AX_TRY(set_bound((uint32_t)i, json_object_get(one, "singletons")));
    }
    return 0;
}

static void set_times(const json_t *args, uint32_t process)
{
    const json_t *redial = json_object_get(args, "redial_ns");
    uint64_t connect_ns = number(args, "connect_ns");
    struct ov_cluster_config *config = &gw.config;
    config->core = (struct ov_core_config){
        .self = gw.self,
        .nodes_max =
            gw.book.npeers + NODES_MORE < OV_NODES_MAX ? gw.book.npeers + NODES_MORE : OV_NODES_MAX,
        .dial_ns = connect_ns,
        .patience_ns = connect_ns < PATIENCE_NS ? connect_ns : PATIENCE_NS,
        .retry_min_ns = (uint64_t)json_integer_value(json_array_get(redial, 0)),
        .retry_max_ns = (uint64_t)json_integer_value(json_array_get(redial, 1)),
        .beat_ns = number(args, "heartbeat_ns"),
        .suspect_ns = number(args, "suspect_ns"),
        .dead_ns = number(args, "dead_ns"),
        .drain_ns = connect_ns,
        .gather = true,
    };
    const json_t *keep_alive = json_object_get(args, "keepalive");
    gw.keep_alive = (struct far_keep_alive){
        .idle_ns = number(keep_alive, "idle_ns"),
        .interval_ns = number(keep_alive, "interval_ns"),
        .give_up_ns = config->core.dead_ns,
        .probes = (uint32_t)number(keep_alive, "probes"),
    };
    config->process = process;
    randombytes_buf(&config->core.seed, sizeof config->core.seed);
    config->registries = gw.registries;
    config->ttl_ns = number(args, "lease_ttl_ns");
    config->margin_ns = number(args, "lease_margin_ns");
    config->answer_ns = number(args, "answer_ns");
    config->round_ns = number(args, "round_ns");
    config->owner_ns = number(args, "owner_cache_ns");
    config->key_ns = number(args, "key_cache_ns");
    config->resolve_ns = number(args, "resolve_ns");
    config->give_up_ns = number(args, "give_up_ns");
    config->retry_ns = number(args, "retry_ns");
    config->requests = (uint32_t)number(args, "requests");
    config->ensures = (uint32_t)number(args, "ensures");
    config->keys = (uint32_t)number(args, "keys");
    config->monitors = (uint32_t)number(args, "monitors");
}

static int make_core(void)
{
    size_t size = ov_cluster_size(&gw.config);
    void *memory = size == 0 ? NULL : gw_secret_memory(size);
    if (memory == NULL)
        return size == 0 ? AX_E_INVALID : -ENOMEM;
    AX_TRY(ov_cluster_init(&gw.cluster, memory, size, &gw.config));
    gw.outs = (struct ov_outs){.room = OUTS, .bytes_room = OV_OUT_BYTES + 2 * OV_FRAME_MAX};
    gw.outs.list = calloc(gw.outs.room, sizeof *gw.outs.list);
    gw.outs.bytes = gw_secret_memory(gw.outs.bytes_room);
    return gw.outs.list == NULL || gw.outs.bytes == NULL ? -ENOMEM : 0;
}

static int make_host(void)
{
    gw.host_config.cluster = &gw.config;
    gw.host_config.bound = gw.bound;
    gw.host_config.actors = ACTORS;
    gw.host_config.spawns = GW_CLERKS;
    gw.unfound_at = calloc(gw.host_config.nbound + 1, sizeof *gw.unfound_at);
    if (gw.unfound_at == NULL)
        return -ENOMEM;
    size_t size = ov_host_size(&gw.host_config);
    void *memory = size == 0 ? NULL : malloc(size);
    if (memory == NULL)
        return size == 0 ? AX_E_INVALID : -ENOMEM;
    return ov_host_init(&gw.host, memory, size, &gw.host_config);
}

static int set_up(struct ax_ctx *ctx, json_t *args)
{
    if (sodium_init() < 0) { /* until then it uses nothing that only some processors can do */
        ax_log(ctx, AX_ERROR, "libsodium finds no random numbers");
        return -ENOSYS;
    }
    randombytes_buf(gw.hash_secret, sizeof gw.hash_secret);
    AX_TRY(set_self(ctx, args));
    if (gw.self->pattern == OV_PATTERN_NONE)
        ax_log(ctx, AX_WARN,
               "allow_insecure_auth: whoever reaches this node is one of its cluster, and nothing "
               "is encrypted");
    AX_TRY(set_registries(args));
    AX_TRY(set_store(ctx, args));
    set_times(args, ax_incarnation(ctx));
    AX_TRY(make_core());
    return make_host();
}

int gw_setup(struct ax_ctx *ctx)
{
    json_error_t mistake;
    json_t *args = json_loads(ax_args(ctx), 0, &mistake);
    if (args == NULL)
        return AX_E_INVALID;
    int error = set_up(ctx, args);
    json_decref(args);
    return error;
}

uint32_t gw_registry(const char *name)
{
    for (uint32_t i = 0; i < gw.config.nregistries; i++)
        if (strcmp(gw.registries[i].name, name) == 0)
            return i;
    return OV_NO_REGISTRY;
}
