/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptors of the test program itself. */
#ifndef KC_TESTS_SUPPORT_DESCRIPTORS_H
#define KC_TESTS_SUPPORT_DESCRIPTORS_H

#include <dirent.h>
#include <stddef.h>

/* How many there are, plus a number that is the same at each call: to be compared before and after. */
static inline size_t open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;
    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL)
        closedir(folder);
    return count;
}

#endif
