/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance suite over the mock, so that it does not drift from what it stands for. */
#include "tests/support/mock_root.h"
#include "tests/tpm/conformance.h"

static struct kc_mock_hardware hardware;

static void make(void)
{
    hardware = (struct kc_mock_hardware){.is_there = true};
}

static void replace(void)
{
    hardware = (struct kc_mock_hardware){.is_there = false};
}

static void stop(void)
{
    hardware.is_there = false;
}

static void start(void)
{
    hardware.is_there = true;
}

static size_t count_remains(void)
{
    return 0;
}

static struct kc_root *mock_on(const uint8_t *name)
{
    return kc_mock_root_new(&hardware, name);
}

int main(void)
{
    static const struct conformance_hardware mock = {
        .name = "mock",
        .manufacturer = "mock",
        .make = make,
        .drop = stop,
        .stop = stop,
        .start = start,
        .replace = replace,
        .count_remains = count_remains,
        .root = mock_on,
        .column = 1,
        .wants_auth = true,
    };
    return conformance_run(&mock) + conformance_keys_run(&mock);
}
