/* SPDX-License-Identifier: MIT */
/* stranger.c - who connects without being a node of the cluster. */
#include "attack.h"

#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADDRESSES 40u /* that connections come from in turn: 127.0.1.1 and on */
#define HELD_MOST 4096u

/* A node x with that token, which may be wrong. */
static struct ov_self self_of(const struct attack *attack)
{
    struct ov_self self = {.ident = {.node = "x", .boot = 77, .session = 1},
                           .version_min = 1,
                           .version_max = 1,
                           .max_frame = OV_FRAME_MAX,
                           .pattern = OV_PATTERN_NNPSK0,
                           .ntokens = 1};
    memcpy(self.psks[0], attack->psk, OV_KEY);
    return self;
}

/* What it says first. */
static void begin(struct ov_handshake *hs, const struct ov_self *self)
{
    const struct ov_dial dial = {.to = TARGET, .plane = OV_CONTROL, .number = 1};
    uint8_t chance[OV_KEY];
    randombytes_buf(chance, sizeof chance);
    if (ov_handshake_dial(hs, self, &dial, chance) != 0)
        give_up("handshake");
}

static void say(int fd, const void *bytes, size_t len)
{
    if (send(fd, bytes, len, MSG_NOSIGNAL) < 0)
        return; /* it is closed already */
}

/* Reads until the other side closes; how much has come. */
static size_t until_closed(int fd)
{
    uint8_t bytes[4096];
    size_t all = 0;
    ssize_t n;
    while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
        all += (size_t)n;
    close(fd);
    return all;
}

/* ---- the kinds; each returns how many bytes came back ---- */

static size_t garbage(const struct attack *attack, int fd)
{
    uint8_t bytes[200];
    (void)attack;
    randombytes_buf(bytes, sizeof bytes);
    say(fd, bytes, sizeof bytes);
    return until_closed(fd);
}

static size_t no_token(const struct attack *attack, int fd)
{
    struct ov_self self = self_of(attack);
    struct ov_handshake hs;
    self.pattern = OV_PATTERN_NONE;
    begin(&hs, &self);
    say(fd, hs.out, hs.out_len);
    return until_closed(fd);
}

static size_t wrong_token(const struct attack *attack, int fd)
{
    struct ov_self self = self_of(attack);
    struct ov_handshake hs;
    self.psks[0][0] ^= 1;
    begin(&hs, &self);
    say(fd, hs.out, hs.out_len);
    return until_closed(fd);
}

/* The name of a node that is up, and a session above its own, without the token. */
static size_t stolen(const struct attack *attack, int fd)
{
    struct ov_self self = self_of(attack);
    struct ov_handshake hs;
    self.psks[0][0] ^= 1;
    snprintf(self.ident.node, sizeof self.ident.node, "b");
    self.ident.session = 1u << 30;
    begin(&hs, &self);
    say(fd, hs.out, hs.out_len);
    return until_closed(fd);
}

static size_t its_own_name(const struct attack *attack, int fd)
{
    struct ov_self self = self_of(attack);
    struct ov_handshake hs;
    snprintf(self.ident.node, sizeof self.ident.node, TARGET);
    const struct ov_dial dial = {.to = "b", .plane = OV_CONTROL, .number = 1};
    uint8_t chance[OV_KEY];
    randombytes_buf(chance, sizeof chance);
    if (ov_handshake_dial(&hs, &self, &dial, chance) != 0)
        give_up("handshake");
    say(fd, hs.out, hs.out_len);
    return until_closed(fd);
}

/* What a node has said once, each time again: who has recorded it gets an answer that it cannot
 * read, and has nothing to go on with. */
static size_t replayed(const struct attack *attack, int fd)
{
    static struct ov_handshake hs;
    static struct ov_self self;
    uint8_t answer[512], record[66] = {64};
    if (hs.out_len == 0) {
        self = self_of(attack);
        begin(&hs, &self);
    }
    say(fd, hs.out, hs.out_len);
    ssize_t n = recv(fd, answer, sizeof answer, 0);
    say(fd, record, sizeof record);
    return (n > 0 ? (size_t)n : 0) + until_closed(fd);
}

/* Its own answer comes back to it. */
static size_t reflected(const struct attack *attack, int fd)
{
    struct ov_self self = self_of(attack);
    struct ov_handshake hs;
    uint8_t answer[512];
    begin(&hs, &self);
    say(fd, hs.out, hs.out_len);
    ssize_t n = recv(fd, answer, sizeof answer, 0);
    if (n > 0)
        say(fd, answer, (size_t)n);
    shutdown(fd, SHUT_WR);
    return (n > 0 ? (size_t)n : 0) + until_closed(fd);
}

static size_t truncated(const struct attack *attack, int fd)
{
    static unsigned len;
    struct ov_self self = self_of(attack);
    struct ov_handshake hs;
    begin(&hs, &self);
    say(fd, hs.out, len++ % hs.out_len);
    shutdown(fd, SHUT_WR);
    return until_closed(fd);
}

static size_t oversize(const struct attack *attack, int fd)
{
    struct ov_self self = self_of(attack);
    struct ov_handshake hs;
    uint8_t more[8192] = {0};
    begin(&hs, &self);
    hs.out[8] = 168; /* the preamble goes on, and so does what follows */
    say(fd, hs.out, hs.out_len);
    say(fd, more, sizeof more);
    return until_closed(fd);
}

