/* SPDX-License-Identifier: MIT */
/* command.c - the table of commands, and what is said about them. */
#include "command.h"

#include <ctype.h>
#include <stdio.h>

const struct kv_command kv_commands[KV_COMMAND_COUNT] = {
#define KV_ROW(symbol, text, n, runs, how, first_element, one, words, key, last, key_step)         \
    [KV_##symbol] = {.name = (text),                                                               \
                     .arity = (n),                                                                 \
                     .who = KV_WHO_##runs,                                                         \
                     .join = KV_JOIN_##how,                                                        \
                     .first = (first_element),                                                     \
                     .each = (one),                                                                \
                     .flags = (words),                                                             \
                     .first_key = (key),                                                           \
                     .last_key = (last),                                                           \
                     .step = (key_step)},
    KV_COMMANDS(KV_ROW)
#undef KV_ROW
};

/* ---- by name ---- */

#define SLOTS 256u
#define NAME_MAX 11u         /* "unsubscribe" */
static uint8_t slots[SLOTS]; /* number of a command, plus one */

static uint32_t hash(const uint8_t *name, uint32_t len)
{
    uint32_t sum = len;
    for (uint32_t i = 0; i < len; i++)
        sum = sum * 31 + (name[i] | 0x20u);
    return sum;
}

static void fill_slots(void)
{
    _Static_assert(KV_COMMAND_COUNT < SLOTS / 2, "a table with room");
    for (uint32_t i = 0; i < KV_COMMAND_COUNT; i++) {
        const char *name = kv_commands[i].name;
        uint32_t at = hash((const uint8_t *)name, (uint32_t)strlen(name));
        while (slots[at % SLOTS] != 0)
            at++;
        slots[at % SLOTS] = (uint8_t)(i + 1);
    }
}

bool kv_is_word(struct ax_span text, const char *word)
{
    const uint8_t *at = text.ptr;
    for (uint32_t i = 0; i < text.len; i++)
        if (word[i] == 0 || tolower(at[i]) != word[i])
            return false;
    return word[text.len] == 0;
}

const struct kv_command *kv_command_find(struct ax_span name)
{
    static bool filled;
    if (!filled)
        fill_slots();
    filled = true;
    if (name.len == 0 || name.len > NAME_MAX)
        return NULL;
    for (uint32_t at = hash(name.ptr, name.len); slots[at % SLOTS] != 0; at++) {
        const struct kv_command *command = &kv_commands[slots[at % SLOTS] - 1];
        if (kv_is_word(name, command->name))
            return command;
    }
    return NULL;
}

/* ---- errors ---- */

/* Up to `most` bytes of text, as printf would show them: up to a NUL. */
static int shown(struct ax_span text, int most)
{
    const char *nul = text.len == 0 ? NULL : memchr(text.ptr, 0, text.len);
    int len = nul == NULL ? (int)text.len : (int)(nul - (const char *)text.ptr);
    return len < most ? len : most;
}

void reply_unknown(struct reply *reply, uint32_t argc, const struct ax_span *argv)
{
    char text[512];
    int len = snprintf(text, sizeof text, "ERR unknown command '%.*s', with args beginning with: ",
                       shown(argv[0], 128), (const char *)argv[0].ptr);
    int before = len;
    for (uint32_t i = 1; i < argc && len - before < 128; i++) {
        int room = 128 - (len - before);
        len += snprintf(text + len, sizeof text - (size_t)len, "'%.*s' ", shown(argv[i], room),
                        (const char *)argv[i].ptr);
    }
    reply_error(reply, text);
}

void reply_unknown_sub(struct reply *reply, const struct kv_command *command, struct ax_span sub)
{
    char upper[NAME_MAX + 1] = "";
    for (uint32_t i = 0; command->name[i] != 0; i++)
        upper[i] = (char)toupper(command->name[i]);
    reply_errorf(reply, "ERR unknown subcommand '%.*s'. Try %s HELP.", shown(sub, 128),
                 (const char *)sub.ptr, upper);
}

void reply_arity(struct reply *reply, const char *name)
{
    reply_errorf(reply, "ERR wrong number of arguments for '%s' command", name);
}

/* ---- COMMAND ---- */

static void describe_flags(struct reply *reply, const char *flags)
{
    uint32_t count = *flags != 0;
    for (const char *at = flags; *at != 0; at++)
        count += *at == ' ';
    reply_set(reply, count);
    while (*flags != 0) {
        char word[32];
        size_t len = strcspn(flags, " ");
        snprintf(word, sizeof word, "%.*s", (int)len, flags);
        reply_status(reply, word);
        flags += len + (flags[len] == ' ');
    }
}

static void describe(struct reply *reply, const struct kv_command *command)
{
    if (command == NULL) {
        reply_null_array(reply);
        return;
    }
    reply_array(reply, 10);
    reply_text(reply, command->name);
    reply_integer(reply, command->arity);
    describe_flags(reply, command->flags);
    reply_integer(reply, command->first_key);
    reply_integer(reply, command->last_key);
    reply_integer(reply, command->step);
    reply_set(reply, 0);   /* categories */
    reply_array(reply, 0); /* tips */
    reply_array(reply, 0); /* key specifications */
    reply_array(reply, 0); /* subcommands */
}

static void describe_these(struct reply *reply, uint32_t argc, const struct ax_span *argv)
{
    reply_array(reply, argc);
    for (uint32_t i = 0; i < argc; i++)
        describe(reply, kv_command_find(argv[i]));
}

static void describe_all(struct reply *reply)
{
    reply_array(reply, KV_COMMAND_COUNT);
    for (uint32_t i = 0; i < KV_COMMAND_COUNT; i++)
        describe(reply, &kv_commands[i]);
}

static void list_names(struct reply *reply)
{
    reply_array(reply, KV_COMMAND_COUNT);
    for (uint32_t i = 0; i < KV_COMMAND_COUNT; i++)
        reply_text(reply, kv_commands[i].name);
}

void kv_command_describe(struct reply *reply, uint32_t argc, const struct ax_span *argv)
{
    if (argc == 1 || (argc == 2 && kv_is_word(argv[1], "info")))
        describe_all(reply);
    else if (kv_is_word(argv[1], "info"))
        describe_these(reply, argc - 2, argv + 2);
    else if (kv_is_word(argv[1], "docs"))
        reply_map(reply, 0);
    else if (kv_is_word(argv[1], "count") && argc != 2)
        reply_arity(reply, "command|count");
    else if (kv_is_word(argv[1], "count"))
        reply_integer(reply, KV_COMMAND_COUNT);
    else if (kv_is_word(argv[1], "list"))
        list_names(reply);
    else
        reply_unknown_sub(reply, &kv_commands[KV_COMMAND], argv[1]);
}
