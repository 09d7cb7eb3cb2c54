/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arena is a list of blocks that tile it: first fit, neighbours that are free are joined. A
 * block's header says its size and its predecessor's, so that both neighbours are found without a
 * search; a canary in the header ends the process if something wrote past its end. Freed memory is
 * zero, so an allocation need not be zeroed again.
 */
#include "base/secret.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALIGNMENT 16
#define ARENA_SIZE_MIN ((size_t)64 * 1024)
#define CANARY_USED UINT64_C(0x9d6e1fb3a45c7028)
#define CANARY_FREE UINT64_C(0x31c8e7a2f05b964d)

struct block {
    uint64_t canary; /* CANARY_USED or CANARY_FREE, mixed with the block's address */
    size_t size;     /* of the whole block, this header included */
    size_t previous; /* size of the block before; 0 for the first */
    size_t padding;  /* keeps what follows aligned */
};

_Static_assert(sizeof(struct block) % ALIGNMENT == 0, "a header keeps the alignment");

static struct {
    pthread_mutex_t lock;
    uint8_t *start; /* NULL: no arena */
    size_t size;
    size_t used;
    struct block *rover; /* where the last search ended: the next one starts here */
    bool memfd_secret;
} arena = {.lock = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP}; /* held too briefly to sleep for */

/* --- the mapping --- */

static uint8_t *map_secret(size_t guard, size_t size)
{
    int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
    if (fd < 0)
        return NULL;
    uint8_t *all = MAP_FAILED;
    if (ftruncate(fd, (off_t)size) == 0)
        all = mmap(NULL, size + 2 * guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all != MAP_FAILED && mmap(all + guard, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                                 fd, 0) == MAP_FAILED) {
        munmap(all, size + 2 * guard);
        all = MAP_FAILED;
    }
    close(fd);
    if (all == MAP_FAILED)
        return NULL;
    memset(all + guard, 0, size); /* has the pages now: a later fault could not be answered */
    return all + guard;
}

