/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/desk/store.h"
#include "base/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct kc_desk_store {
    struct kc_store *store; /* the thread's */
    enum kc_error error;    /* why there is none */
    struct kc_store_page page;
    _Atomic uint64_t key_count;
    atomic_bool lets_go; /* of the store, if it is held */
    pthread_t thread;
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t wake;
    struct kc_job *waiting, **last;
    struct kc_job *done, **done_last;
    bool stopping;
    int event;
};

/* --- packed records --- */

enum kc_error kc_job_records_add(struct kc_job_records *records, const struct kc_record *record)
{
    struct kc_writer w;

    if (records->count == KC_VAULT_RECORDS_MAX)
        return KC_ERR_LIMIT;
    uint8_t *bytes = realloc(records->bytes, records->size + KC_RECORD_SIZE_MAX);
    if (!bytes)
        return KC_ERR_NO_MEMORY;
    records->bytes = bytes; /* room for any; what is packed is mostly small */
    kc_writer_init(&w, bytes + records->size, KC_RECORD_SIZE_MAX);
    kc_record_pack(&w, record);
    if (kc_writer_finish(&w) != KC_OK)
        return KC_ERR_RECORD_DAMAGED;
    records->size += w.size;
    records->length[records->count++] = w.size;
    return KC_OK;
}

bool kc_job_records_append(struct kc_job_records *records, const struct kc_job_records *others)
{
    if (records->count + others->count > KC_VAULT_RECORDS_MAX)
        return false;
    uint8_t *bytes = realloc(records->bytes, records->size + others->size);
    if (!bytes)
        return false;
    records->bytes = bytes;
    memcpy(bytes + records->size, others->bytes, others->size);
    memcpy(records->length + records->count, others->length, others->count * sizeof(size_t));
    records->size += others->size;
    records->count += others->count;
    return true;
}

void kc_job_records_spans(struct kc_job_records *records)
{
    size_t offset = 0;
    for (size_t i = 0; i < records->count; i++) {
        records->span[i] = (struct kc_span){records->bytes + offset, records->length[i]};
        offset += records->length[i];
    }
}

void kc_job_records_free(struct kc_job_records *records)
{
    free(records->bytes);
    memset(records, 0, sizeof *records);
}

/* --- jobs --- */

static enum kc_error add_all(
    struct kc_job_records *records, const struct kc_record *from, size_t count)
{
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < count; i++)
        error = kc_job_records_add(records, &from[i]);
    return error;
}

static enum kc_error do_get(struct kc_desk_store *s, struct kc_job *job)
{
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < job->id_count; i++) {
        struct kc_span id = {(const uint8_t *)job->ids[i], strlen(job->ids[i])};
        size_t count = 0;
        error = kc_store_get(s->store, id, s->page.records, &count);
        if (error == KC_OK)
            error = add_all(job->records, s->page.records, count);
    }
    return error;
}

static enum kc_error do_page(struct kc_desk_store *s, struct kc_job *job)
{
    struct kc_span after = {(const uint8_t *)job->after, strlen(job->after)};
    enum kc_error error = kc_store_page(s->store, &job->filter, after, &s->page);
    if (error != KC_OK)
        return error;
    job->damaged = s->page.damaged;
    job->end = s->page.end;
    if (*s->page.last)
        KC_TEXT_COPY_ARRAY(job->after, s->page.last);
    return add_all(job->records, s->page.records, s->page.count);
}

static enum kc_error do_check(struct kc_desk_store *s, struct kc_job *job)
{
    job->check.space = kc_store_free_space(s->store, &job->check.free_space);
    job->check.permissions = kc_store_check_permissions(s->store);
    job->check.writable = kc_store_check_writable(s->store);
    return KC_OK;
}

static enum kc_error do_put(struct kc_desk_store *s, struct kc_job *job)
{
    const struct kc_job_nodes *nodes = job->nodes;
    const struct kc_store_change change = {
        job->change, job->change_count, nodes ? nodes->node : NULL, nodes ? nodes->count : 0};
    enum kc_error error = kc_store_put(s->store, &change, &job->place);
    atomic_store(&s->key_count, kc_store_key_count(s->store));
    return error;
}

static enum kc_error do_fetch(struct kc_desk_store *s, struct kc_job *job)
{
    struct kc_writer room;
    kc_writer_init(&room, job->nodes->room, job->nodes->size);
    enum kc_error error = kc_store_nodes(s->store, job->nodes->node, job->nodes->count, &room);
    while (error == KC_OK && job->pages) {
        error = do_page(s, job);
        job->pages = !job->end && job->records->count == 0; /* a page of damaged rows is no end */
    }
    return error;
}

