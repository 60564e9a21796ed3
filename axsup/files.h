/* SPDX-License-Identifier: MIT */
/* files.h - how many descriptors axsup may have, and those it makes in one place. */
#ifndef SUP_FILES_H
#define SUP_FILES_H

#include <stdint.h>

/* Raises the soft limit of open files to the hard one, for axsup alone. */
void sup_files_raise(void);
/* Back to what it was; for a child before it executes something else. */
void sup_files_restore(void);
/* Closes what is open, and makes it -1. */
void sup_file_close(int *fd);
/* Where a slot listens to its bells: an epoll, close-on-exec. Or -errno. */
int sup_bells_new(void);
/* An eventfd that is heard there: non-blocking, close-on-exec. Or -errno. */
int sup_bell_new(int bells);
/* Undoes what a process may have done to bells that it rang: made them blocking, filled them. */
void sup_bells_mend(const int *bell, uint32_t count);

#endif
