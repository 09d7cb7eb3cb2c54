# SPDX-License-Identifier: Apache-2.0
add_library(kc_desk STATIC desk.c desk_batch.c desk_cache.c desk_call.c desk_clients.c desk_collect.c desk_packet.c desk_sandbox.c
  desk_store.c desk_vault.c)
kc_layer(kc_desk base proto/socket custodian)
target_link_libraries(kc_desk PUBLIC kc_process kc_store kc_socket kc_vault_message)

add_executable(custodian-desk desk_main.c)
kc_layer(custodian-desk base proto/socket custodian)
target_link_libraries(custodian-desk PRIVATE kc_desk)
