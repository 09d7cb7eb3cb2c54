/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of a process that handles sealing keys through libraries: all of it is the arena, once
 * there is one. The TPM library and libcrypto copy a sealing key and the sessions' keys into memory
 * that they free and do not wipe; like this it is locked, not dumped, and wiped by free itself.
 *
 * Linking this file is all that it takes: it defines what the C library lets a program define. What
 * was allocated before the arena was made stays with the C library, and so does aligned memory,
 * which only the dynamic loader asks for.
 */
#include "base/secret.h"

#include <errno.h>
#include <stdlib.h>

/* Seen by the libraries, in spite of -fvisibility=hidden: or they would go on with their own. */
#define FOR_ALL __attribute__((visibility("default")))

/* The C library's own, under the names that it exports for this. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void __libc_free(void *memory);

static bool has_arena(void)
{
    return kc_arena_figures().size > 0;
}

static void *or_no_memory(void *memory)
{
    if (!memory)
        errno = ENOMEM;
    return memory;
}

FOR_ALL void *malloc(size_t size)
{
    return has_arena() ? or_no_memory(kc_arena_allocate(size)) : __libc_malloc(size);
}

/* The arena's memory is zero when it is given. */
FOR_ALL void *calloc(size_t count, size_t size)
{
    size_t all = 0;
    if (!has_arena())
        return __libc_calloc(count, size);
    if (__builtin_mul_overflow(count, size, &all))
        return or_no_memory(NULL);
    return or_no_memory(kc_arena_allocate(all));
}

FOR_ALL void *realloc(void *memory, size_t size)
{
    if (memory && !kc_arena_holds(memory))
        return __libc_realloc(memory, size);
    return memory ? or_no_memory(kc_arena_resize(memory, size)) : malloc(size);
}

FOR_ALL void free(void *memory)
{
    int saved = errno; /* free leaves errno alone */
    if (kc_arena_holds(memory))
        kc_arena_free(memory);
    else
        __libc_free(memory);
    errno = saved;
}
