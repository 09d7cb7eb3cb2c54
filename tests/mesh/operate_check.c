/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operate-check FILE...: plays requests against the service's part of Operate, with the clock that
 * each of them says, and compares code, status and results. The state is that of the base set that
 * a request names, which lies beside FILE.
 *
 *     { "refusals": [{ "id", "base", "now", "before": [...], "body", "expect": {
 *          "code", "status", "result": a result, or a list of all of them }}], "controls": [...] }
 *
 * Any list of requests in a file is played, whatever it is called; what an entry does not expect is
 * not compared.
 *
 * In an expected result null stands for any one text, the same for all that are refused; in a list,
 * which may be called "results", for a result that is not compared. What was accepted must also be
 * right: contributions are recomputed from the shares.
 */
#include "tests/mesh/operate_verify.h"

#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct check {
    const char *file;
    const json_t *document;
    char directory[4096], base[128]; /* what is loaded */
    json_t *base_set;
    struct operate_service service;
    bool is_loaded;
    char refused_text[128]; /* of the first that was refused */
    unsigned passed, failed;
};

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

__attribute__((format(printf, 3, 4))) static bool fail(
    const struct check *check, const json_t *entry, const char *format, ...)
{
    va_list arguments;
    printf("%s: %s: ", check->file, text_at(entry, "id"));
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    return false;
}

/* "2026-03-02T12:00:05.000Z" as milliseconds since 1970. */
static bool read_moment(const char *text, uint64_t *ms)
{
    struct tm parts = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == NULL)
        return false;
    char *end = NULL;
    double fraction = *rest == '.' ? strtod(rest, &end) : 0;
    *ms = (uint64_t)timegm(&parts) * 1000 + (uint64_t)(fraction * 1000 + 0.5);
    return strcmp(end != NULL ? end : rest, "Z") == 0;
}

static void unload(struct check *check)
{
    operate_service_done(&check->service);
    check->service = (struct operate_service){0};
    json_decref(check->base_set);
    check->base_set = NULL;
    check->is_loaded = false;
}

/* Which base set a request names, or its file does for all; with or without the name's ending. */
static void base_name(const struct check *check, const json_t *entry, char name[sizeof check->base])
{
    const char *said = text_at(entry, "base");
    snprintf(
        name, sizeof check->base, "%s", *said != '\0' ? said : text_at(check->document, "base"));
    char *end = strrchr(name, '.');
    if (end != NULL && strcmp(end, ".json") == 0)
        *end = '\0';
}

/* Loads a base set unless it is the one that is loaded; then what was seen is forgotten. */
static bool load(struct check *check, const json_t *entry)
{
    char path[4300], base[sizeof check->base];
    json_error_t error;
    base_name(check, entry, base);
    if (check->is_loaded && strcmp(check->base, base) == 0)
        return operate_service_reset(&check->service);
    unload(check);
    if (strchr(base, '/') != NULL || base[0] == '\0')
        return fail(check, entry, "it names no base set");
    snprintf(check->base, sizeof check->base, "%s", base);
    snprintf(path, sizeof path, "%s/%s.json", check->directory, base);
    check->base_set = json_load_file(path, 0, &error);
    if (check->base_set == NULL)
        return fail(check, entry, "its base set: %s: %s", path, error.text);
    check->is_loaded = operate_service_load(&check->service, check->base_set);
    return check->is_loaded || fail(check, entry, "its base set does not hold: %s", path);
}

static bool send_body(
    struct check *check, uint64_t now_ms, const json_t *body, struct kc_operate_answer *answer)
{
    struct kc_span octets = {(const uint8_t *)json_string_value(body), json_string_length(body)};
    return json_is_string(body) &&
           kc_operate(&check->service.state, now_ms, octets, answer) == KC_OK;
}

/* --- what was before --- */

/* A capability may be named by its label, a device by its place in the base set. */
static const char *capability_id(const struct check *check, const char *said)
{
    size_t index;
    const json_t *access;
    json_array_foreach(json_object_get(check->base_set, "access"), index,
        access) if (strcmp(text_at(access, "label"), said) == 0) return text_at(access,
        "capability_id");
    return said;
}

