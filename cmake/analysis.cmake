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

set(CPPCHECK_COMMAND ${CPPCHECK} -j 2 --quiet --std=c11 --error-exitcode=1 --inline-suppr
  --enable=warning,portability --suppress=missingIncludeSystem
  # rows of tables, and libcrypto's macros, are not C by themselves
  --suppress=syntaxError:*/proto/object/*.def --suppress=unknownMacro:*/tpm/tss_key.c -I ${CMAKE_SOURCE_DIR} -D_GNU_SOURCE ${KC_UNITS})

# analysis(<target> <label> <tool> <command>...): a target, and the test that the tool finds nothing.
function(analysis target label tool)
  string(REPLACE - _ name ${target}_test)
  if(tool)
    add_custom_target(${target} COMMAND ${ARGN} COMMENT "${target}" VERBATIM)
    add_test(NAME ${name} COMMAND ${ARGN})
  else()
    add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E echo "skipped: the tool for ${target} is not installed")
  endif()
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 1800 SKIP_REGULAR_EXPRESSION "^skipped:")
endfunction()

if(CLANG_FORMAT)
  add_custom_target(format COMMAND ${CLANG_FORMAT} -i ${KC_SOURCES})
endif()
analysis(format-check tree "${CLANG_FORMAT}" ${CLANG_FORMAT} --dry-run -Werror ${KC_SOURCES})
analysis(cppcheck tree "${CPPCHECK}" ${CPPCHECK_COMMAND})
analysis(tidy long "${RUN_CLANG_TIDY}" ${RUN_CLANG_TIDY} -quiet -p ${CMAKE_BINARY_DIR} ${KC_UNITS})
