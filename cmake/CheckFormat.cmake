# SPDX-License-Identifier: BSL-1.0
# Fails where clang-format (-D CLANG_FORMAT=<program>) would change a source.
cmake_minimum_required(VERSION 3.25)

set(top ${CMAKE_CURRENT_LIST_DIR}/..)
foreach(folder include tests bench examples)
  file(GLOB_RECURSE files ${top}/${folder}/*.hpp ${top}/${folder}/*.cpp)
  list(APPEND sources ${files})
endforeach()
execute_process(COMMAND ${CLANG_FORMAT} --dry-run -Werror ${sources} COMMAND_ERROR_IS_FATAL ANY)