static const char *device_udf(const struct check *check, const char *said)
{
    const char *udf = text_at(json_object_get(check->base_set, said), "udf");
    return *udf != '\0' ? udf : said;
}

/* "This body was answered before": now, or if that cannot be, when it was made. */
static bool event_accept(
    struct check *check, const json_t *body, const json_t *event, uint64_t now_ms)
{
    struct kc_operate_answer answer;
    uint64_t made_ms;
    struct kc_span octets = {(const uint8_t *)json_string_value(body), json_string_length(body)};
    if (json_object_get(event, "now") != NULL) {
        if (!read_moment(text_at(event, "now"), &now_ms))
            return false;
    } else if (operate_request_time(octets, &made_ms) &&
               (made_ms > now_ms ? made_ms - now_ms : now_ms - made_ms) > KC_REPLAY_SKEW_MS) {
        now_ms = made_ms;
    }
    if (!send_body(check, now_ms, body, &answer))
        return false;
    bool accepted = answer.code == KC_OPERATE_ACCEPTED;
    kc_operate_answer_done(&answer);
    return accepted;
}

static bool event_play(struct check *check, const json_t *event, uint64_t now_ms)
{
    const json_t *body = json_object_get(event, "accepted");
    const char *capability = text_at(event, "revoked_capability");
    const char *device = text_at(event, "revoked_device");
    if (*capability != '\0')
        operate_service_revoke_capability(&check->service, capability_id(check, capability));
    if (*device != '\0' &&
        !operate_service_revoke_device(&check->service, device_udf(check, device)))
        return false;
    return body != NULL ? event_accept(check, body, event, now_ms)
                        : *capability != '\0' || *device != '\0';
}

/* One event, or a list of them. */
static bool before_play(struct check *check, const json_t *before, uint64_t now_ms)
{
    size_t index;
    const json_t *event;
    if (before == NULL || json_is_null(before))
        return true;
    if (json_is_object(before))
        return event_play(check, before, now_ms);
    json_array_foreach(before, index, event) if (!event_play(check, event, now_ms)) return false;
    return json_is_array(before);
}

/* --- what is expected --- */

/* Whether a result is the expected one: the same members, and any text where null is expected. */
static bool matches(json_t *expected, const json_t *result)
{
    if (json_is_null(expected))
        return json_is_string(result);
    if (!json_is_object(expected))
        return json_equal(expected, result);
    if (json_object_size(expected) != json_object_size(result))
        return false;
    for (void *at = json_object_iter(expected); at != NULL;
         at = json_object_iter_next(expected, at))
        if (!matches(json_object_iter_value(at), json_object_get(result, json_object_iter_key(at))))
            return false;
    return true;
}

/* The first result that is an error, else the first. */
static const json_t *result_of(const json_t *results)
{
    size_t index;
    const json_t *result;
    json_array_foreach(results, index,
        result) if (json_object_get(result, "CryptographicResult") != NULL) return result;
    return json_array_get(results, 0);
}

static bool list_matches(const json_t *expected, const json_t *results)
{
    bool is_equal = json_array_size(expected) == json_array_size(results);
    for (size_t i = 0; is_equal && i < json_array_size(expected); i++) {
        json_t *one = json_array_get(expected, i);
        is_equal = json_is_null(one) || matches(one, json_array_get(results, i));
    }
    return is_equal;
}

static bool results_match(const json_t *expect, const json_t *results)
{
    json_t *one = json_object_get(expect, "result"), *all = json_object_get(expect, "results");
    if (json_is_array(one))
        return list_matches(one, results);
    return (one == NULL || json_is_null(one) || matches(one, result_of(results))) &&
           (all == NULL || list_matches(all, results));
}