/* Up to the hello, which is in `hs->out`; how much has come. */
static size_t shake_hands(const struct attack *attack, int fd, enum ov_plane plane,
                          struct ov_handshake *hs)
{
    static struct ov_self self;
    const struct ov_dial dial = {.to = TARGET, .plane = plane, .number = 1};
    uint8_t answer[512], chance[OV_KEY];
    size_t used;
    self = self_of(attack);
    randombytes_buf(chance, sizeof chance);
    if (ov_handshake_dial(hs, &self, &dial, chance) != 0)
        give_up("handshake");
    say(fd, hs->out, hs->out_len);
    hs->out_len = 0;
    ssize_t n = recv(fd, answer, sizeof answer, 0);
    if (n <= 0 || ov_handshake_take(hs, answer, (size_t)n, &used) != 0 || hs->out_len == 0)
        give_up("no answer to a handshake");
    return (size_t)n;
}

static size_t changed(const struct attack *attack, int fd)
{
    struct ov_handshake hs;
    size_t n = shake_hands(attack, fd, OV_CONTROL, &hs);
    hs.out[2] ^= 0x40; /* not what was sealed */
    say(fd, hs.out, hs.out_len);
    return n + until_closed(fd);
}

/* A frame as record 0, where the hello was due: sealed as it must be, and right in itself. The
 * hello follows as record 1. */
static size_t early(const struct attack *attack, int fd, struct ov_frame frame)
{
    struct ov_handshake hs;
    uint8_t plain[512], record[2 + sizeof plain + OV_TAG];
    enum ov_plane plane = ov_frame_plane(frame.kind, false);
    uint32_t size;
    size_t len, n = shake_hands(attack, fd, plane, &hs);
    hs.send.n = 0; /* the hello was sealed under it */
    if (ov_frame_encode(&frame, plain, sizeof plain, &size) != 0 ||
        ov_record_seal(&hs.send, plain, size, record + 2, &len) != 0)
        give_up("seal");
    record[0] = (uint8_t)len;
    record[1] = (uint8_t)(len >> 8);
    say(fd, record, len + 2);
    say(fd, hs.out, hs.out_len);
    return n + until_closed(fd);
}

static size_t early_tell(const struct attack *attack, int fd)
{
    return early(attack, fd, make_put());
}

static size_t early_monitor(const struct attack *attack, int fd)
{
    return early(attack, fd, make_watch());
}

/* A node with the token that speaks a later version of the protocol alone. */
static size_t versions(const struct attack *attack, int fd)
{
    struct ov_self self = self_of(attack);
    struct ov_handshake hs;
    self.version_min = self.version_max = 9;
    begin(&hs, &self);
    say(fd, hs.out, hs.out_len);
    return until_closed(fd);
}

static const struct {
    const char *name;
    size_t (*run)(const struct attack *attack, int fd);
} kinds[] = {{"garbage", garbage},     {"no_token", no_token},     {"wrong_token", wrong_token},
             {"stolen", stolen},       {"own_name", its_own_name}, {"replayed", replayed},
             {"reflected", reflected}, {"truncated", truncated},   {"oversize", oversize},
             {"changed", changed},     {"early_tell", early_tell}, {"early_monitor", early_monitor},
             {"versions", versions}};

/* ---- many at once ---- */

/* All are kept, a byte each, until the other side has closed the last one. */
static void slowly(const struct attack *attack)
{
    static struct pollfd fds[HELD_MOST];
    unsigned open = attack->count < HELD_MOST ? attack->count : HELD_MOST, all = open;
    uint8_t byte = 'a';
    for (unsigned i = 0; i < all; i++) {
        fds[i] = (struct pollfd){connect_from(attack, 0x0101 + i % ADDRESSES), POLLIN, 0};
        say(fds[i].fd, &byte, 1);
    }
    while (open > 0 && poll(fds, all, -1) > 0)
        for (unsigned i = 0; i < all; i++)
            if (fds[i].fd >= 0 && fds[i].revents != 0) {
                close(fds[i].fd);
                fds[i].fd = -1;
                open--;
            }
    printf("closed %u\n", all);
}

/* As many are there all the time, until this is killed; not as fast as it could, or there is no
 * room for others before anybody accepts them. */
static void besiege(const struct attack *attack)
{
    static struct pollfd fds[HELD_MOST];
    unsigned n = attack->count < HELD_MOST ? attack->count : HELD_MOST;
    uint8_t byte = 'a';
    for (unsigned i = 0; i < n; i++)
        fds[i].fd = -1;
    alarm(600);
    for (;; usleep(10000)) {
        for (unsigned i = 0; i < n; i++)
            if (fds[i].fd < 0 || fds[i].revents != 0) {
                if (fds[i].fd >= 0)
                    close(fds[i].fd);
                fds[i] = (struct pollfd){connect_from(attack, 0x0101 + i % ADDRESSES), POLLIN, 0};
                (void)send(fds[i].fd, &byte, 1, MSG_NOSIGNAL);
            }
        (void)poll(fds, n, 0);
    }
}

static void flood(const struct attack *attack)
{
    for (unsigned i = 0; i < attack->count; i++)
        close(connect_from(attack, 0x0101 + i % ADDRESSES));
    printf("closed %u\n", attack->count);
}

void be_stranger(const struct attack *attack)
{
    size_t back = 0;
    if (strcmp(attack->kind, "slow") == 0) {
        slowly(attack);
        return;
    }
    if (strcmp(attack->kind, "siege") == 0)
        besiege(attack);
    if (strcmp(attack->kind, "flood") == 0) {
        flood(attack);
        return;
    }
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (unsigned i = 0; strcmp(kinds[k].name, attack->kind) == 0 && i < attack->count; i++)
            back += kinds[k].run(attack, connect_from(attack, 0x0101 + i % ADDRESSES));
    printf("closed %u, %zu bytes came back\n", attack->count, back);
}
