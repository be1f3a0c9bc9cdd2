# SPDX-License-Identifier: BSL-1.0
# Fails unless README.md (-D README=<another page>, for the test of this script) shows the first
# examples as their files hold them behind their first comment, each with what it prints behind it.
cmake_minimum_required(VERSION 3.25)

set(top ${CMAKE_CURRENT_LIST_DIR}/..)
if(NOT DEFINED README)
  set(README ${top}/README.md)
endif()
file(READ ${README} page)
foreach(example examples/01_first_number examples/02_first_upset)
  file(READ ${top}/${example}.cpp program)
  file(READ ${top}/${example}.output output)
  string(REGEX REPLACE "^(//[^\n]*\n)+" "" program "${program}")
  string(FIND "${page}" "\n```cpp\n${program}```\n```\n${output}```\n" position)
  if(position EQUAL -1)
    message(FATAL_ERROR "CheckReadme: ${README} shows no ${example}.cpp with what it prints; copy it from "
                        "there and from its .output")
  endif()
endforeach()