static uint8_t *map_anonymous(size_t guard, size_t size)
{
    uint8_t *all = mmap(NULL, size + 2 * guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return NULL;
    uint8_t *start = all + guard;
    if (mprotect(start, size, PROT_READ | PROT_WRITE) != 0 || mlock(start, size) != 0 ||
        madvise(start, size, MADV_DONTDUMP) != 0) {
        munmap(all, size + 2 * guard);
        return NULL;
    }
    return start;
}

enum kc_error kc_arena_init(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (size < ARENA_SIZE_MIN)
        size = ARENA_SIZE_MIN;
    if (arena.start || size > SIZE_MAX / 2)
        return KC_ERR_LOCKED_MEMORY;
    size = (size + page - 1) / page * page;

    uint8_t *start = map_secret(page, size);
    arena.memfd_secret = start != NULL;
    if (!start)
        start = map_anonymous(page, size);
    if (!start || madvise(start, size, MADV_DONTFORK) != 0)
        return KC_ERR_LOCKED_MEMORY;

    arena.start = start;
    arena.size = size;
    arena.rover = (struct block *)(void *)start;
    *arena.rover = (struct block){.size = size};
    arena.rover->canary = CANARY_FREE ^ (uintptr_t)start;
    return KC_OK;
}

/* --- blocks; the lock is held --- */

/* The block at an address in the arena; through the arena's own pointer, which may write. */
static struct block *block_at(const uint8_t *address)
{
    return (struct block *)(void *)(arena.start + (address - arena.start));
}

static struct block *after(const struct block *b)
{
    const uint8_t *next = (const uint8_t *)b + b->size;
    return next == arena.start + arena.size ? NULL : block_at(next);
}

static struct block *before(const struct block *b)
{
    return b->previous == 0 ? NULL : block_at((const uint8_t *)b - b->previous);
}

static bool is_used(const struct block *b)
{
    if (b->canary == (CANARY_USED ^ (uintptr_t)b))
        return true;
    if (b->canary != (CANARY_FREE ^ (uintptr_t)b))
        abort(); /* overwritten: nothing in the arena can be trusted any more */
    return false;
}

static void mark(struct block *b, uint64_t canary)
{
    b->canary = canary ^ (uintptr_t)b;
}

static struct block *owner(void *memory)
{
    struct block *b = block_at((uint8_t *)memory - sizeof(struct block));
    if (!kc_arena_holds(memory) || !is_used(b))
        abort(); /* not ours, or freed twice */
    return b;
}

/* Cuts the tail off a block, as a free block of its own, if there is room for one. */
static void split(struct block *b, size_t size)
{
    if (b->size - size < sizeof(struct block) + ALIGNMENT)
        return;
    struct block *tail = block_at((uint8_t *)b + size);
    *tail = (struct block){.size = b->size - size, .previous = size};
    mark(tail, CANARY_FREE);
    b->size = size;
    struct block *next = after(tail);
    if (next)
        next->previous = tail->size;
}

/* Joins b with the next block; the header that vanishes is wiped, as free memory is zero. */
static void join(struct block *b, struct block *next)
{
    if (arena.rover == next)
        arena.rover = b;
    b->size += next->size;
    kc_wipe(next, sizeof *next);
    next = after(b);
    if (next)
        next->previous = b->size;
}

static struct block *find_free(size_t size)
{
    struct block *b = arena.rover;
    do {
        if (!is_used(b) && b->size >= size)
            return b;
        b = after(b);
        if (!b)
            b = block_at(arena.start);
    } while (b != arena.rover);
    return NULL;
}

static void *take_block(size_t size)
{
    if (!arena.start || size > arena.size)
        return NULL;
    size = (size + sizeof(struct block) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct block *b = find_free(size);
    if (!b)
        return NULL;
    split(b, size);
    mark(b, CANARY_USED);
    arena.used += b->size;
    arena.rover = b;
    return b + 1;
}

static void give_back(struct block *b)
{
    arena.used -= b->size;
    kc_wipe(b + 1, b->size - sizeof *b);
    mark(b, CANARY_FREE);
    struct block *neighbour = after(b);
    if (neighbour && !is_used(neighbour))
        join(b, neighbour);
    neighbour = before(b);
    if (neighbour && !is_used(neighbour))
        join(neighbour, b);
}

/* --- the interface --- */

void *kc_arena_allocate(size_t size)
{
    pthread_mutex_lock(&arena.lock);
    void *memory = take_block(size);
    pthread_mutex_unlock(&arena.lock);
    return memory;
}

void kc_arena_free(void *memory)
{
    if (!memory)
        return;
    pthread_mutex_lock(&arena.lock);
    give_back(owner(memory));
    pthread_mutex_unlock(&arena.lock);
}

void *kc_arena_resize(void *memory, size_t size)
{
    if (!memory)
        return kc_arena_allocate(size);
    pthread_mutex_lock(&arena.lock);
    struct block *b = owner(memory);
    size_t old = b->size - sizeof *b;
    void *moved = take_block(size);
    if (moved) {
        memcpy(moved, memory, size < old ? size : old);
        give_back(b);
    }
    pthread_mutex_unlock(&arena.lock);
    return moved;
}

bool kc_arena_holds(const void *address)
{
    const uint8_t *byte = address;
    return arena.start && byte >= arena.start && byte < arena.start + arena.size;
}

struct kc_arena_figures kc_arena_figures(void)
{
    pthread_mutex_lock(&arena.lock);
    struct kc_arena_figures figures = {arena.size, arena.used, arena.memfd_secret};
    pthread_mutex_unlock(&arena.lock);
    return figures;
}

enum kc_error kc_secret_init(struct kc_secret *secret, size_t size)
{
    uint8_t *bytes = kc_arena_allocate(size > 0 ? size : 1);
    if (!bytes)
        return KC_ERR_NO_MEMORY;
    *secret = (struct kc_secret){bytes, size};
    return KC_OK;
}

void kc_secret_done(struct kc_secret *secret)
{
    kc_arena_free(secret->bytes);
    *secret = (struct kc_secret){NULL, 0};
}

struct kc_secret kc_secret_take(struct kc_secret *secret)
{
    struct kc_secret taken = *secret;
    *secret = (struct kc_secret){NULL, 0};
    return taken;
}

/* --- room, with or without an arena --- */

/* Before the octets that a heap lends; as large as what it aligns to. */
struct room {
    _Alignas(max_align_t) size_t size;
};

void *kc_room_allocate(size_t size)
{
    if (arena.start)
        return kc_arena_allocate(size);
    struct room *room = size < SIZE_MAX / 2 ? calloc(1, sizeof *room + size) : NULL;
    if (!room)
        return NULL;
    room->size = size;
    return room + 1;
}

void kc_room_free(void *room)
{
    if (!room)
        return;
    if (arena.start) {
        kc_arena_free(room);
        return;
    }
    struct room *lent = (struct room *)room - 1;
    kc_wipe(room, lent->size);
    free(lent);
}
