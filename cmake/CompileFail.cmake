# SPDX-License-Identifier: BSL-1.0
# SOURCE must compile with -DUPSET_VALID, and without it fail with the text of its `// expect:` line
# (a regular expression): a snippet that fails because of a typing mistake proves nothing. What its
# `// flags:` line names, if it has one, is given to the compiler where it must fail.
cmake_minimum_required(VERSION 3.25)

file(READ ${SOURCE} text)
if(NOT text MATCHES "// expect: ([^\n]+)")
  message(FATAL_ERROR "${SOURCE}: write `// expect: <regex>`, the text the compiler must print.")
endif()
set(expected "${CMAKE_MATCH_1}")
set(flags)
if(text MATCHES "// flags: ([^\n]+)")
  separate_arguments(flags UNIX_COMMAND "${CMAKE_MATCH_1}")
endif()
set(compile ${COMPILER} -std=c++20 -fsyntax-only -I${INCLUDE} ${SOURCE})
execute_process(COMMAND ${compile} -DUPSET_VALID RESULT_VARIABLE failed ERROR_VARIABLE printed)
if(failed)
  message(FATAL_ERROR "${SOURCE}: the valid twin does not compile.\n${printed}")
endif()
execute_process(COMMAND ${compile} ${flags} RESULT_VARIABLE failed ERROR_VARIABLE printed)
if(NOT failed OR NOT printed MATCHES "${expected}")
  message(FATAL_ERROR "${SOURCE}: must fail with «${expected}», and gave\n${printed}")
endif()
