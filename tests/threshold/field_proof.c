/* SPDX-License-Identifier: Apache-2.0 */
/* The fields' operations under names that field_proof.py finds: those of the headers are inline, squares static. */
#ifdef PROOF_25519
#include "threshold/field25519.c"
#define FIELD_(name) kc_field25519_##name
#else
#include "threshold/field448.c"
#define FIELD_(name) kc_field448_##name
#endif

void proof_multiply(field *out, const field *a, const field *b);
void proof_square(field *out, const field *a);
void proof_add(field *out, const field *a, const field *b);
void proof_subtract(field *out, const field *a, const field *b);
void proof_negate(field *out, const field *a);

void proof_multiply(field *out, const field *a, const field *b)
{
    FIELD_(multiply)(out, a, b);
}

void proof_square(field *out, const field *a)
{
    square(out, a);
}

void proof_add(field *out, const field *a, const field *b)
{
    FIELD_(add)(out, a, b);
}

void proof_subtract(field *out, const field *a, const field *b)
{
    FIELD_(subtract)(out, a, b);
}

void proof_negate(field *out, const field *a)
{
    FIELD_(negate)(out, a);
}
