# SPDX-License-Identifier: Apache-2.0
# The messages between vault and root: both link them.
add_library(kc_root_message STATIC root_message.c)
kc_layer(kc_root_message base tpm custodian)
target_link_libraries(kc_root_message PUBLIC kc_base)

# What root does, without its process.
add_library(kc_root_service STATIC root_service.c root_pin.c root_settings.c)
kc_layer(kc_root_service base tpm proto/socket custodian)
target_link_libraries(kc_root_service PUBLIC kc_root_message kc_tpm kc_process)

# The heap that wipes. The sanitizers bring their own.
add_library(kc_root_heap OBJECT root_heap.c)
kc_layer(kc_root_heap base)

add_executable(custodian-root root_process.c)
kc_layer(custodian-root base tpm proto/socket custodian)
target_link_libraries(custodian-root PRIVATE kc_root_service OpenSSL::Crypto)
if(NOT KC_SANITIZE)
  target_sources(custodian-root PRIVATE $<TARGET_OBJECTS:kc_root_heap>)
endif()
