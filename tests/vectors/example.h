/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The published and the constructed examples (tests/vectors/examples), and a walk through all that
 * stands in them, payloads of envelopes included.
 */
#ifndef KC_TESTS_VECTORS_EXAMPLE_H
#define KC_TESTS_VECTORS_EXAMPLE_H

#include "proto/dare_envelope.h"
#include "proto/object.h"

struct example {
    char name[64]; /* of the file, without .json */
    uint8_t *text;
    struct kc_json_document document;
};

/* Ends the test if the example cannot be read. */
void example_open(struct example *example, const char *name);
void example_close(struct example *example);

/* A value by a path such as "keys.0.curve"; ends the test if it is not there. */
struct kc_json example_at(const struct example *example, const char *path);

/* Octets in base64url at a path. size is what they must have; 0: whatever. */
size_t example_octets(
    const struct example *example, const char *path, uint8_t *octets, size_t room, size_t size);

/* Text at a path. */
void example_text(const struct example *example, const char *path, char *text, size_t room);

/* What a walk tells; any may be NULL. Envelopes come before what is in them. */
struct example_visitor {
    void (*object)(
        void *context, const struct kc_object *object, const struct kc_object_notes *notes);
    void (*key)(void *context, struct kc_json key_data);
    void (*envelope)(void *context, struct kc_json source, const struct kc_dare_envelope *envelope);
    void *context;
};

void example_walk(const struct example *example, const struct example_visitor *visitor);

/* Calls for each example in the folder, in the order of names. */
void example_each(void (*each)(struct example *example, void *context), void *context);

#endif
