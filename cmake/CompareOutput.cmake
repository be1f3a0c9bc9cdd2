# SPDX-License-Identifier: BSL-1.0
# Runs PROGRAM and fails unless it succeeds and prints exactly the text of the file EXPECTED.
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
file(READ ${EXPECTED} expected)
if(NOT printed STREQUAL expected)
  message(FATAL_ERROR "${PROGRAM} does not print what ${EXPECTED} holds, but:\n${printed}")
endif()
