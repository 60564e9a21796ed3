/* SPDX-License-Identifier: MIT */
/* The folder of all servers of these tests, below TMPDIR, and programs that are run for it. */
#ifndef TESTS_STORES_FOLDER_H
#define TESTS_STORES_FOLDER_H

#include <stdbool.h>
#include <sys/types.h>

/* Ends the test program. */
__attribute__((format(printf, 1, 2))) _Noreturn void server_give_up(const char *format, ...);

/* A path within it, of static text: that of 32 calls ago is overwritten. */
const char *server_path(const char *name);
/* Writes a file there. Its path. */
const char *server_file(const char *name, const char *text, mode_t mode);
/* Removes the folder. */
void server_clean(void);

/* The arguments of a program, zeroed at first; word[0] is its name. */
struct server_words {
    const char *word[48];
    char text[16][256];
    int n, texts;
};
void server_word(struct server_words *words, const char *word);
__attribute__((format(printf, 3, 4))) void server_option(struct server_words *words,
                                                         const char *name, const char *format, ...);

/* A child that ends with its parent; what it prints is added to the file. */
pid_t server_spawn(const char *const *args, const char *log);
/* Whether it is there and ends well. */
bool server_run(const char *const *args);

/* Makes ca.pem, cert.pem, key.pem of 127.0.0.1 and other.pem, of a CA that has signed none of them.
 * False: there is no openssl here. */
bool server_certificates(void);

#endif
