# SPDX-License-Identifier: BSL-1.0
# `cmake -D EXPECTED=<regex> [-D STATUS=<n>] [-D ABSENT=<path>] -P ExpectFailure.cmake -- <command>`:
# the command must exit with STATUS (any but 0 where none is given), print a text that matches
# EXPECTED and leave nothing at ABSENT.
cmake_minimum_required(VERSION 3.25)

include(${CMAKE_CURRENT_LIST_DIR}/Command.cmake)

if(ABSENT)
  file(REMOVE_RECURSE ${ABSENT})
endif()
execute_process(COMMAND ${command} RESULT_VARIABLE status OUTPUT_VARIABLE printed
                ERROR_VARIABLE printed)
string(REGEX REPLACE "[ \n]+" " " line "${printed}")  # CMake wraps its own messages
if(status STREQUAL "0" OR (DEFINED STATUS AND NOT status STREQUAL STATUS))
  message(FATAL_ERROR "The exit status is ${status}, and this was printed:\n${printed}")
elseif(NOT line MATCHES "${EXPECTED}")
  message(FATAL_ERROR "«${EXPECTED}» was not printed, but:\n${printed}")
elseif(ABSENT AND EXISTS ${ABSENT})
  message(FATAL_ERROR "${ABSENT} was left behind.")
endif()
