# SPDX-License-Identifier: Apache-2.0
add_executable(custodiand supervisor.c supervisor_children.c supervisor_rights.c supervisor_socket.c)
kc_layer(custodiand base proto/socket custodian)
target_link_libraries(custodiand PRIVATE kc_process)
target_compile_definitions(custodiand PRIVATE KC_VERSION="${PROJECT_VERSION}"
  KC_DEFAULT_CONFIG="/etc/custodian/custodian.conf")
