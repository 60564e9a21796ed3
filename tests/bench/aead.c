/* SPDX-License-Identifier: MIT */
/* aead - what the machine can do at best: one process seals COUNT chunks of SIZE bytes by libsodium
 * and writes them to a TCP connection over loopback, another one reads and opens them. Prints the
 * nanoseconds that it took. */
#include <arpa/inet.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TAG crypto_aead_chacha20poly1305_IETF_ABYTES
#define NONCE crypto_aead_chacha20poly1305_IETF_NPUBBYTES

static const uint8_t key[crypto_aead_chacha20poly1305_IETF_KEYBYTES] = {1};

static void must(int holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(1);
    }
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void all(int fd, uint8_t *bytes, size_t size, int out)
{
    for (size_t done = 0; done < size;) {
        ssize_t n =
            out ? write(fd, bytes + done, size - done) : read(fd, bytes + done, size - done);
        must(n > 0, out ? "write" : "read");
        done += (size_t)n;
    }
}

static void seal(int fd, uint64_t count, size_t size)
{
    uint8_t *plain = calloc(1, size), *sealed = calloc(1, size + TAG), nonce[NONCE] = {0};
    must(plain != NULL && sealed != NULL, "memory");
    for (uint64_t i = 0; i < count; i++) {
        crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, plain, size, NULL, 0, NULL, nonce,
                                                  key);
        sodium_increment(nonce, sizeof nonce);
        all(fd, sealed, size + TAG, 1);
    }
}

static void unseal(int fd, uint64_t count, size_t size)
{
    uint8_t *plain = calloc(1, size), *sealed = calloc(1, size + TAG), nonce[NONCE] = {0};
    must(plain != NULL && sealed != NULL, "memory");
    for (uint64_t i = 0; i < count; i++) {
        all(fd, sealed, size + TAG, 0);
        must(crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed, size + TAG, NULL,
                                                       0, nonce, key) == 0,
             "a chunk is not what was sealed");
        sodium_increment(nonce, sizeof nonce);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int status = 0, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(argc == 3 && sodium_init() >= 0, "usage: aead COUNT SIZE");
    uint64_t count = strtoull(argv[1], NULL, 10);
    size_t size = strtoul(argv[2], NULL, 10);
    must(bind(listener, (struct sockaddr *)&at, len) == 0 && listen(listener, 1) == 0 &&
             getsockname(listener, (struct sockaddr *)&at, &len) == 0,
         "listen");
    uint64_t start = now();
    pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        must(connect(fd, (struct sockaddr *)&at, len) == 0, "connect");
        seal(fd, count, size);
        return 0;
    }
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    must(fd >= 0, "accept");
    unseal(fd, count, size);
    printf("%llu\n", (unsigned long long)(now() - start));
    must(waitpid(child, &status, 0) == child && status == 0, "the other process");
    return 0;
}
