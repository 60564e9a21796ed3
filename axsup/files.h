/* SPDX-License-Identifier: MIT */
/* files.h - how many descriptors axsup may have, and those it makes in one place. */
#ifndef SUP_FILES_H
#define SUP_FILES_H

/* Raises the soft limit of open files to the hard one, for axsup alone. */
void sup_files_raise(void);
/* Back to what it was; for a child before it executes something else. */
void sup_files_restore(void);
/* An eventfd for a bell: non-blocking, close-on-exec. Or -errno. */
int sup_bell_new(void);

#endif