/* "Any one text, the same for every refused." */
static bool same_refusal(
    struct check *check, const struct kc_operate_answer *answer, const json_t *results)
{
    for (size_t i = 0; i < answer->result_count; i++) {
        if (answer->results[i] != KC_OPERATE_REFUSED)
            continue;
        const char *text =
            text_at(json_object_get(json_array_get(results, i), "CryptographicResult"), "Error");
        if (check->refused_text[0] == '\0')
            snprintf(check->refused_text, sizeof check->refused_text, "%s", text);
        if (*text == '\0' || strcmp(text, check->refused_text) != 0)
            return false;
    }
    return true;
}

static bool answer_check(struct check *check, const json_t *entry, const json_t *body,
    const struct kc_operate_answer *answer)
{
    const json_t *expect = json_object_get(entry, "expect");
    const char *code = kc_operate_code_name(answer->code);
    long long status = json_integer_value(json_object_get(expect, "status"));
    if (json_object_get(expect, "code") != NULL && strcmp(code, text_at(expect, "code")) != 0)
        return fail(check, entry, "code %s instead of %s", code, text_at(expect, "code"));
    if (json_object_get(expect, "status") != NULL && answer->status != status)
        return fail(check, entry, "status %d instead of %lld", answer->status, status);
    struct kc_span request = {(const uint8_t *)json_string_value(body), json_string_length(body)};
    json_t *results = NULL;
    const char *wrong = operate_verify(&check->service, request, answer, &results);
    if (wrong == NULL && !results_match(expect, results))
        wrong = "another result than expected";
    if (wrong == NULL && !same_refusal(check, answer, results))
        wrong = "refused in other words than others";
    json_decref(results);
    return wrong == NULL || fail(check, entry, "%s", wrong);
}

static bool entry_play(struct check *check, const json_t *entry)
{
    uint64_t now_ms;
    struct kc_operate_answer answer;
    const json_t *body = json_object_get(entry, "body");
    if (json_object_size(json_object_get(entry, "expect")) == 0)
        return fail(check, entry, "it says nothing that is expected");
    if (!load(check, entry))
        return false;
    if (!read_moment(text_at(entry, "now"), &now_ms))
        return fail(check, entry, "it has no time");
    if (!before_play(check, json_object_get(entry, "before"), now_ms))
        return fail(check, entry, "what was before it did not happen");
    if (!send_body(check, now_ms, body, &answer))
        return fail(check, entry, "there is no answer");
    bool passed = answer_check(check, entry, body, &answer);
    kc_operate_answer_done(&answer);
    return passed;
}

static void list_play(struct check *check, const json_t *list)
{
    size_t index;
    const json_t *entry;
    json_array_foreach(list, index, entry)
    {
        if (entry_play(check, entry))
            check->passed++;
        else
            check->failed++;
    }
}

/* A file without requests is a failure too. */
static void file_play(struct check *check, const char *path)
{
    char copy[4096];
    unsigned before = check->passed + check->failed;
    json_error_t error;
    json_t *list, *file = json_load_file(path, JSON_ALLOW_NUL, &error);
    const char *name;
    check->file = path;
    check->document = file;
    unload(check);
    snprintf(copy, sizeof copy, "%s", path);
    snprintf(check->directory, sizeof check->directory, "%s", dirname(copy));
    json_object_foreach(file, name, list) if (json_is_object(json_array_get(list, 0)))
        list_play(check, list);
    if (check->passed + check->failed == before) {
        printf("%s: %s\n", path, file != NULL ? "no requests in it" : error.text);
        check->failed++;
    }
    json_decref(file);
}

int main(int count, char **arguments)
{
    static struct check check;
    bool wants_help = count == 2 && strcmp(arguments[1], "--help") == 0;
    if (count < 2 || wants_help) {
        fprintf(wants_help ? stdout : stderr, "usage: operate-check FILE...\n"
                                              "Plays the requests in each file; its base set lies "
                                              "beside it. Exit status: 0 all passed,\n"
                                              "1 some failed, 2 no file.\n");
        return wants_help ? 0 : 2;
    }
    for (int i = 1; i < count; i++)
        file_play(&check, arguments[i]);
    unload(&check);
    printf("%u passed, %u failed\n", check.passed, check.failed);
    return check.failed == 0 ? 0 : 1;
}
