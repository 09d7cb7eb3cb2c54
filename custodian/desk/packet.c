/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/desk/desk.h"

#include <stdlib.h>
#include <string.h>

struct kc_packet *kc_packet_new(
    const void *bytes, size_t size, const struct kc_descriptors *descriptors)
{
    struct kc_packet *packet = malloc(sizeof *packet + size);
    if (!packet)
        return NULL;
    packet->next = NULL;
    packet->descriptors.count = 0;
    if (descriptors)
        packet->descriptors = *descriptors;
    packet->size = size;
    memcpy(packet->bytes, bytes, size);
    return packet;
}

void kc_packet_append(struct kc_packet_queue *queue, struct kc_packet *packet)
{
    if (queue->last)
        queue->last->next = packet;
    else
        queue->first = packet;
    queue->last = packet;
}

struct kc_packet *kc_packet_take(struct kc_packet_queue *queue)
{
    struct kc_packet *packet = queue->first;
    if (!packet)
        return NULL;
    queue->first = packet->next;
    if (!queue->first)
        queue->last = NULL;
    packet->next = NULL;
    return packet;
}

void kc_packets_free(struct kc_packet_queue *queue, bool close_descriptors)
{
    struct kc_packet *packet;
    while ((packet = kc_packet_take(queue))) {
        if (close_descriptors)
            kc_descriptors_close(&packet->descriptors);
        free(packet);
    }
}
