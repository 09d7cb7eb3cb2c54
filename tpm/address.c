/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define PCR_COUNT 24

/* --- the way to a TPM --- */

static const char *after_prefix(const char *text, const char *prefix)
{
    size_t size = strlen(prefix);
    return strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

/* Copies a text of 1 octet up to what the field can hold with its zero. */
static bool copy_text(char *field, size_t field_size, const char *text, size_t size)
{
    if (size == 0 || size >= field_size)
        return false;
    memcpy(field, text, size);
    field[size] = 0;
    return true;
}

/* The kernel's resource manager names its devices so. */
static bool is_managed_device(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && after_prefix(slash, "/tpmrm") != NULL;
}

static bool parse_device(const char *text, struct kc_address *address)
{
    address->kind = KC_ADDRESS_DEVICE;
    address->is_shared = is_managed_device(text);
    return text[0] == '/' && copy_text(address->text, sizeof address->text, text, strlen(text));
}

static bool parse_unix(const char *text, struct kc_address *address)
{
    address->kind = KC_ADDRESS_SOCKET;
    address->unix_socket.sun_family = AF_UNIX;
    address->socket_size = sizeof address->unix_socket;
    return text[0] == '/' && copy_text(address->unix_socket.sun_path,
                                 sizeof address->unix_socket.sun_path, text, strlen(text));
}

static bool parse_port(const char *text, in_port_t *port)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '1' || text[0] > '9' || *end != 0 || value > UINT16_MAX)
        return false;
    *port = htons((uint16_t)value);
    return true;
}

static bool parse_tcp(const char *text, struct kc_address *address)
{
    char host[INET6_ADDRSTRLEN];
    in_port_t port;
    const char *comma = strchr(text, ',');
    const char *digits = comma ? after_prefix(comma, ",port=") : NULL;
    if (!digits || !parse_port(digits, &port) ||
        !copy_text(host, sizeof host, text, (size_t)(comma - text)))
        return false;
    const char *number = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    address->kind = KC_ADDRESS_SOCKET;
    if (inet_pton(AF_INET, number, &address->ipv4.sin_addr) == 1) {
        address->ipv4.sin_family = AF_INET;
        address->ipv4.sin_port = port;
        address->socket_size = sizeof address->ipv4;
        return true;
    }
    if (inet_pton(AF_INET6, number, &address->ipv6.sin6_addr) != 1)
        return false;
    address->ipv6.sin6_family = AF_INET6;
    address->ipv6.sin6_port = port;
    address->socket_size = sizeof address->ipv6;
    return true;
}

/* An option of tabrmd's and what follows: a comma, or the end. */
static const char *after_option(const char *text)
{
    static const char in_names[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    static const char *const types[] = {"bus_type=system", "bus_type=session"};
    const char *name = after_prefix(text, "bus_name=");
    size_t size = name ? strspn(name, in_names) : 0;
    if (size > 0)
        return name + size;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const char *after = after_prefix(text, types[i]);
        if (after)
            return after;
    }
    return NULL;
}

static bool parse_tabrmd(const char *text, struct kc_address *address)
{
    static const char prefix[] = "tabrmd:";
    const char *next = text[0] ? after_option(text) : text;
    while (next && *next == ',')
        next = after_option(next + 1);
    address->kind = KC_ADDRESS_LIBRARY;
    address->is_shared = true;
    memcpy(address->text, prefix, sizeof prefix);
    return next && *next == 0 &&
           (text[0] == 0 || copy_text(address->text + strlen(prefix),
                                sizeof address->text - strlen(prefix), text, strlen(text)));
}

static bool parse_command(const char *text, struct kc_address *address)
{
    address->kind = KC_ADDRESS_COMMAND;
    return copy_text(address->text, sizeof address->text, text, strlen(text));
}

static bool parse_capture(const char *text, struct kc_address *address)
{
    static const char prefix[] = "pcap:";
    struct kc_address captured;
    if (kc_address_parse(text, &captured) != KC_OK || captured.kind == KC_ADDRESS_COMMAND ||
        after_prefix(text, prefix))
        return false;
    address->kind = KC_ADDRESS_LIBRARY;
    address->is_shared = captured.is_shared;
    memcpy(address->text, prefix, sizeof prefix);
    return copy_text(
        address->text + strlen(prefix), sizeof address->text - strlen(prefix), text, strlen(text));
}

static const struct {
    const char *prefix;
    bool (*parse)(const char *text, struct kc_address *address);
} forms[] = {
    {"device:", parse_device},
    {"swtpm:path=", parse_unix},
    {"swtpm:host=", parse_tcp},
    {"tabrmd:", parse_tabrmd},
    {"cmd:", parse_command},
    {"pcap:", parse_capture},
};

enum kc_error kc_address_parse(const char *text, struct kc_address *address)
{
    for (size_t i = 0; text && i < sizeof forms / sizeof forms[0]; i++) {
        struct kc_address parsed = {.is_shared = false};
        const char *rest = after_prefix(text, forms[i].prefix);
        if (!rest)
            continue;
        if (!forms[i].parse(rest, &parsed))
            return KC_ERR_CONFIG;
        *address = parsed;
        return KC_OK;
    }
    return KC_ERR_CONFIG;
}

/* --- PCRs --- */

/* One number of a list, and what follows: a comma, or the end. */
static const char *parse_pcr(const char *text, uint32_t *mask)
{
    char *end = NULL;
    if (*text < '0' || *text > '9')
        return NULL;
    unsigned long number = strtoul(text, &end, 10);
    if (number >= PCR_COUNT || (*end != ',' && *end != 0))
        return NULL;
    *mask |= 1u << number;
    return end;
}

enum kc_error kc_pcr_list_parse(const char *text, uint32_t *mask)
{
    uint32_t parsed = 0;
    const char *numbers = after_prefix(text, "sha256:");
    const char *next = numbers ? parse_pcr(numbers, &parsed) : NULL;
    while (next && *next == ',')
        next = parse_pcr(next + 1, &parsed);
    if (!next)
        return KC_ERR_CONFIG;
    *mask = parsed;
    return KC_OK;
}