static enum kc_error do_job(struct kc_desk_store *s, struct kc_job *job)
{
    switch (job->type) {
    case KC_JOB_GET:
        return do_get(s, job);
    case KC_JOB_PAGE:
        return do_page(s, job);
    case KC_JOB_CHECK:
        return do_check(s, job);
    case KC_JOB_PUT:
        return do_put(s, job);
    case KC_JOB_FETCH:
        return do_fetch(s, job);
    case KC_JOB_HOLD:
        return kc_store_hold(s->store);
    case KC_JOB_RELEASE:
        return kc_store_release(s->store) ? KC_OK : KC_ERR_STORE_BACKUP;
    }
    return KC_ERR_INTERNAL;
}

/* In their order: what a new vault asks for comes after what the former one stored. */
static void do_list(struct kc_desk_store *s, struct kc_job *list)
{
    for (struct kc_job *job = list; job; job = job->next) {
        if (atomic_exchange(&s->lets_go, false) && s->store)
            (void)kc_store_release(s->store);
        job->error = s->store ? do_job(s, job) : s->error;
    }
}

/* Takes all that waits. Called with the lock held. */
static struct kc_job *take(struct kc_desk_store *s)
{
    struct kc_job *list = s->waiting;
    s->waiting = NULL;
    s->last = &s->waiting;
    return list;
}

static void give_back(struct kc_desk_store *s, struct kc_job *list)
{
    static const uint64_t one = 1;
    struct kc_job **end = &list->next;
    while (*end)
        end = &(*end)->next;
    pthread_mutex_lock(&s->lock);
    *s->done_last = list;
    s->done_last = end;
    pthread_mutex_unlock(&s->lock);
    ssize_t ignored = write(s->event, &one, sizeof one); /* cannot block before 2^64-1 */
    (void)ignored;
}

static void *work(void *context)
{
    struct kc_desk_store *s = context;
    for (;;) {
        pthread_mutex_lock(&s->lock);
        while (!s->waiting && !s->stopping)
            pthread_cond_wait(&s->wake, &s->lock);
        struct kc_job *list = take(s);
        pthread_mutex_unlock(&s->lock);
        if (!list)
            return NULL;
        do_list(s, list);
        give_back(s, list);
    }
}

void kc_job_add_id(struct kc_job *job, struct kc_span text)
{
    char *id = job->ids[job->id_count];
    if (text.size == 0 || text.size >= KC_RECORD_ID_SIZE || memchr(text.bytes, '\0', text.size))
        return;
    memcpy(id, text.bytes, text.size);
    id[text.size] = '\0';
    job->id_count++;
}

enum kc_error kc_desk_store_new(
    struct kc_store *store, enum kc_error error, struct kc_desk_store **made)
{
    struct kc_desk_store *s = calloc(1, sizeof *s);
    if (!s)
        return KC_ERR_NO_MEMORY;
    s->store = store;
    s->error = error;
    s->last = &s->waiting;
    s->done_last = &s->done;
    atomic_init(&s->key_count, store ? kc_store_key_count(store) : 0);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->wake, NULL);
    s->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->event < 0 || pthread_create(&s->thread, NULL, work, s) != 0) {
        if (s->event >= 0)
            close(s->event);
        free(s);
        return KC_ERR_NO_MEMORY;
    }
    *made = s;
    return KC_OK;
}

void kc_desk_store_free(struct kc_desk_store *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    close(s->event);
    kc_store_close(s->store);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void kc_desk_store_let_go(struct kc_desk_store *s)
{
    atomic_store(&s->lets_go, true);
}

int kc_desk_store_descriptor(const struct kc_desk_store *s)
{
    return s->event;
}

void kc_desk_store_submit(struct kc_desk_store *s, struct kc_job *job)
{
    job->next = NULL;
    job->error = KC_OK;
    pthread_mutex_lock(&s->lock);
    *s->last = job;
    s->last = &job->next;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

struct kc_job *kc_desk_store_done(struct kc_desk_store *s)
{
    uint64_t count;
    ssize_t ignored = read(s->event, &count, sizeof count);
    (void)ignored;
    pthread_mutex_lock(&s->lock);
    struct kc_job *list = s->done;
    s->done = NULL;
    s->done_last = &s->done;
    pthread_mutex_unlock(&s->lock);
    return list;
}

uint64_t kc_desk_store_key_count(const struct kc_desk_store *s)
{
    return atomic_load(&s->key_count);
}
