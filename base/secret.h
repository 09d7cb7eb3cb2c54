/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secret memory: the locked arena, and wiping (wipe.h).
 *
 * The arena is one mapping per process (memfd_secret where the kernel has it, else anonymous),
 * between guard pages, locked, not dumped, not inherited by a fork. Everything in it is wiped when
 * it is freed. Only the vault makes one that lives; root makes a small one for the keys it hands
 * over. Thread-safe.
 */
#ifndef KC_BASE_SECRET_H
#define KC_BASE_SECRET_H

#include "base/error.h"
#include "base/wipe.h"

#include <stdint.h>

/*
 * Makes the arena of this process: once, before the first secret and before the first call into
 * libcrypto.
 *
 * size  bytes, rounded up to whole pages; 64 KiB at least
 *
 * KC_ERR_LOCKED_MEMORY  the memory could not be had or locked: the process must not start
 */
KC_CHECKED enum kc_error kc_arena_init(size_t size);

/* Memory from the arena, aligned to 16 bytes, zeroed. NULL if the arena is full or not there. Given
 * to the caller. */
void *kc_arena_allocate(size_t size);

/* As realloc, but what moves is wiped where it was. NULL leaves the old one as it is. */
void *kc_arena_resize(void *memory, size_t size);

/* Wipes and frees. NULL is fine. A pointer that is not a live allocation of the arena ends the
 * process. */
void kc_arena_free(void *memory);

/* Whether an address lies in the arena. */
bool kc_arena_holds(const void *address);

struct kc_arena_figures {
    size_t size;       /* bytes that can be allocated, headers included */
    size_t used;       /* bytes in use, headers included */
    bool memfd_secret; /* not even the kernel maps it */
};

struct kc_arena_figures kc_arena_figures(void);

/* Bytes in the arena that know their size. Not to be copied by assignment: lend a pointer, or give
 * with kc_secret_take. */
struct kc_secret {
    uint8_t *bytes; /* in the arena, or NULL */
    size_t size;
};

/* Allocates size zeroed bytes. KC_ERR_NO_MEMORY: the arena is full. */
KC_CHECKED enum kc_error kc_secret_init(struct kc_secret *secret, size_t size);

/* Wipes and frees; leaves {NULL, 0}. Fine with one that is empty. */
void kc_secret_done(struct kc_secret *secret);

/* Gives the secret away: the source is empty after it. */
struct kc_secret kc_secret_take(struct kc_secret *secret);

/* A local that is wiped and freed when it leaves its scope. */
#define KC_AUTO_SECRET __attribute__((cleanup(kc_secret_done))) struct kc_secret

/*
 * Room for what may be secret, in code that also runs where nobody made an arena, as a front end or
 * a check of documents: from the arena if there is one, else from the heap. Zeroed, and wiped when
 * it is freed. NULL: there is none left. Given to the caller.
 */
void *kc_room_allocate(size_t size);

/* NULL is fine. */
void kc_room_free(void *room);

#endif
