# SPDX-License-Identifier: Apache-2.0
# The tools that read the source: clang-format decides layout, clang-tidy and cppcheck look for bugs.
file(GLOB_RECURSE KC_SOURCES CONFIGURE_DEPENDS
  ${CMAKE_SOURCE_DIR}/base/*.[ch] ${CMAKE_SOURCE_DIR}/threshold/*.[ch] ${CMAKE_SOURCE_DIR}/proto/*.[ch]
  ${CMAKE_SOURCE_DIR}/tpm/*.[ch] ${CMAKE_SOURCE_DIR}/custodian/*.[ch] ${CMAKE_SOURCE_DIR}/pkcs11/*.[ch]
  ${CMAKE_SOURCE_DIR}/tests/*.[ch])
set(KC_UNITS ${KC_SOURCES})
list(FILTER KC_UNITS INCLUDE REGEX "\\.c$")
list(FILTER KC_UNITS EXCLUDE REGEX "/tests/")

find_program(CLANG_FORMAT NAMES clang-format clang-format-14)
find_program(RUN_CLANG_TIDY NAMES run-clang-tidy run-clang-tidy-14)
find_program(CPPCHECK cppcheck)

if(CLANG_FORMAT)
  add_custom_target(format COMMAND ${CLANG_FORMAT} -i ${KC_SOURCES})
  add_custom_target(format-check COMMAND ${CLANG_FORMAT} --dry-run -Werror ${KC_SOURCES})
endif()
if(RUN_CLANG_TIDY)
  add_custom_target(tidy COMMAND ${RUN_CLANG_TIDY} -quiet -p ${CMAKE_BINARY_DIR} ${KC_UNITS})
endif()
if(CPPCHECK)
  add_custom_target(cppcheck COMMAND ${CPPCHECK} --quiet --std=c11 --error-exitcode=1 --inline-suppr
    --enable=warning,portability --suppress=missingIncludeSystem -I ${CMAKE_SOURCE_DIR}
    -D_GNU_SOURCE ${KC_UNITS})
endif()
